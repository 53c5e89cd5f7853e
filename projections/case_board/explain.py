"""Why a case stands as it does: every event and every deadline that passed, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from events.envelope import CustomerId
from events.policy import Reference
from projections.case_board.board import case_row, cycle_row, obligation_row
from projections.case_board.cases import Case
from projections.case_board.ladder import (
    Ladder,
    Step,
    cycle_watches,
    live_watches,
    obligation_watch,
)
from projections.case_board.parts import CaseStep
from projections.case_board.replay import Board
from projections.case_board.rows import CallbackRow, CaseRow, CycleRow, ObligationRow
from projections.facts import Facts
from projections.protocol import Alert


class CaseExplanation(Struct, frozen=True, kw_only=True):
    """A case as of an instant, and the history that makes it so.

    Each step of the history says how the solution clock stood after it: its deadline while it
    runs, what is left while it stands still. Steps without an event are those of time.
    """

    case: CaseRow
    cycles: Sequence[CycleRow]
    obligations: Sequence[ObligationRow]
    alerts: Sequence[Alert]
    history: Sequence[CaseStep]

    @property
    def declined_for(self) -> str | None:
        """Return the reason for which the case was declined; None: it was not, or goes on."""
        if not self.case.declined:
            return None
        return next(step.detail for step in reversed(self.history) if step.what == "declined")


def explain_case(
    customer: CustomerId, facts: Facts, at: datetime, reference: Reference, case_id: str
) -> CaseExplanation | None:
    """Return the whole clock history of a case as of an instant; None: there is no such case."""
    board = Board(facts, at, reference, tell=True)
    case = board.cases.get(case_id)
    return None if case is None else _explained(board, Ladder(customer, board), case)


def explain_cases(
    customer: CustomerId, facts: Facts, at: datetime, reference: Reference
) -> list[CaseExplanation]:
    """Return all cases of a customer as of an instant, the latest opened first."""
    board = Board(facts, at, reference, tell=True)
    ladder = Ladder(customer, board)
    found = [_explained(board, ladder, case) for case in board.cases.values()]
    return sorted(found, key=lambda one: (one.case.opened_at, one.case.case_id), reverse=True)


def explain_callbacks(facts: Facts, at: datetime, reference: Reference) -> list[CallbackRow]:
    """Return the calls promised to a customer without naming a case, the next due first."""
    board = Board(facts, at, reference, tell=False)
    rows = [row for call in board.calls.values() if (row := call.row()) is not None]
    return sorted(rows, key=lambda row: (row.status != "open", row.due_at, row.callback_id))


def _explained(board: Board, ladder: Ladder, case: Case) -> CaseExplanation:
    steps = list(_steps_of_time(case, ladder))
    # A fact at an instant precedes a deadline at that instant; the sort keeps that order.
    history = sorted([*(case.history or ()), *steps], key=lambda told: told.at)
    alerts = [
        alert
        for watch in live_watches(case)
        if (alert := ladder.standing(watch, ladder.climb(watch).taken)) is not None
    ]
    return CaseExplanation(
        case=case_row(board, case, max((a.threshold for a in alerts), default=None)),
        cycles=[cycle_row(case, cycle, board.at) for cycle in case.cycles],
        obligations=[obligation_row(case, o, board.at) for o in case.obligations.values()],
        alerts=alerts,
        history=history,
    )


def _steps_of_time(case: Case, ladder: Ladder) -> Iterator[CaseStep]:
    for cycle in case.cycles:
        for watch in cycle_watches(case, cycle):
            for step in ladder.climb(watch).taken:
                yield _told(step, cycle.number)
    for obligation in case.obligations.values():
        for step in ladder.climb(obligation_watch(case, obligation)).taken:
            yield _told(step, case.cycle.number)


def _told(step: Step, cycle: int) -> CaseStep:
    return CaseStep(
        at=step.reached_at,
        what=f"{step.alert.kind} {step.alert.threshold}%",
        event_id=None,
        detail=step.alert.subject,
        cycle=cycle,
        solution_due_at=None,
        solution_left=None,
    )
