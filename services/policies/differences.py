"""What two assessments of the same customers differ in, as counts and sums that add up.

However many customers are compared, a difference is as large as there are tables, kinds of
alerts, measures and currencies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct, field

from projections.protocol import Assessment, Projection, Row, Total
from projections.receivables.rows import ChargeRow, interest_on


class TableChange(Struct, kw_only=True):
    """Rows of a table that would be new, other than they are, or gone."""

    table: str
    new: int = 0
    changed: int = 0
    gone: int = 0


class AlertChange(Struct, kw_only=True):
    """Alerts of a kind that would be raised, and that would be withdrawn."""

    kind: str
    threshold: int
    raised: int = 0
    cleared: int = 0


class SumChange(Struct, kw_only=True):
    """A company-wide sum that would be another."""

    measure: str
    currency: str
    count_before: int = 0
    count_after: int = 0
    amount_before_minor: int = 0
    amount_after_minor: int = 0

    @property
    def is_another(self) -> bool:
        """Return whether the sum differs."""
        before = (self.count_before, self.amount_before_minor)
        return before != (self.count_after, self.amount_after_minor)


class ProjectionTrial(Struct, frozen=True, kw_only=True):
    """The differences in one projection."""

    projection: str
    customers_changed: int
    tables: list[TableChange]
    alerts: list[AlertChange]
    sums: list[SumChange]


class Difference(Struct):
    """One projection's differences of the customers that were compared."""

    customers: int = 0
    tables: dict[str, TableChange] = field(default_factory=dict)
    alerts: dict[str, dict[int, AlertChange]] = field(default_factory=dict)  # by kind, threshold
    sums: dict[str, dict[str, SumChange]] = field(default_factory=dict)  # by measure, currency

    def take_in(self, other: Difference) -> None:
        """Add the differences of other customers."""
        self.customers += other.customers
        for table in other.tables.values():
            mine = self._table(table.table)
            mine.new += table.new
            mine.changed += table.changed
            mine.gone += table.gone
        for alert in (one for of_kind in other.alerts.values() for one in of_kind.values()):
            change = self._alert(alert.kind, alert.threshold)
            change.raised += alert.raised
            change.cleared += alert.cleared
        for one in (one for of_measure in other.sums.values() for one in of_measure.values()):
            total = self._sum(one.measure, one.currency)
            total.count_before += one.count_before
            total.count_after += one.count_after
            total.amount_before_minor += one.amount_before_minor
            total.amount_after_minor += one.amount_after_minor

    def result(self, projection: Projection) -> ProjectionTrial:
        """Return what differs: tables in the projection's order, the rest sorted."""
        names = [table.name for table in projection.tables]
        return ProjectionTrial(
            projection=projection.name,
            customers_changed=self.customers,
            tables=[self.tables[name] for name in names if name in self.tables],
            alerts=[by[key] for _, by in sorted(self.alerts.items()) for key in sorted(by)],
            sums=[
                by[currency]
                for _, by in sorted(self.sums.items())
                for currency in sorted(by)
                if by[currency].is_another
            ],
        )

    def compare(
        self, projection: Projection, before: Assessment, after: Assessment, today: date
    ) -> None:
        """Take in one more customer; what drifts is that of the customer's own day."""
        rows = self._rows(projection, before, after)
        self.customers += self._of_alerts(before, after) or rows
        for row in (row for rows in before.rows.values() for row in rows):
            for total in _shown(projection, row, today):
                one = self._sum(total.measure, total.currency)
                one.count_before += total.items
                one.amount_before_minor += total.amount_minor
        for row in (row for rows in after.rows.values() for row in rows):
            for total in _shown(projection, row, today):
                one = self._sum(total.measure, total.currency)
                one.count_after += total.items
                one.amount_after_minor += total.amount_minor

    def _rows(self, projection: Projection, before: Assessment, after: Assessment) -> bool:
        found = False
        for table in projection.tables:
            rows, others = before.rows.get(table.name, ()), after.rows.get(table.name, ())
            if rows == others:
                continue
            one = {table.key_of(row): row for row in rows}
            other = {table.key_of(row): row for row in others}
            new, gone = len(other.keys() - one.keys()), len(one.keys() - other.keys())
            changed = sum(one[key] != other[key] for key in one.keys() & other.keys())
            if new or gone or changed:
                change = self._table(table.name)
                change.new += new
                change.gone += gone
                change.changed += changed
                found = True
        return found

    def _of_alerts(self, before: Assessment, after: Assessment) -> bool:
        one = {(alert.key, alert.since) for alert in before.alerts}
        other = {(alert.key, alert.since) for alert in after.alerts}
        for key, _ in other - one:
            self._alert(key.kind, key.threshold).raised += 1
        for key, _ in one - other:
            self._alert(key.kind, key.threshold).cleared += 1
        return one != other

    def _table(self, name: str) -> TableChange:
        if name not in self.tables:
            self.tables[name] = TableChange(table=name)
        return self.tables[name]

    def _alert(self, kind: str, threshold: int) -> AlertChange:
        of_kind = self.alerts.setdefault(kind, {})
        if threshold not in of_kind:
            of_kind[threshold] = AlertChange(kind=kind, threshold=threshold)
        return of_kind[threshold]

    def _sum(self, measure: str, currency: str) -> SumChange:
        of_measure = self.sums.setdefault(measure, {})
        if currency not in of_measure:
            of_measure[currency] = SumChange(measure=measure, currency=currency)
        return of_measure[currency]


def _shown(projection: Projection, row: Row, today: date) -> Sequence[Total]:
    """Return a row's shares in the sums that people read: interest in money, not in its terms."""
    if isinstance(row, ChargeRow):
        return list(_charged(row, today))
    return projection.totals(row)


def _charged(row: ChargeRow, today: date) -> Iterator[Total]:
    interest, due, branch = interest_on(row, today), row.due_on.toordinal(), row.branch_id or ""
    for measure, amount in (
        ("running_interest", interest.owed_minor),
        ("announced_interest", interest.announced_minor),
        ("announced_fees", row.fees_announced_minor),
    ):
        if amount:
            yield Total(measure, row.currency, branch, due, 1, amount)
