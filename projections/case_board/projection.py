"""The case board: complaints, requests and case events of one customer in, cases out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from events.cases.terms import TERMS_READ
from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from events.uses import HOURS_READS
from projections.case_board.keeping import kept_memo
from projections.case_board.memo import BoardMemo
from projections.case_board.replay import HANDLED
from projections.case_board.restoring import memo_again
from projections.case_board.rows import BREACHED, TABLES, CaseRow
from projections.facts import Facts, Memo, Stage
from projections.protocol import Assessment, Row, Table, Total


class CaseBoard:
    """Each customer's cases: who owns them, what is owed on them, and how their clocks stand."""

    name: ClassVar[str] = "case_board"
    version: ClassVar[int] = 7
    handles: ClassVar[frozenset[type[Touchpoint]]] = HANDLED
    tables: ClassVar[tuple[Table, ...]] = TABLES
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]] = TERMS_READ | HOURS_READS
    stage: ClassVar[Stage | None] = None

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Return the rows and standing alerts as of an instant; pure, whatever it goes on from."""
        memo, facts.memo = facts.memo, None
        if isinstance(memo, BoardMemo) and memo.serves(customer, at, reference):
            assessment = memo.assessment(memo.go_on(facts, at))
        else:
            memo = BoardMemo(customer, facts, at, reference)
            assessment = memo.assessment()
        facts.memo = memo
        return assessment

    def totals(self, row: Row) -> Sequence[Total]:
        """Return a case's share in the counts by status and local day of opening."""
        if not isinstance(row, CaseRow):
            return ()
        day = row.opened_on.toordinal()
        stands = Total(row.status, "", row.branch_id, day, 1, 0)
        if row.status in ("open", "waiting") and row.solution_breached_at is not None:
            return (stands, Total(BREACHED, "", row.branch_id, day, 1, 0))
        return (stands,)

    def kept(self, memo: Memo) -> bytes:
        """Return a memo as it is kept."""
        assert isinstance(memo, BoardMemo)
        return kept_memo(memo)

    def brought_back(self, kept: bytes, reference: Reference) -> Memo:
        """Return a memo as it was kept."""
        return memo_again(kept, reference)
