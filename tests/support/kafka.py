"""A Kafka broker for the whole test session, and topics of its own for each test.

The environment variable TOUCHSTONE_TEST_KAFKA names a cluster to use instead of a broker of
the session's own.
"""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient

from deploy.kafka.broker import LocalCluster, missing
from services.kafka.cluster import cluster_of
from services.kafka.topics import create, log_topics
from services.settings import Settings
from tests.support.postgres import reachable_directory


@contextmanager
def local_cluster(brokers: int = 1) -> Iterator[LocalCluster]:
    """Run brokers of the test's own; skip where this machine cannot."""
    if lack := missing():
        pytest.skip(lack)
    with reachable_directory() as home, LocalCluster(home, brokers) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[str]:
    """The addresses of the session's cluster."""
    given = os.environ.get("TOUCHSTONE_TEST_KAFKA")
    if given:
        yield given
        return
    with local_cluster() as cluster:
        yield cluster.bootstrap


@pytest_asyncio.fixture
async def kafka(kafka_server: str) -> AsyncIterator[Settings]:
    """Settings that name the session's cluster and a log of this test alone."""
    async with own_topics(kafka_server) as settings:
        yield settings


@asynccontextmanager
async def own_topics(kafka_server: str) -> AsyncIterator[Settings]:
    """Make a log of its own on the cluster, deleted at the end."""
    settings = Settings(kafka=kafka_server, kafka_prefix=f"test-{uuid4().hex[:12]}.")
    topics = log_topics(settings.kafka_prefix, 1)
    await create(cluster_of(settings), topics)
    yield settings
    await delete_topics(settings, [topic.name for topic in topics])


async def delete_topics(settings: Settings, names: Sequence[str]) -> None:
    admin = AIOKafkaAdminClient(**cluster_of(settings).options)
    try:
        await admin.start()
        await admin.delete_topics(list(names))
    finally:
        await admin.close()
