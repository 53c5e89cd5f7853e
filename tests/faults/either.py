"""The product on either log, by the same few words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Protocol

from services.hosts.project import Projector
from services.hosts.worker.projector import KafkaProjector
from services.log.kafka.cluster import cluster_of
from services.platform import Platform
from tests.faults.kafka_product import KafkaProduct
from tests.faults.matrix import Mode, Scene
from tests.faults.oracle import Running
from tests.faults.product import Product, product


class Either(Protocol):
    """A product that is prepared and not started."""

    @property
    def made(self) -> Running:
        """Return the product."""
        ...

    async def up(self) -> None:
        """Start it, and return when it serves."""
        ...

    def kill_projecting(self, dice: Random) -> None:
        """Kill a process that projects; its supervisor starts it again."""
        ...

    async def project(self, platform: Platform) -> None:
        """Take in all there is, in this process and by its clock."""
        ...


class _OnKafka:
    def __init__(self, made: KafkaProduct) -> None:
        self.made = made

    async def up(self) -> None:
        await self.made.start(workers=2)

    def kill_projecting(self, dice: Random) -> None:
        self.made.workers[dice.choice(sorted(self.made.workers))].kill()

    async def project(self, platform: Platform) -> None:
        await KafkaProjector(platform, cluster_of(self.made.settings), 1).catch_up()


class _Embedded:
    def __init__(self, made: Product) -> None:
        self.made = made

    async def up(self) -> None:
        self.made.start()
        await self.made.ready()

    def kill_projecting(self, dice: Random) -> None:
        if self.made.runs("project"):
            self.made.service("project").kill()

    async def project(self, platform: Platform) -> None:
        await Projector(platform).catch_up()


@asynccontextmanager
async def either(
    scene: Scene, mode: Mode, *, gateways: int = 1, kafka: str | None = None
) -> AsyncIterator[Either]:
    """Give a product on that log; of Kafka's, on those brokers, if any are named."""
    if mode == "kafka":
        async with scene.ground.product(kafka, gateways=gateways) as made:
            yield _OnKafka(made)
    else:
        async with product() as run:
            yield _Embedded(run)
