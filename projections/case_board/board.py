"""The rows: what a case, its cycles, obligations and departments say as of the instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from events.calendars import local_day
from projections.case_board.cases import Case
from projections.case_board.parts import Cycle, Obligation, Referral, Stay
from projections.case_board.replay import Board
from projections.case_board.rows import (
    ANSWERS,
    CASES,
    CYCLES,
    DEPARTMENTS,
    OBLIGATIONS,
    REFERRALS,
    AnswerRow,
    CaseRow,
    CycleRow,
    DepartmentRow,
    ObligationRow,
    ReferralRow,
)
from projections.protocol import Row, Table

_SECOND = timedelta(seconds=1)


def all_rows(board: Board, case: Case, escalation: int | None) -> Iterator[tuple[Table, Row]]:
    """Yield every row of a case."""
    owed, referrals = case.obligations.values(), case.referrals.values()
    return _rows(board, case, escalation, case.cycles, owed, referrals)


def unread_rows(board: Board, case: Case, escalation: int | None) -> Iterator[tuple[Table, Row]]:
    """Yield the rows of a case that may differ from those made when it was last read."""
    unread = case.unread
    cycles = case.cycles[unread.cycle - 1 :]
    owed = (*unread.settled, *case.owed.values())
    return _rows(board, case, escalation, cycles, owed, unread.referrals)


def _rows(
    board: Board,
    case: Case,
    escalation: int | None,
    cycles: Iterable[Cycle],
    obligations: Iterable[Obligation],
    referrals: Iterable[Referral],
) -> Iterator[tuple[Table, Row]]:
    yield CASES, case_row(board, case, escalation)
    for cycle in cycles:
        yield CYCLES, cycle_row(case, cycle, board.at)
    for obligation in obligations:
        yield OBLIGATIONS, obligation_row(case, obligation, board.at)
    for department, stay in case.stays.items():
        yield DEPARTMENTS, department_row(case, department, stay)
    for (about, name), (answers, total) in case.answers.items():
        yield ANSWERS, answer_row(case, about, name, answers, total)
    for referral in referrals:
        yield REFERRALS, referral_row(case, referral)


def case_row(board: Board, case: Case, escalation: int | None) -> CaseRow:
    """Return the row of a case; `escalation` is the highest percent of its alerts."""
    cycle = case.cycle
    clock = cycle.solution
    stands_still = clock.running_since is None
    verdict = cycle.verdict(board.at)
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
        opened_on=local_day(case.opened_at, case.time.tz),
        cycle_opened_at=cycle.opened_at,
        wanted_by=case.wanted_by,
        replied_at=cycle.replied_at,
        response_due_at=verdict.response_due_at,
        response_provisional=_may_move(case, cycle.opened_at, verdict.response_due_at),
        response_met_at=verdict.response_met_at,
        response_breached_at=verdict.response_breached_at,
        solution_due_at=verdict.solution_due_at,
        solution_provisional=clock.fixed is None
        and _may_move(case, cycle.opened_at, verdict.solution_due_at),
        solution_left_s=clock.left // _SECOND if stands_still else None,
        solution_met_at=verdict.solution_met_at,
        solution_breached_at=verdict.solution_breached_at,
        waiting_since=case.waiting_since,
        paused_s=cycle.paused // _SECOND,
        resolved_at=case.resolved_at,
        closed_at=cycle.closed_at,
        confirmed=cycle.confirmed,
        callback_due_at=case.callback_due_at,
        callback_provisional=not case.callback_promised
        and _may_move(case, case.resolved_at or case.opened_at, case.callback_due_at),
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
        first_contact=case.is_of_first_contact,
        referred_from=board.referred_from(case),
        flow=case.flow,
        declined=case.declined,
        duplicate_of=case.duplicate_of,
        put_off_until=case.put_off_until,
        escalation=escalation,
        last_event_id=case.last_event_id,
        last_event_at=case.last_at,
    )


def _may_move(case: Case, start: datetime, due_at: datetime | None) -> bool:
    """Return whether a deadline that was reckoned may move once holidays are announced."""
    return due_at is not None and case.time.is_provisional(start, due_at)


def cycle_row(case: Case, cycle: Cycle, at: datetime) -> CycleRow:
    """Return the row of a cycle."""
    verdict = cycle.verdict(at)
    return CycleRow(
        case_id=case.case_id,
        cycle=cycle.number,
        branch_id=case.branch_id,
        opened_at=cycle.opened_at,
        response_met_at=verdict.response_met_at,
        response_breached_at=verdict.response_breached_at,
        solution_met_at=verdict.solution_met_at,
        solution_breached_at=verdict.solution_breached_at,
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
        stage=obligation.stage,
        handed_at=obligation.handed_at,
        due_at=due_at,
        provisional=_may_move(case, obligation.handed_at, due_at),
        status="open" if obligation.is_open else "done" if done_at else "void",
        done_at=done_at,
        breached_at=obligation.clock.overrun_at(at),
        late_s=None if late is None else late // _SECOND,
    )


def obligation_due_at(case: Case, obligation: Obligation) -> datetime | None:
    """Return an obligation's deadline, which nothing moves."""
    return case.time.after(obligation.handed_at, obligation.clock.budget)


def department_row(case: Case, department: str, stay: Stay) -> DepartmentRow:
    """Return how long a department had the case in hand."""
    return DepartmentRow(
        case_id=case.case_id,
        department=department,
        branch_id=case.branch_id,
        held_s=stay.held // _SECOND,
        since=stay.since,
    )


def answer_row(case: Case, about: str, name: str, answers: int, total: int) -> AnswerRow:
    """Return what the customer said about it."""
    return AnswerRow(
        case_id=case.case_id,
        about="driver" if about == "driver" else "outcome",
        name=name,
        branch_id=case.branch_id,
        answers=answers,
        total=total,
    )


def referral_row(case: Case, referral: Referral) -> ReferralRow:
    """Return what was overheard on the case."""
    return ReferralRow(
        case_id=case.case_id,
        referral_case_id=referral.case_id,
        department=referral.department,
        referred_at=referral.at,
    )
