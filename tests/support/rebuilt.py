"""The smallest projection in a newer version, and others that are rebuilt beside it."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from msgspec import structs

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import PaymentReceived
from events.touchpoints.policy import ReferenceTouchpoint
from projections.facts import Facts, Memo, Stage
from projections.protocol import Assessment, Row, Table, Total
from tests.support.counting import Counting, CountRow

SMALL_MINOR = 100
"""What paid no more than this raises no alert in the newer version."""


class FullerRow(CountRow, frozen=True, kw_only=True):
    """What the newer version keeps: the mean too."""

    mean_minor: int


class CountingAnew:
    """Version 2 of `counting`: another column, and fewer alerts."""

    name: ClassVar[str] = "counting"
    version: ClassVar[int] = 2
    handles: ClassVar[frozenset[type[Touchpoint]]] = Counting.handles
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]] = Counting.reads
    tables: ClassVar[tuple[Table, ...]] = (Table("sums", FullerRow, ("currency",)),)
    stage: ClassVar[Stage | None] = None

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Sum up as version 1 does, and add what is new."""
        old = Counting().assess(customer, facts, at, reference)
        rows = [
            FullerRow(**structs.asdict(row), mean_minor=row.paid_minor // row.payments)
            for row in old.rows.get("sums", ())
            if isinstance(row, CountRow)
        ]
        alerts = [alert for alert in old.alerts if alert.amount_minor > SMALL_MINOR]
        return structs.replace(old, rows={"sums": rows}, alerts=alerts)

    def totals(self, row: Row) -> Sequence[Total]:
        """Share the sum as version 1 does."""
        return Counting().totals(row)

    def kept(self, memo: Memo) -> bytes:
        """Keep what version 1 does."""
        return Counting().kept(memo)

    def brought_back(self, kept: bytes, reference: Reference) -> Memo:
        """Bring it back as version 1 does."""
        return Counting().brought_back(kept, reference)


class Tallying(Counting):
    """The same sums under another name; it raises no alerts, which would be the other's."""

    name: ClassVar[str] = "tallying"

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Sum up and raise nothing."""
        return structs.replace(super().assess(customer, facts, at, reference), alerts=())


UNLUCKY_MINOR = 1_313
"""A payment of so much cannot be stood by `Squeamish`."""


class Squeamish(Tallying):
    """The same sums, of customers that paid nothing unlucky."""

    name: ClassVar[str] = "squeamish"

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Sum up, if it can."""
        for fact in facts:
            if isinstance(fact.data, PaymentReceived) and fact.data.amount.minor == UNLUCKY_MINOR:
                raise ValueError("an unlucky payment")
        return super().assess(customer, facts, at, reference)
