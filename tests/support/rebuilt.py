"""The smallest projection in a newer version, whose rows and alerts say something else."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from msgspec import structs

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from projections.protocol import Anatomy, Assessment, Facts, Row, Stage, Table, Total
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
    anatomy: ClassVar[Anatomy] = Anatomy((), {})
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
