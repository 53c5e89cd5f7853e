"""Decisions on the work on a case: whose it is, what departments owe, what the customer hears."""

from __future__ import annotations

from events.cases.asking import Asking, Decision
from events.cases.commands import (
    AddNote,
    Assign,
    BringBack,
    Fulfil,
    HandOff,
    HoldDunning,
    PutOff,
    Refer,
    Reply,
    Resume,
    SetPriority,
    Take,
    TellCustomer,
    Wait,
    Withdraw,
)
from events.cases.flows import next_stages
from events.cases.reasons import (
    IN_THE_PAST,
    NO_DEADLINE,
    NO_OPEN_INVOICE,
    NOT_OWED,
    NOT_PUT_OFF,
    NOT_WAITING,
    NOT_YOUR_DEBT,
    NOTHING_OPEN,
    NOTHING_OWED,
    OWNED,
    SAME_DEPARTMENT,
    SAME_PRIORITY,
    UNKNOWN_DEPARTMENT,
    UNKNOWN_STAFF,
    WAITING,
    YOURS_ALREADY,
)
from events.cases.staff import staff_in_force
from events.cases.state import Obligation, part_id
from events.cases.terms import minutes_at
from events.refusals import Department, Refused, Word, department, refuse
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseBroughtBack,
    CaseHandedOff,
    CaseNoted,
    CasePrioritySet,
    CasePutOff,
    CaseReferred,
    CaseReplied,
    CaseWaitingEnded,
    CaseWaitingStarted,
    CustomerTold,
    ObligationFulfilled,
    ObligationWithdrawn,
)
from events.touchpoints.payment import DunningHeld


def take(asking: Asking, command: Take) -> Decision:
    """Decide that whoever asks becomes the owner."""
    case, by = asking.case, asking.by
    if not (asking.is_on_it or asking.is_nobodys):
        return asking.not_yours("department", "owing_department", "above")
    refused = asking.not_live() or _yours_already(asking, by.agent)
    if refused:
        return refused
    return (
        CaseAssigned(case_id=case.case_id, agent=by.agent, department=by.department, by=by.agent),
    )


def assign(asking: Asking, command: Assign) -> Decision:
    """Decide that somebody is given the case."""
    case = asking.case
    if not (asking.is_owner or asking.is_above):
        return asking.not_yours("owner", "above")
    refused = asking.not_live() or _yours_already(asking, command.agent)
    if refused:
        return refused
    staff = staff_in_force(asking.rules.reference, command.agent, asking.now)
    if staff is None:
        return refuse(UNKNOWN_STAFF, agent=command.agent)
    into = command.department or staff.department
    if command.department is not None and (unknown := _unknown(asking, command.department)):
        return unknown
    return (
        CaseAssigned(case_id=case.case_id, agent=staff.agent, department=into, by=asking.by.agent),
    )


def _yours_already(asking: Asking, agent: str) -> Refused | None:
    case = asking.case
    if case.owner != agent:
        return None
    return refuse(
        YOURS_ALREADY,
        owner=case.owner,
        department=department(case.department),
        since=case.owner_since,
    )


def _unknown(asking: Asking, wanted: str) -> Refused | None:
    known = asking.departments
    if wanted in known:
        return None
    return refuse(UNKNOWN_DEPARTMENT, department=wanted, known=tuple(map(Department, known)))


def reply(asking: Asking, command: Reply) -> Decision:
    """Decide that the customer got a first answer."""
    if not (asking.is_owner or asking.owes):
        return asking.not_yours("owner", "owing_department")
    agent = asking.by.agent
    return asking.not_live() or (CaseReplied(case_id=asking.case.case_id, agent=agent, by=agent),)


def hand_off(asking: Asking, command: HandOff) -> Decision:
    """Decide that a department owes something; the owner stays."""
    case = asking.case
    if not (asking.is_owner or asking.is_above):
        return asking.not_yours("owner", "above")
    refused = asking.not_live() or _unknown(asking, command.department)
    if refused:
        return refused
    if not command.due_minutes:
        return refuse(NO_DEADLINE, department=department(command.department))
    obligation_id = part_id(case.case_id, "obligation", case.handed_off + 1)
    return (
        CaseHandedOff(
            case_id=case.case_id,
            obligation_id=obligation_id,
            department=command.department,
            owes=command.owes,
            due_minutes=command.due_minutes,
            agent=command.agent,
            by=asking.by.agent,
        ),
        CustomerTold(
            case_id=case.case_id,
            step="handed_on",
            obligation_id=obligation_id,
            by=asking.by.agent,
        ),
    )


def fulfil(asking: Asking, command: Fulfil) -> Decision:
    """Decide that a department did what it owes."""
    owed = _owed(asking, command.obligation_id)
    if isinstance(owed, Refused):
        return owed
    if not (asking.is_owner or asking.is_of(owed.department)):
        return refuse(
            NOT_YOUR_DEBT,
            owed=asking.owing(owed),
            by=asking.by.agent,
            department=department(owed.department),
            owner=asking.case.owner,
        )
    case_id, agent = asking.case.case_id, asking.by.agent
    done = owed.obligation_id
    return (
        ObligationFulfilled(case_id=case_id, obligation_id=done, agent=agent, by=agent),
        CustomerTold(case_id=case_id, step="done", obligation_id=done, by=agent),
        *next_stages(asking.rules.reference, asking.case, owed),
    )


def withdraw(asking: Asking, command: Withdraw) -> Decision:
    """Decide that something is not owed any more."""
    if not asking.is_owner:
        return asking.not_yours("owner")
    owed = _owed(asking, command.obligation_id)
    if isinstance(owed, Refused):
        return owed
    return (
        ObligationWithdrawn(
            case_id=asking.case.case_id,
            obligation_id=owed.obligation_id,
            reason=command.reason,
            by=asking.by.agent,
        ),
        *next_stages(asking.rules.reference, asking.case, owed),
    )


