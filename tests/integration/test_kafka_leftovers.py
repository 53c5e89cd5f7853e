"""What a gateway leaves behind when it is killed keeps nobody waiting: the leader does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.hosts.bootstrap import open_platform
from services.log.admissions import prepare
from services.log.kafka.cluster import cluster_of
from services.log.kafka.leftovers import Leftovers
from services.log.kafka.outbox import Outbox
from services.log.kafka.topics import TopicPartitions
from services.log.units import Call
from services.platform import Platform
from services.ports import Submission
from services.settings import Settings
from tests.support.log import SetClock, payment
from tests.support.modes import catch_up
from tests.support.workers import the_leader_relays, workers

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


@pytest.fixture
def settings(kafka: Settings, database: str, tmp_path: Path) -> Settings:
    return kafka.model_copy(update={"dsn": database, "data": tmp_path})


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with open_platform(settings) as platform:
        yield platform


async def admit_and_die(platform: Platform, settings: Settings, one: Submission) -> None:
    """Do what a gateway does that is killed between its admission and its append."""
    outbox = Outbox(platform.pool, 1, TopicPartitions(settings.kafka_prefix, 1))
    async with outbox.admitted([Call([prepare(one)])], SetClock()):
        pass


async def pending(platform: Platform) -> tuple[int, int]:
    """Return how many records wait, and how many the heads say."""
    kept = await platform.pool.fetchval("SELECT count(*) FROM log_pending")
    told = await platform.pool.fetchval("SELECT sum(pending) FROM log_heads")
    return kept, told


async def test_what_waits_at_two_looks_is_appended(platform: Platform, settings: Settings) -> None:
    leftovers = Leftovers(platform.pool, cluster_of(settings), 1)
    try:
        await admit_and_die(platform, settings, payment(1))
        assert await leftovers.deliver() == 0  # its gateway may be about to append it
        await admit_and_die(platform, settings, payment(2))
        assert await leftovers.deliver() == 2
        assert await leftovers.deliver() == 0
        assert await pending(platform) == (0, 0)
        assert sum((await platform.log.heads()).counts) == 2
    finally:
        await leftovers.close()


async def test_a_confirmation_that_the_mirror_missed_is_forgotten(
    platform: Platform, settings: Settings
) -> None:
    leftovers = Leftovers(platform.pool, cluster_of(settings), 1)
    await platform.log.append([payment(1), payment(2, "C-2")])
    mirrored = await platform.pool.fetch("SELECT * FROM log_confirmed")
    await catch_up(platform, settings)
    await platform.log.append([payment(3, "C-3")])
    for row in mirrored:
        await platform.pool.execute("INSERT INTO log_confirmed SELECT ($1::log_confirmed).*", row)
    await leftovers.deliver()
    left = await platform.pool.fetch("SELECT event_id FROM log_confirmed")
    assert [str(row["event_id"]) for row in left] == [payment(3, "C-3").envelope.id]


async def test_the_leader_delivers_what_a_killed_gateway_left(
    platform: Platform, settings: Settings, tmp_path: Path
) -> None:
    with workers(settings, 1, tmp_path) as [worker]:
        await the_leader_relays(platform)
        await admit_and_die(platform, settings, payment(1))
        async with asyncio.timeout(30):
            while not await platform.pool.fetchval("SELECT count(*) FROM events"):
                assert worker.process.poll() is None, worker.said()
                await asyncio.sleep(0.1)
        assert await pending(platform) == (0, 0)
    assert worker.process.returncode == 0, worker.said()
