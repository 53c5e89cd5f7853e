"""A copy of the events in the customers' order, for a walk of a table that no memory holds.

Events lie on disk as they came, those of one customer far from each other. Read in the customers'
order a table larger than memory costs one random page for each event; so it is read once from
its beginning to its end, sorted, and written anew, with what makes a fact and no more.
"""

from __future__ import annotations

from typing import NamedTuple

from services.log.copy_rows import COLUMNS
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.walk.parts import Extent

EVENTS = "events"

_NAME = "walk_spool_{}"
_IN_PLACE = ("generation", "partition", "n", "recorded_at")
_LONGEST_S = 24 * 3600.0
_ROOM = 2.0
"""Room on disk, as a multiple of the events' table: what is sorted, and the copy beside it."""


class Spread(NamedTuple):
    """How the events lie on disk."""

    bytes: int
    random: bool  # read by customer it would cost a page for each event, and no memory holds them


async def spread_of(connection: Connection) -> Spread:
    """Return how the events lie on disk, by what the server knows about them and its memory."""
    [row] = await connection.fetch(sql("events_spread"))
    return Spread(row["bytes"], row["random"])


def room_for(spread: Spread) -> int:
    """Return the bytes that sorting may need for a while."""
    return int(_ROOM * spread.bytes)


async def spool(connection: Connection, walk_id: int, extent: Extent) -> str:
    """Have a walk's events lie in the customers' order; return the table's name.

    What was made before for the walk, whole, is what is returned.
    """
    name = _NAME.format(walk_id)
    if await connection.fetchval("SELECT to_regclass($1)", name) is not None:
        return name
    # No parameters here: the statement makes a table.
    generations, ends = (", ".join(str(int(n)) for n in place) for place in extent.places)
    async with connection.transaction():
        await connection.execute("SET LOCAL work_mem = '256MB'")
        await connection.execute(
            f"CREATE UNLOGGED TABLE {name} AS SELECT {', '.join((*COLUMNS, *_IN_PLACE))} "
            f"FROM {EVENTS} WHERE customer_id IS NOT NULL AND (generation, n) < "
            f"(('{{{generations}}}'::smallint[])[partition + 1], "
            f"('{{{ends}}}'::bigint[])[partition + 1]) "
            "ORDER BY customer_id, generation, partition, n",
            timeout=_LONGEST_S,
        )
        await connection.execute(
            f"CREATE INDEX {name}_ranges ON {name} USING brin (customer_id) "
            "WITH (pages_per_range = 32)",
            timeout=_LONGEST_S,
        )
    await connection.execute(f"ANALYZE {name}", timeout=_LONGEST_S)
    return name


async def drop_spool(connection: Connection, walk_id: int) -> None:
    """Drop a walk's copy of the events, if it made one."""
    await connection.execute(f"DROP TABLE IF EXISTS {_NAME.format(int(walk_id))}")


async def drop_spools_left(connection: Connection) -> None:
    """Drop the copies of walks that were given up, or that a crash of the server ended."""
    for row in await connection.fetch(sql("walk_spools_left")):
        await connection.execute(f"DROP TABLE {row['tablename']}")
