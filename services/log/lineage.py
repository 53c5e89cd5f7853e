"""The lineage of a generation as the database knows it, and events read by their places in it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from events.envelope import Position
from events.lineage import Lineage, Run
from services.log.stored import stored_event
from services.ports import StoredEvent
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql


async def lineage_of(connection: Connection, generation: int) -> Lineage:
    """Return what a generation has of those before it; it never changes once it is open."""
    runs = await connection.fetch(sql("log_runs"), generation)
    ends = await connection.fetch(sql("log_ends"), generation)
    return Lineage(
        generation,
        [Run(**dict(row.items())) for row in runs],
        {row["generation"]: row["ends"] for row in ends},
    )


async def load_lineage(pool: Pool, generation: int) -> Lineage:
    """Return the same over a connection of the pool. Raises: Unavailable."""
    with translated():
        async with pool.acquire() as connection:
            return await lineage_of(connection, generation)


async def kept_events(
    pool: Pool, lineage: Lineage, partition: int, start: int, limit: int
) -> Sequence[StoredEvent]:
    """Return up to `limit` events that the table keeps, from a generation's n = `start` on.

    Those of earlier generations come first, at their places in this one. Raises: Unavailable.
    """
    events: list[StoredEvent] = []
    while True:
        place = Position(lineage.generation, partition, start)
        run, kept = lineage.run_at(place), lineage.kept(place)
        wanted = limit - len(events)
        if run is not None:
            wanted = min(wanted, run.end - start)
        with translated():
            rows = await pool.fetch(sql("log_read"), kept.generation, partition, kept.n, wanted)
        found = [stored_event(row) for row in rows]
        if run is None:
            return [*events, *found]
        moved = start - kept.n
        for one in found:
            here = Position(lineage.generation, partition, one.position.n + moved)
            events.append(replace(one, position=here))
        start += wanted
        if len(events) == limit or len(found) < wanted:
            return events
