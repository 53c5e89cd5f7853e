"""What faults stand on: a database server and brokers, and a database of its own for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import psutil

from deploy.kafka.broker import LocalCluster
from services.local_postgres.keeping import kept_running
from services.local_postgres.server import EmbeddedServer, ServerSettings
from tests.faults.kafka_product import KafkaProduct, kafka_product
from tests.faults.tracing import make_roles
from tests.support.postgres import fresh_database, reachable_directory

_SERVER = ServerSettings(shared_buffers_mb=128, max_connections=300, max_wal_size_mb=1024)

T = TypeVar("T")


class Ground:
    """Servers that are started when they are first asked for, and serve one fault after another."""

    def __init__(self, stack: AsyncExitStack, home: Path, kafka: str | None) -> None:
        self._stack = stack
        self._home = home
        self._kafka = kafka
        self._dsn: str | None = None
        self._starting = asyncio.Lock()

    async def dsn(self) -> str:
        """Return the database server, kept running as `touchstone run` keeps it."""
        async with self._starting:
            if self._dsn is None:
                server = EmbeddedServer(self._home / "postgres", _SERVER)
                dsn = await self._stack.enter_async_context(kept_running(server))
                await make_roles(dsn)
                self._dsn = dsn
        return self._dsn

    async def kafka(self) -> str:
        """Return the address of the one broker."""
        async with self._starting:
            if self._kafka is None:
                own = running_brokers(self._home / "kafka")
                self._kafka = (await self._stack.enter_async_context(own)).cluster.bootstrap
        return self._kafka

    @asynccontextmanager
    async def product(
        self, kafka: str | None = None, *, gateways: int = 1
    ) -> AsyncIterator[KafkaProduct]:
        """Give a product with a database and topics of its own, prepared and not started."""
        brokers = kafka or await self.kafka()
        prefix = f"f{uuid4().hex[:8]}."
        async with (
            fresh_database(await self.dsn()) as dsn,
            kafka_product(dsn, brokers, prefix, gateways=gateways) as made,
        ):
            yield made

    def database_processes(self) -> list[psutil.Process]:
        """Return the postmaster and its children, if it runs."""
        try:
            words = (self._home / "postgres" / "cluster" / "postmaster.pid").read_text().split()
            postmaster = psutil.Process(int(words[0]))
            return [postmaster, *postmaster.children(recursive=True)]
        except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return []


@asynccontextmanager
async def ground(kafka: str | None = None) -> AsyncIterator[Ground]:
    """Give the ground; everything on it is stopped and removed at the end."""
    with reachable_directory() as home:
        async with AsyncExitStack() as stack:
            yield Ground(stack, home, kafka)


class Brokers:
    """Brokers whose calls leave the loop free; they live as long as the thread that calls."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.cluster = cluster
        self._thread = ThreadPoolExecutor(1, "brokers")

    async def do(self, call: Callable[[], T]) -> T:
        """Return what a call returns, made on the brokers' own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


@asynccontextmanager
async def running_brokers(
    home: Path, count: int = 1, *, cluster: LocalCluster | None = None
) -> AsyncIterator[Brokers]:
    """Run brokers in a folder, or those given."""
    brokers = Brokers(cluster or LocalCluster(home, count))
    try:
        await brokers.do(brokers.cluster.start)
        yield brokers
    finally:
        await brokers.do(brokers.cluster.stop)
