"""The platform over Kafka as separate processes: gateways and workers under a supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import json
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
from services.bootstrap import open_platform
from services.kafka.opening import ensure_topics
from services.settings import Settings
from tests.faults.kept import HUNG, Kept
from tests.faults.tracing import install, lawless
from tests.support.embedded import REPOSITORY

_READY_PATIENCE_S = 90.0
_LOOK_EVERY_S = 0.2
_SIGKILL = -9
_TRY_AGAIN = 3


class KafkaProduct:
    """Gateways and workers, each kept running; every worker has a database role of its own."""

    def __init__(self, settings: Settings, *, gateways: int = 1, program: Path = REPOSITORY):
        """Start nothing yet; `settings` name the database, the brokers and a prefix."""
        self.settings = settings
        self.program = program
        self._gateways: dict[str, Kept] = {}
        self.workers: dict[str, Kept] = {}
        self._keeper: asyncio.Task[None] | None = None
        for n in range(gateways):
            console, port = free_ports(2)
            ports = {"TOUCHSTONE_CONSOLE_PORT": str(console), "TOUCHSTONE_GATEWAY_PORT": str(port)}
            address = f"http://127.0.0.1:{port}"
            self._gateways[address] = self._kept(f"gateway-{n + 1}", "serve", ports)

    @property
    def gateways(self) -> Sequence[str]:
        """Return where branches publish."""
        return list(self._gateways)

    def _kept(self, name: str, command: str, more: dict[str, str]) -> Kept:
        environment = {**self._environment(name), **more}
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
        }

    async def prepare(self) -> None:
        """Make topics, tables and roles, and record from now on who writes."""
        await ensure_topics(self.settings)
        async with open_platform(self.settings) as platform:
            await install(platform.pool)

    async def start(self, workers: int = 2) -> None:
        """Start gateways and workers; return once the gateways answer."""
        for gateway in self._gateways.values():
            gateway.start()
        for n in range(workers):
            self.start_worker(f"worker-{n + 1}")
        self._keeper = asyncio.create_task(self._keep(), name="supervisor")
        await self.ready()

    async def ready(self) -> None:
        """Return once every gateway answers. Raises: TimeoutError."""
        async with httpx2.AsyncClient(timeout=2.0) as client, asyncio.timeout(_READY_PATIENCE_S):
            for address in self._gateways:
                while True:
                    with contextlib.suppress(httpx2.TransportError):
                        await client.get(f"{address}/api/v1/events")
                        break
                    await asyncio.sleep(_LOOK_EVERY_S)

    def start_worker(self, name: str, program: Path | None = None) -> Kept:
        """Start a worker under that name, and keep it running."""
        if program is not None:
            self.program = program
        if name not in self.workers or program is not None:
            self.workers[name] = self._kept(name, "work", {})
        self.workers[name].start()
        return self.workers[name]

    def gateway_processes(self) -> list[Kept]:
        """Return the gateways."""
        return list(self._gateways.values())

    async def _keep(self) -> None:
        while True:
            for kept in (*self._gateways.values(), *self.workers.values()):
                kept.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def stop(self) -> None:
        """End everything as an operator would."""
        if self._keeper is not None:
            self._keeper.cancel()
        kept = [*self.workers.values(), *self._gateways.values()]
        await asyncio.gather(*(asyncio.to_thread(one.end) for one in kept))

    def odd_ends(self) -> list[str]:
        """Return the ends that no kill, no order and no stall explains."""
        kept = (*self._gateways.values(), *self.workers.values())
        return [
            f"{one.name} {'did not end when asked' if code == HUNG else f'ended with {code}'}: "
            f"{one.said()[-600:]}"
            for one in kept
            for code in one.ends
            if code not in (0, _SIGKILL, _TRY_AGAIN)
        ]

    def ends(self) -> Counter[int]:
        """Return how often a worker ended with each exit code."""
        return Counter(code for worker in self.workers.values() for code in worker.ends)

    async def lawless(self) -> list[str]:
        """Return every write by somebody who did not own the partition."""
        async with open_platform(self.settings) as platform:
            return await lawless(platform.pool)

    async def command(self, *words: str) -> tuple[int, dict[str, object]]:
        """Run a `touchstone` command to its end; return its exit code and its JSON document."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services", *words, "--format", "json"),
            cwd=self.program,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")},
                **self._environment(),
                "PYTHONPATH": os.pathsep.join([str(self.program), *sys.path]),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert output, f"touchstone {' '.join(words)}: {errors.decode()[-2_000:]}"
        document: dict[str, object] = json.loads(output)
        return process.returncode or 0, document


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
