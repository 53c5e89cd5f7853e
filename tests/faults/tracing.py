"""Who wrote what, recorded by the database itself: only a partition's owner may write to it.

Every process has a role of its own. Triggers, such as an auditor may attach, note each take
and each move of a checkpoint, and each transaction that wrote rows or alerts.
"""

from __future__ import annotations

import asyncpg

from services.postgres.pool import Pool

_ROLES = 8
_KINDS = ("gateway", "worker", "console")

_INSTALL = """
CREATE SCHEMA fault_trace;
CREATE TABLE fault_trace.checkpoints (
    ordinal bigserial, who text, tx xid8, projection text, version int, generation int,
    partition int, epoch bigint, took boolean, at timestamptz DEFAULT clock_timestamp()
);
CREATE TABLE fault_trace.writes (
    who text, tx xid8, written text, at timestamptz DEFAULT clock_timestamp()
);
CREATE FUNCTION fault_trace.checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fault_trace.checkpoints
        (who, tx, projection, version, generation, partition, epoch, took)
    VALUES (session_user, pg_current_xact_id(), NEW.projection, NEW.version, NEW.generation,
        NEW.partition, NEW.epoch, TG_OP = 'INSERT' OR NEW.epoch <> OLD.epoch);
    RETURN NULL;
END $$;
CREATE FUNCTION fault_trace.write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fault_trace.writes (who, tx, written)
    VALUES (session_user, pg_current_xact_id(), TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE TRIGGER fault_trace AFTER INSERT OR UPDATE ON checkpoints
    FOR EACH ROW EXECUTE FUNCTION fault_trace.checkpoint();
"""

_WATCHED = ("alert_journal", "alerts", "projection_heads", "totals", "receivables_v5_items")

# Triggers fire by name: a move is noted under the row's lock, so ordinals follow the moves.
_MOVED_BY_NOBODYS_RIGHT = """
WITH history AS (
    SELECT *, max(ordinal) FILTER (WHERE took) OVER (
        PARTITION BY projection, version, generation, partition ORDER BY ordinal
    ) AS taken_by
    FROM fault_trace.checkpoints
)
SELECT h.who, h.projection, h.partition, h.epoch, t.who AS owner, t.epoch AS owned
FROM history h LEFT JOIN fault_trace.checkpoints t ON t.ordinal = h.taken_by
WHERE NOT h.took AND (t.who, t.epoch) IS DISTINCT FROM (h.who, h.epoch)
"""

_WRITTEN_BESIDE_A_CHECKPOINT = """
SELECT DISTINCT w.who, w.written FROM fault_trace.writes w
WHERE w.who LIKE 'worker-%'
  AND NOT EXISTS (SELECT FROM fault_trace.checkpoints c WHERE c.tx = w.tx)
"""


async def make_roles(dsn: str) -> None:
    """Make the roles of all kinds of processes on a server."""
    connection = await asyncpg.connect(dsn)
    try:
        for role in (f"{kind}-{n}" for kind in _KINDS for n in range(1, _ROLES + 1)):
            await connection.execute(f'CREATE ROLE "{role}" SUPERUSER LOGIN')
    finally:
        await connection.close()


async def install(pool: Pool) -> None:
    """Attach the triggers to a database's tables."""
    await pool.execute(_INSTALL)
    for table in _WATCHED:
        await pool.execute(
            f"CREATE TRIGGER fault_trace AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION fault_trace.write()"
        )


async def lawless(pool: Pool) -> list[str]:
    """Return, in words, every write by somebody who did not own the partition then."""
    moved = await pool.fetch(_MOVED_BY_NOBODYS_RIGHT)
    beside = await pool.fetch(_WRITTEN_BESIDE_A_CHECKPOINT)
    return [f"moved without owning: {dict(row.items())}" for row in moved[:5]] + [
        f"written beside a checkpoint: {dict(row.items())}" for row in beside[:5]
    ]


async def handovers(pool: Pool) -> int:
    """Return how often a worker took a partition."""
    took: int = await pool.fetchval("SELECT count(*) FROM fault_trace.checkpoints WHERE took")
    return took
