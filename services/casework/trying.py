"""What a command would change, before anybody gives it: rows, alerts and deadlines.

The customer's facts are assessed twice, without and with the events that the command would record,
by every projection that has to do with them. Nothing is written, and no room is reserved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from projections import PROJECTIONS
from projections.facts import Facts
from projections.protocol import Alert, Assessment, Projection, Row
from services.casework.customers import Customers
from services.ports import Submission


class FieldChange(Struct, frozen=True):
    """A field of a row, and what it would be."""

    field: str
    before: object
    after: object


class RowChange(Struct, frozen=True, kw_only=True):
    """A row that would be other than it is: new, gone, or with other fields."""

    projection: str
    table: str
    key: Sequence[object]
    fields: Sequence[FieldChange]


class AlertChange(Struct, frozen=True, kw_only=True):
    """An alert that would be raised, or end; None: it would stand on, with other fields."""

    raised: bool | None
    kind: str
    subject: str
    threshold: int
    fields: Sequence[FieldChange] = ()


class Changes(Struct, frozen=True, kw_only=True):
    """What would be other for a customer, at once; and until when, if nothing else happens."""

    rows: Sequence[RowChange]
    alerts: Sequence[AlertChange]
    next_change_at: datetime | None


async def changes(
    customers: Customers, customer: CustomerId, unit: Sequence[Submission], reference: Reference
) -> Changes:
    """Return what events would change that were only tried.

    Raises: Unavailable, UnreadableEvent.
    """
    at = unit[-1].envelope.effective_at
    group = await customers.read(customer)
    root = group.identity.root_at(customer, at)
    facts = group.told(root, at) or ()
    return compared(root, facts, [*facts, *map(_fact, unit)], at, reference)


def _fact(submission: Submission) -> Fact:
    e = submission.envelope
    return Fact(e.id, e.effective_at, e.branch_id, e.source, e.epoch, e.sequence, submission.data)


def compared(
    customer: CustomerId,
    before: Sequence[Fact],
    after: Sequence[Fact],
    at: datetime,
    reference: Reference,
) -> Changes:
    """Return how what facts mean at an instant differs with others among them."""
    rows: list[RowChange] = []
    alerts: list[AlertChange] = []
    ends: list[datetime] = []
    for projection in PROJECTIONS:
        one = projection.assess(customer, Facts(before, projection.handles), at, reference)
        other = projection.assess(customer, Facts(after, projection.handles), at, reference)
        rows += _rows(projection, one, other)
        alerts += _alerts(one.alerts, other.alerts)
        if other.next_change_at is not None:
            ends.append(other.next_change_at)
    return Changes(rows=rows, alerts=alerts, next_change_at=min(ends, default=None))


def _rows(projection: Projection, before: Assessment, after: Assessment) -> Iterator[RowChange]:
    for table in projection.tables:
        old = {table.key_of(row): row for row in before.rows.get(table.name, ())}
        new = {table.key_of(row): row for row in after.rows.get(table.name, ())}
        for key in dict.fromkeys((*old, *new)):
            fields = [*_fields(old.get(key), new.get(key))]
            if fields:
                yield RowChange(
                    projection=projection.name, table=table.name, key=[*key], fields=fields
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


def _alerts(before: Sequence[Alert], after: Sequence[Alert]) -> Iterator[AlertChange]:
    old, new = ({one.key: one for one in alerts} for alerts in (before, after))
    for key, alert in {**old, **new}.items():
        stands_on = key in old and key in new
        fields = [*_fields(old[key], new[key])] if stands_on else []
        if fields or not stands_on:
            yield AlertChange(
                raised=None if stands_on else key in new,
                kind=alert.kind,
                subject=alert.subject,
                threshold=alert.threshold,
                fields=fields,
            )
