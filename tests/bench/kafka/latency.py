"""How long an event takes from its acknowledgement to the row that shows it.

This process is the gateway and the reader, and another one is a worker with every projection,
the trivial fold among them. The reader is told by PostgreSQL that rows changed, and asks for
those customers whose events it waits for; an event is seen once its customer's row counts it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from asyncio.subprocess import DEVNULL
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
from msgspec import Struct

from events.envelope import BranchId
from services.hosts.bootstrap import open_platform
from services.intake.draft import Scope
from services.log.kafka.cluster import cluster_of
from services.log.kafka.topics import create, log_topics
from services.platform import Platform
from services.rows.row_tables import ensure_tables
from tests.bench.kafka.company import Company, Told
from tests.bench.kafka.contest import Arena, Contestant, command, environment, settings_of
from tests.bench.kafka.customer_sums import CustomerSums
from tests.bench.kafka.figures import Latencies
from tests.bench.kafka.task import Task
from tests.bench.kafka.topic import GENERATION
from tests.support.postgres import fresh_database

_PREFIX = "latency."
_SEED = 11
_TICK_S = 0.02
_WARM_UP = 1 / 6
_PATIENCE_S = 60.0
_LOOK_ANYWAY_S = 0.1
_SEEN = "SELECT customer_id, events FROM customer_sums_v1_sums WHERE customer_id = ANY($1)"


class LatencyFailed(Exception):
    """Events did not become visible, or could not be sent at the rate asked for."""


class _Flight(Struct):
    """One event between sending and its row."""

    customer: str
    count: int  # the customer's row shows the event once it counts so many
    sent: float = 0.0
    acknowledged: float = 0.0
    visible: float = 0.0


async def measure(
    arena: Arena, worker: Contestant, *, events_per_s: int, seconds: float, customers: int
) -> Latencies:
    """Send at a steady rate and return the latencies after a warm-up. Raises: LatencyFailed."""
    async with fresh_database(arena.dsn) as dsn:
        with tempfile.TemporaryDirectory(dir=arena.folder) as folder:
            task = Task(
                kind=worker.kind, run=0, servers=arena.kafka, prefix=_PREFIX, dsn=dsn,
                folder=folder, events=0, warm_up=0,
            )  # fmt: skip
            settings = settings_of(task)
            await create(cluster_of(settings), log_topics(_PREFIX, GENERATION))
            async with open_platform(settings) as platform:
                async with platform.pool.acquire() as connection:
                    await ensure_tables(connection, (CustomerSums(),))
                process = await asyncio.create_subprocess_exec(
                    *command(worker, task), env=environment(), cwd=folder, stdout=DEVNULL
                )
                try:
                    return await _Run(platform, customers).measured(events_per_s, seconds)
                finally:
                    process.terminate()
                    await process.wait()


class _Run:
    """One measurement: what is under way, and what has been seen."""

    def __init__(self, platform: Platform, customers: int) -> None:
        self._platform = platform
        self._company = Company(customers, _SEED)
        self._counts: Counter[str] = Counter()
        self._flights: list[_Flight] = []
        self._waiting: dict[str, list[_Flight]] = {}
        self._changed = asyncio.Event()

    async def measured(self, events_per_s: int, seconds: float) -> Latencies:
        """Send for the warm-up and so many seconds, wait for the last row, and reckon."""
        warm_up_s = _WARM_UP * seconds
        connection = await asyncpg.connect(self._platform.dsn)
        await connection.add_listener("touchstone_changed", lambda *_: self._changed.set())
        try:
            async with asyncio.TaskGroup() as tasks:
                looking = tasks.create_task(self._look(connection))
                await self._first_row()
                began = time.perf_counter()
                await self._send(events_per_s, warm_up_s + seconds)
                took = time.perf_counter() - began
                await self._all_seen()
                looking.cancel()
        finally:
            await connection.close()
        warm = [one for one in self._flights if one.sent >= began + warm_up_s]
        acknowledged = sorted(one.acknowledged - one.sent for one in warm)
        visible = sorted(max(0.0, one.visible - one.acknowledged) for one in warm)
        return Latencies(
            events=len(warm),
            events_per_s=round(len(self._flights) / took),
            acknowledged_p50=_at(acknowledged, 0.5),
            acknowledged_p99=_at(acknowledged, 0.99),
            visible_p50=_at(visible, 0.5),
            visible_p99=_at(visible, 0.99),
        )

    async def _first_row(self) -> None:
        """Wait until the worker shows a first event, however long it takes to start."""
        await self._submit([self._told()])
        await self._all_seen()
        self._flights.clear()

    async def _send(self, events_per_s: int, seconds: float) -> None:
        """Submit a little group every tick, whether or not those before were acknowledged."""
        began, sent = time.perf_counter(), 0
        async with asyncio.TaskGroup() as submitting:
            while (elapsed := time.perf_counter() - began) < seconds:
                due = int(elapsed * events_per_s) - sent
                sent += due
                submitting.create_task(self._submit([self._told() for _ in range(due)]))
                await asyncio.sleep(_TICK_S)

    def _told(self) -> Told:
        return self._company.next(datetime.now(UTC))

    async def _submit(self, told: Sequence[Told]) -> None:
        """Submit each branch's share as the gateway does, and note when it is acknowledged."""
        shares: dict[BranchId, list[Told]] = {}
        for one in told:
            shares.setdefault(one.draft.envelope.branch_id, []).append(one)
        await asyncio.gather(*(self._share(branch, own) for branch, own in shares.items()))

    async def _share(self, branch: BranchId, told: Sequence[Told]) -> None:
        flights = []
        for one in told:
            customer = one.draft.envelope.subject or ""
            self._counts[customer] += 1
            flight = _Flight(customer, self._counts[customer], time.perf_counter())
            self._waiting.setdefault(customer, []).append(flight)
            flights.append(flight)
        self._flights += flights
        drafts = [one.draft for one in told]
        answers = await self._platform.intake.submit_validated(Scope(branch), drafts)
        now = time.perf_counter()
        for flight, said in zip(flights, answers, strict=True):
            if said.status != "accepted":
                raise LatencyFailed(f"the gateway answered {said}")
            flight.acknowledged = now

    async def _look(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """See rows as they change."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_ANYWAY_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            rows = await connection.fetch(_SEEN, list(self._waiting))
            now = time.perf_counter()
            for row in rows:
                self._saw(row["customer_id"], row["events"], now)

    def _saw(self, customer: str, count: int, now: float) -> None:
        left = []
        for flight in self._waiting.get(customer, ()):
            if flight.count <= count:
                flight.visible = now
            else:
                left.append(flight)
        if left:
            self._waiting[customer] = left
        else:
            self._waiting.pop(customer, None)

    async def _all_seen(self) -> None:
        deadline = time.perf_counter() + _PATIENCE_S
        while self._waiting:
            if time.perf_counter() > deadline:
                raise LatencyFailed(f"{len(self._waiting)} customers' events are not visible")
            await asyncio.sleep(_TICK_S)


def _at(ordered: Sequence[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
