"""A worker has what its group gave it last, and nothing of what it had before."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from aiokafka.structs import TopicPartition

from events.partitioning import REFERENCE_PARTITION
from services.hosts.worker.projector import KafkaProjector
from services.log.kafka.cluster import cluster_of
from services.log.kafka.topics import TopicPartitions
from services.platform import Platform
from services.settings import Settings


class Consumer:
    """Takes every order."""

    def __init__(self, **_: object) -> None:
        pass

    def pause(self, place: TopicPartition) -> None:
        pass

    def seek(self, place: TopicPartition, offset: int) -> None:
        pass


def places(*partitions: int) -> Sequence[TopicPartition]:
    return [TopicPartitions("", 1).of(partition) for partition in partitions]


async def test_what_went_elsewhere_is_not_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.hosts.worker.projector.AIOKafkaConsumer", Consumer)
    platform = cast(Platform, SimpleNamespace(pool=None, max_facts=0, clock=None))
    cluster = cluster_of(Settings(kafka="127.0.0.1:1"))
    projector = KafkaProjector(platform, cluster, 1)
    await projector.on_partitions_assigned(places(0, 1, REFERENCE_PARTITION))
    assert projector.reached().keys() == {0, 1, REFERENCE_PARTITION}
    await projector.on_partitions_assigned(places(1, 2))  # with no word that others were revoked
    assert projector.reached().keys() == {1, 2}
