"""Headquarters' words from the live rows to a branch that cannot ask."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from events.envelope import BranchId
from services.gateway.http import create_gateway
from services.intake.keys import Keys
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
