"""Rivals on the same cases, beside as many clients of a bare transaction in the same run.

Commands come directly and through the eventsourcing library. The sides take turns of a few seconds
on one server, so that what else the machine does falls on all. Every client goes on until it has
won its version: a latency is that of a command, with all its conflicts. An oracle then compares
what was acknowledged with what the log holds; the last line is one line of JSON. Ends with an
error where the oracle finds a fault.

    python -m tests.bench.rivals --log kafka --seconds 60
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import mean, quantiles

import uvloop
from aiokafka import AIOKafkaProducer
from msgspec import Struct

from deploy.kafka.broker import LocalCluster
from events.partitioning import PARTITIONS
from services.clock import SystemClock
from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer
from services.log.embedded.event_log import EmbeddedEventLog
from services.log.kafka.cluster import cluster_of
from services.log.kafka.event_log import open_kafka_log
from services.log.kafka.topics import create, log_topics
from services.ports import EventLog
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from services.streams.application import LogApplication
from tests.bench.machine import Measurement
from tests.bench.rivals.bare import TABLES, acknowledged_by, transactions
from tests.bench.rivals.clients import Attempt, Turn, commands, compete, library_commands
from tests.bench.rivals.figures import Figures, Side
from tests.bench.rivals.oracle import Held, judge

_TURN_S = 5.0
_WARM_UP_S = 2.0
_BARE_TOPICS = "bare."


class Arena(Struct):
    """Where both sides command: a database, and brokers where Kafka keeps the log."""

    dsn: str
    postgres: int  # the pid of its postmaster
    kafka: Settings | None


async def measure(arena: Arena, clients: int, cases: int, seconds: float) -> Figures:
    """Have the sides take turns, and judge what the log holds then."""
    turns, warm = ([Turn(won=[]) for _ in range(3)] for _ in range(2))
    async with await open_pool(arena.dsn, max_size=clients + 4) as pool:
        await migrate(pool)
        await pool.execute(TABLES)
        async with _sides(arena, pool) as (log, sides):
            for attempt, turn in zip(sides, warm, strict=True):
                await compete(attempt, turn, clients, cases, _WARM_UP_S, arena.postgres)
            while min(turn.seconds for turn in turns) < seconds:
                for attempt, turn in zip(sides, turns, strict=True):
                    left = min(_TURN_S, seconds - turn.seconds)
                    if left > 0:
                        await compete(attempt, turn, clients, cases, left, arena.postgres)
            held = [one async for one in _held(log)]
    commanded, plain, library = (_side(turn, clients) for turn in turns)
    return Figures(
        log="kafka" if arena.kafka else "embedded",
        clients=clients,
        cases=cases,
        seconds=seconds,
        commands=commanded,
        bare=plain,
        library=library,
        p95_ratio=round(commanded.p95_ms / plain.p95_ms, 2),
        found=judge([one for at in (0, 2) for did in (warm, turns) for one in did[at].won], held),
    )


@asynccontextmanager
async def _sides(
    arena: Arena, pool: Pool
) -> AsyncIterator[tuple[EventLog, tuple[Attempt, Attempt, Attempt]]]:
    if arena.kafka is None:
        async with EmbeddedEventLog(pool, SystemClock()) as log:
            app = LogApplication(log)
            yield log, (commands(log), transactions(pool, None), library_commands(app))
            app.close()
        return
    cluster = cluster_of(arena.kafka)
    await create(cluster, log_topics("", 1))
    bare = log_topics(_BARE_TOPICS, 1)
    await create(cluster, bare)
    async with (
        open_kafka_log(arena.kafka, pool, SystemClock()) as log,
        AIOKafkaProducer(**cluster.options, acks="all", enable_idempotence=True) as producer,
    ):
        acknowledge = acknowledged_by(producer, f"{_BARE_TOPICS}touchpoints.g1")
        app = LogApplication(log)
        yield log, (commands(log), transactions(pool, acknowledge), library_commands(app))
        app.close()


async def _held(log: EventLog) -> AsyncIterator[Held]:
    """Yield what the log holds, read as a projector reads it."""
    for partition in range(PARTITIONS):
        start = 0
        while found := await log.read(partition, start, 1_000):
            for one in found:
                yield one.envelope.source, one.envelope.sequence, one.envelope.id
            start = found[-1].position.n + 1


def _side(turn: Turn, clients: int) -> Side:
    count = len(turn.won)
    cuts = quantiles([1000 * one.seconds for one in turn.won], n=20)
    wins = Counter(one.client for one in turn.won)
    shares = [wins[client] for client in range(clients)]
    return Side(
        commands=count,
        conflicts=turn.conflicts,
        per_s=round(count / turn.seconds, 1),
        p50_ms=round(cuts[9], 2),
        p95_ms=round(cuts[18], 2),
        own_ms=round(1000 * turn.own_s / count, 2),
        postgres_ms=round(1000 * turn.server_s / count, 2),
        slowest_share=round(min(shares) / mean(shares), 2),
    )


@contextmanager
def arena_of(log: str) -> Iterator[Arena]:
    """Start what a log needs, in a temporary folder, with fsync on."""
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with EmbeddedServer(home / "data") as server:
            postmaster = find_postmaster(home / "data" / "cluster")
            assert postmaster is not None, "the server was just started"
            if log == "embedded":
                yield Arena(server.dsn, postmaster.pid, None)
                return
            with LocalCluster(home / "kafka", 1) as cluster:
                yield Arena(server.dsn, postmaster.pid, Settings(kafka=cluster.bootstrap))


def bench(
    logs: Sequence[str], clients: int, cases: int, seconds: float, say: Callable[[str], None]
) -> int:
    """Measure each log, say a line of JSON at the end, and return how many faults were found."""
    measurement = Measurement("rivals")
    say(measurement.beginning())
    figures = []
    for log in logs:
        with arena_of(log) as arena:
            figures.append(uvloop.run(measure(arena, clients, cases, seconds)))
        _show(figures[-1], say)
    say(measurement.line(figures))
    return sum(one.found.faults for one in figures)


def _show(one: Figures, say: Callable[[str], None]) -> None:
    say(f"{one.log}: {one.clients} clients, {one.cases} cases, {one.seconds:g} s of each side")
    sides = {"commands": one.commands, "bare transactions": one.bare, "by library": one.library}
    for name, side in sides.items():
        say(
            f"  {name:18} {side.per_s:7,.1f}/s, p50 {side.p50_ms:.1f} ms, p95 {side.p95_ms:.1f} "
            f"ms, {side.conflicts} conflicts, {side.own_ms:.2f} + {side.postgres_ms:.2f} ms of "
            f"processor time, slowest client {side.slowest_share:.0%} of the mean"
        )
    say(f"  p95 {one.p95_ratio} times that of the bare transaction; {one.found}")


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--log", choices=("embedded", "kafka"), action="append")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each side, on each log")
    options = parser.parse_args()
    logs = options.log or ["embedded", "kafka"]
    sys.exit(bool(bench(logs, options.clients, options.cases, options.seconds, print)))


if __name__ == "__main__":
    main()
