"""A table of events that no memory holds is sorted before it is walked, and only then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg
import msgspec
import pytest

from events.envelope import CustomerId
from events.touchpoints.policy import TierPolicy
from projections import PROJECTIONS
from services.audit.digest import digest
from services.audit.reports import report_ageing, report_alerts
from services.audit.verify import Verifying, verify
from services.errors import Unavailable
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.policies.calibration import calibrate, portions
from services.policies.candidate import Candidate
from services.policies.trial import try_policy
from services.ports import Dossier
from services.postgres.pool import Connection
from services.rebuild.builds import plan
from services.rebuild.rebuilding import rebuild
from services.rebuild.walks import begin, give_up
from services.settings import Settings
from services.simulator.load import ensure_history
from services.walk import spool as spools
from services.walk.company import extent_now
from services.walk.parts import Extent, Part, copied_dossiers, divide
from services.walk.spool import EVENTS, drop_spool, events_in_order, spool, spread_of

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


async def remember_little(platform: Platform, memory: str = "8kB") -> None:
    """Have the server be told that it has so little memory for files."""
    name = await platform.pool.fetchval("SELECT current_database()")
    await platform.pool.execute(f"ALTER DATABASE \"{name}\" SET effective_cache_size = '{memory}'")
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


@pytest.mark.parametrize(("tables", "sorted_first"), [(4, True), (12, False)])
async def test_events_that_memory_hardly_holds_beforehand_are_sorted(
    platform: Platform, tables: int, sorted_first: bool
) -> None:
    size = await platform.pool.fetchval("SELECT pg_table_size('events')")
    await remember_little(platform, f"{tables * size // 1024}kB")
    async with platform.pool.acquire() as connection:
        assert (await spread_of(connection)).random is sorted_first


async def test_events_that_no_memory_holds_are_sorted_and_the_rows_are_the_same(
    platform: Platform,
) -> None:
    await remember_little(platform)
    await platform.pool.execute("UPDATE receivables_v5_items SET balance_minor = 7")
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


# --- walks that nobody goes on with --------------------------------------------------------------

PASSING = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'passing_spool%'"
DAY = date(2026, 3, 1)


async def told_of_all(platform: Platform) -> list[object]:
    """Return what every walk of the company says, as of a day and as known on another one."""
    asked = (platform, DAY, DAY - timedelta(days=200))
    policy = Candidate("tiers", datetime(2026, 2, 1, tzinfo=UTC), TierPolicy(drop_days=60))
    return [
        await digest(*asked, ignored),
        await report_ageing(*asked[:2], None, asked[2], ignored),
        await report_alerts(*asked, ignored, listed=True),
        await try_policy(platform, policy, DAY, None, ignored, ignored),
        await calibrate(platform, DAY, portions("50", "gold"), None, ignored),
    ]


def ignored(done: int) -> None:
    """Hear how far a walk is."""


async def test_walks_of_sorted_events_say_what_walks_of_events_as_they_lie_say(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await told_of_all(platform)
    read: set[str] = set()

    async def noting(connection: Connection, extent: Extent, *, table: str) -> tuple[Part, ...]:
        parts = await divide(connection, extent, table=table)
        read.update(part.table for part in parts)
        return parts

    monkeypatch.setattr("services.walk.company.divide", noting)
    await remember_little(platform)
    found = await told_of_all(platform)
    assert [msgspec.json.encode(one) for one in found] == [
        msgspec.json.encode(one) for one in expected
    ]
    assert read
    assert all(table.startswith("passing_spool_") for table in read)
    assert await platform.pool.fetch(PASSING) == []


async def test_verify_reads_what_came_after_the_copy_by_index(platform: Platform) -> None:
    whole = await extent_now(platform)
    earlier = Extent(whole.generation, tuple(n // 2 for n in whole.positions))
    async with events_in_order(platform.pool, earlier, None) as table:
        assert table == EVENTS
    await remember_little(platform)
    bounds = [None, CustomerId("C000010"), CustomerId("C000020"), None]
    async with events_in_order(platform.pool, earlier, None) as table:
        copied, lying = Verifying(earlier, platform.pool), Verifying(earlier, platform.pool)
        for part, (first, upto) in enumerate(pairwise(bounds)):
            found = await copied.walk(Part(part, first, upto, table))
            expected = await lying.walk(Part(part, first, upto))
            assert found.found.events > 0
            assert (found.found, sorted(found.sums)) == (expected.found, sorted(expected.sums))
            assert found.found.differences == 0


async def test_the_copy_of_a_walk_that_was_killed_goes_with_the_next_one(
    platform: Platform,
) -> None:
    await remember_little(platform)
    extent = await extent_now(platform)
    await platform.pool.execute("CREATE TABLE passing_spool_999999 ()")
    async with events_in_order(platform.pool, extent, None) as first:
        async with events_in_order(platform.pool, extent, None) as second:
            assert {row[0] for row in await platform.pool.fetch(PASSING)} == {first, second}
        assert [row[0] for row in await platform.pool.fetch(PASSING)] == [first]
    assert await platform.pool.fetch(PASSING) == []


async def test_no_copy_is_made_where_the_disk_has_no_room(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remember_little(platform)
    monkeypatch.setattr("services.walk.spool.room_for", lambda spread: 1 << 62)
    async with events_in_order(platform.pool, await extent_now(platform), tmp_path) as table:
        assert table == EVENTS


async def test_a_disk_without_room_for_sorting_says_how_much_is_needed(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's answer is played: its disk is everybody's."""

    async def full(*_: object) -> None:
        raise asyncpg.DiskFullError("could not extend file: No space left on device")

    await remember_little(platform)
    monkeypatch.setattr(spools, "_sorted_into", full)
    with pytest.raises(Unavailable, match=r"about [0-9,]+ MB .* same command again"):
        await rebuilt(platform)
    monkeypatch.undo()
    assert SORTING in await rebuilt(platform)
