"""What the customers of a part come to under one build, as the records that COPY writes; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any

from msgspec.structs import astuple

from events.envelope import CustomerId
from events.uses import Use
from projections.protocol import Assessment, Row
from services.rebuild.builds import Build
from services.rows.changes import Parked, check_columns
from services.rows.row_tables import RowTable
from services.rows.uses import uses_id

Record = tuple[object, ...]

HEAD_COLUMNS = (
    "projection", "version", "customer_id", "partition", "assessed_at", "next_change_at",
    "policy_count", "uses_id", "parked_reason", "parked_event_id", "parked_at",
)  # fmt: skip
ALERT_COLUMNS = (
    "projection", "version", "partition", "alert_id", "kind", "subject", "threshold",
    "customer_id", "branch_id", "since", "currency", "amount_minor", "state", "state_by",
    "state_at", "until", "delegate",
)  # fmt: skip

_LIMIT = 2**63
"""Beyond it no column holds a whole number."""


class Gathered:
    """What one build gets of a part.

    Nothing was written of its customers before, and each is told once: nothing is compared.
    """

    def __init__(self, build: Build, policy_count: int) -> None:
        self.build = build
        self.rows: dict[str, list[Record]] = {name: [] for name in build.tables}
        self.heads: list[Record] = []
        self.alerts: list[Record] = []
        self.totals: list[Record] = []  # shares, that are added up when all are there
        self._uses: dict[frozenset[Use], int] = {}
        self._id = build.id
        self._policy_count = policy_count
        self._rows_of = [_RowsOf(table) for table in build.tables.values()]

    @property
    def uses(self) -> Iterable[frozenset[Use]]:
        """Return every set of uses that a head names."""
        return self._uses.keys()

    def add(
        self, customer: CustomerId, partition: int, assessment: Assessment, at: datetime
    ) -> None:
        """Take in one customer's assessment.

        Whatever it raises, such as OverflowError for a number that no column holds, nothing was
        taken in then.
        """
        name, version = self._id
        shares_of = self.build.projection.totals
        found: list[tuple[str, list[Record]]] = []
        shares: list[Record] = []
        for rows_of in self._rows_of:
            rows = rows_of.distinct(assessment.rows.get(rows_of.table, ()))
            if rows:
                found.append((rows_of.table, rows_of.records(rows, (customer, partition))))
                shares += [
                    (name, version, partition, *share) for row in rows for share in shares_of(row)
                ]
        if assessment.alerts:
            self.alerts += self._alerts(partition, assessment)
        for table, records in found:
            self.rows[table] += records
        self.totals += shares
        self.heads.append(
            (
                name, version, customer, partition, at, assessment.next_change_at,
                self._policy_count, self._uses_id(assessment.uses), None, None, None,
            )
        )  # fmt: skip

    def park(self, parked: Parked, partition: int, at: datetime) -> None:
        """Note that a customer could not be assessed, and why."""
        self.heads.append(
            (
                *self._id, parked.customer, partition, at, None, self._policy_count, 0,
                parked.reason, parked.event_id, at,
            )
        )  # fmt: skip

    def _alerts(self, partition: int, assessment: Assessment) -> list[Record]:
        alerts = {alert.alert_id: alert for alert in assessment.alerts}
        return [
            (
                *self._id, partition, alert_id, alert.kind, alert.subject, alert.threshold,
                alert.customer_id, alert.branch_id, alert.since, alert.currency,
                alert.amount_minor, alert.state, alert.state_by, alert.state_at, alert.until,
                alert.delegate,
            )
            for alert_id, alert in alerts.items()
        ]  # fmt: skip

    def _uses_id(self, uses: frozenset[Use]) -> int:
        known = self._uses.get(uses)
        if known is None:
            known = self._uses[uses] = uses_id(uses)
        return known


class _RowsOf:
    """Makes records of the rows of one table, all of a customer at once."""

    def __init__(self, table: RowTable) -> None:
        self.table = table.table.name
        self._key_of = table.table.key_of
        names = [column.name for column in table.columns]
        whole = [column for column in table.columns if column.sql_type == "bigint"]
        self._key = _items([names.index(name) for name in table.table.key])
        self._numbers = _items([names.index(one.name) for one in whole if not one.nullable])
        self._perhaps = _items([names.index(one.name) for one in whole if one.nullable])

    def distinct(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the last row of each key."""
        if len(rows) < 2 or len({self._key(astuple(row)) for row in rows}) == len(rows):
            return rows
        return [*{self._key_of(row): row for row in rows}.values()]

    def records(self, rows: Sequence[Row], place: tuple[CustomerId, int]) -> list[Record]:
        """Return rows with the columns that stand before their own. Raises: OverflowError."""
        values = [astuple(row) for row in rows]
        numbers = [*chain.from_iterable(map(self._numbers, values))]
        perhaps = chain.from_iterable(map(self._perhaps, values))
        numbers += [number for number in perhaps if number is not None]
        if numbers and (max(numbers) >= _LIMIT or min(numbers) < -_LIMIT):
            for row in rows:
                check_columns(self._key_of(row), row)
        return [place + value for value in values]


def _items(places: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return what picks the values at some places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)
