"""A Kafka broker for the whole test session, and topics of its own for each test.

The environment variable TOUCHSTONE_TEST_KAFKA names a cluster to use instead of a broker of
the session's own.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient

from deploy.kafka.broker import LocalCluster, missing
from services.log.kafka.cluster import cluster_of
from services.log.kafka.topics import create, log_topics
from services.settings import Settings
from tests.support.postgres import quick_directory


@contextmanager
def local_cluster(brokers: int = 1) -> Iterator[LocalCluster]:
    """Run brokers of the test's own; skip where this machine cannot."""
    if lack := missing():
        pytest.skip(lack)
    with quick_directory() as home, LocalCluster(home, brokers) as cluster:
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
    async with own_prefix(kafka_server) as prefix:
        settings = Settings(kafka=kafka_server, kafka_prefix=prefix)
        await create(cluster_of(settings), log_topics(prefix, 1))
        yield settings


@asynccontextmanager
async def own_prefix(kafka_server: str) -> AsyncIterator[str]:
    """Give a prefix for topics of a test alone, all deleted at the end."""
    prefix = f"test-{uuid4().hex[:12]}."
    yield prefix
    async with admin_of(Settings(kafka=kafka_server)) as admin:
        await admin.delete_topics([t for t in await admin.list_topics() if t.startswith(prefix)])


async def delete_topic(settings: Settings, name: str) -> None:
    """Have the brokers forget a topic; they take a moment for it."""
    async with admin_of(settings) as admin:
        await admin.delete_topics([name])


@asynccontextmanager
async def admin_of(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Connect Kafka's own client of administration."""
    admin = AIOKafkaAdminClient(**cluster_of(settings).options)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
