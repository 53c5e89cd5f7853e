"""Rivals on the same cases, beside as many clients of a bare transaction in the same run.

Commands come directly, through the eventsourcing library, and over HTTP to a gateway's process,
whose peer is a bare transaction behind the same server. The sides take turns of a few seconds
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
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import mean, quantiles
from typing import NamedTuple

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
from services.log.kafka.opening import ensure_topics
from services.log.kafka.topics import create, log_topics
from services.ports import EventLog
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from services.streams.application import LogApplication
from tests.bench.machine import Measurement
from tests.bench.rivals.bare import (
    BARE_TOPIC,
    BARE_TOPICS,
    TABLES,
    Bare,
    acknowledged_by,
    transactions,
)
from tests.bench.rivals.clients import (
    Contestant,
    Turn,
    Won,
    commands,
    compete,
    library_commands,
)
from tests.bench.rivals.figures import Figures, Side
from tests.bench.rivals.oracle import Held, judge
from tests.bench.rivals.over_http import bare_server, gateway, open_cases

_TURN_S = 5.0
_WARM_UP_S = 2.0
_SIDES = ("commands", "bare", "library", "served", "bare_served")


class Arena(Struct):
    """Where both sides command: a database, and brokers where Kafka keeps the log."""

    dsn: str
    postgres: int  # the pid of its postmaster
    data: Path  # where a gateway keeps its key
    kafka: Settings | None

    @property
    def settings(self) -> Settings:
        """Return the settings of the platform there."""
        return (self.kafka or Settings()).model_copy(update={"dsn": self.dsn, "data": self.data})


async def measure(arena: Arena, clients: int, cases: int, seconds: float) -> Figures:
    """Have the sides take turns, and judge what the log holds then."""
    turns, warm = ({side: Turn(won=[]) for side in _SIDES} for _ in range(2))
    async with await open_pool(arena.dsn, max_size=clients + 4) as pool:
        await migrate(pool)
        await pool.execute(TABLES)
        async with _contest(arena, pool, clients, cases) as contest:
            for name, one in contest.sides.items():
                await compete(one, warm[name], clients, _WARM_UP_S, arena.postgres)
            while min(turn.seconds for turn in turns.values()) < seconds:
                for name, one in contest.sides.items():
                    left = min(_TURN_S, seconds - turns[name].seconds)
                    if left > 0:
                        await compete(one, turns[name], clients, left, arena.postgres)
            held = [one async for one in _held(contest.log)]
    of_log = [name for name in _SIDES if not name.startswith("bare")]
    won = [one for name in of_log for did in (warm, turns) for one in did[name].won]
    sides = {name: _side(turn, clients) for name, turn in turns.items()}
    return Figures(
        log="kafka" if arena.kafka else "embedded",
        clients=clients,
        cases=cases,
        seconds=seconds,
        **sides,
        p95_ratio=_ratio(sides["commands"], sides["bare"]),
        served_p95_ratio=_ratio(sides["served"], sides["bare_served"]),
        found=judge([*contest.opened, *won], held),
    )


def _ratio(side: Side, bare: Side) -> float:
    return round(side.p95_ms / bare.p95_ms, 2)


class Contest(NamedTuple):
    """Who competes, by name; the log that some write to; and what opened its cases."""

    sides: Mapping[str, Contestant]
    log: EventLog
    opened: Sequence[Won]


@asynccontextmanager
async def _contest(arena: Arena, pool: Pool, clients: int, cases: int) -> AsyncIterator[Contest]:
    """Give the contestants: those over HTTP on other cases, which are opened before."""
    direct, others = range(cases), range(cases, 2 * cases)
    async with AsyncExitStack() as stack:
        acknowledge = None
        if arena.kafka is not None:
            await ensure_topics(arena.settings)
            cluster = cluster_of(arena.kafka)
            await create(cluster, log_topics(BARE_TOPICS, 1))
            producer = AIOKafkaProducer(**cluster.options, acks="all", enable_idempotence=True)
            await stack.enter_async_context(producer)
            acknowledge = acknowledged_by(producer, BARE_TOPIC)
        opened = await open_cases(arena.settings, clients, others)
        log: EventLog
        if arena.kafka is None:
            log = await stack.enter_async_context(EmbeddedEventLog(pool, SystemClock()))
        else:
            kafka = open_kafka_log(arena.kafka, pool, SystemClock())
            log = await stack.enter_async_context(kafka)
        app = LogApplication(log)
        stack.callback(app.close)
        sides = {
            "commands": Contestant(commands(log), direct),
            "bare": Contestant(transactions(Bare(pool, acknowledge)), direct),
            "library": Contestant(library_commands(app), direct),
            "served": await stack.enter_async_context(gateway(arena.settings, opened, others)),
            "bare_served": await stack.enter_async_context(bare_server(arena.settings, others)),
        }
        yield Contest(sides, log, opened.won)


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
                yield Arena(server.dsn, postmaster.pid, home / "data", None)
                return
            with LocalCluster(home / "kafka", 1) as cluster:
                kafka = Settings(kafka=cluster.bootstrap)
                yield Arena(server.dsn, postmaster.pid, home / "data", kafka)


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
    sides = {
        "commands": one.commands,
        "bare transactions": one.bare,
        "by library": one.library,
        "over HTTP": one.served,
        "bare over HTTP": one.bare_served,
    }
    for name, side in sides.items():
        say(
            f"  {name:18} {side.per_s:7,.1f}/s, p50 {side.p50_ms:.1f} ms, p95 {side.p95_ms:.1f} "
            f"ms, {side.conflicts} conflicts, {side.own_ms:.2f} + {side.postgres_ms:.2f} ms of "
            f"processor time, slowest client {side.slowest_share:.0%} of the mean"
        )
    say(
        f"  p95 {one.p95_ratio} times that of the bare transaction, over HTTP "
        f"{one.served_p95_ratio} times that of one behind the same server; {one.found}"
    )


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
