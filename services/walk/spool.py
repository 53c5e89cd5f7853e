"""A copy of the events in the customers' order, for a walk of a table that no memory holds.

Events lie on disk as they came, those of one customer far from each other. Read in the customers'
order a table larger than memory costs one random page for each event; so it is read once from
its beginning to its end, sorted, and written anew, with what makes a fact and no more.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg
import structlog

from services.errors import Unavailable
from services.log.copy_rows import COLUMNS
from services.postgres.pool import Connection, Pool, lent_for_locks, translated
from services.postgres.statements import sql
from services.walk.parts import Extent

_LOG = structlog.get_logger(__name__)

EVENTS = "events"

_NAME = "walk_spool_{}"
_PASSING = "passing_spool_{}"
_HELD = "pg_try_advisory_lock(hashtext('touchstone passing spool'), $1)"
_IN_PLACE = ("generation", "partition", "n", "recorded_at")
_WHOLE = ("*",)
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
    if await connection.fetchval("SELECT to_regclass($1)", name) is None:
        await _make(connection, name, extent, (*COLUMNS, *_IN_PLACE))
    return name


@asynccontextmanager
async def events_in_order(
    pool: Pool, extent: Extent, disk: Path | None, *, whole: bool = False
) -> AsyncIterator[str]:
    """Yield where a walk that nobody goes on with reads its events.

    It is their table, or for the time of the walk a copy in the customers' order: with all
    columns, if `whole`. The copy of a walk that was killed goes with the next one.
    `disk` is a directory on the database's disk, where that is known. Raises: Unavailable.
    """
    with translated():
        async with lent_for_locks(pool) as connection:
            if not await worth_sorting(connection, disk):
                yield EVENTS
                return
            await _drop_passed(connection)
            number = await connection.fetchval("SELECT pg_backend_pid()")
            await connection.execute(f"SELECT {_HELD}", number)
            name = _PASSING.format(number)
            try:
                columns = _WHOLE if whole else (*COLUMNS, *_IN_PLACE)
                await _make(connection, name, extent, columns)
                yield name
            finally:
                await connection.execute(f"DROP TABLE IF EXISTS {name}")


async def worth_sorting(connection: Connection, disk: Path | None) -> bool:
    """Return whether a walk had better read a sorted copy, for which there is room."""
    spread = await spread_of(connection)
    if not spread.random:
        return False
    needed = room_for(spread)
    if disk is not None and shutil.disk_usage(disk).free < needed:
        _LOG.warning("events_not_sorted", bytes_needed=needed, disk=str(disk))
        return False
    return True


async def _drop_passed(connection: Connection) -> None:
    """Drop the copies of walks whose process is gone."""
    for row in await connection.fetch(sql("passing_spools")):
        if await connection.fetchval(f"SELECT {_HELD}", row["number"]):
            await connection.execute(f"DROP TABLE IF EXISTS {row['tablename']}")


async def _make(connection: Connection, name: str, extent: Extent, columns: Sequence[str]) -> None:
    try:
        await _sorted_into(connection, name, extent, columns)
    except asyncpg.DiskFullError as error:
        needed = room_for(await spread_of(connection))
        raise Unavailable(
            f"the database's server has no room left on its disk ({error}): sorting the events "
            f"takes about {needed / 1e6:,.0f} MB there for a while. Nothing was changed: make "
            "room, and give the same command again; a rebuild goes on where it was"
        ) from error


async def _sorted_into(
    connection: Connection, name: str, extent: Extent, columns: Sequence[str]
) -> None:
    # No parameters here: the statement makes a table.
    generations, ends = (", ".join(str(int(n)) for n in place) for place in extent.places)
    async with connection.transaction():
        await connection.execute("SET LOCAL work_mem = '256MB'")
        await connection.execute(
            f"CREATE UNLOGGED TABLE {name} AS SELECT {', '.join(columns)} "
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


async def drop_spool(connection: Connection, walk_id: int) -> None:
    """Drop a walk's copy of the events, if it made one."""
    await connection.execute(f"DROP TABLE IF EXISTS {_NAME.format(int(walk_id))}")


async def drop_spools_left(connection: Connection) -> None:
    """Drop the copies of walks that were given up, or that a crash of the server ended."""
    for row in await connection.fetch(sql("walk_spools_left")):
        await connection.execute(f"DROP TABLE {row['tablename']}")
