"""The platform over Kafka as separate processes: gateways and workers under a supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import httpx2

from deploy.kafka.broker import free_ports
from services.hosts.bootstrap import open_platform
from services.log.kafka.opening import ensure_topics
from services.settings import Settings
from tests.faults.commanding import touchstone
from tests.faults.kept import HUNG, Kept
from tests.faults.tracing import install, lawless
from tests.support.embedded import REPOSITORY

_READY_PATIENCE_S = 90.0
_LOOK_EVERY_S = 0.2
_SIGKILL, _INTERRUPTED = -9, 130  # the latter before it served
_TRY_AGAIN = 3
_CONSOLE = "console-1"


class KafkaProduct:
    """Gateways and workers, each kept running; every worker has a database role of its own."""

    def __init__(self, settings: Settings, *, gateways: int = 1) -> None:
        """Start nothing yet; `settings` name the database, the brokers and a prefix."""
        self.settings = settings
        self.program = REPOSITORY  # the release that is started from now on
        self._ports: dict[str, dict[str, str]] = {}
        self.gateway_processes: dict[str, Kept] = {}
        self.workers: dict[str, Kept] = {}
        self.consoles: dict[str, Kept] = {}
        self._console_port = free_ports(1)[0]
        self._keeper: asyncio.Task[None] | None = None
        for n in range(gateways):
            console, port = free_ports(2)
            self._ports[f"gateway-{n + 1}"] = {
                "TOUCHSTONE_CONSOLE_PORT": str(console),
                "TOUCHSTONE_GATEWAY_PORT": str(port),
            }

    @property
    def gateways(self) -> Sequence[str]:
        """Return where branches publish."""
        return [
            f"http://127.0.0.1:{ports['TOUCHSTONE_GATEWAY_PORT']}" for ports in self._ports.values()
        ]

    def _kept(self, name: str) -> Kept:
        # Another release serves both doors in one process.
        serve = "serve gateway" if self.program == REPOSITORY else "serve"
        command = serve if name in self._ports else "work"
        ports = self._ports.get(name, {})
        if name == _CONSOLE:
            command, ports = "serve console", {"TOUCHSTONE_CONSOLE_PORT": str(self._console_port)}
        environment = {**self._environment(name), **ports}
        return Kept(name, command, environment, self.settings.data, self.program)

    def _environment(self, role: str | None = None) -> dict[str, str]:
        dsn = str(self.settings.dsn)
        if role is not None:
            parts = urlsplit(dsn)
            dsn = urlunsplit(parts._replace(netloc=f"{role}@"))
        return {
            "TOUCHSTONE_DSN": dsn,
            "TOUCHSTONE_DATA": str(self.settings.data),
            "TOUCHSTONE_KAFKA": str(self.settings.kafka),
            "TOUCHSTONE_KAFKA_PREFIX": self.settings.kafka_prefix,
            "TMPDIR": str(self.settings.data),  # what a killed worker leaves goes with the rest
        }

    async def prepare(self) -> None:
        """Make topics, tables and roles, and record from now on who writes."""
        await ensure_topics(self.settings)
        async with open_platform(self.settings) as platform:
            await install(platform.pool)

    async def start(self, workers: int = 2) -> None:
        """Start gateways and workers; return once the gateways answer."""
        for name in self._ports:
            self.start_gateway(name)
        for n in range(workers):
            self.start_worker(f"worker-{n + 1}")
        self._keeper = asyncio.create_task(self._keep(), name="supervisor")
        await self.ready()

    async def ready(self) -> None:
        """Return once every gateway answers. Raises: TimeoutError."""
        async with httpx2.AsyncClient(timeout=2.0) as client, asyncio.timeout(_READY_PATIENCE_S):
            for address in self.gateways:
                while True:
                    with contextlib.suppress(httpx2.TransportError):
                        await client.get(f"{address}/api/v1/events")
                        break
                    await asyncio.sleep(_LOOK_EVERY_S)

    def start_worker(self, name: str) -> Kept:
        """Start a worker under that name, of today's release, and keep it running."""
        return self._start(self.workers, name)

    def start_console(self) -> Kept:
        """Start a console, and keep it running."""
        return self._start(self.consoles, _CONSOLE)

    def start_gateway(self, name: str) -> Kept:
        """Start that gateway, of today's release, and keep it running."""
        return self._start(self.gateway_processes, name)

    def _start(self, kind: dict[str, Kept], name: str) -> Kept:
        ends = kind[name].ends if name in kind else []
        kind[name] = self._kept(name)
        kind[name].ends = ends
        kind[name].start()
        return kind[name]

    def _all(self) -> list[Kept]:
        return [*self.gateway_processes.values(), *self.workers.values(), *self.consoles.values()]

    async def _keep(self) -> None:
        while True:
            for kept in self._all():
                kept.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def stop(self) -> None:
        """End everything as an operator would."""
        if self._keeper is not None:
            self._keeper.cancel()
        await asyncio.gather(*(asyncio.to_thread(one.end) for one in self._all()))

    def odd_ends(self) -> list[str]:
        """Return the ends that no kill, no order and no stall explains."""
        return [
            f"{one.name} {'did not end when asked' if end.code == HUNG else f'ended: {end.code}'}"
            f", saying last {end.last_words}"
            for one in self._all()
            for end in one.ends
            if end.code not in (0, _SIGKILL, _INTERRUPTED, _TRY_AGAIN)
        ]

    def ends(self) -> Counter[int]:
        """Return how often a worker ended with each exit code."""
        return Counter(end.code for worker in self.workers.values() for end in worker.ends)

    async def lawless(self) -> list[str]:
        """Return every write by somebody who did not own the partition."""
        async with open_platform(self.settings) as platform:
            return await lawless(platform.pool)

    async def command(self, *words: str) -> tuple[int, dict[str, object]]:
        """Run a `touchstone` command to its end; return its exit code and its JSON document."""
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")},
            **self._environment(),
            "PYTHONPATH": os.pathsep.join([str(self.program), *sys.path]),
        }
        return await touchstone(self.program, environment, words)


@asynccontextmanager
async def kafka_product(
    dsn: str, kafka: str, prefix: str, *, gateways: int = 1
) -> AsyncIterator[KafkaProduct]:
    """Give a prepared product, not started; all its processes are ended."""
    with TemporaryDirectory(prefix="touchstone-faults-") as home:
        settings = Settings(dsn=dsn, kafka=kafka, kafka_prefix=prefix, data=Path(home))
        made = KafkaProduct(settings, gateways=gateways)
        await made.prepare()
        try:
            yield made
        finally:
            await made.stop()
