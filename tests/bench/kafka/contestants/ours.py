"""Our projector over Kafka.

The kind `trivial` projects the trivial fold and keeps no mirror; `real` keeps every projection
of the platform and the mirror, in two processes as `make run-kafka` has them: the other one is
of the kind `beside`. `all` adds the trivial fold to those; these two work until ended.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import psutil
import structlog
import uvloop
from msgspec import json, structs

from events.envelope import CustomerId, PositionVector
from projections import PROJECTIONS
from projections.protocol import Projection
from services.audit.verify import verify
from services.hosts.bootstrap import open_platform
from services.hosts.worker.projector import KafkaProjector
from services.log.kafka.cluster import cluster_of
from services.log.kafka.mirror import EventsMirror
from services.platform import Platform
from services.ports import Dossier, Dossiers, StoredEvent
from services.rows.row_tables import ensure_tables
from services.settings import Settings
from tests.bench.kafka.amounts import amount_of
from tests.bench.kafka.contest import settings_of
from tests.bench.kafka.customer_sums import CustomerSums
from tests.bench.kafka.task import Result, Stopwatch, Sums, Task, answer, digest_of, given_task
from tests.bench.kafka.topic import GENERATION
from tests.bench.profile import Shares, shares_of

_KINDS: dict[str, tuple[Projection, ...]] = {
    "trivial": (CustomerSums(),),
    "real": PROJECTIONS,
    "beside": PROJECTIONS,
    "all": (*PROJECTIONS, CustomerSums()),
}
_LOOK_EVERY_S = 0.02
_PROGRESS = """
SELECT coalesce(min(events), 0) FROM (
    SELECT sum(next) AS events FROM checkpoints GROUP BY projection, version
) AS per_projection
"""


async def run(task: Task) -> Result:
    """Project the whole topic, and prove that what was written is what the events say."""
    settings = settings_of(task)
    async with open_platform(settings) as platform, _workers(task) as cpu_s:
        projector = await projector_of(platform, settings, task.kind)
        watch = Stopwatch(task, cpu_s)

        async def race() -> None:
            watching = asyncio.create_task(_watch(watch, task.dsn))
            await projector.catch_up()
            await watching

        shares: Shares = {}
        if task.shares:
            shares = await shares_of(race)
        else:
            await race()
        sums = await (_written(platform) if task.kind == "trivial" else _mirrored(platform))
        if task.kind != "trivial":
            found = await verify(platform, lambda _: None)
            if found.differences or found.parked:
                raise SystemExit(f"the rows are not what the events say: {found.named[:3]}")
    return watch.result(digest_of(sums), shares)


@asynccontextmanager
async def _workers(task: Task) -> AsyncIterator[Callable[[], float]]:
    """Have a second worker share the partitions of real work, unless a profile is taken.

    Yields what tells the processor time of both.
    """
    if task.kind != "real" or task.shares:
        yield time.process_time
        return
    other = structs.replace(task, kind="beside")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.kafka.contestants.ours", json.encode(other).decode()
    )
    other_process = psutil.Process(process.pid)
    try:
        yield lambda: time.process_time() + sum(other_process.cpu_times()[:2])
    finally:
        process.terminate()
        await process.wait()


async def projector_of(platform: Platform, settings: Settings, kind: str) -> KafkaProjector:
    """Return a projector of that kind, its tables made."""
    projections = _KINDS[kind]
    if kind == "trivial":
        # Without a mirror nobody who was forgotten could be read again: nobody may be forgotten.
        platform = replace(platform, max_facts=sys.maxsize, dossiers=AskedOnce(platform.dossiers))
    async with platform.pool.acquire() as connection:
        await ensure_tables(connection, projections)
    return KafkaProjector(
        platform,
        cluster_of(settings),
        GENERATION,
        projections=projections,
        mirror=None if kind == "trivial" else EventsMirror(),
    )


class Forgotten(Exception):
    """Somebody's events were asked for again, and are kept nowhere."""


class AskedOnce:
    """Dossiers of a log that keeps no mirror: empty, which is right for who is new alone."""

    def __init__(self, dossiers: Dossiers) -> None:
        self._dossiers = dossiers
        self._asked: set[CustomerId] = set()

    async def of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Mapping[CustomerId, Sequence[StoredEvent]]:
        """Return the empty dossiers of new customers. Raises: Forgotten."""
        self._ask(customers)
        return await self._dossiers.of(customers, before)

    async def facts_of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Sequence[Dossier]:
        """Return the same, as the projector reads them. Raises: Forgotten."""
        self._ask(customers)
        return await self._dossiers.facts_of(customers, before)

    def _ask(self, customers: Sequence[CustomerId]) -> None:
        if again := self._asked.intersection(customers):
            raise Forgotten(f"{len(again)} customers were forgotten: their sums would be wrong")
        self._asked.update(customers)


async def _watch(watch: Stopwatch, dsn: str) -> None:
    """Follow the checkpoints until every projection has taken in everything."""
    connection = await asyncpg.connect(dsn)
    try:
        while not watch.saw(int(await connection.fetchval(_PROGRESS))):  # noqa: ASYNC110 - a row
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        await connection.close()


async def _written(platform: Platform) -> Sums:
    """Return the fold as the rows have it."""
    rows = await platform.pool.fetch(
        "SELECT customer_id, events, amount_minor FROM customer_sums_v1_sums"
    )
    return {row["customer_id"].encode(): [row["events"], row["amount_minor"]] for row in rows}


async def _mirrored(platform: Platform) -> Sums:
    """Return the fold of the mirrored events."""
    sums: Sums = {}
    for row in await platform.pool.fetch("SELECT customer_id, data FROM events"):
        own = sums.setdefault(row["customer_id"].encode(), [0, 0])
        own[0] += 1
        own[1] += amount_of(row["data"])
    return sums


async def work(task: Task) -> None:
    """Project until this process is ended."""
    settings = settings_of(task)
    async with open_platform(settings) as platform:
        await (await projector_of(platform, settings, task.kind)).run()


def main() -> None:
    """Measure, or with the kind `all` just work."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    task = given_task()
    if task.kind in ("all", "beside"):
        uvloop.run(work(task))
    else:
        answer(uvloop.run(run(task)))


if __name__ == "__main__":
    main()
