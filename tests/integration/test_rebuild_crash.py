"""A crash of the server in the middle of a rebuild: what was built is lost, and known to be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

from projections import PROJECTIONS
from projections.receivables.projection import Receivables
from services.audit.verify import verify
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.local_postgres.server import EmbeddedServer
from services.platform import Platform
from services.rebuild.builds import BuildLost, plan
from services.rebuild.rebuilding import Rebuilt, rebuild, walk_builds
from services.rebuild.walks import begin
from services.rebuild.writing import Walked
from services.settings import Settings
from services.simulator.load import ensure_history
from services.walk.engine import WalkBroken
from tests.support.embedded import FAST, postmaster_of
from tests.support.postgres import quick_directory

pytestmark = pytest.mark.postgres


@pytest.fixture
def home() -> Iterator[Path]:
    with quick_directory() as directory:
        yield directory


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(home, FAST) as started:
        yield started


class Unwatched:
    """Looks at nothing."""

    def stage(self, words: str) -> None:
        pass

    def parts(self, done: int, of: int) -> None:
        pass


async def _rebuild(platform: Platform) -> list[Rebuilt]:
    return await rebuild(platform, PROJECTIONS, processes=1, watch=Unwatched())


async def test_a_build_that_a_crash_of_the_server_emptied_is_begun_anew(
    server: EmbeddedServer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.rebuild.walks.PART_EVENTS", 200)
    settings = Settings(dsn=server.dsn, data=tmp_path)
    done: list[Walked] = []

    def break_off(walked: Walked) -> None:
        done.append(walked)
        if len(done) == 2:
            raise WalkBroken("as if killed")

    async with open_platform(settings) as platform:
        await ensure_history(platform, customers=25)
        await Projector(platform).catch_up()
        async with platform.pool.acquire() as connection:
            asked = [await plan(connection, projection) for projection in PROJECTIONS]
            begun = await begin(connection, asked, platform.clock)
        with pytest.raises(WalkBroken):
            await walk_builds(platform, begun, 1, break_off)
        assert sum(walked.customers for walked in done) > 0
        await platform.pool.execute("CHECKPOINT")
    postmaster_of(home).kill()
    await asyncio.to_thread(server.start)
    async with open_platform(settings) as platform:
        items = f"SELECT count(*) FROM receivables_rebuild_v{Receivables.version}_items"
        assert await platform.pool.fetchval(items) == 0
        found = await _rebuild(platform)
        assert {one.parts_done_before for one in found} == {0}
        assert {(one.rows_replaced, one.rows_removed) for one in found} == {(0, 0)}
        seen = await verify(platform, lambda done: None)
        assert (seen.differences, seen.named) == (0, [])


_STEPS = ["writing.BuildWriter.walk", "rebuilding._settle", "rebuilding._switch",
          "rebuilding.switch"]  # fmt: skip


@pytest.mark.parametrize("step", _STEPS)
async def test_a_crash_that_no_statement_met_is_found_before_what_is_live_is_touched(
    server: EmbeddedServer,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    monkeypatch.setattr("services.rebuild.walks.PART_EVENTS", 200)
    where = f"services.rebuild.{step}"
    begins = resolve_name(where)
    crashes = 0

    async def crashing(*given: object) -> object:
        """Have the server crash and start again before a step, while nobody asks it."""
        nonlocal crashes
        if not crashes:
            crashes += 1
            postmaster_of(home).kill()
            await asyncio.to_thread(server.start)
        return await begins(*given)

    monkeypatch.setattr(where, crashing)
    async with open_platform(Settings(dsn=server.dsn, data=tmp_path)) as platform:
        await ensure_history(platform, customers=25)
        await Projector(platform).catch_up()
        items = await platform.pool.fetch("SELECT * FROM receivables_v5_items ORDER BY 1, 3")
        with pytest.raises(BuildLost):
            await _rebuild(platform)
        assert crashes == 1
        assert items == await platform.pool.fetch(
            "SELECT * FROM receivables_v5_items ORDER BY 1, 3"
        )
        found = await _rebuild(platform)
        assert {one.parts_done_before for one in found} == {0}
        seen = await verify(platform, lambda done: None)
        assert (seen.differences, seen.named) == (0, [])


async def test_what_a_new_version_was_built_of_is_there_after_a_crash(
    server: EmbeddedServer, home: Path, tmp_path: Path
) -> None:
    settings = Settings(dsn=server.dsn, data=tmp_path)
    async with open_platform(settings) as platform:
        await ensure_history(platform, customers=25)
        await Projector(platform).catch_up()
        # As if an older version of each were live.
        await platform.pool.execute("UPDATE live_versions SET version = version - 1")
        await platform.pool.execute("UPDATE checkpoints SET version = version - 1")
        await platform.pool.execute("DELETE FROM projection_heads")
        await platform.pool.execute("DELETE FROM totals")
        await platform.pool.execute("DELETE FROM alerts")
        found = await _rebuild(platform)
        assert [one.version - one.version_before for one in found] == [1, 1, 1]
    postmaster_of(home).kill()
    await asyncio.to_thread(server.start)
    async with open_platform(settings) as platform:
        seen = await verify(platform, lambda done: None)
        assert seen.rows > 0
        assert (seen.differences, seen.named) == (0, [])
