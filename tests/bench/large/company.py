"""A large company on disk: a simulated one, multiplied inside PostgreSQL in the order of arrival.

Each customer of the simulated company stands for as many new ones as are asked for, with ids that
have nothing to do with each other; so the events of one customer lie all over the table, as they
do where events came as they happened. Admissions are left out: no walk reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import asyncpg
from msgspec import Struct

from events.partitioning import partition_of

Say = Callable[[str], None]

_CHUNK = 250_000  # events written by one statement
_SPREAD = 1_000_000_007  # a prime: ids that follow each other belong to unlike customers
_MEMORY = "SET maintenance_work_mem = '1GB'; SET work_mem = '512MB'; SET synchronous_commit = off"

_COLUMNS = (
    "event_id, customer_id, partition, source, type, branch_id, epoch, sequence, created_at, "
    "sent_at, collected_at, effective_at, correlation_id, causation_id, traceparent, recorded_at, "
    "data"
)
_IN_ORDER = f"""
SELECT row_number() OVER (ORDER BY recorded_at, partition, n) AS place, {_COLUMNS} FROM events
ORDER BY 1
"""
_TABLES = f"""
CREATE UNLOGGED TABLE base AS
    SELECT 0::bigint AS place, {_COLUMNS} FROM events WITH NO DATA;
CREATE UNLOGGED TABLE people (
    base_id text NOT NULL, copy integer NOT NULL, customer_id text, partition smallint,
    PRIMARY KEY (base_id, copy)
);
"""
_MULTIPLY = """
INSERT INTO events (
    generation, partition, n, event_id, customer_id, source, type, branch_id, epoch, sequence,
    created_at, sent_at, collected_at, effective_at, correlation_id, causation_id, traceparent,
    recorded_at, data
)
SELECT 1, m.partition, h.next_n + m.nth - 1, m.new_id, m.new_customer, m.source, m.type,
       m.branch_id, m.epoch, m.sequence, m.created_at, m.sent_at, m.collected_at, m.effective_at,
       m.correlation_id, m.causation_id, m.traceparent, m.recorded_at, m.data
FROM (
    SELECT b.source, b.type, b.branch_id, b.epoch * 10000 + p.copy AS epoch, b.sequence,
           b.created_at, b.sent_at, b.collected_at, b.effective_at, b.correlation_id,
           b.causation_id, b.traceparent, b.recorded_at, b.data, b.place, p.copy,
           coalesce(p.partition, b.partition) AS partition,
           CASE p.copy WHEN 0 THEN b.event_id ELSE md5(b.event_id::text || p.copy)::uuid END
               AS new_id,
           p.customer_id AS new_customer,
           row_number() OVER (
               PARTITION BY coalesce(p.partition, b.partition) ORDER BY b.place, p.copy
           ) AS nth
    FROM base b JOIN people p ON p.base_id = coalesce(b.customer_id, '')
    WHERE b.place > $1 AND b.place <= $2
) AS m
JOIN log_heads h ON h.generation = 1 AND h.partition = m.partition
ORDER BY m.place, m.copy
"""
_MOVE_HEADS = """
UPDATE log_heads h SET next_n = h.next_n + e.events, recorded_at = e.recorded_at
FROM (
    SELECT coalesce(p.partition, b.partition) AS partition, count(*) AS events,
           max(b.recorded_at) AS recorded_at
    FROM base b JOIN people p ON p.base_id = coalesce(b.customer_id, '')
    WHERE b.place > $1 AND b.place <= $2
    GROUP BY 1
) AS e
WHERE h.generation = 1 AND h.partition = e.partition
"""
_CONSTRAINTS = """
SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
WHERE conrelid = 'events'::regclass AND contype IN ('p', 'u') ORDER BY conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index i WHERE indrelid = 'events'::regclass
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1
"""

AT_THE_END = """
UPDATE checkpoints c SET next = h.next_n FROM log_heads h
WHERE (c.generation, c.partition) = (h.generation, h.partition)
"""
"""What has a filled database stand as if all had been projected, and every row been lost."""


class Large(Struct, frozen=True):
    """What was made."""

    customers: int
    events: int
    table_bytes: int
    index_bytes: int


async def multiply(source: str, target: str, customers: int, events: int, say: Say) -> Large:
    """Fill a database that has the tables and no events, from that of a simulated company.

    Each of its `customers` becomes so many that there are `events` or a little more.
    """
    reader, writer = await asyncpg.connect(source), await asyncpg.connect(target)
    try:
        await writer.execute(_MEMORY)
        base = await reader.fetchval("SELECT count(*) FROM events")
        copies = -(-events // base)
        say(f"multiplying {base:,} events by {copies}")
        await writer.execute(_TABLES)
        await _copy_base(reader, writer)
        names = [row[0] for row in await reader.fetch("SELECT DISTINCT customer_id FROM events")]
        people = _people([name for name in names if name is not None], copies)
        await writer.copy_records_to_table("people", records=people)
        await writer.execute("ANALYZE base; ANALYZE people")
        remake = await _without_indexes(writer)
        step = max(1, _CHUNK // copies)
        for start in range(0, base, step):
            async with writer.transaction():
                await writer.execute(_MULTIPLY, start, start + step)
                await writer.execute(_MOVE_HEADS, start, start + step)
        say("making its indexes")
        for statement in remake:
            await writer.execute(statement)
        await writer.execute("DROP TABLE base, people")
        await writer.execute("VACUUM (ANALYZE) events")
        await writer.execute("CHECKPOINT")
        [made] = await writer.fetch(
            "SELECT (SELECT sum(next_n) FROM log_heads)::bigint, "
            "pg_table_size('events'), pg_indexes_size('events')"
        )
        return Large(customers * copies, *made)
    finally:
        await reader.close()
        await writer.close()


async def _copy_base(reader: asyncpg.Connection, writer: asyncpg.Connection) -> None:
    async with reader.transaction():
        page: list[tuple[object, ...]] = []
        async for row in reader.cursor(_IN_ORDER):
            page.append(tuple(row))
            if len(page) == 10_000:
                await writer.copy_records_to_table("base", records=page)
                page = []
        await writer.copy_records_to_table("base", records=page)
    await writer.execute("CREATE UNIQUE INDEX ON base (place)")


def _people(names: list[str], copies: int) -> Iterator[tuple[str, int, str | None, int | None]]:
    """Yield whom each customer stands for; events without one stay one each."""
    yield "", 0, None, None
    whole = len(names) * copies
    for i, name in enumerate(names):
        for copy in range(copies):
            number = (i * copies + copy) * _SPREAD % whole
            new = f"C{number:09}"
            yield name, copy, new, partition_of(new)


async def _without_indexes(writer: asyncpg.Connection) -> list[str]:
    """Drop what slows filling down; return the statements that make it again."""
    remake = []
    for row in await writer.fetch(_INDEXES):
        await writer.execute(f"DROP INDEX {row['name']}")
        remake.append(row["definition"])
    for row in await writer.fetch(_CONSTRAINTS):
        await writer.execute(f"ALTER TABLE events DROP CONSTRAINT {row['name']}")
        remake.append(f"ALTER TABLE events ADD CONSTRAINT {row['name']} {row['definition']}")
    return remake
