"""The memo of the case board as it is kept."""

from __future__ import annotations

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
    KeptStay,
    KeptTerms,
)
from projections.case_board.memo import BoardMemo
from projections.case_board.parts import Cycle, Obligation, Route
from projections.keeping import kept_fact, kept_facts, packed


def kept_memo(memo: BoardMemo) -> bytes:
    """Return a memo, whose rows were made, as it is kept."""
    board = memo.board
    terms = dict.fromkeys(_kept_terms(case) for case in board.cases.values())
    numbers = {one: number for number, one in enumerate(terms)}
    return packed(
        KeptMemo(
            customer=memo.customer,
            at=board.at,
            walked=board.walked,
            next_fact_at=board.next_fact_at,
            terms=list(terms),
            cases=[_kept_case(case, numbers[_kept_terms(case)]) for case in board.cases.values()],
            calls=[(subject, _kept_call(call)) for subject, call in board.calls.items()],
            acknowledged=[(one, kept_fact(fact)) for one, fact in board.acknowledged.items()],
            snoozed=[(one, kept_facts(facts)) for one, facts in board.snoozed.items()],
            cares=board.cares,
            uses=sorted(board.uses),
            cases_called=board.cases_called,
            referrers=[(case_id, list(others)) for case_id, others in board.referrers.items()],
            waiting=[(case_id, kept_facts(facts)) for case_id, facts in board.kept.items()],
            watched=list(memo.watched.items()),
            wakes=memo.wakes,
        )
    )


def _kept_terms(case: Case) -> KeptTerms:
    terms = case.terms
    return (
        terms.response, terms.solution, terms.callback_days, terms.callback_attempts,
        terms.ladder,
    )  # fmt: skip


def _kept_case(case: Case, terms: int) -> KeptCase:
    return KeptCase(
        case_id=case.case_id,
        rank=case.rank,
        external=case.external,
        kind=case.kind,
        category=case.category,
        severity=case.severity,
        priority=case.priority,
        branch_id=case.branch_id,
        opened_at=case.opened_at,
        wanted_by=case.wanted_by,
        terms=terms,
        event_id=case.event_id,
        last_event_id=case.last_event_id,
        last_at=case.last_at,
        pinned=case.pinned,
        tier=case.tier,
        owner=case.owner,
        department=case.department,
        activity=case.activity,
        referred_from=case.referred_from,
        flow=case.flow,
        status=case.status,
        status_by=case.status_by,
        waiting_since=case.waiting_since,
        resolved_at=case.resolved_at,
        callback_due_at=case.callback_due_at,
        callback_promised=case.callback_promised,
        callback_outcome=case.callback_outcome,
        attempts=case.attempts,
        answers=list(case.answers.items()),
        resolves=case.resolves,
        resumed=case.resumed,
        told=case.told,
        agents=_kept_route(case.agents),
        departments=_kept_route(case.departments),
        stays=[
            KeptStay(department, stay.held, stay.reasons, stay.since)
            for department, stay in case.stays.items()
        ],
        obligations=[_kept_obligation(one) for one in case.obligations.values()],
        done_early=case.done_early,
        declined=case.declined,
        duplicate_of=case.duplicate_of,
        put_off_until=case.put_off_until,
        referrals=list(case.referrals.values()),
        cycles=[_kept_cycle(cycle) for cycle in case.cycles],
    )


def _kept_clock(clock: CaseClock) -> KeptClock:
    return KeptClock(
        clock.started_at, clock.budget, clock.fixed, clock.spans, clock.spent,
        clock.running_since, clock.set_at,
    )  # fmt: skip


def _kept_cycle(cycle: Cycle) -> KeptCycle:
    return KeptCycle(
        number=cycle.number,
        opened_at=cycle.opened_at,
        live_since=cycle.live_since,
        response=_kept_clock(cycle.response),
        solution=_kept_clock(cycle.solution),
        response_ended_by=cycle.response_ended_by,
        ended_by=cycle.ended_by,
        replied_at=cycle.replied_at,
        resolved_at=cycle.resolved_at,
        closed_at=cycle.closed_at,
        confirmed=cycle.confirmed,
        paused=cycle.paused,
    )


def _kept_obligation(obligation: Obligation) -> KeptObligation:
    return KeptObligation(
        obligation_id=obligation.obligation_id,
        department=obligation.department,
        owes=obligation.owes,
        agent=obligation.agent,
        stage=obligation.stage,
        clock=_kept_clock(obligation.clock),
        done_at=obligation.done_at,
        voided_at=obligation.voided_at,
        ended_by=obligation.ended_by,
    )


def _kept_route(route: Route) -> KeptRoute:
    return KeptRoute(route.before, route.last, route.moves, route.returns)


def _kept_call(call: PromisedCall) -> KeptCall:
    return KeptCall(
        callback_id=call.callback_id,
        branch_id=call.branch_id,
        purpose=call.purpose,
        promised_at=call.promised_at,
        promised_by=call.promised_by,
        due_at=call.due_at,
        tries=call.tries,
        attempts=call.attempts,
        outcome=call.outcome,
        ended_at=call.ended_at,
        ended_by=call.ended_by,
    )
