"""`make bench-kafka`: everybody over the same topic, with the same fold, in the same run.

The contestants fold one topic of events of about 200 bytes into a count and a sum per
customer, in turn, several rounds; the median counts, and whoever's fold is wrong fails the run.
The first tenth is not measured. The last line is one line of JSON with the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import msgspec

from deploy.kafka import jars
from deploy.kafka.broker import BrokerFailed, LocalCluster
from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer
from services.log.kafka.cluster import cluster_of
from services.settings import Settings
from tests.bench.kafka import figures, kafka_streams
from tests.bench.kafka.company import Company
from tests.bench.kafka.contest import (
    Arena,
    Contestant,
    ContestantFailed,
    Measured,
    compete,
    module,
)
from tests.bench.kafka.figures import QUIX, STREAMS, Entry, Figures, Options
from tests.bench.kafka.kafka_streams import StreamsMissing
from tests.bench.kafka.latency import measure
from tests.bench.kafka.peers import PeersMissing, environment
from tests.bench.kafka.topic import Filled, fill
from tests.bench.machine import Measurement

_CORES = 2
_GATHER_MS = 3_000  # Kafka's own default: workers started together begin together
_SEED = 7

PLAIN = Contestant(figures.PLAIN, module("plain"))
TRIVIAL = Contestant(figures.OURS, module("ours"), "trivial", platform=True)
REAL = Contestant("projector, real", module("ours"), "real", platform=True)
MEMORY, ROCKS = "Faust table, memory", "Faust table, RocksDB"
_RIVALS = (PLAIN.name, STREAMS, MEMORY, ROCKS, QUIX)
WORKER = Contestant("worker", module("ours"), "all", platform=True)


def contestants(
    folder: Path, options: Options, say: Callable[[str], None]
) -> tuple[list[Contestant], Mapping[str, str]]:
    """Return who takes part, in turn, and why who does not is left out."""
    taking_part = [PLAIN, TRIVIAL, REAL]
    skipped: dict[str, str] = {}
    try:
        streams = kafka_streams.command(folder / "streams")
        taking_part.append(Contestant(STREAMS, streams))
    except StreamsMissing as error:
        skipped[STREAMS] = str(error)
        say(f"left out: {STREAMS}: {error}")
    if options.peers:
        theirs = environment(folder / "peers")
        taking_part += [
            Contestant(MEMORY, module("faust_table"), "memory://", fewer=True),
            Contestant(ROCKS, module("faust_table", theirs), "rocksdb://", fewer=True),
            Contestant(QUIX, module("quix", theirs)),
        ]
    return taking_part, skipped


async def bench(arena: Arena, options: Options, cores: int, say: Callable[[str], None]) -> Figures:
    """Fill the topics, hold the contest, measure the latencies, and return the figures."""
    competing, skipped = contestants(arena.folder, options, say)
    topics = {
        fewer: await _filled(arena, fewer, options) for fewer in {who.fewer for who in competing}
    }
    whole = topics[False]
    measured: dict[str, list[Measured]] = {who.name: [] for who in competing}
    loads = []
    for number in range(1, options.rounds + 1):
        loads.append(round(os.getloadavg()[0], 1))
        for who in competing:
            got = await compete(arena, who, _prefix(who.fewer), topics[who.fewer], number)
            measured[who.name].append(got)
            say(f"round {number}: {who.name:22} {got.rate:8,.0f} events/s")
    shares: Mapping[str, float] = {}
    if options.profile:
        shares = (await compete(arena, REAL, _prefix(False), whole, 0, shares=True)).shares
    latency = await measure(
        arena, WORKER, events_per_s=options.rate, seconds=options.seconds,
        customers=options.customers,
    )  # fmt: skip
    entries = [_entry(who.name, topics[who.fewer], measured[who.name]) for who in competing]
    return Figures(
        options=options,
        payload_bytes=round(whole.payload_bytes / whole.events, 1),
        record_bytes=round(whole.record_bytes / whole.events, 1),
        cores=cores,
        load=loads,
        contestants=entries,
        skipped=skipped,
        ratios=_ratios({one.name: one.events_per_s for one in entries}),
        cpu_ratios=_ratios({one.name: 1 / one.cpu_us for one in entries}),
        shares={name: round(share, 3) for name, share in shares.items()},
        latency=latency,
    )


async def _filled(arena: Arena, fewer: bool, options: Options) -> Filled:
    cluster = cluster_of(Settings(kafka=arena.kafka, kafka_prefix=_prefix(fewer)))
    events = options.fewer if fewer else options.events
    return await fill(cluster, Company(options.customers, _SEED), events)


def _prefix(fewer: bool) -> str:
    return "fewer." if fewer else "bench."


def _entry(name: str, filled: Filled, runs: Sequence[Measured]) -> Entry:
    return Entry(
        name=name,
        events=filled.events,
        events_per_s=round(median(one.rate for one in runs)),
        own_us=round(median(one.own_us for one in runs), 1),
        postgres_us=round(median(one.postgres_us for one in runs), 1),
        broker_us=round(median(one.broker_us for one in runs), 1),
    )


def _ratios(rates: Mapping[str, float]) -> dict[str, float]:
    """Return the rate of our projector on the same fold by everybody else's."""
    ours = rates[TRIVIAL.name]
    return {name: round(ours / rate, 2) for name, rate in rates.items() if name in _RIVALS}


