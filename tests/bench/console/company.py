"""A large company's rows, laid in beside those of a simulated one, whatever build's they are.

Each customer of the simulated company, which a build has projected by its own code, stands for as
many new ones as are asked for: whatever table has a `customer_id` gets their rows, and the sums
are multiplied. Whoever is among the first copies has all events of the original, the others only
that of their registration; nothing is to happen to their rows by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg

from events.partitioning import partition_of
from tests.bench.large.company import AT_THE_END

_SPREAD = 1_000_000_007  # a prime: ids that follow each other belong to unlike customers
_MEMORY = "SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'; SET synchronous_commit = off"
_REGISTERED = "customer.registered"
_LEFT_OUT = ("events", "dossier_snapshots", "identities", "parked_work", "people")
"""Events are laid in apart; merges stay alone, and of the others no page reads."""
_FOUND_ANEW = "search_"
"""How the tables of the search begin: it is written anew once the events are there."""

_PEOPLE = """
CREATE UNLOGGED TABLE people (
    base_id text NOT NULL, copy integer NOT NULL, customer_id text NOT NULL,
    partition smallint NOT NULL, has_events boolean NOT NULL, PRIMARY KEY (base_id, copy)
)
"""
_TABLES = """
SELECT t.relname AS name FROM pg_class t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace ORDER BY t.relname
"""
_COLUMNS = """
SELECT a.attname AS name, a.atttypid = 'uuid'::regtype AS is_uuid,
       coalesce((
           SELECT bool_or(NOT EXISTS (
               SELECT FROM pg_attribute c
               WHERE c.attrelid = i.indrelid AND c.attname = 'customer_id'
                 AND c.attnum = ANY (i.indkey::smallint[])
           ))
           FROM pg_index i
           WHERE i.indrelid = a.attrelid AND i.indisunique
             AND a.attnum = ANY (i.indkey::smallint[])
       ), false) AS names_the_row
FROM pg_attribute a
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attidentity = '' AND a.attgenerated = ''
ORDER BY a.attnum
"""
_INDEXES = """
SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
            ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, c.conname)
       END AS drop,
       CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname,
                        pg_get_constraintdef(c.oid))
       END AS make,
       i.indexrelid::regclass::text AS name
FROM pg_index i
LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
WHERE i.indrelid = $1::regclass
  AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid)
ORDER BY i.indisprimary DESC, i.indexrelid
"""
_EVENTS = """
INSERT INTO events (
    generation, partition, n, event_id, customer_id, source, type, branch_id, epoch, sequence,
    created_at, sent_at, collected_at, effective_at, correlation_id, causation_id, traceparent,
    recorded_at, data
)
SELECT b.generation, p.partition,
       h.next_n - 1 + row_number() OVER (
           PARTITION BY p.partition ORDER BY b.recorded_at, b.partition, b.n, p.copy
       ),
       md5(b.event_id::text || p.copy)::uuid, p.customer_id, b.source, b.type, b.branch_id,
       (b.epoch + 1) * 1000000 + p.copy, b.sequence, b.created_at, b.sent_at, b.collected_at,
       b.effective_at, b.correlation_id, b.causation_id, b.traceparent, b.recorded_at, b.data
