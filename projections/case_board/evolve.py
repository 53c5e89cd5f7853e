"""What each event does to a case. Total: whatever comes, in whatever state, has a meaning.

A case of our own follows its rules: only a dissatisfied call-back or a reopening goes on after
a resolve, other words about a resolved or closed case change nothing but its history. A case
that another system keeps is what that system says: work on it ends a wait, goes on after a
resolve, and reopens it after closing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseClosed,
    CaseEscalated,
    CaseHandedOff,
    CaseOpened,
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
    ServiceRequested,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from projections.case_board.cases import Case
from projections.case_board.clocks import Clock
from projections.case_board.parts import Obligation, Referral

Handler = Callable[[Case, Any, datetime], None]


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
    case.note(now, "received", case.severity)


def _opened(case: Case, data: CaseOpened, now: datetime) -> None:
    if case.pinned:
        return
    case.pinned = True
    case.priority, case.tier = data.priority, data.tier
    case.owner = data.owner
    case.referred_from = data.referred_from or case.referred_from
    case.handled(data.owner, data.department, now)
    terms = case.terms
    case.terms = type(terms)(
        timedelta(minutes=data.response_minutes),
        timedelta(minutes=data.solution_minutes),
        terms.callback_days,
        terms.callback_attempts,
        terms.ladder,
    )
    cycle = case.cycle
    cycle.response.budget = case.terms.response
    if cycle.solution.fixed is None:
        cycle.solution.budget = case.terms.solution
    case.note(now, "opened", data.priority)


def _assigned(case: Case, data: CaseAssigned, now: datetime) -> None:
    _work_goes_on(case, now)
    case.owner = data.agent
    case.activity = data.activity
    case.handled(data.agent, data.department, now)
    case.note(now, "assigned", data.agent)


def _replied(case: Case, data: CaseReplied, now: datetime) -> None:
    if case.is_live:
        case.cycle.replied_at = case.cycle.replied_at or now
        case.answered(now, "replied")
    case.note(now, "replied", data.agent)


def _handed_off(case: Case, data: CaseHandedOff, now: datetime) -> None:
    if data.obligation_id in case.obligations:
        return
    _work_goes_on(case, now)
    case.departments.pass_to(data.department)
    clock = Clock(case.time, now, timedelta(minutes=data.due_minutes))
    obligation = Obligation(data.obligation_id, data.department, data.owes, data.agent, clock)
    case.obligations[data.obligation_id] = obligation
    case.owed[data.obligation_id] = obligation
    case.take(data.department, now)
    case.note(now, "handed_off", data.department)
    if data.obligation_id in case.done_early:
        case.event_id = case.done_early.pop(data.obligation_id)
        _fulfil(case, obligation, now)
    elif case.status == "closed":
        obligation.voided_at = now
        case.settle(obligation, now)


def _fulfilled(case: Case, data: ObligationFulfilled, now: datetime) -> None:
    obligation = case.obligations.get(data.obligation_id)
    if obligation is None:
        case.done_early.setdefault(data.obligation_id, case.event_id)
    elif obligation.is_open:
        _fulfil(case, obligation, now)
    case.note(now, "fulfilled", obligation.department if obligation else data.obligation_id)


def _fulfil(case: Case, obligation: Obligation, now: datetime) -> None:
    obligation.done_at = now
    case.settle(obligation, now)


def _waiting_started(case: Case, data: CaseWaitingStarted, now: datetime) -> None:
    if case.status != "waiting":
        _work_goes_on(case, now)
    case.handled(data.agent, data.department, now)
    if case.status == "open":
        case.wait(now)
    case.note(now, "waiting", data.reason)


def _waiting_ended(case: Case, data: CaseWaitingEnded, now: datetime) -> None:
    if case.status == "waiting":
        case.work(now)
    case.note(now, "waiting_ended")


def _told(case: Case, data: CustomerTold, now: datetime) -> None:
    case.told += 1
    case.note(now, "told", data.step)


def _resolved(case: Case, data: CaseResolved, now: datetime) -> None:
    if case.status == "closed" and case.external:
        case.reopen(now)
    case.handled(data.agent, data.department, now)
    if case.status != "closed":
        case.resolve(now)
    case.note(now, "resolved", data.agent)


def _closed(case: Case, data: CaseClosed, now: datetime) -> None:
    case.handled(data.agent, data.department, now)
    if case.status != "closed":
        case.close(now, data.confirmed)
    case.note(now, "closed", "confirmed" if data.confirmed else "unconfirmed")


def _reopened(case: Case, data: CaseReopened, now: datetime) -> None:
    if case.status == "closed":
        case.reopen(now)
    elif case.status == "resolved":
        case.resume(now)
    case.note(now, "reopened", data.reason)


def _promised(case: Case, data: CallbackPromised, now: datetime) -> None:
    """A call promised about a resolved case is its call-back, due when it was promised for."""
    if case.status == "resolved":
        case.callback_due_at = data.due_at
    case.note(now, "callback_promised", data.purpose)


def _called(case: Case, data: CallbackMade, now: datetime) -> None:
    if case.status == "resolved":
        case.attempts += 1
        case.callback_outcome = data.outcome
        match data.outcome:
            case "satisfied":
                case.close(now, True)
            case "dissatisfied":
                case.resume(now)
            case "unreachable":
                if case.attempts >= case.terms.callback_attempts:
                    case.close(now, False)
    case.note(now, "called_back", data.outcome)


def _referred(case: Case, data: CaseReferred, now: datetime) -> None:
    if data.referral_case_id not in case.referrals:
        referral = Referral(data.referral_case_id, data.department, now)
        case.referrals[data.referral_case_id] = referral
        case.unread.referrals.append(referral)
    case.note(now, "referred", data.department)


def _escalated(case: Case, data: CaseEscalated, now: datetime) -> None:
    case.note(now, "escalated", f"{data.clock} {data.percent}% {data.to_role}")


def _acknowledged(case: Case, data: EscalationAcknowledged, now: datetime) -> None:
    case.note(now, "acknowledged", data.agent)


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
        CaseEscalated: _escalated,
        EscalationAcknowledged: _acknowledged,
        CaseReferred: _referred,
        CallbackPromised: _promised,
        CallbackMade: _called,
    }
)
"""What a case's events do; each is told the case, the event's data and the instant."""
