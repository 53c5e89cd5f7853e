"""The platform's topics: what they are for, how they must be set, and whether they are.

The number of partitions is never changed: a customer's events would then lie in two of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code
from aiokafka.structs import TopicPartition
from msgspec import Struct

from events.partitioning import PARTITIONS, REFERENCE_PARTITION
from services.errors import TouchstoneError
from services.log.kafka.cluster import REQUEST_TIMEOUT_S, Cluster, away, reached
from services.log.kafka.connecting import plain_client
from services.log.kafka.metadata import Described, TopicFound, ask_metadata

COPIES = 3
"""Replicas of a partition, where the cluster has as many brokers."""

LARGEST_BATCH_BYTES = 2 * 1024 * 1024

_DAY_MS = 86_400_000
_FOR_EVER = "-1"
_LOOK_AGAIN_S = 0.1
_DELETING = ("cleanup.policy", "retention.ms", "retention.bytes")


class TopicFault(TouchstoneError):
    """A topic is missing, or is not as it must be for nothing to be lost."""


class Topic(Struct, frozen=True):
    """A topic as it must be."""

    name: str
    about: str
    partitions: int
    retention_ms: str

    def settings(self, copies: int) -> Mapping[str, str]:
        """Return the settings it is created with and checked against."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": self.retention_ms,
            "retention.bytes": _FOR_EVER,
            "min.insync.replicas": str(in_sync(copies)),
            "unclean.leader.election.enable": "false",
            "max.message.bytes": str(LARGEST_BATCH_BYTES),
            # The gateway's stamp counts; a broker would refuse stamps ahead of its own clock.
            "message.timestamp.type": "LogAppendTime",
        }


def in_sync(copies: int) -> int:
    """Return how many copies must have a write before it is acknowledged."""
    return 2 if copies >= COPIES else 1


def log_topics(prefix: str, generation: int) -> tuple[Topic, Topic]:
    """Return the two topics that are a generation's log: of customers, and of reference."""
    return (
        Topic(
            f"{prefix}touchpoints.g{generation}",
            "What happened with customers, keyed by customer. Kept for ever: it is the log.",
            PARTITIONS,
            _FOR_EVER,
        ),
        Topic(
            f"{prefix}policies.g{generation}",
            "Policies and reference data, in one order for the whole company. Kept for ever.",
            1,
            _FOR_EVER,
        ),
    )


def side_topics(prefix: str) -> tuple[Topic, ...]:
    """Return the topics by which the platform tells others; the database has their truth."""
    return (
        Topic(
            f"{prefix}quarantine", "Events not accepted, and why: 90 days.", 1, str(90 * _DAY_MS)
        ),
        Topic(f"{prefix}checkpoints", "Signed heads of the audit ledger, kept.", 1, _FOR_EVER),
        Topic(
            f"{prefix}changes",
            "Which customers' rows changed, for live views: one day, may miss some.",
            PARTITIONS,
            str(_DAY_MS),
        ),
        Topic(
            f"{prefix}alerts",
            "The alert journal, for whoever acts on alerts: 30 days.",
            1,
            str(30 * _DAY_MS),
        ),
    )


def all_topics(prefix: str, generation: int) -> tuple[Topic, ...]:
    """Return every topic of the platform."""
    return (*log_topics(prefix, generation), *side_topics(prefix))


class TopicPartitions:
    """Translates partitions of the log into partitions of its two topics, and back."""

    def __init__(self, prefix: str, generation: int) -> None:
        customers, reference = log_topics(prefix, generation)
        self.all = [TopicPartition(customers.name, p) for p in range(PARTITIONS)]
        self.all.append(TopicPartition(reference.name, REFERENCE_PARTITION - PARTITIONS))

    def of(self, partition: int) -> TopicPartition:
        """Return where a partition of the log lies."""
        return self.all[partition]

    def partition(self, place: TopicPartition) -> int:
        """Return which partition of the log lies there."""
        return self.all.index(place)

    @property
    def topics(self) -> list[str]:
        """Return the names of the two topics."""
        return [self.all[0].topic, self.all[-1].topic]


async def describe(cluster: Cluster, topics: Sequence[Topic]) -> Described:
    """Return what exists of these topics. Raises: Unavailable, KafkaRefused."""
    async with plain_client(cluster) as client:
        return await ask_metadata(client, [topic.name for topic in topics])


async def create(cluster: Cluster, topics: Sequence[Topic]) -> tuple[str, ...]:
    """Create what is missing and return its names; what exists is left as it is.

    Raises: TopicFault, where one exists with other partitions; Unavailable, KafkaRefused.
    """
    found = await describe(cluster, topics)
    for topic in topics:
        if topic.name in found.topics:
            refuse_other_partitions(topic, found.topics[topic.name])
    missing = [topic for topic in topics if topic.name not in found.topics]
    if missing:
        copies = min(COPIES, found.brokers)
        new = [
            NewTopic(t.name, t.partitions, copies, topic_configs=t.settings(copies))
            for t in missing
        ]
        async with _admin(cluster) as admin:
            answer = await admin.create_topics(new)
            for name, code, *_ in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:  # somebody else was faster
                    raise error(name)
        await _until_seen(cluster, missing)
    return tuple(topic.name for topic in missing)