FROM events b
JOIN people p ON p.base_id = b.customer_id AND (p.has_events OR b.type = $1)
JOIN log_heads h ON h.generation = b.generation AND h.partition = p.partition
"""
_MOVE_HEADS = """
UPDATE log_heads h SET next_n = e.next_n
FROM (SELECT generation, partition, max(n) + 1 AS next_n FROM events GROUP BY 1, 2) AS e
WHERE (h.generation, h.partition) = (e.generation, e.partition)
"""


class Laid(NamedTuple):
    """What a company comes to: whom one may ask for, and how many rows there are."""

    customers: int
    rows: int
    events: int


async def lay_in(dsn: str, customers: int, with_events: int) -> Laid:
    """Have a database that holds a simulated company hold so many customers, or some more."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_MEMORY)
        found = await connection.fetch(
            "SELECT DISTINCT customer_id FROM projection_heads ORDER BY customer_id"
        )
        base = [row["customer_id"] for row in found]
        copies = max(1, -(-customers // len(base)))
        await connection.execute(_PEOPLE)
        told = max(1, with_events // len(base))
        await connection.copy_records_to_table("people", records=_people(base, copies, told))
        await connection.execute("ANALYZE people")
        rows = 0
        for table in await connection.fetch(_TABLES):
            name = table["name"]
            if name not in _LEFT_OUT and not name.startswith(_FOUND_ANEW):
                rows += await _multiply(connection, name)
        await connection.execute(
            "UPDATE totals SET count = count * $1, amount_minor = amount_minor * $1", copies
        )
        remake = await _without_indexes(connection, "events")
        await connection.execute(_EVENTS, _REGISTERED, timeout=3600)
        for statement in remake:
            await connection.execute(statement, timeout=3600)
        await connection.execute(_MOVE_HEADS, timeout=3600)
        await connection.execute(AT_THE_END)
        await connection.execute("DROP TABLE people")
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.execute("CHECKPOINT", timeout=600)
        events = await connection.fetchval("SELECT sum(next_n)::bigint FROM log_heads")
        return Laid(len(base) * copies, rows, events)
    finally:
        await connection.close()


@asynccontextmanager
async def events_changeable(dsn: str) -> AsyncIterator[None]:
    """Let events be changed one by one meanwhile, and be found by their own ids alone."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_MEMORY)
        await connection.execute("ALTER TABLE events DISABLE TRIGGER facts_are_immutable")
        remake = await _without_indexes(connection, "events", but="events_event_id_key")
        yield
        for statement in remake:
            await connection.execute(statement, timeout=3600)
        await connection.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER facts_are_immutable")
        await connection.execute("VACUUM ANALYZE events", timeout=3600)
    finally:
        await connection.close()


def _people(
    base: Sequence[str], copies: int, told: int
) -> Iterator[tuple[str, int, str, int, bool]]:
    """Yield the new customers: of whom each is a copy; the original itself is there already."""
    whole = len(base) * copies
    for i, name in enumerate(base):
        for copy in range(1, copies):
            new = f"C{(i * copies + copy) * _SPREAD % whole:09}"
            yield name, copy, new, partition_of(new), copy < told


async def _multiply(connection: asyncpg.Connection, table: str) -> int:
    """Lay in the copies' rows of a table; return how many rows it holds then."""
    columns = await connection.fetch(_COLUMNS, table)
    values = [_value(column) for column in columns]
    remake = await _without_indexes(connection, table)
    names = ", ".join(column["name"] for column in columns)
    await connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} b "
        "JOIN people p ON p.base_id = b.customer_id",
        timeout=3600,
    )
    for statement in remake:
        await connection.execute(statement, timeout=3600)
    count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return count


_OWN: Mapping[str, str] = {
    "customer_id": "p.customer_id",
    "partition": "p.partition",
    "next_change_at": "CASE WHEN p.has_events THEN b.next_change_at END",
}


def _value(column: asyncpg.Record) -> str:
    """Return what a copy has in a column: what names a row or a case is its own."""
    name = column["name"]
    if name in _OWN:
        return _OWN[name]
    if name.endswith("case_id"):
        return f"b.{name} || '-' || p.copy"
    if column["names_the_row"] and column["is_uuid"]:
        return f"md5(b.{name}::text || p.copy)::uuid"
    return f"b.{name}"


async def _without_indexes(connection: asyncpg.Connection, table: str, but: str = "") -> list[str]:
    """Drop what slows filling down, keys too; return the statements that make it again."""
    remake = []
    for row in await connection.fetch(_INDEXES, table):
        if row["name"] == but:
            continue
        await connection.execute(row["drop"])
        remake.append(row["make"])
    return remake
