"""A rebuild from beginning to end: walk, catch up, switch; killed anywhere, it can go on.

What is done is in the database: parts of the walk with their rows, then checkpoints. The same
command started again goes on there; where code, version or log changed since, or the server
crashed, it starts over.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct, structs

from projections.protocol import Projection
from services.platform import Platform
from services.postgres.pool import Connection, lent_for_locks, translated
from services.postgres.statements import sql
from services.projector.owner import BATCH_EVENTS
from services.rebuild.builds import (
    LONG_S,
    SHARED_TABLES,
    Build,
    BuildLost,
    RebuildRefused,
    discard,
    plan,
)
from services.rebuild.catching_up import Chase
from services.rebuild.switch import Switched, switch
from services.rebuild.walks import Begun, begin, resume
from services.rebuild.writing import BuildOf, BuildWalk, BuildWriter, Walked
from services.rows.row_tables import index_statements, key_statements
from services.walk.engine import Walk
from services.walk.spool import EVENTS, drop_spool, spool, worth_sorting

_NEAR = BATCH_EVENTS
"""So close behind the live rows the switch is tried: what is left is taken in while they wait."""

_ROOM = 2
"""Room on disk a build may need, as a multiple of the live rows: tables, and the server's log."""

_LOCK_PATIENCE_S = 10.0
_TRY_LOCK = "SELECT pg_try_advisory_lock(hashtext('touchstone rebuild ' || $1))"


class Watch(Protocol):
    """Is told how far a rebuild is."""

    def stage(self, words: str) -> None:
        """Take note that another stage begins."""
        ...

    def parts(self, done: int, of: int) -> None:
        """Take note of the parts of the walk that are done."""
        ...


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What a rebuild did. Rates are of this run alone, not of one that it went on with."""

    projection: str
    version_before: int
    version: int
    processes: int
    parts: int
    parts_done_before: int
    customers: int
    events: int
    walk_s: float
    events_per_s: int
    index_s: float
    caught_up_events: int
    catch_up_s: float
    switch_s: float
    bytes_on_disk: int
    rows_replaced: int
    rows_removed: int
    alerts_raised: int
    alerts_withdrawn: int
    alerts_restated: int
    parked: int


async def rebuild(
    platform: Platform,
    projections: Sequence[Projection],
    *,
    processes: int,
    watch: Watch,
    disk: Path | None = None,
) -> list[Rebuilt]:
    """Build projections anew beside the live rows, by one walk, and switch to each of them.

    They are switched one after the other: each has checkpoints and readers of its own, and so
    nobody who writes one is kept waiting by another. Those that an earlier call switched, which
    this one goes on with, are left out of what is returned.
    `disk` is a directory on the database's disk, where that is known. Raises: RebuildRefused,
    WalkBroken, BuildLost, StaleCheckpoint, Unavailable; the same call made again goes on.
    """
    async with _alone(platform, [projection.name for projection in projections]):
        begun = await _begun(platform, projections, disk)
        timer = _Timer()
        walked = await _walk(platform, begun, processes, watch, disk)
        walk_s = timer.lap()
        watch.stage("indexing")
        await _settle(platform, begun)
        index_s = timer.lap()
        found = []
        for build in begun.builds:
            one = await _switch(platform, begun.walk_id, build, watch)
            found.append(
                Rebuilt(
                    processes=processes,
                    parts=begun.parts,
                    parts_done_before=begun.parts - len(begun.left),
                    customers=walked.customers,
                    events=walked.events,
                    walk_s=walk_s,
                    events_per_s=round(walked.events / walk_s) if walked.events else 0,
                    index_s=index_s,
                    **structs.asdict(one),
                )
            )
        return found


class _Ready(Switched, frozen=True, kw_only=True):
    """What became of one build after the walk."""

    projection: str
    version_before: int
    version: int
    caught_up_events: int
    catch_up_s: float
    switch_s: float
    bytes_on_disk: int


async def _switch(platform: Platform, walk_id: int, build: Build, watch: Watch) -> _Ready:
    """Bring a build to where the live rows are, and let it take their place."""
    name, timer = build.projection.name, _Timer()
    watch.stage(f"catching up {name}")
    chase = Chase(build, platform)
    await chase.begin()
    await chase.reach(await chase.live_positions())
    while await chase.behind() > _NEAR:
        await chase.reach(await chase.live_positions())
    catch_up_s = timer.lap()
    tables = [table.name for table in build.tables.values()]
    size = sum([await bytes_of(platform, table) for table in tables])
    watch.stage(f"switching {name}")
    switched = await switch(platform, walk_id, build, chase)
    switch_s = timer.lap()
    if build.repairs:
        await _clear_away(platform, [build])
    return _Ready(
        projection=name,
        version_before=build.live_version,
        version=build.projection.version,
        caught_up_events=chase.taken,
        catch_up_s=catch_up_s,
        switch_s=switch_s,
        bytes_on_disk=size,
        **structs.asdict(switched),
    )


class _Timer:
    """Measures laps."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap ended."""
        now = time.perf_counter()
        seconds, self._since = now - self._since, now
        return round(seconds, 3)


