"""A move of the event log as a whole: one at a time, from where it is to where it shall be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from services import terminal
from services.clock import SystemClock
from services.errors import UsageError
from services.local_postgres.choosing import database
from services.log.kafka.cluster import Cluster, cluster_of
from services.move.keeper import Keeper
from services.move.switching import current_log
from services.move.to_embedded import to_embedded
from services.move.to_kafka import to_kafka
from services.move.without_topics import to_embedded_without_topics
from services.ports import Clock
from services.postgres.migrate import migrate
from services.postgres.pool import Connection, Pool, lent_for_locks, open_pool, translated
from services.postgres.statements import sql
from services.settings import Settings

_LOOKS = 25
_LOOK_AGAIN_S = 0.2


class Moved(Struct, frozen=True):
    """What keeps the log now; `events` were there before anything new comes."""

    log: str
    generation: int
    events: int
    moved: bool  # false: it was there already


async def move_log(settings: Settings, to: Keeper, *, without_topics: bool = False) -> Moved:
    """Move the log, showing how far it is; `without_topics`, back from topics that are lost.

    Raises: UsageError, and what the two directions do.
    """
    cluster = cluster_of(settings)
    async with (
        database(settings) as dsn,
        await open_pool(dsn) as pool,
        _lock(pool) as connection,
    ):
        await migrate(pool)
        with translated():
            generation, keeper = await current_log(connection)
            events = await connection.fetchval("SELECT count(*) FROM events")
        if keeper == to:
            return Moved(keeper, generation, events, moved=False)
        company = (pool, connection, cluster, generation, SystemClock())
        if without_topics:
            moved = await to_embedded_without_topics(*company)
        else:
            moved = await _moved(to, events, *company)
        return Moved(to, generation + 1, moved, moved=True)


async def _moved(
    to: Keeper,
    events: int,
    pool: Pool,
    connection: Connection,
    cluster: Cluster,
    generation: int,
    clock: Clock,
) -> int:
    """Move with a progress bar; return how many events the log begins with."""
    work, verb = (
        (to_kafka, "copying to Kafka")
        if to is Keeper.KAFKA
        else (to_embedded, "mirroring what the workers have not")
    )
    with terminal.progress("events") as bar:
        task = bar.add_task(verb, total=events if to is Keeper.KAFKA else None)
        return await work(
            pool, connection, cluster, generation, clock, lambda count: bar.advance(task, count)
        )


@asynccontextmanager
async def _lock(pool: Pool) -> AsyncIterator[Connection]:
    """Hold the lock on moves. Raises: UsageError, where another move is under way."""
    with translated():
        async with lent_for_locks(pool) as connection:
            for _ in range(_LOOKS):
                if await connection.fetchval(sql("move_lock")):
                    break
                await asyncio.sleep(_LOOK_AGAIN_S)  # one that was killed lets go of it soon
            else:
                raise UsageError("another `touchstone move` is under way: wait for it")
            yield connection
