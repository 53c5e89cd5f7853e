"""What each event of a case's stream makes of the case; total, and pure.

It says what the case board says, field by field: a property test holds the two together. After
closing, only reopening changes a case (domain rules, 11.8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from events.cases.clocks import given, going_on, paused, started, stopped
from events.cases.state import Case, Obligation, Status
from events.cases.terms import escalation_id
from events.errors import EventError
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseBroughtBack,
    CaseClosed,
    CaseDeclined,
    CaseDuplicateFound,
    CaseEscalated,
    CaseHandedOff,
    CaseOpened,
    CasePrioritySet,
    CasePutOff,
    CaseReferred,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseWaitingEnded,
    CaseWaitingStarted,
    CustomerTold,
    EscalationAcknowledged,
    ObligationFulfilled,
    ObligationWithdrawn,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import AlertDelegated

Change = Callable[[Case, Any, datetime], Case]


class NotOpened(EventError):
    """The stream of a case begins with something else than its opening."""

    def __init__(self, event_type: str) -> None:
        super().__init__(f"a case's stream begins with case.opened, not with {event_type}")
        self.event_type = event_type


def evolve(
    case: Case | None, data: Touchpoint, effective_at: datetime, branch_id: str = ""
) -> Case:
    """Return a case after one more event of its stream; None: before the first.

    `branch_id` is that of the first event's envelope: where the case was opened.
    Raises: NotOpened.
    """
    if case is None:
        if not isinstance(data, CaseOpened):
            raise NotOpened(data.event_type)
        return _opened(data, effective_at, branch_id)
    if case.status != "closed" or isinstance(data, CaseReopened):
        change = _CHANGES.get(type(data))
        if change is not None:
            case = change(case, data, effective_at)
    return replace(case, version=case.version + 1, last_at=effective_at)


def evolved(
    case: Case | None, events: Iterable[Touchpoint], effective_at: datetime, branch_id: str = ""
) -> Case | None:
    """Return a case after the events of a unit, which all take effect at one instant."""
    for data in events:
        case = evolve(case, data, effective_at, branch_id)
    return case


def _opened(data: CaseOpened, now: datetime, branch_id: str) -> Case:
    opened_at = min(data.received_at or now, now)
    return Case(
        case_id=data.case_id,
        branch_id=branch_id,
        opened_at=opened_at,
        last_at=now,
        status_since=now,
        priority=data.priority,
        response_minutes=data.response_minutes,
        solution_minutes=data.solution_minutes,
        owner=data.owner or None,
        owner_since=now,
        department=data.department or None,
        response=started(opened_at, data.response_minutes),
        solution=started(opened_at, data.solution_minutes, data.wanted_by),
        callback_attempts=data.callback_attempts,
        flow=data.flow,
    )


def _assigned(case: Case, data: CaseAssigned, now: datetime) -> Case:
    since = case.owner_since if case.owner == data.agent else now
    department = data.department or case.department
    return replace(
        case, owner=data.agent, owner_since=since, department=department, put_off_until=None
    )


def _put_off(case: Case, data: CasePutOff, now: datetime) -> Case:
    return replace(case, put_off_until=data.until) if case.is_live else case


def _brought_back(case: Case, data: CaseBroughtBack, now: datetime) -> Case:
    return replace(case, put_off_until=None)


def _replied(case: Case, data: CaseReplied, now: datetime) -> Case:
    return _answered(case, now) if case.is_live else case


def _answered(case: Case, now: datetime) -> Case:
    if case.answered:
        return case
    return replace(case, answered=True, response=stopped(case.response, now))


def _handed_off(case: Case, data: CaseHandedOff, now: datetime) -> Case:
    clock = started(now, data.due_minutes)
    owing = Obligation(
        data.obligation_id, data.department, data.owes, data.agent, clock, data.stage
    )
    begun = case.begun if data.stage is None else case.begun | {data.stage}
    return replace(case, owed=(*case.owed, owing), handed_off=case.handed_off + 1, begun=begun)


def _settled(case: Case, data: ObligationFulfilled | ObligationWithdrawn, now: datetime) -> Case:
    left = tuple(one for one in case.owed if one.obligation_id != data.obligation_id)
    return replace(case, owed=left)


def _waiting_started(case: Case, data: CaseWaitingStarted, now: datetime) -> Case:
    case = replace(case, department=data.department or case.department)
    if case.status != "open":
        return case
    case = _standing(case, "waiting", now)
    return replace(case, waiting_since=now, solution=paused(case.solution, now))


def _standing(case: Case, status: Status, now: datetime) -> Case:
    return replace(case, status=status, status_since=now)


def _waiting_ended(case: Case, data: CaseWaitingEnded, now: datetime) -> Case:
    return _worked_on(case, now) if case.status == "waiting" else case


def _worked_on(case: Case, now: datetime) -> Case:
    case = _standing(case, "open", now)
    return replace(case, waiting_since=None, solution=going_on(case.solution, now))


def _told(case: Case, data: CustomerTold, now: datetime) -> Case:
    return replace(case, told=case.told + 1)


def _resolved(case: Case, data: CaseResolved, now: datetime) -> Case:
    case = replace(_stopped(case, now), department=data.department or case.department)
    case = _standing(case, "resolved", now)
    return replace(
        case, resolved_at=now, resolves=case.resolves + 1, attempts=0, callback_id=None,
        callback_due_at=None,
    )  # fmt: skip


def _stopped(case: Case, now: datetime) -> Case:
    """Return a case on which nobody works any more."""
    if not case.is_live:
        return case
    case = _answered(case, now)
    return replace(
        case, waiting_since=None, put_off_until=None, solution=stopped(case.solution, now)
    )


def _closed(case: Case, data: CaseClosed, now: datetime) -> Case:
    case = replace(case, department=data.department or case.department)
    return _ended(case, data.confirmed, now)


def _ended(case: Case, confirmed: bool, now: datetime) -> Case:
    """Return a case that is closed: what is still owed is owed no more."""
    case = _standing(_stopped(case, now), "closed", now)
    undone = {one.stage for one in case.owed if one.stage is not None}
    return replace(
        case, confirmed=confirmed, callback_due_at=None, owed=(), begun=case.begun - undone
    )


def _turned_away(case: Case, data: CaseDeclined | CaseDuplicateFound, now: datetime) -> Case:
    return _ended(case, False, now)


def _reopened(case: Case, data: CaseReopened, now: datetime) -> Case:
    if case.status == "resolved":
        return _resumed(case, now)
    if case.status != "closed":
        return case
    return replace(
        _standing(case, "open", now),
        cycle=case.cycle + 1,
        attempts=0,
        answered=False,
        response=started(now, case.response_minutes),
        solution=started(now, case.solution_minutes),
    )


def _resumed(case: Case, now: datetime) -> Case:
    """Return a case that goes on in the same cycle after a resolve."""
    return replace(_worked_on(case, now), callback_due_at=None)


def _promised(case: Case, data: CallbackPromised, now: datetime) -> Case:
    if case.status != "resolved":
        return case
    return replace(case, callback_id=data.callback_id, callback_due_at=data.due_at)


def _called(case: Case, data: CallbackMade, now: datetime) -> Case:
    if case.status != "resolved":
        return case
    case = replace(case, attempts=case.attempts + 1)
    match data.outcome:
        case "satisfied":
            return _ended(case, True, now)
        case "dissatisfied":
            return _resumed(case, now)
        case "unreachable":
            return _ended(case, False, now) if case.attempts >= case.callback_attempts else case


def _priority_set(case: Case, data: CasePrioritySet, now: datetime) -> Case:
    response, solution = case.response, case.solution
    if not case.answered:
        response = given(response, data.response_minutes, now)
    if case.is_live:
        solution = given(solution, data.solution_minutes, now)
    return replace(
        case,
        priority=data.priority,
        response_minutes=data.response_minutes,
        solution_minutes=data.solution_minutes,
        response=response,
        solution=solution,
    )


def _referred(case: Case, data: CaseReferred, now: datetime) -> Case:
    return replace(case, referrals=(*case.referrals, data.referral_case_id))


def _escalated(case: Case, data: CaseEscalated, now: datetime) -> Case:
    owed = data.obligation_id or ""
    one = escalation_id(data.case_id, data.cycle, data.clock, data.percent, owed)
    return replace(case, escalated=case.escalated | {one})


def _acknowledged(case: Case, data: EscalationAcknowledged, now: datetime) -> Case:
    return replace(case, acknowledged=(*case.acknowledged, (data.escalation_id, now)))


def _delegated(case: Case, data: AlertDelegated, now: datetime) -> Case:
    return replace(case, delegated=case.delegated | {(data.alert_id, data.to)})


_CHANGES: Mapping[type[Touchpoint], Change] = MappingProxyType(
    {
        CaseAssigned: _assigned,
        CaseReplied: _replied,
        CaseHandedOff: _handed_off,
        ObligationFulfilled: _settled,
        ObligationWithdrawn: _settled,
        CaseWaitingStarted: _waiting_started,
        CaseWaitingEnded: _waiting_ended,
        CustomerTold: _told,
        CaseResolved: _resolved,
        CaseClosed: _closed,
        CaseDeclined: _turned_away,
        CaseDuplicateFound: _turned_away,
        CaseReopened: _reopened,
        CallbackPromised: _promised,
        CallbackMade: _called,
        CasePrioritySet: _priority_set,
        CaseReferred: _referred,
        CaseEscalated: _escalated,
        EscalationAcknowledged: _acknowledged,
        AlertDelegated: _delegated,
        CasePutOff: _put_off,
        CaseBroughtBack: _brought_back,
    }
)
"""What changes a case; whatever else its stream holds is only said."""
