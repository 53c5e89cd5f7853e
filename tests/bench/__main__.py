"""`make bench`: catch-up through the projector, as a ratio to a bare loop in the same run.

The bare loop reads, decodes, folds trivially (a sum per customer), upserts a narrow row per
touched customer and moves a checkpoint, over the same events and in batches of the same size.
It is what any projector must do at the least: the ceiling. Both run on one embedded
PostgreSQL with fsync on. Then rebuilding against catching up, and what a new event costs a
long dossier. The last line is one line of JSON with the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median

from events.codec import decode
from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from projections.protocol import Projection
from projections.receivables.projection import Receivables
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.projector.collecting import collecting_seldom
from services.projector.owner import BATCH_EVENTS
from services.rows.row_tables import tables_of
from services.settings import Settings
from services.simulator.load import ensure_history
from tests.bench.dossiers import LENGTHS, curve
from tests.bench.measured import Measured
from tests.bench.profile import Shares, shares_of
from tests.bench.rebuild import proportionate, rebuild_contest

SMALL_BATCH_EVENTS = 250
"""A batch in which hardly a customer appears twice: each event costs an assessment."""

_NARROW = """
CREATE TABLE IF NOT EXISTS bench_narrow (customer_id text PRIMARY KEY, events bigint NOT NULL);
CREATE TABLE IF NOT EXISTS bench_checkpoint (partition smallint PRIMARY KEY, next bigint NOT NULL);
TRUNCATE bench_narrow, bench_checkpoint;
INSERT INTO bench_checkpoint SELECT generate_series(0, 11), 0;
"""
_UPSERT = """
INSERT INTO bench_narrow AS b SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (customer_id) DO UPDATE SET events = b.events + excluded.events
"""


async def bare_loop(platform: Platform, batch_events: int) -> Measured:
    """Read, decode, fold trivially, upsert narrowly, move a checkpoint: the ceiling."""
    await platform.pool.execute(_NARROW)
    heads = await platform.log.heads()
    started, events = time.perf_counter(), 0
    for partition in range(PARTITIONS):
        position = 0
        while position < heads.counts[partition]:
            stored = await platform.log.read(partition, position, batch_events)
            counts: dict[str, int] = {}
            for one in stored:
                decode(one.payload)
                subject = one.envelope.subject or ""
                counts[subject] = counts.get(subject, 0) + 1
            async with platform.pool.acquire() as connection, connection.transaction():
                moved = await connection.execute(
                    "UPDATE bench_checkpoint SET next = $3 WHERE partition = $1 AND next = $2",
                    partition,
                    position,
                    position + len(stored),
                )
                assert moved == "UPDATE 1"
                await connection.execute(_UPSERT, list(counts), list(counts.values()))
            position += len(stored)
            events += len(stored)
    return Measured(events, time.perf_counter() - started)


async def catch_up(
    platform: Platform,
    projections: Sequence[Projection],
    batch_events: int,
) -> Measured:
    """Bring projections from nothing to the head of the log."""
    await platform.pool.execute("ALTER TABLE alert_journal DISABLE TRIGGER USER")
    await platform.pool.execute("TRUNCATE alert_journal")
    await platform.pool.execute("ALTER TABLE alert_journal ENABLE TRIGGER USER")
    tables = [table.name for p in PROJECTIONS for table in tables_of(p).values()]
    shared = ["projection_heads", "totals", "alerts", "checkpoints"]
    await platform.pool.execute(f"TRUNCATE {', '.join([*shared, *tables])}")
    started = time.perf_counter()
    projector = Projector(platform, projections=projections, batch_events=batch_events)
    events = await projector.catch_up()
    return Measured(events, time.perf_counter() - started)


@asynccontextmanager
async def company(data: Path, customers: int) -> AsyncIterator[Platform]:
    """A platform on a fresh database that holds a simulated company's two years."""
    settings = Settings(data=data)
    async with open_platform(settings) as platform:
        await ensure_history(platform, customers=customers)
        yield platform


async def contest(
    platform: Platform,
    projections: Sequence[Projection],
    batch_events: int,
    rounds: int,
    say: Callable[[str], None],
) -> dict[str, object]:
    """Run both contestants in turn, several rounds; return the medians and their ratio."""
    names = "+".join(projection.name for projection in projections)
    bare: list[Measured] = []
    ours: list[Measured] = []
    for number in range(1, rounds + 1):
        with collecting_seldom():  # as the projector does
            bare.append(await bare_loop(platform, batch_events))
        ours.append(await catch_up(platform, projections, batch_events))
        say(
            f"{names}, batches of {batch_events}, round {number}: "
            f"bare {bare[-1].rate:,.0f}/s, projector {ours[-1].rate:,.0f}/s"
        )
    shares: Shares = await shares_of(lambda: catch_up(platform, projections, batch_events))
    for name, share in shares.items():
        say(f"  {share:5.1%} {name}")
    ceiling, reached = median(m.rate for m in bare), median(m.rate for m in ours)
    return {
        "projections": names,
        "batch_events": batch_events,
        "bare_loop_events_per_s": round(ceiling),
        "projector_events_per_s": round(reached),
        "ratio": round(reached / ceiling, 3),
        "shares": {name: round(share, 3) for name, share in shares.items()},
    }


async def bench(
    data: Path,
    customers: int,
    rounds: int,
    say: Callable[[str], None],
    lengths: Sequence[int] = LENGTHS,
) -> None:
    """Measure receivables and all projections in the projector's own batches; then receivables
    in small ones, where little is shared.
    """
    async with company(data, customers) as platform:
        events = sum((await platform.log.heads()).counts)
        results = [
            await contest(platform, projections, batch_events, rounds, say)
            for projections, batch_events in (
                ([Receivables()], BATCH_EVENTS),
                (PROJECTIONS, BATCH_EVENTS),
                ([Receivables()], SMALL_BATCH_EVENTS),
            )
        ]
        rebuilt = [
            await rebuild_contest(
                platform,
                Receivables(),
                partial(catch_up, remembering, [Receivables()], size),
                f"batches of {size} with {remembering.max_facts:,} facts in memory",
                rounds,
                say,
            )
            for size, remembering in (
                (BATCH_EVENTS, platform),
                (SMALL_BATCH_EVENTS, proportionate(platform, events)),
            )
        ]
        long = await curve(platform, lengths, rounds, say)
    figures = {"bench": "catch_up", "events": events, "customers": customers, "rounds": rounds}
    say(json.dumps({**figures, "results": results, "rebuild": rebuilt, "dossiers": long}))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=3000, help="size of the company")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(bench(Path(folder) / "data", options.customers, options.rounds, print))


if __name__ == "__main__":
    main()
