"""How what customers' facts mean differs with others among them: rows, alerts and deadlines.

Each customer is assessed once, without the others, and that assessment goes on with them, as it
does when they are recorded; whoever is merged with others is assessed anew with these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.customers.identity import is_move
from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from projections import PROJECTIONS
from projections.facts import Facts
from projections.merged import Merged
from projections.protocol import Alert, Assessment, Projection, Row
from projections.together import Together
from services.rows.changes import differing_rows
from services.rows.written import Written, WrittenRows

_TOGETHER = Together(PROJECTIONS)
_NOTHING = Assessment(rows={}, uses=frozenset())


class FieldChange(Struct, frozen=True):
    """A field of a row, and what it would be."""

    field: str
    before: object
    after: object


class RowChange(Struct, frozen=True, kw_only=True):
    """A row of a customer that would be other than it is: new, gone, or with other fields."""

    projection: str
    table: str
    customer_id: CustomerId
    key: Sequence[object]
    fields: Sequence[FieldChange]


class AlertChange(Struct, frozen=True, kw_only=True):
    """An alert of a customer that would be raised, or end; None: it stands on, otherwise."""

    raised: bool | None
    customer_id: CustomerId
    kind: str
    subject: str
    threshold: int
    fields: Sequence[FieldChange] = ()


class Changes(Struct, frozen=True, kw_only=True):
    """What would be other, at once; and until when, if nothing else happens."""

    rows: Sequence[RowChange]
    alerts: Sequence[AlertChange]
    next_change_at: datetime | None


class _Both(Struct, frozen=True):
    """What a projection says of a customer without the news, and with them."""

    projection: Projection
    customer: CustomerId
    before: Written
    after: Assessment


def compared(
    group: Merged, news: Mapping[CustomerId, Sequence[Fact]], at: datetime, reference: Reference
) -> Changes:
    """Return how what facts mean at an instant differs with news among them.

    `group` are all customers whom merges connect with those whom the news are about, by what was
    recorded of each; the news may connect them otherwise.
    """
    customers = group.identity.customers
    moves = any(is_move(fact) for some in news.values() for fact in some)
    if len(customers) == 1 and not moves:
        [alone] = customers
        both = _of_one(alone, group.own(alone), news[alone], at, reference)
    else:
        both = _of_many(group, news, at, reference)
    return _changes(both)


def _of_one(
    customer: CustomerId,
    told: Sequence[Fact],
    news: Sequence[Fact],
    at: datetime,
    reference: Reference,
) -> Iterator[_Both]:
    """Yield what projections say that have to do with a customer whom no merge concerns."""
    asked = _TOGETHER.asked(told)
    before = [
        _written(one.projection, one.projection.assess(customer, one.facts, at, reference))
        for one in asked
    ]
    for facts in {id(one.facts): one.facts for one in asked}.values():
        for fact in news:
            facts.remember(fact)
    for one, written in zip(asked, before, strict=True):
        after = one.projection.assess(customer, one.facts, at, reference)
        yield _Both(one.projection, customer, written, after)
    known = {one.projection.name for one in asked}
    for projection in PROJECTIONS:  # that have to do with the customer only by the news
        if projection.name not in known and any(type(f.data) in projection.handles for f in news):
            facts = Facts([*told, *news], projection.handles)
            after = projection.assess(customer, facts, at, reference)
            yield _Both(projection, customer, Written(), after)


def _of_many(
    group: Merged, news: Mapping[CustomerId, Sequence[Fact]], at: datetime, reference: Reference
) -> Iterator[_Both]:
    """Yield what projections say of customers whom merges connect, or will."""
    names = {*group.identity.customers, *news}
    after = Merged({one: [*group.own(one), *news.get(one, ())] for one in sorted(names)})
    for customer in after.identity.customers:
        for projection in PROJECTIONS:
            one, other = (
                merged.assessed(projection, customer, at, reference)
                if merged.concerns(projection, customer, at)
                else _NOTHING
                for merged in (group, after)
            )
            yield _Both(projection, customer, _written(projection, one), other)


def _written(projection: Projection, said: Assessment) -> Written:
    """Return what is written by an assessment; it can be asked whatever is assessed then."""
    rows: WrittenRows = {
        table.name: {table.key_of(row): row for row in said.rows.get(table.name, ())}
        for table in projection.tables
    }
    return Written(rows, {one.alert_id: one for one in said.alerts}, said.stamp)


def _changes(both: Iterator[_Both]) -> Changes:
    rows: list[RowChange] = []
    alerts: list[AlertChange] = []
    ends: list[datetime] = []
    for one in both:
        rows += _rows(one)
        alerts += _alerts(one)
        if one.after.next_change_at is not None:
            ends.append(one.after.next_change_at)
    return Changes(rows=rows, alerts=alerts, next_change_at=min(ends, default=None))


def _rows(both: _Both) -> Iterator[RowChange]:
    found = differing_rows(both.projection, both.before, both.after)
    for table in both.projection.tables:
        old = both.before.rows.get(table.name, {})
        for key, row in found[table.name].items():
            yield RowChange(
                projection=both.projection.name,
                table=table.name,
                customer_id=both.customer,
                key=[*key],
                fields=[*_fields(old.get(key), row)],
            )


def _fields(before: Row | Alert | None, after: Row | Alert | None) -> Iterator[FieldChange]:
    one, other = _plain(before), _plain(after)
    for name in dict.fromkeys((*one, *other)):
        if one.get(name) != other.get(name):
            yield FieldChange(name, one.get(name), other.get(name))


def _plain(row: Row | Alert | None) -> Mapping[str, object]:
    found = {} if row is None else msgspec.to_builtins(msgspec.structs.asdict(row))
    assert isinstance(found, dict)
    return found


def _alerts(both: _Both) -> Iterator[AlertChange]:
    old = both.before.alerts
    new = {one.alert_id: one for one in both.after.alerts}
    for alert_id, alert in old.items():
        if alert_id not in new:
            yield _alert(alert, raised=False)
    for alert_id, alert in new.items():
        if alert_id not in old:
            yield _alert(alert, raised=True)
        elif fields := [*_fields(old[alert_id], alert)]:
            yield _alert(alert, raised=None, fields=fields)


def _alert(alert: Alert, *, raised: bool | None, fields: Sequence[FieldChange] = ()) -> AlertChange:
    return AlertChange(
        raised=raised,
        customer_id=alert.customer_id,
        kind=alert.kind,
        subject=alert.subject,
        threshold=alert.threshold,
        fields=fields,
    )
