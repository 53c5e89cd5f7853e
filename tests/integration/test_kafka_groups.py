"""Groups of merged customers over workers of their own processes, on Kafka."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.audit.verify import verify
from services.hosts.bootstrap import open_platform
from services.platform import Platform
from services.settings import Settings
from tests.support.groups import TOLD, expected, live, told
from tests.support.log import START, SetClock
from tests.support.workers import until_caught_up, workers

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

_PIECE = 6


@pytest.fixture
def settings(kafka: Settings, database: str, tmp_path: Path) -> Settings:
    return kafka.model_copy(update={"dsn": database, "data": tmp_path})


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    clock = SetClock(START + timedelta(days=90))
    async with open_platform(settings, clock=clock) as platform:
        yield platform


async def test_two_workers_write_each_others_roots(
    platform: Platform, settings: Settings, tmp_path: Path
) -> None:
    submissions = told(random.Random(11))
    with workers(settings, 2, tmp_path) as (one, other):
        async with asyncio.timeout(90):
            while not (one.partitions() and other.partitions()):  # noqa: ASYNC110 - processes
                await asyncio.sleep(0.1)
        for start in range(0, TOLD, _PIECE):
            await platform.log.append(submissions[start : start + _PIECE])
        await until_caught_up(platform)
        wanted = expected(submissions, datetime.now(UTC))
        async with asyncio.timeout(60):
            while await live(platform) != wanted:  # noqa: ASYNC110 - processes
                await asyncio.sleep(0.2)
    found = await verify(platform, lambda done: None)
    assert (found.named, found.parked) == ([], 0)
    assert one.process.returncode == other.process.returncode == 0
