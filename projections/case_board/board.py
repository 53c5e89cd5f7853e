"""The rows: what a case, its cycles, obligations and departments say as of the instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from events.calendars import local_day
from projections.case_board.cases import Case
from projections.case_board.parts import Cycle, Obligation
from projections.case_board.replay import Board
from projections.case_board.rows import (
    CaseRow,
    CycleRow,
    DepartmentRow,
    ObligationRow,
    ReferralRow,
)

_SECOND = timedelta(seconds=1)


def case_row(board: Board, case: Case, escalation: int | None) -> CaseRow:
    """Return the row of a case; `escalation` is the highest percent of its alerts."""
    cycle = case.cycle
    clock = cycle.solution
    stands_still = clock.running_since is None
    return CaseRow(
        case_id=case.case_id,
        external=case.external,
        kind=case.kind,
        category=case.category,
        severity=case.severity,
        priority=case.priority,
        tier=case.tier,
        branch_id=case.branch_id,
        owner=case.owner,
        department=case.department,
        status=case.status,
        activity=case.activity,
        cycle=cycle.number,
        opened_at=case.opened_at,
        opened_on=local_day(case.opened_at, board.reference.zone_of(case.branch_id)),
        cycle_opened_at=cycle.opened_at,
        wanted_by=case.wanted_by,
        replied_at=cycle.replied_at,
        response_due_at=cycle.response.reached(),
        response_met_at=cycle.response_met_at,
        response_breached_at=cycle.response.overrun_at(board.at),
        solution_due_at=clock.reached(),
        solution_left_s=clock.left // _SECOND if stands_still else None,
        solution_met_at=cycle.solution_met_at,
        solution_breached_at=clock.overrun_at(board.at),
        waiting_since=case.waiting_since,
        paused_s=cycle.paused // _SECOND,
        resolved_at=case.resolved_at,
        closed_at=cycle.closed_at,
        confirmed=cycle.confirmed,
        callback_due_at=case.callback_due_at,
        callback_attempts=case.attempts,
        callback_outcome=case.callback_outcome,
        open_obligations=len(case.owed),
        resolves=case.resolves,
        resumed=case.resumed,
        reopened=cycle.number - 1,
        handovers=case.agents.moves,
        returns=case.agents.returns,
        department_handovers=case.departments.moves,
        department_returns=case.departments.returns,
        told=case.told,
        referred_from=case.referred_from,
        escalation=escalation,
        last_event_id=case.last_event_id,
        last_event_at=case.last_at,
    )


def cycle_row(case: Case, cycle: Cycle, at: datetime) -> CycleRow:
    """Return the row of a cycle."""
    return CycleRow(
        case_id=case.case_id,
        cycle=cycle.number,
        branch_id=case.branch_id,
        opened_at=cycle.opened_at,
        response_met_at=cycle.response_met_at,
        response_breached_at=cycle.response.overrun_at(at),
        solution_met_at=cycle.solution_met_at,
        solution_breached_at=cycle.solution.overrun_at(at),
        resolved_at=cycle.resolved_at,
        closed_at=cycle.closed_at,
        confirmed=cycle.confirmed,
        paused_s=cycle.paused // _SECOND,
    )


def obligation_row(case: Case, obligation: Obligation, at: datetime) -> ObligationRow:
    """Return the row of an obligation."""
    due_at = obligation_due_at(case, obligation)
    done_at = obligation.done_at
    late = case.time.worked(due_at, done_at) if due_at and done_at else None
    return ObligationRow(
        case_id=case.case_id,
        obligation_id=obligation.obligation_id,
        branch_id=case.branch_id,
        department=obligation.department,
        owes=obligation.owes,
        agent=obligation.agent,
        handed_at=obligation.handed_at,
        due_at=due_at,
        status="open" if obligation.is_open else "done" if done_at else "void",
        done_at=done_at,
        breached_at=obligation.clock.overrun_at(at),
        late_s=None if late is None else late // _SECOND,
    )


def obligation_due_at(case: Case, obligation: Obligation) -> datetime | None:
    """Return an obligation's deadline, which nothing moves."""
    return case.time.after(obligation.handed_at, obligation.clock.budget)


def department_rows(case: Case) -> Iterator[DepartmentRow]:
    """Yield how long each department had the case in hand."""
    for department, stay in case.stays.items():
        yield DepartmentRow(
            case_id=case.case_id,
            department=department,
            branch_id=case.branch_id,
            held_s=stay.held // _SECOND,
            since=stay.since,
        )


def referral_rows(case: Case) -> Iterator[ReferralRow]:
    """Yield what was overheard on the case."""
    for referral in case.referrals.values():
        yield ReferralRow(
            case_id=case.case_id,
            referral_case_id=referral.case_id,
            department=referral.department,
            referred_at=referral.at,
        )
