"""What the customers of a part come to under one build, as the records that COPY writes; pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from msgspec.structs import astuple

from events.envelope import CustomerId
from events.uses import Use
from projections.protocol import Assessment, Total
from services.rebuild.builds import Build
from services.rows.changes import Parked, check_columns
from services.rows.uses import uses_id

Record = tuple[object, ...]

HEAD_COLUMNS = (
    "projection", "version", "customer_id", "partition", "assessed_at", "next_change_at",
    "policy_count", "uses_id", "parked_reason", "parked_event_id", "parked_at",
)  # fmt: skip
ALERT_COLUMNS = (
    "projection", "version", "partition", "alert_id", "kind", "subject", "threshold",
    "customer_id", "branch_id", "since", "currency", "amount_minor",
)  # fmt: skip


class Gathered:
    """What one build gets of a part.

    Nothing was written of its customers before, and each is told once: nothing is compared.
    """

    def __init__(self, build: Build, policy_count: int) -> None:
        self.build = build
        self.rows: dict[str, list[Record]] = {name: [] for name in build.tables}
        self.heads: list[Record] = []
        self.alerts: list[Record] = []
        self.uses: set[frozenset[Use]] = set()
        self._policy_count = policy_count
        self._totals: dict[tuple[int, str, str, str, int], tuple[int, int]] = defaultdict(_nothing)

    def add(
        self, customer: CustomerId, partition: int, assessment: Assessment, at: datetime
    ) -> None:
        """Take in one customer's assessment.

        Whatever it raises, such as OverflowError for a number that no column holds, nothing was
        taken in then.
        """
        projection = self.build.projection
        found: list[tuple[list[Record], list[Record]]] = []
        shares: list[Total] = []
        for table in projection.tables:
            rows = {table.key_of(row): row for row in assessment.rows.get(table.name, ())}
            for key, row in rows.items():
                check_columns(key, row)
                shares += projection.totals(row)
            records: list[Record] = [(customer, partition, *astuple(row)) for row in rows.values()]
            found.append((self.rows[table.name], records))
        alerts = {alert.alert_id: alert for alert in assessment.alerts}
        for gathered, records in found:
            gathered.extend(records)
        for share in shares:
            what = (partition, share.measure, share.currency, share.branch_id, share.day)
            items, amount = self._totals[what]
            self._totals[what] = (items + share.items, amount + share.amount_minor)
        self.alerts += [
            (
                *self.build.id, partition, alert_id, alert.kind, alert.subject, alert.threshold,
                alert.customer_id, alert.branch_id, alert.since, alert.currency,
                alert.amount_minor,
            )
            for alert_id, alert in alerts.items()
        ]  # fmt: skip
        self.uses.add(assessment.uses)
        self.heads.append(
            (
                *self.build.id, customer, partition, at, assessment.next_change_at,
                self._policy_count, uses_id(assessment.uses), None, None, None,
            )
        )  # fmt: skip

    def park(self, parked: Parked, partition: int, at: datetime) -> None:
        """Note that a customer could not be assessed, and why."""
        self.heads.append(
            (
                *self.build.id, parked.customer, partition, at, None, self._policy_count, 0,
                parked.reason, parked.event_id, at,
            )
        )  # fmt: skip

    @property
    def totals(self) -> list[Record]:
        """Return the sums of all rows."""
        return [(*self.build.id, *key, *sums) for key, sums in self._totals.items()]


def _nothing() -> tuple[int, int]:
    return 0, 0
