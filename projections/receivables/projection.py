"""The receivables projection: facts of one customer in, items, accounts and alerts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from projections.books.replay import HANDLED
from projections.books.stage import BOOKS, SharedBooks, shared_books
from projections.facts import Facts, Memo, Stage
from projections.protocol import Assessment, Row, Table, Total
from projections.receivables.keeping import Beside, kept_memo, memo_again
from projections.receivables.memo import BookMemo
from projections.receivables.reports import accrued
from projections.receivables.requests import request_totals
from projections.receivables.rows import (
    ACCOUNTS,
    CHARGES,
    FEES,
    INTEREST,
    INVOICED,
    ITEMS,
    OPEN,
    OWED_BACK,
    REQUESTS,
    ChargeRow,
    ItemKind,
    ItemRow,
    RequestRow,
)
from projections.receivables.rules import READS

_PARTS: Mapping[ItemKind, str] = {"refund": OWED_BACK, "fee": FEES, "interest": INTEREST}
"""The measures of what was never sold."""


class Receivables:
    """What each customer owes, item by item, and what must be done about it."""

    name: ClassVar[str] = "receivables"
    version: ClassVar[int] = 5
    handles: ClassVar[frozenset[type[Touchpoint]]] = HANDLED
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]] = READS
    tables: ClassVar[tuple[Table, ...]] = (ITEMS, ACCOUNTS, CHARGES, REQUESTS)
    stage: ClassVar[Stage | None] = Stage(BOOKS, reading=Beside(name))

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Return the rows and standing alerts as of an instant; pure.

        It goes on from where the last assessment of the same facts left its memo, if it may.
        """
        shared = shared_books(facts, at, reference)
        if shared is not None:
            return self._assess_shared(shared, customer, facts, at, reference)
        memo, facts.memo = facts.memo, None
        if not (isinstance(memo, BookMemo) and memo.serves(facts, at, reference)):
            memo = BookMemo(reference)
        assessment = memo.assess(customer, facts, at)
        facts.memo = memo
        return assessment

    def _assess_shared(
        self,
        shared: SharedBooks,
        customer: CustomerId,
        facts: Facts,
        at: datetime,
        reference: Reference,
    ) -> Assessment:
        """Return the same of books that stand at the instant already."""
        memo = shared.readings.pop(self.name, None)
        if not (isinstance(memo, BookMemo) and memo.goes_on_to(at, reference)):
            memo = BookMemo(reference, shared.ledger)
        assessment = memo.assess(customer, facts, at)
        shared.readings[self.name] = memo
        return assessment

    def totals(self, row: Row) -> Sequence[Total]:
        """Return an item's open balance by due day, and by day of issue what was invoiced.

        Of interest that is owed and no item, the terms; of what was asked for, what waits.
        """
        if isinstance(row, ChargeRow):
            return accrued(row)
        if isinstance(row, RequestRow):
            return request_totals(row)
        if not isinstance(row, ItemRow) or row.status == "cancelled":
            return ()
        branch = row.branch_id or ""
        found = []
        if row.kind == "invoice":
            day = row.issued_on.toordinal()
            found.append(Total(INVOICED, row.currency, branch, day, 1, row.amount_minor))
        if row.status == "open":
            day = row.due_on.toordinal()
            found.append(Total(OPEN, row.currency, branch, day, 1, row.balance_minor))
            part = _PARTS.get(row.kind)
            if part is not None:
                found.append(Total(part, row.currency, branch, day, 1, row.balance_minor))
        return found

    def kept(self, memo: Memo) -> bytes:
        """Return a memo as it is kept."""
        assert isinstance(memo, BookMemo)
        return kept_memo(memo)

    def brought_back(self, kept: bytes, reference: Reference) -> Memo:
        """Return a memo as it was kept."""
        return memo_again(kept, reference)
