"""Kills a rebuild at its worst moments, and watches that no read ever goes backwards."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from projections.receivables.projection import Receivables
from services.postgres.pool import Pool
from tests.faults.product import Product

_ITEMS = f"receivables_rebuild_v{Receivables.version}_items"
"""What a rebuild builds instead of the rows of items."""

_PATIENCE_S = 60.0
_POLL_S = 0.02
_WAITING = (
    "SELECT query FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock'"
)


class Moment(NamedTuple):
    """A moment in a rebuild: what is held, once it is there, and what then waits for it."""

    name: str
    there: str
    hold: str
    waiting: str  # how the statement begins that waits


_BEGUN = "SELECT count(*) FROM rebuilds"
MOMENTS = (
    # A part of the walk is written and not committed; the server outlives who wrote it.
    Moment(
        "walking",
        _BEGUN,
        "LOCK TABLE rebuild_totals IN ACCESS EXCLUSIVE MODE",
        'SELECT "projection", "version", "partition", "measure"',  # what COPY asks of it first
    ),
    Moment(
        "indexing",
        _BEGUN,
        "SELECT FROM rebuilds FOR NO KEY UPDATE",
        "-- $1 projection, $2 walk, $3 its parts",  # whether all of the walk is there
    ),
    # The whole switch is done and not committed.
    Moment(
        "switching",
        _BEGUN,
        "SELECT FROM rebuilds FOR KEY SHARE",
        "-- A build is switched",
    ),
    # The switch is committed; what the build was kept in is still there.
    Moment(
        "clearing away",
        f"SELECT count(to_regclass('{_ITEMS}'))",
        f"LOCK TABLE {_ITEMS} IN ACCESS SHARE MODE",
        f"DROP TABLE {_ITEMS}",
    ),
)


async def start_rebuild(made: Product) -> asyncio.subprocess.Process:
    """Start `touchstone rebuild receivables` beside a running product."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", "rebuild", "receivables", "--format", "json"),
        env={**own, "TOUCHSTONE_DATA": str(made.data)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def kill_at(made: Product, pool: Pool, moment: Moment) -> None:
    """Start a rebuild and kill it with -9 at a moment. Raises: AssertionError."""
    process = await start_rebuild(made)
    await _until(pool, moment, process, lambda: _is_there(pool, moment))
    async with pool.acquire() as holder, holder.transaction():
        await holder.execute(moment.hold)
        await _until(pool, moment, process, lambda: _waits(pool, moment))
        process.kill()
        await process.wait()


async def _until(
    pool: Pool,
    moment: Moment,
    process: asyncio.subprocess.Process,
    holds: Callable[[], Awaitable[bool]],
) -> None:
    give_up_at = time.monotonic() + _PATIENCE_S
    while not await holds():
        late = time.monotonic() > give_up_at
        waiting = [row["query"][:200] for row in await pool.fetch(_WAITING)] if late else []
        assert not late, f"{moment.name} never came; these wait: {waiting}"
        assert process.returncode is None, f"it ended before {moment.name}"
        await asyncio.sleep(_POLL_S)


async def _is_there(pool: Pool, moment: Moment) -> bool:
    return bool(await pool.fetchval(moment.there))


async def _waits(pool: Pool, moment: Moment) -> bool:
    rows = await pool.fetch(_WAITING)
    return any(row["query"].startswith(moment.waiting) for row in rows)


class Reads(NamedTuple):
    """What a reader sees that may only grow."""

    changes: int
    taken_in: int
    items: int


@asynccontextmanager
async def never_backwards(pool: Pool) -> AsyncIterator[list[str]]:
    """Read the live rows again and again; give the list of reads that went backwards."""
    wrong: list[str] = []

    async def read() -> None:
        last = Reads(0, 0, 0)
        while True:
            async with (
                pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                seen = Reads(*[await connection.fetchval(question) for question in _QUESTIONS])
            if any(now < before for now, before in zip(seen, last, strict=True)):
                wrong.append(f"{last} and then {seen}")
            last = seen
            await asyncio.sleep(_POLL_S)

    reading = asyncio.create_task(read())
    try:
        yield wrong
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


_QUESTIONS = (
    "SELECT coalesce(sum(change_no), 0)::bigint FROM checkpoints WHERE projection = 'receivables'",
    "SELECT coalesce(sum(next), 0)::bigint FROM checkpoints WHERE projection = 'receivables'",
    "SELECT count(*) FROM receivables_v5_items",
)
