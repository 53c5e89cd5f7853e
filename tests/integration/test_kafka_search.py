"""A worker on Kafka keeps the search index: who is registered is found, by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from events.touchpoints.customer import CustomerRegistered
from services.hosts.bootstrap import open_platform
from services.people.principal import ANYBODY
from services.projector.reference_feed import ReferenceFeed
from services.search.finding import Finder
from services.search.follower import events_behind
from services.search.persons import Persons
from services.search.tokens import tokens_of
from services.settings import Settings
from tests.support.log import submission
from tests.support.workers import workers

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


async def everybody(customers: Sequence[str]) -> Sequence[str]:
    return customers


async def test_a_worker_has_whom_the_log_registers_found(
    kafka: Settings, database: str, tmp_path: Path
) -> None:
    settings = kafka.model_copy(update={"dsn": database, "data": tmp_path})
    async with open_platform(settings) as platform:
        one = submission(1, CustomerRegistered(home_branch="B-1"), "K-1")
        personal = {"name": "王小明", "phone": "010-88888888转802"}
        sealed = await platform.vault.seal("K-1", one.envelope.id, personal)
        data = CustomerRegistered(home_branch="B-1", sealed=sealed)
        await platform.log.append([replace(one, data=data)])
        finder = Finder(
            platform.pool,
            await tokens_of(platform.vault),
            Persons(platform.pool, platform.vault, platform.clock),
        )

        async def found(typed: str) -> list[str]:
            rules = await ReferenceFeed(platform.pool).refresh()
            now = platform.clock.now()
            results = await finder.search(typed, ANYBODY, rules, now, 20, everybody)
            return [hit.customer for hit in results.hits]

        assert await found("xiaoming") == []
        with workers(settings, 1, tmp_path) as [worker]:
            async with asyncio.timeout(60):
                while not await found("xiaoming"):
                    assert worker.process.poll() is None, worker.said()
                    await asyncio.sleep(0.1)
        assert await found("010 8888 8888") == ["K-1"]
        assert await events_behind(platform.pool) == 0
