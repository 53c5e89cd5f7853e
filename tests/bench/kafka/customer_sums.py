"""The trivial fold as a projection of ours: count and sum per customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, get_args

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from projections.protocol import Assessment, Facts, Row, Table, Total
from tests.bench.kafka.amounts import Summed


class SumRow(Row, frozen=True, kw_only=True):
    """How many events a customer has, and the sum of their amounts."""

    events: int
    amount_minor: int


class CustomerSums:
    """Counts and sums a customer's events."""

    name: ClassVar[str] = "customer_sums"
    version: ClassVar[int] = 1
    handles: ClassVar[frozenset[type[Touchpoint]]] = frozenset(get_args(Summed))
    tables: ClassVar[tuple[Table, ...]] = (Table("sums", SumRow, ()),)

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Sum up what is effective by `at`."""
        events = total = 0
        next_change_at = None
        for fact in facts:
            if fact.envelope.effective_at > at:
                next_change_at = fact.envelope.effective_at
                break
            assert isinstance(fact.data, Summed)
            events += 1
            total += fact.data.amount.minor
        row = SumRow(events=events, amount_minor=total)
        return Assessment(rows={"sums": [row]} if events else {}, next_change_at=next_change_at)

    def totals(self, row: Row) -> Sequence[Total]:
        """Share nothing in company-wide sums."""
        return ()
