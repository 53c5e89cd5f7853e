"""The case board: complaints, requests and case events of one customer in, cases out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from projections.case_board.alerts import Clearings, standing
from projections.case_board.board import (
    case_row,
    cycle_row,
    department_rows,
    obligation_row,
    referral_rows,
)
from projections.case_board.ladder import Ladder, live_watches
from projections.case_board.replay import HANDLED, Board
from projections.case_board.rows import (
    BREACHED,
    CASES,
    CYCLES,
    DEPARTMENTS,
    OBLIGATIONS,
    REFERRALS,
    CaseRow,
)
from projections.protocol import Alert, Assessment, Facts, Row, Table, Total


class CaseBoard:
    """Each customer's cases: who owns them, what is owed on them, and how their clocks stand."""

    name: ClassVar[str] = "case_board"
    version: ClassVar[int] = 1
    handles: ClassVar[frozenset[type[Touchpoint]]] = HANDLED
    tables: ClassVar[tuple[Table, ...]] = (CASES, CYCLES, OBLIGATIONS, DEPARTMENTS, REFERRALS)

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Return the rows and standing alerts as of an instant; pure."""
        return assessment_of(customer, Board(facts, at, reference, tell=False))

    def totals(self, row: Row) -> Sequence[Total]:
        """Return a case's share in the counts by status and local day of opening."""
        if not isinstance(row, CaseRow):
            return ()
        day = row.opened_on.toordinal()
        stands = Total(row.status, "", row.branch_id, day, 1, 0)
        if row.status in ("open", "waiting") and row.solution_breached_at is not None:
            return (stands, Total(BREACHED, "", row.branch_id, day, 1, 0))
        return (stands,)


def assessment_of(customer: CustomerId, board: Board) -> Assessment:
    """Return the assessment that the cases of a customer amount to."""
    ladder = Ladder(customer, board)
    rows: dict[str, list[Row]] = {table.name: [] for table in CaseBoard.tables}
    alerts: list[Alert] = []
    for case in board.cases.values():
        mine = list(standing(customer, board, ladder, case))
        alerts.extend(mine)
        highest = max((alert.threshold for alert in mine if alert.threshold), default=None)
        rows[CASES.name].append(case_row(board, case, highest))
        rows[CYCLES.name].extend(cycle_row(case, cycle, board.at) for cycle in case.cycles)
        rows[OBLIGATIONS.name].extend(
            obligation_row(case, obligation, board.at) for obligation in case.obligations.values()
        )
        rows[DEPARTMENTS.name].extend(department_rows(case))
        rows[REFERRALS.name].extend(referral_rows(case))
    return Assessment(
        rows=rows,
        alerts=alerts,
        cleared=Clearings(board, ladder, frozenset(alert.key for alert in alerts)),
        next_change_at=min((t for t in _changes(board, ladder) if t > board.at), default=None),
    )


def _changes(board: Board, ladder: Ladder) -> Iterator[datetime]:
    """Yield when something may change by itself: a fact known ahead, a clock, a call-back."""
    if board.next_fact_at is not None:
        yield board.next_fact_at
    for case in board.cases.values():
        for watch in live_watches(case):
            step_at = ladder.next_step_at(watch)
            if step_at is not None:
                yield step_at
        if case.status == "resolved" and case.callback_due_at is not None:
            yield case.callback_due_at
