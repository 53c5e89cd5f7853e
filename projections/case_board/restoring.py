"""The memo of the case board made again of what was kept of it."""

from __future__ import annotations

import msgspec

from events.branch_calendars import business_time
from events.business_time import BusinessTime
from events.cases.terms import ServiceTerms
from events.policy import Reference
from projections.case_board.alerts import Watched
from projections.case_board.calls import PromisedCall
from projections.case_board.cases import Case
from projections.case_board.clocks import CaseClock
from projections.case_board.kept import (
    KeptCall,
    KeptCase,
    KeptClock,
    KeptCycle,
    KeptMemo,
    KeptObligation,
    KeptRoute,
)
from projections.case_board.memo import BoardMemo
from projections.case_board.parts import Cycle, Obligation, Route, Stay, Unread
from projections.facts import Facts
from projections.keeping import fact_again, facts_again

_DECODER = msgspec.msgpack.Decoder(KeptMemo)


def memo_again(state: bytes, reference: Reference) -> BoardMemo:
    """Return a memo as it was kept under the same rules. Raises: msgspec.DecodeError."""
    told = _DECODER.decode(state)
    memo = BoardMemo(told.customer, Facts(), told.at, reference)
    board = memo.board
    board.walked = told.walked
    board.next_fact_at = told.next_fact_at
    terms = [ServiceTerms(*one) for one in told.terms]
    for case in told.cases:
        time = business_time(reference, case.branch_id)
        board.cases[case.case_id] = _case_again(case, terms[case.terms], time)
    for subject, call in told.calls:
        board.calls[subject] = _call_again(call)
    board.acknowledged = {key: fact_again(fact) for key, fact in told.acknowledged}
    board.snoozed = {one: list(facts_again(facts)) for one, facts in told.snoozed}
    board.cares = told.cares
    board.uses = frozenset(told.uses)
    board.cases_called = told.cases_called
    board.referrers = {case_id: dict.fromkeys(others) for case_id, others in told.referrers}
    board.kept = {case_id: facts_again(facts) for case_id, facts in told.waiting}
    memo.watched = {subject: Watched(*seen) for subject, seen in told.watched}
    memo.wakes = told.wakes
    memo.alerts = [alert for seen in memo.watched.values() for alert in seen.alerts]
    return memo


def _case_again(kept: KeptCase, terms: ServiceTerms, time: BusinessTime) -> Case:
    case = Case(
        kept.case_id,
        rank=kept.rank,
        external=kept.external,
        kind=kept.kind,
        category=kept.category,
        severity=kept.severity,
        branch_id=kept.branch_id,
        opened_at=kept.opened_at,
        wanted_by=None,
        event_id=kept.event_id,
        terms=terms,
        time=time,
    )
    case.wanted_by = kept.wanted_by
    case.priority = kept.priority
    case.last_event_id = kept.last_event_id
    case.last_at = kept.last_at
    case.pinned = kept.pinned
    case.tier = kept.tier
    case.owner = kept.owner
    case.department = kept.department
    case.activity = kept.activity
    case.referred_from = kept.referred_from
    case.flow = kept.flow
    case.status = kept.status
    case.status_by = kept.status_by
    case.waiting_since = kept.waiting_since
    case.resolved_at = kept.resolved_at
    case.callback_due_at = kept.callback_due_at
    case.callback_promised = kept.callback_promised
    case.callback_outcome = kept.callback_outcome
    case.attempts = kept.attempts
    case.answers = dict(kept.answers)
    case.resolves = kept.resolves
    case.resumed = kept.resumed
    case.told = kept.told
    case.agents = _route_again(kept.agents)
    case.departments = _route_again(kept.departments)
    for one in kept.stays:
        stay = case.stays[one.department] = Stay()
        stay.held, stay.reasons, stay.since = one.held, one.reasons, one.since
    for owed in kept.obligations:
        obligation = _obligation_again(owed, time)
        case.obligations[owed.obligation_id] = obligation
        if obligation.is_open:
            case.owed[owed.obligation_id] = obligation
    case.done_early = kept.done_early
    case.declined, case.duplicate_of = kept.declined, kept.duplicate_of
    case.put_off_until = kept.put_off_until
    case.referrals = {referral.case_id: referral for referral in kept.referrals}
    case.cycles = [_cycle_again(cycle, case) for cycle in kept.cycles]
    case.unread = Unread(case.cycle.number)
    return case


def _clock_again(kept: KeptClock, time: BusinessTime) -> CaseClock:
    clock = CaseClock(time, kept.started_at, kept.budget)
    clock.fixed = kept.fixed
    clock.spans = kept.spans
    clock.spent = kept.spent
    clock.running_since = kept.running_since
    clock.set_at = kept.set_at
    return clock


def _cycle_again(kept: KeptCycle, case: Case) -> Cycle:
    cycle = Cycle(kept.number, kept.opened_at, case.time, case.terms, None)
    cycle.live_since = kept.live_since
    cycle.response = _clock_again(kept.response, case.time)
    cycle.solution = _clock_again(kept.solution, case.time)
    cycle.response_ended_by = kept.response_ended_by
    cycle.ended_by = kept.ended_by
    cycle.replied_at = kept.replied_at
    cycle.resolved_at = kept.resolved_at
    cycle.closed_at = kept.closed_at
    cycle.confirmed = kept.confirmed
    cycle.paused = kept.paused
    return cycle


def _obligation_again(kept: KeptObligation, time: BusinessTime) -> Obligation:
    clock = _clock_again(kept.clock, time)
    obligation = Obligation(
        kept.obligation_id, kept.department, kept.owes, kept.agent, kept.stage, clock
    )
    obligation.done_at = kept.done_at
    obligation.voided_at = kept.voided_at
    obligation.ended_by = kept.ended_by
    return obligation


def _route_again(kept: KeptRoute) -> Route:
    route = Route()
    route.before, route.last = kept.before, kept.last
    route.moves, route.returns = kept.moves, kept.returns
    return route


def _call_again(kept: KeptCall) -> PromisedCall:
    call = PromisedCall(kept.callback_id)
    call.branch_id = kept.branch_id
    call.purpose = kept.purpose
    call.promised_at = kept.promised_at
    call.promised_by = kept.promised_by
    call.due_at = kept.due_at
    call.tries = kept.tries
    call.attempts = kept.attempts
    call.outcome = kept.outcome
    call.ended_at = kept.ended_at
    call.ended_by = kept.ended_by
    return call