def _owed(asking: Asking, obligation_id: str) -> Obligation | Refused:
    owed = asking.case.owing(obligation_id)
    if owed is None and not asking.case.owed:
        return refuse(NOTHING_OWED)
    if owed is None:
        return refuse(NOT_OWED, obligation=obligation_id, owed=asking.owing(*asking.case.owed))
    return owed


def tell_customer(asking: Asking, command: TellCustomer) -> Decision:
    """Decide that the customer was told of a step."""
    if not asking.is_on_it:
        return asking.not_yours("on_it")
    return asking.not_live() or (
        CustomerTold(
            case_id=asking.case.case_id,
            step=command.step,
            channel=command.channel,
            obligation_id=command.obligation_id,
            by=asking.by.agent,
        ),
    )


def wait(asking: Asking, command: Wait) -> Decision:
    """Decide that the case waits on the customer: the solution clock pauses, and no other."""
    case, agent = asking.case, asking.by.agent
    if not asking.is_owner:
        return asking.not_yours("owner")
    if refused := asking.not_live():
        return refused
    if case.status == "waiting":
        return refuse(WAITING, since=case.waiting_since)
    return (CaseWaitingStarted(case_id=case.case_id, reason=command.reason, agent=agent, by=agent),)


def resume(asking: Asking, command: Resume) -> Decision:
    """Decide that the wait is over."""
    if not asking.is_owner:
        return asking.not_yours("owner")
    if refused := asking.not_live():
        return refused
    if asking.case.status != "waiting":
        return refuse(NOT_WAITING)
    return (CaseWaitingEnded(case_id=asking.case.case_id, by=asking.by.agent),)


def refer(asking: Asking, command: Refer) -> Decision:
    """Decide that a need overheard becomes a case of another department."""
    case = asking.case
    if not asking.is_on_it:
        return asking.not_yours("on_it")
    over = asking.not_live() if case.status == "closed" else None
    if refused := over or _unknown(asking, command.department):
        return refused
    if command.department == case.department:
        others = tuple(Department(one) for one in asking.departments if one != case.department)
        return refuse(SAME_DEPARTMENT, department=department(command.department), known=others)
    return (
        CaseReferred(
            case_id=case.case_id,
            referral_case_id=part_id(case.case_id, "referral", len(case.referrals) + 1),
            department=command.department,
            severity=command.severity,
            by=asking.by.agent,
        ),
    )


def hold_dunning(asking: Asking, command: HoldDunning) -> Decision:
    """Decide that reminders are held while the case is worked on."""
    if not (asking.is_owner or asking.is_of_department or asking.is_above):
        return asking.not_yours("department", "owner")
    if refused := asking.not_live():
        return refused
    known, wanted = asking.rules.open_invoices, command.invoice_id
    if not known:
        return refuse(NO_OPEN_INVOICE)
    if wanted is not None and wanted not in known:
        return refuse(NOTHING_OPEN, invoice=wanted, known=tuple(sorted(known)))
    return (
        DunningHeld(
            invoice_id=wanted,
            until=command.until,
            reason=command.reason,
            case_id=asking.case.case_id,
            by=asking.by.agent,
        ),
    )


def add_note(asking: Asking, command: AddNote) -> Decision:
    """Decide that something is written down for the others."""
    if not asking.is_on_it:
        return asking.not_yours("on_it")
    return asking.not_live() or (CaseNoted(case_id=asking.case.case_id, by=asking.by.agent),)


def set_priority(asking: Asking, command: SetPriority) -> Decision:
    """Decide that the case is more, or less, pressing: by the service levels in force now."""
    case = asking.case
    if not asking.is_above:
        return asking.not_yours("above")
    if refused := asking.not_live():
        return refused
    if command.priority == case.priority:
        return refuse(SAME_PRIORITY, priority=Word(case.priority))
    level = minutes_at(asking.rules.reference, asking.now, command.priority)
    return (
        CasePrioritySet(
            case_id=case.case_id,
            priority=command.priority,
            response_minutes=level.response_minutes,
            solution_minutes=level.solution_minutes,
            reason=command.reason,
            by=asking.by.agent,
        ),
    )


def put_off(asking: Asking, command: PutOff) -> Decision:
    """Decide that nobody is asked to take a case for a while: one that nobody looks after."""
    if refused := _not_to_be_taken(asking):
        return refused
    if command.until <= asking.now:
        return refuse(IN_THE_PAST, until=command.until, now=asking.now)
    return (
        CasePutOff(
            case_id=asking.case.case_id,
            until=command.until,
            reason=command.reason,
            by=asking.by.agent,
        ),
    )


def bring_back(asking: Asking, command: BringBack) -> Decision:
    """Decide that somebody is asked again to take a case that was put off."""
    case = asking.case
    if refused := _not_to_be_taken(asking):
        return refused
    if case.put_off_until is None or case.put_off_until <= asking.now:
        return refuse(NOT_PUT_OFF)
    return (CaseBroughtBack(case_id=case.case_id, by=asking.by.agent),)


def _not_to_be_taken(asking: Asking) -> Refused | None:
    """Return why whoever asks does not decide when a case is to be taken."""
    case = asking.case
    if not (asking.is_on_it or asking.is_nobodys):
        return asking.not_yours("department", "owing_department", "above")
    if refused := asking.not_live():
        return refused
    if case.owner is not None:
        return refuse(OWNED, owner=case.owner, since=case.owner_since)
    return None