@contextmanager
def two_cores() -> Iterator[int]:
    """Confine what starts inside, servers included, to two cores; yield how many there are."""
    if not hasattr(os, "sched_setaffinity"):
        yield os.cpu_count() or 1
        return
    before = os.sched_getaffinity(0)
    mine = sorted(before)[:_CORES]
    os.sched_setaffinity(0, mine)
    try:
        yield len(mine)
    finally:
        os.sched_setaffinity(0, before)


def show(found: Figures, measurement: Measurement, say: Callable[[str], None]) -> None:
    """Say the figures as tables, and as one line of JSON at the end."""
    say(f"\n{'':22} {'events/s':>9}   CPU us per event: own, PostgreSQL, broker")
    for one in found.contestants:
        say(
            f"{one.name:22} {one.events_per_s:9,}   "
            f"{one.own_us:.0f}, {one.postgres_us:.0f}, {one.broker_us:.0f}"
        )
    for name, ratio in found.ratios.items():
        say(f"{TRIVIAL.name} / {name}: {ratio}, by processor time {found.cpu_ratios[name]}")
    say(f"where the time of {REAL.name} goes:")
    for name, share in found.shares.items():
        say(f"  {share:5.1%} {name}")
    seen = found.latency
    say(
        f"at {seen.events_per_s:,} events/s: acknowledged after "
        f"{seen.acknowledged_p50} ms (p99 {seen.acknowledged_p99}), and visible "
        f"{seen.visible_p50} ms (p99 {seen.visible_p99}) later"
    )
    say(measurement.line(found))


def run(options: Options, say: Callable[[str], None]) -> Figures:
    """Start the servers, measure, and return the figures. Raises: BrokerFailed."""
    with ExitStack() as stack:
        cores = stack.enter_context(two_cores())
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="touchstone-bench-"))
        folder = Path(name)
        folder.chmod(0o755)
        broker = stack.enter_context(LocalCluster(folder / "kafka", gather_ms=_GATHER_MS))
        server = stack.enter_context(EmbeddedServer(folder / "data"))
        postmaster = find_postmaster(folder / "data" / "cluster")
        assert postmaster is not None, "the server was just started"
        arena = Arena(server.dsn, broker.bootstrap, folder, postmaster.pid, broker.pid(1))
        return asyncio.run(bench(arena, options, cores, say))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="make bench-kafka", description=__doc__)
    for field in msgspec.structs.fields(Options):
        if field.type is not bool:
            parser.add_argument(f"--{field.name}", type=field.type, default=field.default)
    parser.add_argument(
        "--no-peers", dest="peers", action="store_false", help="without other frameworks of Python"
    )
    parser.add_argument("--no-profile", dest="profile", action="store_false")
    options = msgspec.convert(vars(parser.parse_args()), Options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the servers, too
    say = partial(print, flush=True)
    measurement = Measurement("kafka")
    say(measurement.beginning())
    try:
        jars.fetch()
        show(run(options, say), measurement, say)
    except (jars.JarsMissing, BrokerFailed, PeersMissing, ContestantFailed) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
