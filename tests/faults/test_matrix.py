"""A short selection of the faults, most over Kafka; `make faults` tries all of them, for longer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
import pytest_asyncio

from tests.faults.command_kills import kill_commanding
from tests.faults.ground import Ground, ground
from tests.faults.matrix import Outcome, Scene
from tests.faults.poison import poison_topics
from tests.faults.stream_faults import backlog
from tests.faults.worker_kills import kill_workers

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postgres,
    pytest.mark.kafka,
    pytest.mark.timeout(600),
]

SEED = 20260308


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stands_on(kafka_server: str) -> AsyncIterator[Ground]:
    """A database server of these tests' own, and the session's broker."""
    async with ground(kafka_server) as made:
        yield made


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(kill_workers, id="kill-worker"),
        pytest.param(partial(backlog, mode="kafka"), id="backlog"),
        pytest.param(poison_topics, id="poison"),
        pytest.param(partial(kill_commanding, mode="embedded"), id="kill-commanding-embedded"),
        pytest.param(partial(kill_commanding, mode="kafka"), id="kill-commanding"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_lost_or_done_twice(
    stands_on: Ground, fault: Callable[[Scene], Awaitable[Outcome]]
) -> None:
    outcome = await fault(Scene(stands_on, SEED, short=True, say=print))
    assert outcome.wrong == []
    assert outcome.times > 0
    assert outcome.acknowledged > 0
