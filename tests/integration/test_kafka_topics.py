"""Topics are created as they must be, and refused where acknowledged events could be missing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition
from msgspec.structs import replace
from typer.testing import CliRunner

from events.partitioning import partition_of
from services.cli import kafka as commands
from services.errors import Unavailable, UsageError
from services.log.embedded.event_log import EmbeddedEventLog
from services.log.kafka.cluster import Cluster, cluster_of
from services.log.kafka.event_log import open_kafka_log
from services.log.kafka.identity import TopicReplaced, TopicTruncated, check_identity
from services.log.kafka.topics import (
    Topic,
    TopicFault,
    all_topics,
    create,
    describe,
    faults,
    log_topics,
)
from services.ports import Accepted, EventLog, Submission
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from tests.contract.event_log_suite import accepted_events
from tests.support.kafka import admin_of, delete_topic, local_cluster
from tests.support.log import SetClock, payment

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        yield pool


@pytest.fixture
async def admin(kafka: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    async with admin_of(kafka) as admin:
        yield admin


async def append(settings: Settings, pool: Pool, number: int) -> None:
    async with open_kafka_log(settings, pool, SetClock()) as log:
        [outcome] = await log.append([payment(number)])
        assert isinstance(outcome, Accepted)


async def recreate(settings: Settings, name: str, partitions: int) -> None:
    """Delete a topic and make it anew, once the broker has forgotten the old one."""
    await delete_topic(settings, name)
    cluster = cluster_of(settings)
    topic = replace(log_topics(cluster.prefix, 1)[0], name=name, partitions=partitions)
    await until_seen(cluster, topic, there=False)
    await create(cluster, [topic])


async def until_seen(cluster: Cluster, topic: Topic, *, there: bool = True) -> None:
    async with asyncio.timeout(20):
        while bool((await describe(cluster, [topic])).topics) != there:  # noqa: ASYNC110 - the broker's
            await asyncio.sleep(0.1)


async def test_created_topics_are_as_they_must_be(kafka: Settings) -> None:
    cluster = cluster_of(kafka)
    topics = all_topics(cluster.prefix, 1)
    assert await create(cluster, topics) == tuple(t.name for t in topics[2:])
    assert await faults(cluster, topics) == ()
    assert await create(cluster, topics) == ()


async def test_a_missing_topic_is_a_fault(kafka: Settings) -> None:
    cluster = cluster_of(kafka)
    [fault] = await faults(cluster, log_topics(cluster.prefix, 2)[:1])
    assert "touchpoints.g2 is missing" in fault


async def test_unsafe_settings_are_faults(kafka: Settings, admin: AIOKafkaAdminClient) -> None:
    cluster = cluster_of(kafka)
    topic = log_topics(cluster.prefix, 9)[0]
    unsafe = {
        "retention.ms": "604800000",
        "cleanup.policy": "compact",
        "unclean.leader.election.enable": "true",
        "max.message.bytes": "1000",
    }
    await admin.create_topics([NewTopic(topic.name, 12, 1, topic_configs=unsafe)])
    await until_seen(cluster, topic)
    found = " ".join(await faults(cluster, [topic]))
    for name in unsafe:
        assert name in found


async def test_partitions_are_never_added_in_place(
    kafka: Settings, pool: Pool, admin: AIOKafkaAdminClient
) -> None:
    cluster = cluster_of(kafka)
    wider = replace(log_topics(cluster.prefix, 1)[0], partitions=24)
    with pytest.raises(TopicFault, match="never added in place"):
        await create(cluster, [wider])
    narrow = log_topics(cluster.prefix, 8)
    await admin.create_topics([NewTopic(narrow[0].name, 6, 1)])
    await until_seen(cluster, narrow[0])
    with pytest.raises(TopicFault, match="has 6 partitions and must have 12"):
        await create(cluster, narrow)
    assert "6 partitions" in (await faults(cluster, narrow))[1]


async def test_a_log_without_topics_says_what_to_do(pool: Pool, kafka_server: str) -> None:
    settings = Settings(kafka=kafka_server, kafka_prefix="nobody-made-these.")
    with pytest.raises(TopicFault, match="touchstone topics create"):
        async with open_kafka_log(settings, pool, SetClock()):
            pass


async def test_topics_seen_before_are_checked_without_waiting_for_a_lock(
    kafka: Settings, pool: Pool
) -> None:
    await append(kafka, pool, 1)
    async with pool.acquire() as frozen, frozen.transaction(), asyncio.timeout(10):
        await frozen.execute("SELECT FROM log_heads FOR UPDATE")
        await check_identity(pool, cluster_of(kafka), 1)


@pytest.mark.parametrize("unsafe", [("retention.ms", "604800000"), ("cleanup.policy", "compact")])
async def test_a_log_that_would_be_deleted_is_not_opened(
    kafka: Settings, pool: Pool, admin: AIOKafkaAdminClient, unsafe: tuple[str, str]
) -> None:
    name = f"{kafka.kafka_prefix}policies.g1"
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict([unsafe]))])
    with pytest.raises(TopicFault, match=f"{unsafe[0]} is {unsafe[1]} and must be .*--add-config"):
        await append(kafka, pool, 1)


async def test_a_topic_made_anew_is_refused(kafka: Settings, pool: Pool) -> None:
    await append(kafka, pool, 1)
    await recreate(kafka, f"{kafka.kafka_prefix}touchpoints.g1", 12)
    with pytest.raises(TopicReplaced, match="deleted and made anew"):
        await append(kafka, pool, 2)


async def test_a_topic_made_anew_under_a_running_log_is_refused(
    kafka: Settings, pool: Pool
) -> None:
    async with open_kafka_log(kafka, pool, SetClock()) as log:
        await log.append([payment(1)])
        await recreate(kafka, f"{kafka.kafka_prefix}touchpoints.g1", 12)
        with pytest.raises((TopicTruncated, Unavailable)):
            await log.append([payment(2)])
        with pytest.raises(TopicReplaced):
            await log.append([payment(3)])
        assert await pool.fetchval("SELECT count(*) FROM log_confirmed") == 1


async def test_a_topic_whose_beginning_was_deleted_is_refused(
    kafka: Settings, pool: Pool, admin: AIOKafkaAdminClient
) -> None:
    await append(kafka, pool, 1)
    place = TopicPartition(f"{kafka.kafka_prefix}touchpoints.g1", partition_of("C-1"))
    await admin.delete_records({place: RecordsToDelete(before_offset=1)})
    with pytest.raises(TopicTruncated, match="begins at 1"):
        await append(kafka, pool, 2)


async def test_a_topic_that_ends_before_what_was_acknowledged_is_refused(
    kafka: Settings, pool: Pool
) -> None:
    await append(kafka, pool, 1)
    await pool.execute("UPDATE log_heads SET next_n = 5 WHERE next_n = 1")
    with pytest.raises(TopicTruncated, match="ends at 1 and 5 were acknowledged"):
        await append(kafka, pool, 2)


async def test_a_log_that_postgresql_keeps_is_not_taken_over(kafka: Settings, pool: Pool) -> None:
    async with EmbeddedEventLog(pool, SetClock()) as log:
        await log.append([payment(1)])
    with pytest.raises(UsageError, match="kept by PostgreSQL"):
        await append(kafka, pool, 2)


def test_the_commands_create_check_and_explain(
    kafka: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"{kafka.kafka_prefix}commands."
    given = kafka.model_copy(update={"kafka_prefix": prefix, "dsn": database})
    monkeypatch.setattr("services.settings.settings", lambda: given)
    run = CliRunner().invoke
    missing = run(commands.topics, ["check"])
    assert isinstance(missing.exception, TopicFault)
    assert missing.output.count("is missing") == 6
    assert run(commands.topics, ["create"]).output.count(f"created {prefix}") == 6
    assert "every topic is as it must be" in run(commands.topics, ["check"]).output
    explained = run(commands.topics, ["explain"]).output
    assert f"{prefix}touchpoints.g1  (exists)" in explained
    assert "retention.ms=-1" in explained


@pytest.mark.fault
async def test_of_three_brokers_one_may_fail_and_with_two_gone_nothing_is_acknowledged(
    pool: Pool,
) -> None:
    with local_cluster(3) as brokers:
        settings = Settings(kafka=brokers.bootstrap)
        cluster = cluster_of(settings)
        await create(cluster, log_topics("", 1))
        assert await faults(cluster, log_topics("", 1)) == ()
        assert {t.copies for t in (await describe(cluster, log_topics("", 1))).topics.values()} == {
            3
        }
        async with open_kafka_log(settings, pool, SetClock()) as log:
            await log.append([payment(n, f"C-{n}") for n in range(1, 30)])
            brokers.kill(3)
            survived = await log.append([payment(n, f"C-{n}") for n in range(30, 60)])
            assert all(isinstance(outcome, Accepted) for outcome in survived)
            brokers.kill(2)
            with pytest.raises(Unavailable):
                await log.append([payment(60)])
            brokers.start()
            async with asyncio.timeout(60):
                while not await accepts(log, payment(61)):  # noqa: ASYNC110 - it is the broker's
                    await asyncio.sleep(0.2)
            ids = [event.envelope.id for event in await accepted_events(log)]
            assert {payment(n, f"C-{n}").envelope.id for n in range(1, 60)} <= set(ids)
            assert {payment(60).envelope.id, payment(61).envelope.id} <= set(ids)


async def accepts(log: EventLog, submission: Submission) -> bool:
    try:
        return bool(await log.append([submission]))
    except Unavailable:
        return False
