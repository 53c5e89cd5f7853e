"""The same test over either event log: PostgreSQL's own, or Kafka's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from projections import PROJECTIONS
from projections.protocol import Projection
from services.hosts.project import Projector
from services.hosts.worker.projector import KafkaProjector
from services.log.kafka.cluster import cluster_of
from services.log.kafka.generations import claim_generation
from services.platform import Platform
from services.settings import Settings
from tests.support.kafka import own_topics

EITHER = ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)]
"""Parameters of a fixture that runs its tests over both."""


@asynccontextmanager
async def chosen_log(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Settings]:
    """Give settings for the log that the fixture's parameter names: embedded or kafka."""
    if request.param == "embedded":
        yield settings
        return
    async with own_topics(request.getfixturevalue("kafka_server")) as kafka:
        yield kafka.model_copy(update={"dsn": settings.dsn, "data": settings.data})


async def catch_up(
    platform: Platform, settings: Settings, projections: Sequence[Projection] = PROJECTIONS
) -> int:
    """Project all that the log holds, in this process; return how many events."""
    if settings.kafka is None:
        return await Projector(platform, projections=projections).catch_up()
    generation = await claim_generation(platform.pool)
    return await KafkaProjector(
        platform, cluster_of(settings), generation, projections=projections
    ).catch_up()
