"""What each event does to a case. Total: whatever comes, in whatever state, has a meaning.

After closing, only reopening changes a case: other words about it are told in its history alone
(domain rules, 11.8). What reopens a case of our own is a reopening; a case that another system
keeps is what that system says: work on it ends a wait, goes on after a resolve, and reopens it
after closing; closing it again passes it on. After a resolve a case of our own goes on by a
dissatisfied call-back or a reopening.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from events.cases.terms import ServiceTerms
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseBroughtBack,
    CaseClosed,
    CaseDeclined,
    CaseDuplicateFound,
    CaseEscalated,
    CaseHandedOff,
    CaseNoted,
    CaseOpened,
    CasePrioritySet,
    CasePutOff,
    CaseReferred,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseWaitingEnded,
    CaseWaitingStarted,
    ComplaintFiled,
    CustomerTold,
    EscalationAcknowledged,
    ObligationFulfilled,
    ObligationWithdrawn,
    ServiceRequested,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from projections.case_board.cases import Case
from projections.case_board.clocks import CaseClock
from projections.case_board.parts import Obligation, Referral

Handler = Callable[[Case, Any, datetime], None]
Words = Callable[[Case, Any], tuple[str, str | None]]
"""What the history says of an event: what happened, and a detail."""


def _work_goes_on(case: Case, now: datetime) -> None:
    """Let work on an external case end its wait, resume or reopen it."""
    if not case.external:
        return
    if case.status == "waiting":
        case.work(now)
    elif case.status == "resolved":
        case.resume(now)
        case.note(now, "resumed")
    elif case.status == "closed":
        case.reopen(now)
        case.note(now, "reopened")


def _filed(case: Case, data: ComplaintFiled | ServiceRequested, now: datetime) -> None:
    if case.owner is None:
        case.owner = data.agent
    case.handled(data.agent, data.department, now)
    _note(case, data, now)


def _opened(case: Case, data: CaseOpened, now: datetime) -> None:
    if case.pinned:
        return
    case.pinned = True
    case.priority, case.tier = data.priority, data.tier
    case.owner = data.owner or None
    case.referred_from = data.referred_from or case.referred_from
    case.flow = data.flow
    case.handled(case.owner, data.department or None, now)
    attempts = data.callback_attempts or case.terms.callback_attempts
    case.terms = _with_times(case.terms, data, attempts)
    cycle = case.cycle
    cycle.response.budget = case.terms.response
    if cycle.solution.fixed is None:
        cycle.solution.budget = case.terms.solution
    _note(case, data, now)


def _with_times(
    terms: ServiceTerms, data: CaseOpened | CasePrioritySet, attempts: int
) -> ServiceTerms:
    return ServiceTerms(
        timedelta(minutes=data.response_minutes),
        timedelta(minutes=data.solution_minutes),
        terms.callback_days,
        attempts,
        terms.ladder,
    )


def _assigned(case: Case, data: CaseAssigned, now: datetime) -> None:
    _work_goes_on(case, now)
    case.owner = data.agent
    case.put_off_until = None
    case.activity = data.activity
    case.handled(data.agent, data.department, now)
    _note(case, data, now)


def _replied(case: Case, data: CaseReplied, now: datetime) -> None:
    if case.is_live:
        case.cycle.replied_at = case.cycle.replied_at or now
        case.answered(now, "replied")
    _note(case, data, now)


def _handed_off(case: Case, data: CaseHandedOff, now: datetime) -> None:
    if data.obligation_id in case.obligations:
        return
    _work_goes_on(case, now)
    case.departments.pass_to(data.department)
    clock = CaseClock(case.time, now, timedelta(minutes=data.due_minutes))
    obligation = Obligation(
        data.obligation_id, data.department, data.owes, data.agent, data.stage, clock
    )
    case.obligations[data.obligation_id] = obligation
    case.owed[data.obligation_id] = obligation
    case.take(data.department, now)
    _note(case, data, now)
    if data.obligation_id in case.done_early:
        word, case.event_id = case.done_early.pop(data.obligation_id)
        _settle(case, obligation, now, word)


def _fulfilled(case: Case, data: ObligationFulfilled, now: datetime) -> None:
    _settled(case, data.obligation_id, "fulfilled", now)
    _note(case, data, now)


def _withdrawn(case: Case, data: ObligationWithdrawn, now: datetime) -> None:
    _settled(case, data.obligation_id, "withdrawn", now)
    _note(case, data, now)


def _settled(case: Case, obligation_id: str, word: str, now: datetime) -> None:
    obligation = case.obligations.get(obligation_id)
    if obligation is None:
        case.done_early.setdefault(obligation_id, (word, case.event_id))
    elif obligation.is_open:
        _settle(case, obligation, now, word)


def _settle(case: Case, obligation: Obligation, now: datetime, word: str) -> None:
    if word == "fulfilled":
        obligation.done_at = now
    else:
        obligation.voided_at = now
    case.settle(obligation, now, word)


def _waiting_started(case: Case, data: CaseWaitingStarted, now: datetime) -> None:
    if case.status != "waiting":
        _work_goes_on(case, now)
    case.handled(data.agent, data.department, now)
    if case.status == "open":
        case.wait(now)
    _note(case, data, now)


def _waiting_ended(case: Case, data: CaseWaitingEnded, now: datetime) -> None:
    if case.status == "waiting":
        case.work(now)
    _note(case, data, now)


def _told(case: Case, data: CustomerTold, now: datetime) -> None:
    case.told += 1
    _note(case, data, now)


def _resolved(case: Case, data: CaseResolved, now: datetime) -> None:
    if case.status == "closed" and case.external:
        case.reopen(now)
    case.handled(data.agent, data.department, now)
    case.resolve(now)
    _note(case, data, now)


def _closed(case: Case, data: CaseClosed, now: datetime) -> None:
    case.handled(data.agent or data.by, data.department, now)
    if case.status != "closed":
        case.close(now, data.confirmed)
    _note(case, data, now)


def _declined(case: Case, data: CaseDeclined, now: datetime) -> None:
    case.handled(data.by, None, now)
    if case.status != "closed":
        case.close(now, False, "declined")
        case.declined = True
    _note(case, data, now)


def _duplicate_found(case: Case, data: CaseDuplicateFound, now: datetime) -> None:
    case.handled(data.by, None, now)
    if case.status != "closed":
        case.close(now, False, "duplicate")
        case.duplicate_of = data.duplicate_of
    _note(case, data, now)


def _priority_set(case: Case, data: CasePrioritySet, now: datetime) -> None:
    terms = _with_times(case.terms, data, case.terms.callback_attempts)
    case.set_priority(data.priority, terms, now)
    _note(case, data, now)


def _put_off(case: Case, data: CasePutOff, now: datetime) -> None:
    if case.is_live:
        case.put_off_until = data.until
    _note(case, data, now)


def _brought_back(case: Case, data: CaseBroughtBack, now: datetime) -> None:
    case.put_off_until = None
    _note(case, data, now)


def _reopened(case: Case, data: CaseReopened, now: datetime) -> None:
    if case.status == "closed":
        case.reopen(now)
    elif case.status == "resolved":
        case.resume(now)
    _note(case, data, now)


def _promised(case: Case, data: CallbackPromised, now: datetime) -> None:
    """A call promised about a resolved case is its call-back, due when it was promised for."""
    if case.status == "resolved":
        case.callback_due_at = data.due_at
        case.callback_promised = True
    _note(case, data, now)


def _called(case: Case, data: CallbackMade, now: datetime) -> None:
    if case.status == "resolved":
        case.attempts += 1
        case.callback_outcome = data.outcome
        case.hear(data)
        match data.outcome:
            case "satisfied":
                case.close(now, True)
            case "dissatisfied":
                case.resume(now)
            case "unreachable":
                if case.attempts >= case.terms.callback_attempts:
                    case.close(now, False)
    _note(case, data, now)


def _referred(case: Case, data: CaseReferred, now: datetime) -> None:
    if data.referral_case_id not in case.referrals:
        referral = Referral(data.referral_case_id, data.department, now)
        case.referrals[data.referral_case_id] = referral
        case.unread.referrals.append(referral)
    _note(case, data, now)


def _said(case: Case, data: Touchpoint, now: datetime) -> None:
    """What was said, and changes nothing by itself."""
    _note(case, data, now)


HANDLERS: Mapping[type[Touchpoint], Handler] = MappingProxyType(
    {
        ComplaintFiled: _filed,
        ServiceRequested: _filed,
        CaseOpened: _opened,
        CaseAssigned: _assigned,
        CaseReplied: _replied,
        CaseHandedOff: _handed_off,
        ObligationFulfilled: _fulfilled,
        CaseWaitingStarted: _waiting_started,
        CaseWaitingEnded: _waiting_ended,
        CustomerTold: _told,
        CaseResolved: _resolved,
        CaseClosed: _closed,
        CaseReopened: _reopened,
        CaseEscalated: _said,
        EscalationAcknowledged: _said,
        CaseReferred: _referred,
        ObligationWithdrawn: _withdrawn,
        CaseNoted: _said,
        CasePrioritySet: _priority_set,
        CaseDeclined: _declined,
        CaseDuplicateFound: _duplicate_found,
        CasePutOff: _put_off,
        CaseBroughtBack: _brought_back,
        CallbackPromised: _promised,
        CallbackMade: _called,
    }
)
"""What a case's events do; each is told the case, the event's data and the instant."""


_WORDS: Mapping[type[Touchpoint], Words] = MappingProxyType(
    {
        ComplaintFiled: lambda case, _: ("received", case.severity),
        ServiceRequested: lambda case, _: ("received", case.severity),
        CaseOpened: lambda _, data: ("opened", data.priority),
        CaseAssigned: lambda _, data: ("assigned", data.agent),
        CaseReplied: lambda _, data: ("replied", data.agent),
        CaseHandedOff: lambda _, data: ("handed_off", data.department),
        ObligationFulfilled: lambda case, data: ("fulfilled", _owing(case, data)),
        CaseWaitingStarted: lambda _, data: ("waiting", data.reason),
        CaseWaitingEnded: lambda _, __: ("waiting_ended", None),
        CustomerTold: lambda _, data: ("told", data.step),
        CaseResolved: lambda _, data: ("resolved", data.agent),
        CaseClosed: lambda _, data: ("closed", "confirmed" if data.confirmed else "unconfirmed"),
        CaseReopened: lambda _, data: ("reopened", data.reason),
        CaseEscalated: lambda _, data: (
            "escalated", f"{data.clock} {data.percent}% {data.to_role}"
        ),
        EscalationAcknowledged: lambda _, data: ("acknowledged", data.agent),
        CaseReferred: lambda _, data: ("referred", data.department),
        ObligationWithdrawn: lambda case, data: ("withdrawn", _owing(case, data)),
        CaseNoted: lambda _, data: ("noted", data.by),
        CasePrioritySet: lambda _, data: ("priority_set", data.priority),
        CaseDeclined: lambda _, data: ("declined", data.reason),
        CaseDuplicateFound: lambda _, data: ("duplicate", data.duplicate_of),
        CasePutOff: lambda _, data: ("put_off", data.reason),
        CaseBroughtBack: lambda _, __: ("brought_back", None),
        CallbackPromised: lambda _, data: ("callback_promised", data.purpose),
        CallbackMade: lambda _, data: ("called_back", data.outcome),
    }
)  # fmt: skip

_WORK = (CaseAssigned, CaseHandedOff, CaseWaitingStarted, CaseResolved, CaseClosed)

_AFTER_CLOSING: Mapping[bool, frozenset[type[Touchpoint]]] = MappingProxyType(
    {False: frozenset({CaseReopened}), True: frozenset({CaseReopened, *_WORK})}
)
"""What changes a closed case: one of our own, and one that another system keeps."""


def _owing(case: Case, data: ObligationFulfilled | ObligationWithdrawn) -> str:
    obligation = case.obligations.get(data.obligation_id)
    return obligation.department if obligation else data.obligation_id


def _note(case: Case, data: Touchpoint, now: datetime) -> None:
    if case.history is not None:
        case.note(now, *_WORDS[type(data)](case, data))


def tell(case: Case, data: Touchpoint, now: datetime) -> bool:
    """Let an event do what it does to a case; return whether it may have changed it.

    `case.event_id` is that event's.
    """
    kind = type(data)
    if case.status == "closed" and kind not in _AFTER_CLOSING[case.external]:
        _note(case, data, now)
        return False
    HANDLERS[kind](case, data, now)
    return True