@asynccontextmanager
async def _alone(platform: Platform, names: Sequence[str]) -> AsyncIterator[None]:
    """Let no other process rebuild these projections meanwhile. Raises: RebuildRefused."""
    with translated():
        async with lent_for_locks(platform.pool) as connection:
            give_up_at = time.monotonic() + _LOCK_PATIENCE_S
            for name in sorted(names):
                while not await connection.fetchval(_TRY_LOCK, name):
                    if time.monotonic() > give_up_at:
                        raise RebuildRefused(f"another process is rebuilding {name}")
                    await asyncio.sleep(0.5)  # of one that was killed, the server may still learn
            yield


async def _begun(platform: Platform, projections: Sequence[Projection], disk: Path | None) -> Begun:
    with translated():
        async with platform.pool.acquire() as connection:
            asked = [await plan(connection, projection) for projection in projections]
            found = await resume(connection, asked)
            if found is None:
                live = [f"^{build.projection.name}_v{build.live_version}_" for build in asked]
                await _check_room(sum([await bytes_of(platform, one) for one in live]), disk)
                return await begin(connection, asked, platform.clock)
    await _clear_away(platform, found.switched)
    return found


async def bytes_of(platform: Platform, pattern: str) -> int:
    """Return the bytes on disk of the tables whose names begin so. Raises: Unavailable."""
    with translated():
        rows = await platform.pool.fetch(sql("rebuild_tables"), pattern)
    return sum(row["bytes"] for row in rows)


async def _check_room(live_bytes: int, disk: Path | None) -> None:
    if disk is None:
        return
    needed, free = _ROOM * live_bytes, shutil.disk_usage(disk).free
    if free < needed:
        raise RebuildRefused(
            f"the live rows take {live_bytes / 1e6:,.0f} MB and a build beside them may need "
            f"{needed / 1e6:,.0f} MB for a while, but {disk} has {free / 1e6:,.0f} MB left: "
            "make room first"
        )


async def _walk(
    platform: Platform, begun: Begun, processes: int, watch: Watch, disk: Path | None
) -> Walked:
    """Walk what is left; return customers and events walked now."""
    done = begun.parts - len(begun.left)
    customers = events = 0
    table = await _events_of(platform, begun, watch, disk)
    watch.stage("walking")
    watch.parts(done, begun.parts)

    def advance(walked: Walked) -> None:
        nonlocal done, customers, events
        done, customers, events = done + 1, customers + walked.customers, events + walked.events
        watch.parts(done, begun.parts)

    await walk_builds(platform, begun, processes, advance, table)
    return Walked(customers, events)


async def _events_of(platform: Platform, begun: Begun, watch: Watch, disk: Path | None) -> str:
    """Return the table that the walk reads: the events', or a copy of it in order."""
    with translated():
        async with platform.pool.acquire() as connection:
            if not begun.left or not await worth_sorting(connection, disk):
                return EVENTS
            watch.stage("sorting the events by customer")
            return await spool(connection, begun.walk_id, begun.extent)


