"""Who is connected by merges, by all that the events table holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.envelope import CustomerId
from services.postgres.pool import Connection, Pool
from services.postgres.statements import sql


async def merged_with(database: Connection | Pool, customer: CustomerId) -> Sequence[CustomerId]:
    """Return all whom merges connect with a customer, in force or not, and the customer itself."""
    rows = await database.fetch(sql("merged_with"), customer)
    return [CustomerId(row["customer_id"]) for row in rows]


async def each_merged_with(
    database: Connection | Pool, customers: Sequence[CustomerId]
) -> Mapping[CustomerId, Sequence[CustomerId]]:
    """Return the same of many customers in one round trip."""
    found: dict[CustomerId, list[CustomerId]] = {}
    for row in await database.fetch(sql("each_merged_with"), customers):
        found.setdefault(CustomerId(row["asked"]), []).append(CustomerId(row["customer_id"]))
    return found
