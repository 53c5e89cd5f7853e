"""A table of events that no memory holds is sorted before a rebuild walks it, and only then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from projections import PROJECTIONS
from services.audit.verify import verify
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.ports import Dossier
from services.rebuild.builds import plan
from services.rebuild.rebuilding import rebuild
from services.rebuild.walks import begin, give_up
from services.settings import Settings
from services.simulator.load import ensure_history
from services.walk.parts import Extent, Part, copied_dossiers
from services.walk.spool import EVENTS, drop_spool, spool, spread_of

pytestmark = pytest.mark.postgres

SPOOLS = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'walk_spool%'"
SORTING = "sorting the events by customer"


class Stages:
    """Notes the stages."""

    def __init__(self) -> None:
        self.named: list[str] = []

    def stage(self, words: str) -> None:
        self.named.append(words)

    def parts(self, done: int, of: int) -> None:
        pass


@pytest.fixture
async def platform(database: str, tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(Settings(dsn=database, data=tmp_path)) as opened:
        await ensure_history(opened, customers=25)
        await Projector(opened).catch_up()
        yield opened


async def remember_little(platform: Platform) -> None:
    """Have the server be told that it has no memory for files, as of a table larger than it."""
    name = await platform.pool.fetchval("SELECT current_database()")
    await platform.pool.execute(f"ALTER DATABASE \"{name}\" SET effective_cache_size = '8kB'")
    await platform.pool.expire_connections()


async def begun_walk(platform: Platform) -> tuple[int, Extent]:
    async with platform.pool.acquire() as connection:
        asked = [await plan(connection, projection) for projection in PROJECTIONS]
        begun = await begin(connection, asked, platform.clock)
        return begun.walk_id, begun.extent


async def read(platform: Platform, part: Part, extent: Extent, table: str) -> list[Dossier]:
    found: list[Dossier] = []
    async with platform.pool.acquire() as connection:
        await copied_dossiers(connection, part, extent, found.append, table)
    return found


async def rebuilt(platform: Platform) -> list[str]:
    stages = Stages()
    await rebuild(platform, PROJECTIONS, processes=1, watch=stages)
    seen = await verify(platform, lambda done: None)
    assert seen.rows > 0
    assert (seen.differences, seen.named) == (0, [])
    return stages.named


async def test_events_that_memory_holds_are_walked_as_they_lie(platform: Platform) -> None:
    async with platform.pool.acquire() as connection:
        assert not (await spread_of(connection)).random
    assert SORTING not in await rebuilt(platform)


async def test_events_that_no_memory_holds_are_sorted_and_the_rows_are_the_same(
    platform: Platform,
) -> None:
    await remember_little(platform)
    await platform.pool.execute("UPDATE receivables_v3_items SET balance_minor = 7")
    assert (await rebuilt(platform))[0] == SORTING
    assert await platform.pool.fetchval(SPOOLS) == 0


async def test_events_in_the_customers_order_are_walked_as_they_lie(platform: Platform) -> None:
    await remember_little(platform)
    await platform.pool.execute("CREATE INDEX in_order ON events (customer_id)")
    await platform.pool.execute("CLUSTER events USING in_order")
    await platform.pool.execute("ANALYZE events")
    assert SORTING not in await rebuilt(platform)


async def test_the_copy_gives_what_the_events_give(platform: Platform) -> None:
    walk_id, extent = await begun_walk(platform)
    async with platform.pool.acquire() as connection:
        table = await spool(connection, walk_id, extent)
    parts = [Part(0, None, "C000010"), Part(1, "C000010", "C000020"), Part(2, "C000020", None)]  # type: ignore[arg-type]
    events = 0
    for part in parts:
        copied = await read(platform, part, extent, table)
        assert copied == await read(platform, part, extent, EVENTS)
        events += sum(len(dossier.facts) for dossier in copied)
    of_customers = "SELECT count(*) FROM events WHERE customer_id IS NOT NULL"
    assert events == await platform.pool.fetchval(of_customers)


async def test_the_copy_goes_no_further_than_the_walk(platform: Platform) -> None:
    walk_id, extent = await begun_walk(platform)
    earlier = Extent(extent.generation, tuple(n // 2 for n in extent.positions))
    async with platform.pool.acquire() as connection:
        table = await spool(connection, walk_id, earlier)
        rows = await connection.fetchval(f"SELECT count(*) FROM {table}")
    assert rows == sum(earlier.positions[:12])


async def test_a_walk_that_goes_on_reads_the_copy_that_it_made(platform: Platform) -> None:
    walk_id, extent = await begun_walk(platform)
    async with platform.pool.acquire() as connection:
        table = await spool(connection, walk_id, extent)
        await connection.execute(f"DELETE FROM {table}")
        assert await spool(connection, walk_id, extent) == table
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
        await drop_spool(connection, walk_id)
    assert await platform.pool.fetchval(SPOOLS) == 0


async def test_the_copy_of_a_walk_that_was_given_up_is_dropped(platform: Platform) -> None:
    walk_id, extent = await begun_walk(platform)
    async with platform.pool.acquire() as connection:
        await spool(connection, walk_id, extent)
        await give_up(connection, [projection.name for projection in PROJECTIONS])
    await begun_walk(platform)
    assert await platform.pool.fetchval(SPOOLS) == 0
