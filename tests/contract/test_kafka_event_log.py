"""The event log on Kafka keeps the contract, and some promises of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from services.kafka.cluster import cluster_of
from services.kafka.event_log import KafkaEventLog, open_kafka_log
from services.kafka.topics import create, log_topics
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from tests.contract.event_log_suite import EventLogContract
from tests.support.kafka import delete_topics
from tests.support.log import SetClock

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

OpenKafka = Callable[[], AbstractAsyncContextManager[KafkaEventLog]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        yield pool


@pytest.fixture
async def kafka(kafka_server: str, topic_prefix: str) -> AsyncIterator[Settings]:
    """Settings that name the session's cluster and topics of this test alone."""
    settings = Settings(kafka=kafka_server, kafka_prefix=topic_prefix)
    topics = log_topics(topic_prefix, 1)
    await create(cluster_of(settings), topics)
    yield settings
    await delete_topics(settings, [topic.name for topic in topics])


@pytest.fixture
async def open_log(database: str, pool: Pool, kafka: Settings, clock: SetClock) -> OpenKafka:
    @asynccontextmanager
    async def opened() -> AsyncIterator[KafkaEventLog]:
        async with await open_pool(database) as own, open_kafka_log(kafka, own, clock) as log:
            yield log

    return opened


class TestKafkaEventLog(EventLogContract):
    """The contract."""