async def delete(cluster: Cluster, topics: Sequence[Topic]) -> None:
    """Delete topics with all that they hold, and return when the brokers have forgotten them.

    Raises: Unavailable, KafkaRefused.
    """
    async with _admin(cluster) as admin:
        answer = await admin.delete_topics([topic.name for topic in topics])
        for name, code, *_ in answer.topic_error_codes:
            if code:
                raise for_code(code)(name)
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    while (await describe(cluster, topics)).topics:
        if time.monotonic() > deadline:
            raise away("deleted topics do not go")
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _until_seen(cluster: Cluster, topics: Sequence[Topic]) -> None:
    """Return when the brokers have heard of new topics. Raises: Unavailable."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    while len((await describe(cluster, topics)).topics) < len(topics):
        if time.monotonic() > deadline:
            raise away("new topics do not appear")
        await asyncio.sleep(_LOOK_AGAIN_S)


def refuse_other_partitions(topic: Topic, found: TopicFound) -> None:
    """Raises: TopicFault, where a topic has more or fewer partitions than it must have."""
    if found.partitions != topic.partitions:
        raise TopicFault(
            f"topic {topic.name} has {found.partitions} partitions and must have "
            f"{topic.partitions}. Partitions are never added in place: a customer's events would "
            "lie in two of them and lose their order. Leave a log that has such a topic: "
            "`touchstone move --to embedded --without-topics`, then `--to kafka`."
        )


async def faults(cluster: Cluster, topics: Sequence[Topic]) -> tuple[str, ...]:
    """Return what is wrong with the topics, one sentence each, with the remedy.

    Raises: Unavailable, KafkaRefused.
    """
    found = await describe(cluster, topics)
    present = [topic for topic in topics if topic.name in found.topics]
    wrong = [
        f"topic {topic.name} is missing: run `touchstone topics create`"
        for topic in topics
        if topic not in present
    ]
    copies = min(COPIES, found.brokers)
    settings = await _settings(cluster, present)
    for topic in present:
        wrong += _faults_of(topic, found.topics[topic.name], copies, settings[topic.name])
    return tuple(wrong)


async def refuse_deletion(cluster: Cluster, topics: Sequence[Topic]) -> None:
    """Refuse topics of the log that are set to delete what was acknowledged.

    Raises: TopicFault, Unavailable; KafkaRefused, where one may not ask.
    """
    settings = await _settings(cluster, topics)
    for topic in topics:
        for name in _DELETING:
            is_set, wanted = settings[topic.name].get(name, ""), topic.settings(COPIES)[name]
            if not _serves(name, is_set, wanted):
                raise TopicFault(
                    f"topic {topic.name} is set to delete acknowledged events: {name} is "
                    f"{is_set or 'not set'} and must be {wanted}. Set it so with Kafka's "
                    f"kafka-configs --alter --entity-type topics --entity-name {topic.name} "
                    f"--add-config {name}={wanted}, then start again"
                )


def _faults_of(
    topic: Topic, found: TopicFound, copies: int, settings: Mapping[str, str]
) -> Iterator[str]:
    if found.partitions != topic.partitions:
        yield (
            f"topic {topic.name} has {found.partitions} partitions and must have "
            f"{topic.partitions}; move the log away and back, never change them in place"
        )
    if found.copies < copies:
        yield (
            f"topic {topic.name} has a partition with {found.copies} of {copies} copies; add "
            "replicas with Kafka's reassignment tool"
        )
    for name, wanted in topic.settings(copies).items():
        is_set = settings.get(name, "")
        if not _serves(name, is_set, wanted):
            yield (
                f"topic {topic.name}: {name} is {is_set or 'not set'} and must be {wanted}; "
                "alter it with Kafka's configuration tool"
            )


def _serves(name: str, is_set: str, wanted: str) -> bool:
    """Return whether a setting is at least as safe as the one wanted."""
    if name in {"min.insync.replicas", "max.message.bytes"}:
        return is_set.isdigit() and int(is_set) >= int(wanted)
    if name == "retention.ms" and is_set == _FOR_EVER:
        return True
    return is_set == wanted


async def _settings(cluster: Cluster, topics: Sequence[Topic]) -> Mapping[str, Mapping[str, str]]:
    """Return each topic's settings in force, by name."""
    if not topics:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    settings: dict[str, dict[str, str]] = {}
    async with _admin(cluster) as admin:
        for answer in await admin.describe_configs(asked):
            for code, _, _, topic, entries in answer.resources:
                if code:
                    raise for_code(code)(topic)
                settings[topic] = {name: value for name, value, *_ in entries}
    return settings


@asynccontextmanager
async def _admin(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    with reached():
        admin = AIOKafkaAdminClient(**cluster.options)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()
