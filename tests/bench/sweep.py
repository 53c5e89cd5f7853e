"""How long an event waits for its rows while a policy is applied to everybody, on either log.

    python -m tests.bench.sweep [--customers 1000] [--logs embedded kafka]

A simulated company is loaded and projected by a process of its own: `touchstone project`, or
`touchstone work` over Kafka. Then cost rates are published, which concern every customer, and
until all of them were assessed again a payment a third of a second is published and waited for:
in the rows of every projection. The last line is one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

from msgspec.structs import replace

from events.money import Money
from events.touchpoints.policy import CostPolicy, CostPolicyPublished, StaffSet
from services.hosts.bootstrap import open_platform
from services.platform import Platform
from services.ports import Accepted, Submission
from services.settings import Settings
from services.simulator.load import load
from services.simulator.plan import Plan
from tests.bench.machine import Measurement
from tests.support.kafka import local_cluster, own_topics
from tests.support.log import payment, submission
from tests.support.postgres import fresh_database, server_dsn
from tests.support.workers import variables

TARGET_S = 2.0
"""Within which an event is to be in its rows."""

_PAUSE_S = 0.33
_LOOK_S = 0.02
_PATIENCE_S = 3600.0
_SEEN = "SELECT min(next) > $2 FROM checkpoints WHERE partition = $1"
_SETTLED = "SELECT min(settled) >= $1 FROM checkpoints"
_REASSESSED = "SELECT count(*) FROM projection_heads WHERE policy_count >= $1"
_FOR_NOTHING_ELSE = f"""{_REASSESSED} AND customer_id NOT IN (
    SELECT customer_id FROM events WHERE recorded_at >= $2 AND customer_id IS NOT NULL)"""
"""Of them those with whom nothing happened since: what is late is escalated meanwhile."""

Say = Callable[[str], None]


async def sweep(settings: Settings, customers: int, home: Path, say: Say) -> dict[str, object]:
    """Measure on one log. Raises: TimeoutError."""
    name = "embedded" if settings.kafka is None else "kafka"
    async with open_platform(settings) as platform:
        plan = Plan.ending_today(platform.clock.now(), seed=7, customers=customers)
        await load(platform, plan, 0, _look_away)
        since = _now()
        with projecting(settings, home):
            await _until(platform, _SETTLED, await _recorded(platform))
            say(f"{name}: {customers:,} customers are projected")
            staff = await _publish(platform, 1, StaffSet(effective_from=_now(), staff_id="bench"))
            await _until(platform, _SETTLED, staff)
            for_staff = await platform.pool.fetchval(_FOR_NOTHING_ELSE, staff, since)
            costs = CostPolicy(per_order=Money(350, "CNY"), capital_per_day=200)
            policy = CostPolicyPublished(effective_from=_now(), policy=costs)
            begun = time.perf_counter()
            count = await _publish(platform, 2, policy)
            waits = [wait async for wait in _waits(platform, customers, count)]
            took = time.perf_counter() - begun
            for_policy = await platform.pool.fetchval(_REASSESSED, count)
    found = {
        "log": name,
        "customers": customers,
        "assessed_again_for_one_staff_record": for_staff,
        "assessed_again_for_the_policy": for_policy,
        "sweep_s": round(took, 1),
        "events": len(waits),
        "median_s": round(median(waits), 2),
        "worst_s": round(max(waits), 2),
        "within_target": max(waits) <= TARGET_S,
    }
    say(
        f"{name}: a sweep of {took:.1f} s; of {len(waits)} events published meanwhile the median "
        f"was in its rows after {found['median_s']} s, the last after {found['worst_s']} s"
    )
    return found


@contextmanager
def projecting(settings: Settings, home: Path) -> Iterator[None]:
    """Run the process that projects."""
    with (home / "projecting.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services", "project" if settings.kafka is None else "work"],
            env=os.environ | variables(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


async def _look_away(_: datetime) -> None:
    """Show nobody how far it is."""


def _now() -> datetime:
    return datetime.now(UTC)


async def _recorded(platform: Platform) -> int:
    return (await platform.log.heads()).counts[-1]


async def _publish(platform: Platform, number: int, data: CostPolicyPublished | StaffSet) -> int:
    """Publish a record; return how many there are then."""
    one = submission(number, data, None, branch="HQ", source="/branches/HQ/bench")
    await platform.log.append([_as_of_now(one)])
    return await _recorded(platform)


def _as_of_now(one: Submission) -> Submission:
    at = _now()
    return replace(one, envelope=replace(one.envelope, created_at=at, effective_at=at))


async def _until(platform: Platform, question: str, count: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not await platform.pool.fetchval(question, count):  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.2)


async def _waits(platform: Platform, customers: int, count: int) -> AsyncIterator[float]:
    """Publish events one after the other until the sweep is over; yield how long each waited."""
    dice = Random(11)
    number = 10
    while number == 10 or not await platform.pool.fetchval(_SETTLED, count):
        number += 1
        customer = f"C{dice.randint(1, customers):06}"
        one = payment(number, customer, branch="SWEEP", minor=100 + number)
        [outcome] = await platform.log.append([_as_of_now(one)])
        begun = time.perf_counter()
        assert isinstance(outcome, Accepted)
        place = outcome.position
        async with asyncio.timeout(_PATIENCE_S):
            while not await platform.pool.fetchval(  # noqa: ASYNC110 - a process
                _SEEN, place.partition, place.n
            ):
                await asyncio.sleep(_LOOK_S)
        waited = time.perf_counter() - begun
        yield waited
        await asyncio.sleep(max(0.0, _PAUSE_S - waited))


@asynccontextmanager
async def chosen(log: str, dsn: str, home: Path) -> AsyncIterator[Settings]:
    """Give settings for a log; Kafka has a broker of its own."""
    if log == "embedded":
        yield Settings(dsn=dsn, data=home)
        return
    with local_cluster() as cluster:
        async with own_topics(cluster.bootstrap) as kafka:
            yield kafka.model_copy(update={"dsn": dsn, "data": home})


async def bench(
    server: str, home: Path, customers: int, logs: Sequence[str], say: Say
) -> list[dict[str, object]]:
    """Measure on each log, and say so."""
    measurement = Measurement("sweep")
    results = []
    for log in logs:
        async with fresh_database(server) as dsn, chosen(log, dsn, home) as settings:
            results.append(await sweep(settings, customers, home, say))
    say(measurement.line({"target_s": TARGET_S, "results": results}))
    return results


def main() -> None:
    """Measure with the options given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--logs", nargs="+", choices=["embedded", "kafka"], default=["embedded"])
    options = parser.parse_args()
    from tempfile import TemporaryDirectory

    with server_dsn() as server, TemporaryDirectory(prefix="touchstone-bench-") as home:
        asyncio.run(bench(server, Path(home), options.customers, options.logs, print))


if __name__ == "__main__":
    main()
