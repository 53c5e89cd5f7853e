"""What stands in the database of everybody, and what of it differs from one look to the next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple, cast

import msgspec

from events.envelope import CustomerId
from projections import PROJECTIONS
from services.platform import Platform
from services.rows.row_tables import tables_of

RowKey = tuple[str, str, str, tuple[str, ...]]
"""The projection, its table, the customer, and the row's own key."""

Fields = Mapping[str, object]
Json = dict[str, object]

_UNFORESEEN = frozenset({"last_event_id"})
"""Fields that nobody can tell before a command has its key."""


class Standing(NamedTuple):
    """All rows, all alerts that stand, and when each customer changes by itself."""

    rows: Mapping[RowKey, Fields]
    alerts: Mapping[str, tuple[str, ...]]
    next_changes: Mapping[CustomerId, datetime | None]


async def standing(platform: Platform) -> Standing:
    """Return what stands now."""
    rows: dict[RowKey, Fields] = {}
    for projection in PROJECTIONS:
        for name, table in tables_of(projection).items():
            for record in await platform.pool.fetch(f"SELECT * FROM {table.name}"):
                fields = dict(record)
                customer = fields.pop("customer_id")
                del fields["partition"]
                key = tuple(str(fields[one]) for one in table.table.key)
                plain = msgspec.to_builtins(table.table.row(**fields))
                rows[projection.name, name, customer, key] = plain
    alerts = {
        str(one["alert_id"]): tuple(
            str(one[name]) for name in ("customer_id", "kind", "subject", "threshold")
        )
        for one in await platform.pool.fetch("SELECT * FROM alerts")
    }
    changes = await platform.pool.fetch(
        "SELECT customer_id, min(next_change_at) AS at FROM projection_heads GROUP BY customer_id"
    )
    return Standing(rows, alerts, {one["customer_id"]: one["at"] for one in changes})


def differing(before: Standing, after: Standing) -> Json:
    """Return how the rows and alerts differ, as those who tried it were told."""
    rows = {}
    for key in {*before.rows, *after.rows}:
        one, other = before.rows.get(key, {}), after.rows.get(key, {})
        fields = {
            name: (one.get(name), other.get(name))
            for name in {*one, *other} - _UNFORESEEN
            if one.get(name) != other.get(name)
        }
        if fields:
            rows[key] = fields
    ended = [(False, *before.alerts[one]) for one in before.alerts.keys() - after.alerts]
    raised = [(True, *after.alerts[one]) for one in after.alerts.keys() - before.alerts]
    return {"rows": rows, "alerts": sorted([*ended, *raised])}


def told(changes: Json) -> Json:
    """Return what somebody was told who tried it, in the same form."""
    rows: dict[RowKey, Fields] = {}
    for row in cast("list[Json]", changes["rows"]):
        place = cast("tuple[str, str, str]", (row["projection"], row["table"], row["customer_id"]))
        fields = {
            str(one["field"]): (one["before"], one["after"])
            for one in cast("list[Json]", row["fields"])
            if one["field"] not in _UNFORESEEN
        }
        if fields:
            rows[(*place, tuple(cast("list[str]", row["key"])))] = fields
    alerts = [
        (one["raised"], *(str(one[n]) for n in ("customer_id", "kind", "subject", "threshold")))
        for one in cast("list[Json]", changes["alerts"])
    ]
    return {"rows": rows, "alerts": sorted(alerts)}


def next_change(after: Standing, customers: Collection[str]) -> datetime | None:
    """Return the first instant at which any of these changes by itself."""
    found = [at for one, at in after.next_changes.items() if one in customers and at is not None]
    return min(found, default=None)
