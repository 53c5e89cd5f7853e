"""Headquarters' words from the live rows to a branch that cannot ask."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from events.envelope import BranchId
from services.gateway.http import create_gateway
from services.intake.keys import Keys
from services.postgres.statements import sql
from tests.support.branches import WrongClock, install, listening
from tests.support.gateway import payment_event
from tests.support.given import CUSTOMER, instant, invoice, limit, registered
from tests.support.live import House, Way
from tests.support.log import SetClock
from touchstone_branch import Branch, Verdict

pytestmark = pytest.mark.postgres


async def test_a_branch_answers_for_its_own_customers_as_headquarters_would(
    database: str, tmp_path: Path
) -> None:
    house = House(database, Way("in order"))
    await house.opens()
    try:
        await house.hears(registered("SH-01"), limit("1000.00"))
        await house.hears(invoice("G", "400.00", due="2026-03-06"))
        await house.passes("2026-03-10 10:00")
        await _answers(house, tmp_path)
    finally:
        await house.closes()


async def _answers(house: House, tmp_path: Path) -> None:
    platform = house.platform
    clock = WrongClock(instant("2025-03-10 10:00"))  # a year slow
    branches = {}
    async with listening(create_gateway(platform)) as port:
        for name in ("SH-01", "SH-02"):
            _, token = await Keys(platform.pool, platform.clock).create(name)
            directory = tmp_path / name
            await install(
                directory, port, token, platform.pool, platform.vault, platform.clock, name
            )
            branches[name] = Branch(directory, clock=clock)
            await asyncio.to_thread(branches[name].fetch_words)
        clock_of_platform = platform.clock
        assert isinstance(clock_of_platform, SetClock)
        await platform.intake.submit(BranchId("SH-01"), [payment_event(1)])
        clock_of_platform.move(timedelta(hours=3))  # and nobody projects
        late = await asyncio.to_thread(branches["SH-02"].fetch_words)
        assert late.issued - late.through == timedelta(hours=3)
    own, other = branches["SH-01"], branches["SH-02"]  # the line is down from here on
    word = own.may_deliver(CUSTOMER, 60_000, "CNY")
    assert (word.verdict, word.exposure_minor, word.limit_minor) == (Verdict.YES, 40_000, 100_000)
    assert word.age == timedelta(0)
    assert own.may_deliver(CUSTOMER, 60_001, "CNY").verdict is Verdict.NO
    assert other.may_deliver(CUSTOMER, 1, "CNY").verdict is Verdict.UNKNOWN

    clock.passes(timedelta(hours=23))
    assert own.may_deliver(CUSTOMER, 1, "CNY").age == timedelta(hours=23)
    clock.passes(timedelta(hours=2))
    assert own.may_deliver(CUSTOMER, 1, "CNY").verdict is Verdict.UNKNOWN
    for branch in branches.values():
        branch.close()


async def test_what_lies_in_its_topic_alone_makes_words_as_old_as_it_is(database: str) -> None:
    """The mirror is behind: the events table does not know since when the rows are."""
    house = House(database, Way("in order"))
    await house.opens()
    try:
        await house.hears(registered("SH-01"))
        pool, now = house.platform.pool, house.platform.clock.now()
        generation = (await house.platform.log.heads()).generation
        await pool.execute(
            "INSERT INTO log_confirmed (event_id, generation, partition, n, recorded_at) "
            "SELECT gen_random_uuid(), generation, partition, next + late, "
            "    $1::timestamptz - make_interval(secs => 90 - 30 * late) "
            "FROM (SELECT DISTINCT generation, partition, next FROM checkpoints "
            "      WHERE partition = 0) c, generate_series(0, 1) late",
            now,
        )
        rows = await pool.fetch(sql("operating_lags"), generation, now)
        assert {row["waited_s"] for row in rows if row["partition"] == 0} == {90.0}
    finally:
        await house.closes()
