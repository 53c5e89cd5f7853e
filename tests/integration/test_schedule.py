"""Events go before deadlines, deadlines before a sweep, and neither comes in one piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from events.policy import Reference
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished, StaffSet
from events.uses import Use
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.hosts.worker.projector import KafkaProjector
from services.log.kafka.cluster import cluster_of
from services.log.kafka.generations import claim_generation
from services.platform import Platform
from services.ports import Submission
from services.projector import schedule
from services.projector.assessing import Assessor, Part
from services.projector.owner import PartitionOwner
from services.rows.row_tables import ensure_tables
from services.rows.uses import UseSets
from services.settings import Settings
from tests.support.counting import QUIET, Counting
from tests.support.log import START, SetClock, payment, submission
from tests.support.modes import EITHER, catch_up, chosen_log

pytestmark = pytest.mark.postgres

MANY = 120
"""Customers: ten in each partition or so."""

SLICE = 5


@pytest.fixture(params=EITHER)
async def settings(
    request: pytest.FixtureRequest, database: str, tmp_path: Path
) -> AsyncIterator[Settings]:
    async with chosen_log(request, Settings(dsn=database, data=tmp_path)) as settings:
        yield settings


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START + timedelta(hours=1))


@pytest.fixture
async def platform(settings: Settings, clock: SetClock) -> AsyncIterator[Platform]:
    async with open_platform(settings, clock=clock) as platform:
        async with platform.pool.acquire() as connection:
            await ensure_tables(connection, [Counting()])
        await platform.log.append([payment(n, f"C-{n}") for n in range(MANY)])
        await catch_up(platform, settings, [Counting()])
        yield platform


Told = list[str]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What owners did, in order: an event taken in, a slice of due work, a slice of a sweep."""
    found: Told = []
    take_in, due, sweep = Assessor.take_in, PartitionOwner.due, PartitionOwner.sweep

    async def taking_in(self: Assessor, parts: Sequence[Part], reference: Reference) -> None:
        await take_in(self, parts, reference)
        found.extend("event" for part in parts for _ in range(part.portion.events))

    async def doing(
        name: str, slice_: Callable[..., Awaitable[int]], *rest: object, **named: object
    ) -> int:
        if (done := await slice_(*rest, **named)) > 0:
            found.append(name)
        return done

    async def owing(
        self: PartitionOwner, reference: Reference, at: datetime, *, caught_up: bool, limit: int
    ) -> int:
        return await doing("due", due, self, reference, at, caught_up=caught_up, limit=limit)

    async def sweeping(
        self: PartitionOwner, reference: Reference, at: datetime, *, caught_up: bool, limit: int
    ) -> int:
        return await doing("sweep", sweep, self, reference, at, caught_up=caught_up, limit=limit)

    monkeypatch.setattr(Assessor, "take_in", taking_in)
    monkeypatch.setattr(PartitionOwner, "due", owing)
    monkeypatch.setattr(PartitionOwner, "sweep", sweeping)
    monkeypatch.setattr(schedule, "DUE_LIMIT", SLICE)
    monkeypatch.setattr(schedule, "_FIRST_SLICE", SLICE)
    monkeypatch.setattr(schedule, "_AT_ONCE", 1)
    return found


@asynccontextmanager
async def projecting(platform: Platform, settings: Settings) -> AsyncIterator[None]:
    projector: Projector | KafkaProjector
    if settings.kafka is None:
        projector = Projector(platform, projections=[Counting()])
    else:
        generation = await claim_generation(platform.pool)
        projector = KafkaProjector(
            platform, cluster_of(settings), generation, projections=[Counting()]
        )
    going = asyncio.create_task(projector.run())
    try:
        yield
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)


def publish_in_the_first_slice(
    told: Told, platform: Platform, event: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have an event published while the first slice of all is still under way."""
    keep = UseSets.keep

    async def keeping(self: UseSets, sets: Iterable[frozenset[Use]]) -> None:
        await keep(self, sets)
        if not told:
            told.append("published")
            await platform.log.append([event])
            await asyncio.sleep(1)  # a consumer of Kafka has it by then

    monkeypatch.setattr(UseSets, "keep", keeping)


async def until(told: Told, name: str, times: int) -> None:
    async with asyncio.timeout(120):
        while told.count(name) < times:  # noqa: ASYNC110 - another task's doing
            await asyncio.sleep(0.01)


async def test_an_event_published_during_a_sweep_goes_before_its_second_slice(
    platform: Platform, settings: Settings, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = AlertsPolicyPublished(effective_from=START, policy=AlertsPolicy(due_soon_days=9))
    await platform.log.append([submission(1000, policy, None)])
    publish_in_the_first_slice(told, platform, payment(2000, "C-new"), monkeypatch)
    async with projecting(platform, settings):
        await until(told, "sweep", MANY // SLICE)
    assert told[0] == "published"
    assert "event" in told[1:3], told


async def test_an_event_goes_before_the_second_slice_of_deadlines_of_one_instant(
    platform: Platform,
    settings: Settings,
    clock: SetClock,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.move(2 * QUIET)  # everybody's deadline has passed
    publish_in_the_first_slice(told, platform, payment(2000, "C-new"), monkeypatch)
    async with projecting(platform, settings):
        await until(told, "due", MANY // SLICE)
    assert told[0] == "published"
    assert "event" in told[1:3], told


async def test_deadlines_go_before_a_sweep(
    platform: Platform, settings: Settings, clock: SetClock, told: Told
) -> None:
    policy = AlertsPolicyPublished(effective_from=START, policy=AlertsPolicy(due_soon_days=9))
    await platform.log.append([submission(1000, policy, None)])
    clock.move(2 * QUIET)
    async with projecting(platform, settings):
        async with asyncio.timeout(120):
            while await platform.pool.fetchval(  # noqa: ASYNC110 - another task's doing
                "SELECT count(*) FROM checkpoints WHERE settled < 1"
            ):
                await asyncio.sleep(0.05)
    assert told.count("due") >= MANY // SLICE
    assert sorted(told) == told, "a sweep went before a deadline"


async def test_one_staff_record_has_nobody_assessed_again(
    platform: Platform, settings: Settings, told: Told
) -> None:
    staff = StaffSet(effective_from=START, staff_id="s-1")
    await platform.log.append([submission(1000, staff, None)])
    assert await catch_up(platform, settings, [Counting()]) == 0
    assert told == []
    assert await platform.pool.fetchval("SELECT min(settled) FROM checkpoints") == 1
