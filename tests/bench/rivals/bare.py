"""The same round trips with nothing around them: read, begin, lock, insert, commit.

On Kafka's side the records are then acknowledged by a topic, and confirmed in a transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from events.partitioning import PARTITIONS, partition_of
from services.postgres.pool import Pool
from tests.bench.rivals.clients import EVENTS, Attempt

TABLES = f"""
CREATE TABLE bare_heads (partition smallint PRIMARY KEY, next_n bigint NOT NULL DEFAULT 0)
    WITH (fillfactor = 50);
INSERT INTO bare_heads (partition) SELECT generate_series(0, {PARTITIONS - 1});
CREATE TABLE bare_events (
    event_id uuid PRIMARY KEY, source text NOT NULL, sequence bigint NOT NULL,
    confirmed boolean NOT NULL DEFAULT false, data bytea NOT NULL, UNIQUE (source, sequence)
);
"""
_READ = "SELECT * FROM bare_events WHERE source = $1 ORDER BY sequence"
_LOCK = "SELECT next_n FROM bare_heads WHERE partition = $1 FOR UPDATE"
_INSERT = """
WITH moved AS (UPDATE bare_heads SET next_n = next_n + cardinality($2::uuid[]) WHERE partition = $1)
INSERT INTO bare_events (event_id, source, sequence, data)
SELECT * FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bytea[])
"""
_CONFIRM = "UPDATE bare_events SET confirmed = true WHERE event_id = ANY ($1::uuid[])"
_PAYLOAD = bytes(71)  # the size of such an event

Acknowledge = Callable[[int, int], Awaitable[None]]
"""Has so many records of a partition acknowledged."""

BARE_TOPICS = "bare."
BARE_TOPIC = f"{BARE_TOPICS}touchpoints.g1"


class Bare:
    """A command's round trips; `acknowledge` takes its records, where a topic keeps the log."""

    def __init__(self, pool: Pool, acknowledge: Acknowledge | None) -> None:
        self._pool = pool
        self._acknowledge = acknowledge

    async def version(self, case: int) -> int:
        """Read a case, and return how many events it has."""
        return len(await self._pool.fetch(_READ, f"case-{case}"))

    async def append(self, case: int, version: int, events: int) -> tuple[str, ...] | None:
        """Append after a version; return the events' ids, or nothing where a rival won."""
        source, partition = f"case-{case}", partition_of(f"customer-{case}")
        ids = tuple(str(uuid4()) for _ in range(events))
        numbers = [version + n + 1 for n in range(events)]
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.fetchval(_LOCK, partition)
                await connection.execute(
                    _INSERT, partition, ids, [source] * events, numbers, [_PAYLOAD] * events
                )
        except asyncpg.UniqueViolationError:
            return None
        if self._acknowledge is not None:
            await self._acknowledge(partition, events)
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.fetchval(_LOCK, partition)
                await connection.execute(_CONFIRM, ids)
        return ids


def transactions(bare: Bare) -> Attempt:
    """Return what a client does: read, then append what a command records."""

    async def attempt(client: int, case: int) -> tuple[str, ...] | None:
        return await bare.append(case, await bare.version(case), EVENTS)

    return attempt


def acknowledged_by(producer: AIOKafkaProducer, topic: str) -> Acknowledge:
    """Return what has a topic acknowledge a command's records, on all in-sync replicas."""

    async def acknowledge(partition: int, events: int) -> None:
        batch = producer.create_batch()
        for _ in range(events):
            batch.append(key=b"customer", value=_PAYLOAD, timestamp=None)
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition))

    return acknowledge
