"""The difference between what an assessment says and what is written; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, get_type_hints

from events.envelope import CustomerId
from events.notices import AlertAction
from events.uses import Use
from projections.protocol import Alert, Assessment, Cause, Projection, Row, RowKey, Total
from services.rows.written import Written

_LIMIT = 2**63
_CARE = attrgetter("state", "state_by", "state_at", "until", "delegate")

TotalKey = tuple[str, str, str, int]  # measure, currency, branch, day


@dataclass(slots=True)
class Parked:
    """A customer whose facts could not be taken in or assessed, and why."""

    customer: CustomerId
    reason: str
    event_id: str | None


@dataclass(slots=True)
class Head:
    """When a customer was assessed, by what, and when it changes if nothing arrives."""

    customer: CustomerId
    assessed_at: datetime
    next_change_at: datetime | None
    uses: frozenset[Use]


@dataclass(slots=True)
class Changes:
    """All that one transaction of one projection writes for one partition."""

    heads: list[Head] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    upserts: dict[str, list[tuple[CustomerId, Row]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    deletes: dict[str, list[tuple[CustomerId, RowKey]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    totals: dict[TotalKey, tuple[int, int]] = field(default_factory=dict)
    raised: list[Alert] = field(default_factory=list)
    restated: list[Alert] = field(default_factory=list)  # they still stand, otherwise than before
    noted: list[tuple[Alert, AlertAction]] = field(default_factory=list)  # to be told of those
    withdrawn: list[tuple[Alert, Cause]] = field(default_factory=list)
    incomplete: list[CustomerId] = field(default_factory=list)  # whose facts must be read again
    moves_others: bool = False  # customers whose changes are written beside these

    @property
    def visible(self) -> bool:
        """Return whether a reader could see any of it."""
        return bool(
            self.moves_others
            or self.upserts
            or self.deletes
            or self.raised
            or self.restated
            or self.withdrawn
            or self.parked
        )

    def add(
        self,
        projection: Projection,
        customer: CustomerId,
        written: Written,
        assessment: Assessment,
        at: datetime,
    ) -> Written:
        """Take in one customer's assessment; return what will be written of it then.

        Rows that were written before may be changed in place. Whatever it raises, such as
        OverflowError for a number that no column holds, nothing was taken in then.
        """
        differing = differing_rows(projection, written, assessment)
        shares: list[tuple[Sequence[Total], int]] = []
        for table, rows in differing.items():
            before = written.rows.setdefault(table, {})
            for key, row in rows.items():
                if key in before:
                    shares.append((projection.totals(before[key]), -1))
                if row is not None:
                    check_columns(key, row)
                    shares.append((projection.totals(row), 1))
        alerts = self._alerts(written, assessment)
        self.heads.append(Head(customer, at, assessment.next_change_at, assessment.uses))
        for share, sign in shares:
            self._totals(share, sign)
        for table, rows in differing.items():
            self._rows(customer, table, written.rows[table], rows)
        return Written(written.rows, alerts, assessment.stamp)

    def take_in(self, other: Changes) -> None:
        """Add the changes of other customers."""
        for mine, theirs in (
            (self.heads, other.heads),
            (self.parked, other.parked),
            (self.raised, other.raised),
            (self.restated, other.restated),
            (self.noted, other.noted),
            (self.withdrawn, other.withdrawn),
        ):
            mine.extend(theirs)  # type: ignore[arg-type]
        for table, rows in other.upserts.items():
            self.upserts[table] += rows
        for table, keys in other.deletes.items():
            self.deletes[table] += keys
        self.take_in_sums(other)

    def take_in_sums(self, other: Changes) -> None:
        """Take over what other customers' changes move of the company's sums.

        A reader who looks for changes of these sees the others'.
        """
        for key, (items, amount) in other.totals.items():
            before = self.totals.get(key, (0, 0))
            self.totals[key] = (before[0] + items, before[1] + amount)
        other.totals.clear()
        self.moves_others = self.moves_others or other.visible

    def _rows(
        self,
        customer: CustomerId,
        table: str,
        written: MutableMapping[RowKey, Row],
        differing: Mapping[RowKey, Row | None],
    ) -> None:
        for key, row in differing.items():
            if row is not None:
                written[key] = row
                self.upserts[table].append((customer, row))
            elif written.pop(key, None) is not None:
                self.deletes[table].append((customer, key))

    def _totals(self, shares: Sequence[Total], sign: int) -> None:
        for share in shares:
            key = (share.measure, share.currency, share.branch_id, share.day)
            items, amount = self.totals.get(key, (0, 0))
            self.totals[key] = (items + sign * share.items, amount + sign * share.amount_minor)

    def _alerts(self, written: Written, assessment: Assessment) -> dict[str, Alert]:
        standing = {alert.alert_id: alert for alert in assessment.alerts}
        self.raised += [a for i, a in standing.items() if i not in written.alerts]
        for i, alert in standing.items():
            before = written.alerts.get(i)
            if before is None or alert == before:
                continue
            self.restated.append(alert)
            if _CARE(alert) != _CARE(before):
                self.noted.append((alert, _told(alert)))
        self.withdrawn += [
            (alert, assessment.cleared.get(alert.key, assessment.default_cause))
            for i, alert in written.alerts.items()
            if i not in standing
        ]
        return standing


def _told(alert: Alert) -> AlertAction:
    """Return what is told of an alert that stands, and about which something was done.

    Put off, it is raised again once its instant has come.
    """
    if alert.state != "open":
        return alert.state
    return "raised" if alert.state_at is None else "delegated"


def differing_rows(
    projection: Projection, written: Written, assessment: Assessment
) -> dict[str, dict[RowKey, Row | None]]:
    """Return the rows that are not as written, by table and key; None: to be deleted."""
    told = assessment.differences
    known = told is not None and written.stamp is not None and told.since is written.stamp
    found: dict[str, dict[RowKey, Row | None]] = {}
    for table in projection.tables:
        old = written.rows.get(table.name, {})
        new: dict[RowKey, Row | None]
        if told is not None and known:
            new = dict(told.rows.get(table.name, {}))
        else:
            new = {table.key_of(row): row for row in assessment.rows.get(table.name, ())}
            new.update((key, None) for key in old if key not in new)
        found[table.name] = {key: row for key, row in new.items() if old.get(key) != row}
    return found


def check_columns(key: RowKey, row: Row) -> None:
    """Refuse a row with a sum beyond what the database can hold."""
    sums, perhaps = _numbers_of(type(row))
    numbers = sums(row)
    if numbers and not (max(numbers) < _LIMIT and min(numbers) >= -_LIMIT):
        _refuse(key, row)
    for number in perhaps(row):
        if number is not None and not -_LIMIT <= number < _LIMIT:
            _refuse(key, row)


def _refuse(key: RowKey, row: Row) -> None:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, int) and not -_LIMIT <= value < _LIMIT:
            raise OverflowError(f"{name} of {'/'.join(key)} is {value}, which no row can hold")


@cache
def _numbers_of(
    row: type[Row],
) -> tuple[Callable[[Row], tuple[int, ...]], Callable[[Row], tuple[int | None, ...]]]:
    """Return what gives the numbers of a row of a type, and those that it may lack."""
    hints = get_type_hints(row)
    kinds: tuple[object, ...] = (int, int | None)
    sums, perhaps = (
        _values([name for name in row.__struct_fields__ if hints[name] == kind]) for kind in kinds
    )
    return sums, perhaps


def _values(names: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda row: tuple(getattr(row, name) for name in names)
