"""Topics as the cluster itself describes them, with the id that tells one from its namesake.

aiokafka asks for an older version of Kafka's Metadata request, whose answer has no topic ids,
so version 12 (Kafka 3.1 and newer) is spelled out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import BrokerNotAvailableError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_METADATA = 3
_VERSION = 12


class _Uuid:
    """Sixteen bytes on the wire."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))

    @classmethod
    def repr(cls, value: UUID) -> str:
        return str(value)


class _Answer(Response):  # type: ignore[misc]
    API_KEY = _METADATA
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("in_sync", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = _METADATA
    API_VERSION = _VERSION
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Asking(Request[_Question]):  # type: ignore[misc]
    API_KEY = _METADATA

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_Question]) -> _Question:
        no_tags: dict[int, bytes] = {}
        topics = [(UUID(int=0), name, no_tags) for name in self._names]
        return request_struct_class(topics, False, False, no_tags)


class TopicFound(NamedTuple):
    """A topic that exists."""

    name: str
    topic_id: str  # a UUID; another one after the topic was deleted and made anew
    partitions: int
    copies: int  # of the partition that has the fewest


class Described(NamedTuple):
    """What a cluster says of itself and of the topics asked for."""

    cluster_id: str
    brokers: int
    topics: dict[str, TopicFound]


async def ask_metadata(client: AIOKafkaClient, names: Sequence[str]) -> Described:
    """Return what exists of these topics; creates nothing.

    Raises: KafkaError, also for an answer that is not to be relied on yet.
    """
    answer = await client.send(client.get_random_node(), _Asking(names))
    if not answer.brokers:  # a broker that woke up is not let in yet by its controller
        raise BrokerNotAvailableError("no broker is ready")
    found = {}
    for code, name, topic_id, _, partitions, _, _ in answer.topics:
        error = for_code(code)
        if error is UnknownTopicOrPartitionError:
            continue
        if code:
            raise error(name)
        copies = min((len(replicas) for _, _, _, _, replicas, *_ in partitions), default=0)
        found[name] = TopicFound(name, str(topic_id), len(partitions), copies)
    return Described(answer.cluster_id, len(answer.brokers), found)
