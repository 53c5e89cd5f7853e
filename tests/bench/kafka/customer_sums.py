"""The trivial fold as a projection of ours: count and sum per customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, cast, get_args

import msgspec

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from projections.facts import Facts, Memo, Stage
from projections.protocol import Assessment, Row, Table, Total
from tests.bench.kafka.amounts import Summed


class SumRow(Row, frozen=True, kw_only=True):
    """How many events a customer has, and the sum of their amounts."""

    events: int
    amount_minor: int


class _Sums(Memo):
    """What was summed up by an instant: so many of the facts, in order."""

    def __init__(self, at: datetime, events: int = 0, amount_minor: int = 0) -> None:
        self.stamp: object = None
        self.at = at
        self.events = events
        self.amount_minor = amount_minor

    @property
    def walked(self) -> int:
        """Return how many facts there were."""
        return self.events


class CustomerSums:
    """Counts and sums a customer's events."""

    name: ClassVar[str] = "customer_sums"
    version: ClassVar[int] = 1
    handles: ClassVar[frozenset[type[Touchpoint]]] = frozenset(get_args(Summed))
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]] = frozenset()
    tables: ClassVar[tuple[Table, ...]] = (Table("sums", SumRow, ()),)
    stage: ClassVar[Stage | None] = None

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Sum up what is effective by `at`, going on from the sums of the time before."""
        memo = facts.memo
        if not isinstance(memo, _Sums) or memo.at > at:
            memo = _Sums(at)
        next_change_at = None
        for fact in facts.after(memo.events):
            if fact.effective_at > at:
                next_change_at = fact.effective_at
                break
            memo.events += 1
            memo.amount_minor += cast(Summed, fact.data).amount.minor
        memo.at = at
        facts.memo = memo
        row = SumRow(events=memo.events, amount_minor=memo.amount_minor)
        rows = {"sums": [row]} if memo.events else {}
        return Assessment(rows=rows, uses=frozenset(), next_change_at=next_change_at)

    def totals(self, row: Row) -> Sequence[Total]:
        """Share nothing in company-wide sums."""
        return ()

    def kept(self, memo: Memo) -> bytes:
        """Return the sums as bytes."""
        assert isinstance(memo, _Sums)
        return msgspec.msgpack.encode((memo.at, memo.events, memo.amount_minor))

    def brought_back(self, kept: bytes, reference: Reference) -> Memo:
        """Return the sums as they were kept."""
        return _Sums(*msgspec.msgpack.decode(kept, type=tuple[datetime, int, int]))
