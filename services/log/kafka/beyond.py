"""What the log holds of customers and the mirror does not have yet."""

from __future__ import annotations

from collections.abc import Sequence

from events.codec import decode
from events.envelope import Envelope, EventId, PositionVector
from events.errors import EventError
from events.partitioning import partition_of
from events.touchpoints.base import Touchpoint
from services.errors import UnreadableEvent
from services.log.kafka.wire import from_headers, unpack_headers
from services.log.readable import cannot_be_read
from services.ports import Beyond
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql


async def beyond(pool: Pool, generation: int, customers: Sequence[str]) -> Beyond:
    """Return what touches customers and is confirmed or pending.

    What the mirror takes in between the two looks is among neither: who relies on this finds it.
    Raises: Unavailable, UnreadableEvent.
    """
    rows = await retried(lambda: pool.fetch(sql("readable_heads"), generation))
    before = PositionVector(generation, tuple(row["next_n"] for row in rows))
    keys = [customer.encode() for customer in customers]
    homes = [partition_of(customer) for customer in customers]
    found = await retried(
        lambda: pool.fetch(sql("kafka_beyond"), generation, customers, keys, homes, before.counts)
    )
    known: dict[str, set[EventId]] = {}
    told: dict[str, list[tuple[Envelope, Touchpoint]]] = {}
    for row in found:
        key, event_id = row["key"], EventId(row["event_id"])
        known.setdefault(key, set()).add(event_id)
        if row["data"] is None:
            continue
        envelope, _ = from_headers(unpack_headers(row["headers"]))
        try:
            data = decode(row["data"])
        except EventError as error:
            raise UnreadableEvent(cannot_be_read(event_id, f"of {key}", str(error))) from error
        told.setdefault(key, []).append((envelope, data))
    return Beyond(before, {key: frozenset(ids) for key, ids in known.items()}, told)
