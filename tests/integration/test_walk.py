"""Walks of the whole company give the same on one core and on several, and in any parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import STANDINGS
from services.audit.digest import digest
from services.audit.texts import verification_lines
from services.audit.verify import verify
from services.errors import TouchstoneError, Unavailable
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.rows.row_tables import tables_of
from services.settings import Settings
from services.simulator.load import ensure_history
from services.walk.engine import PartRefused
from services.walk.parts import divide

pytestmark = pytest.mark.postgres

CUSTOMERS = 25


@pytest.fixture
async def company(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Platform]:
    async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
        await ensure_history(platform, customers=CUSTOMERS)
        await Projector(platform).catch_up()
        defaults = divide.__defaults__
        monkeypatch.setattr(divide, "__defaults__", (100,))
        assert defaults is not None
        yield platform


async def test_a_digest_is_the_same_in_one_process_and_in_several(company: Platform) -> None:
    at = company.clock.now()
    told: list[int] = []
    one = await digest(company, at, None, told.append, processes=1)
    several = await digest(company, at, None, told.append, processes=2)
    assert one == several
    assert sum(told) == 2 * one.customers >= 2 * CUSTOMERS


async def test_a_verification_in_several_processes_finds_each_difference_once(
    company: Platform,
) -> None:
    sound = await verify(company, lambda done: None, processes=2)
    assert (sound.differences, sound.named) == (0, [])
    table = tables_of(ValueTiers())[STANDINGS.name].name
    await company.pool.execute(f"UPDATE {table} SET orders = orders + 1")
    for processes in (1, 2):
        found = await verify(company, lambda done: None, processes=processes)
        assert found.differences == await company.pool.fetchval(f"SELECT count(*) FROM {table}")
        assert found.customers == sound.customers


async def test_a_verification_says_what_it_could_not_compare_yet(
    database: str, tmp_path: Path
) -> None:
    async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
        await ensure_history(platform, customers=CUSTOMERS)
        before = await verify(platform, lambda done: None)
        assert before.waiting == before.events > 0
        told = "\n".join(verification_lines(before))
        assert f"{before.waiting:,} events not taken in yet" in told
        await Projector(platform).catch_up()
        after = await verify(platform, lambda done: None)
        assert (after.waiting, after.events) == (0, before.events)
        assert "not taken in" not in "\n".join(verification_lines(after))


async def test_an_event_that_cannot_be_read_ends_a_digest_with_its_name(
    company: Platform,
) -> None:
    await company.pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    await company.pool.execute(
        r"UPDATE events SET data = '\xc3010000' WHERE customer_id = 'C000005'"
    )
    for processes in (1, 2):
        with pytest.raises(TouchstoneError, match="C000005 cannot be read"):
            await digest(company, company.clock.now(), None, lambda done: None, processes=processes)
    with pytest.raises(PartRefused) as refused:
        await digest(company, company.clock.now(), None, lambda done: None, processes=2)
    assert refused.value.exit_code != 0


async def test_a_process_that_is_killed_ends_the_walk(
    company: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.walk.engine._PROCESS", "abc")
    with pytest.raises(TouchstoneError, match="ended before its parts were done"):
        await digest(company, company.clock.now(), None, lambda done: None, processes=2)


async def test_a_process_that_cannot_reach_the_database_says_so(company: Platform) -> None:
    away = replace(company, dsn="postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(PartRefused, match="the database cannot be reached") as refused:
        await digest(away, company.clock.now(), None, lambda done: None, processes=2)
    assert refused.value.exit_code == Unavailable.exit_code
