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
WITH moved AS (UPDATE bare_heads SET next_n = next_n + 2 WHERE partition = $1)
INSERT INTO bare_events (event_id, source, sequence, data)
SELECT * FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bytea[])
"""
_CONFIRM = "UPDATE bare_events SET confirmed = true WHERE event_id = ANY ($1::uuid[])"
_PAYLOAD = bytes(71)  # the size of such an event

Acknowledge = Callable[[int], Awaitable[None]]


def transactions(pool: Pool, acknowledge: Acknowledge | None) -> Attempt:
    """Return a command's round trips; `acknowledge` takes its records, by partition."""

    async def attempt(client: int, case: int) -> tuple[str, ...] | None:
        source, partition = f"case-{case}", partition_of(f"customer-{case}")
        version = len(await pool.fetch(_READ, source))
        ids = tuple(str(uuid4()) for _ in range(EVENTS))
        numbers = [version + n + 1 for n in range(EVENTS)]
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.fetchval(_LOCK, partition)
                await connection.execute(
                    _INSERT, partition, ids, [source] * EVENTS, numbers, [_PAYLOAD] * EVENTS
                )
        except asyncpg.UniqueViolationError:
            return None
        if acknowledge is not None:
            await acknowledge(partition)
            async with pool.acquire() as connection, connection.transaction():
                await connection.fetchval(_LOCK, partition)
                await connection.execute(_CONFIRM, ids)
        return ids

    return attempt


def acknowledged_by(producer: AIOKafkaProducer, topic: str) -> Acknowledge:
    """Return what has a topic acknowledge a command's records, on all in-sync replicas."""

    async def acknowledge(partition: int) -> None:
        batch = producer.create_batch()
        for _ in range(EVENTS):
            batch.append(key=b"customer", value=_PAYLOAD, timestamp=None)
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition))

    return acknowledge