async def walk_builds(
    platform: Platform,
    begun: Begun,
    processes: int,
    advance: Callable[[Walked], None],
    events: str = EVENTS,
) -> None:
    """Walk what is left of a walk; `advance` is told of each part. Raises: WalkBroken."""
    builds = tuple(BuildOf.told(build) for build in begun.builds)
    argument = BuildWalk(begun.walk_id, builds, begun.extent, begun.instants, events)
    walk = Walk(platform.pool, platform.dsn, processes)
    await walk.over(begun.left, BuildWriter, argument, Walked, advance)


async def _settle(platform: Platform, begun: Begun) -> None:
    """Add up the sums, give the tables their keys, and let the projector's machinery go on."""
    with translated():
        async with platform.pool.acquire() as connection:
            await drop_spool(connection, begun.walk_id)
            left = [one for one in begun.builds if one.projection.name not in begun.indexed]
            for build in left:
                async with connection.transaction():
                    await _index(connection, begun, build)
            await _analyze(connection, left)


async def _index(connection: Connection, begun: Begun, build: Build) -> None:
    positions = begun.extent.positions
    walked = (build.projection.name, begun.walk_id, begun.parts)
    if not await connection.fetchval(sql("rebuild_walked"), *walked):
        raise BuildLost(build)
    if not build.repairs:
        await connection.execute(sql("rebuild_sum_totals"), *build.id, timeout=LONG_S)
    await connection.execute(
        sql("rebuild_checkpoints"), *build.id, build.generation, positions, timeout=LONG_S
    )
    for statement in key_statements(build.tables):
        await connection.execute(statement, timeout=LONG_S)
    for statement in [] if build.repairs else index_statements(build.projection):
        await connection.execute(statement, timeout=LONG_S)
    await connection.execute(
        "UPDATE rebuilds SET indexed_at = now() WHERE projection = $1", build.projection.name
    )


async def _analyze(connection: Connection, builds: Sequence[Build]) -> None:
    """Have the switch planned well: by the columns that it compares rows by.

    What becomes live is looked at in full, for its readers.
    """
    shared = {
        "projection_heads": "projection, version, customer_id",
        "rebuild_alerts": "projection, version, customer_id",
        "rebuild_totals": "projection, version, day",
    }
    looked_at = [f"{table} ({columns})" for table, columns in shared.items()]
    for build in builds:
        looked_at += [
            f"{table.name} ({', '.join(table.key)})" if build.repairs else table.name
            for table in build.tables.values()
        ]
    if not all(build.repairs for build in builds):
        looked_at.append("totals")
    for one in looked_at:
        await connection.execute(f"ANALYZE {one}", timeout=LONG_S)


async def _clear_away(platform: Platform, builds: Sequence[Build]) -> None:
    """Throw away what builds were kept in that were switched."""
    with translated():
        async with platform.pool.acquire() as connection, connection.transaction():
            for build in builds:
                await discard(connection, *build.id)


async def drop_retired(platform: Platform, projection: Projection) -> list[str]:
    """Drop what older versions than the live one left; return the tables' names.

    Only when every process runs a program of the live version: an older one still reads them.
    Raises: Unavailable, RebuildRefused.
    """
    with translated():
        async with platform.pool.acquire() as connection, connection.transaction():
            live = (await plan(connection, projection)).live_version
            rows = await connection.fetch(sql("rebuild_tables"), f"^{projection.name}_v[0-9]+_")
            head = len(projection.name) + len("_v")
            dropped = [
                name
                for name in (row["tablename"] for row in rows)
                if int(name[head:].partition("_")[0]) < live
            ]
            for name in dropped:
                await connection.execute(f"DROP TABLE {name} CASCADE")
            for shared in SHARED_TABLES:
                await connection.execute(
                    f"DELETE FROM {shared} WHERE projection = $1 AND version < $2",
                    projection.name,
                    live,
                    timeout=LONG_S,
                )
    return dropped
