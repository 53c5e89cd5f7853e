"""What a new event costs a customer with a long dossier: warm, and after a miss.

One customer orders, is invoiced and pays, over and over, and nothing stays open. With the
customer in memory a new event costs an assessment and the differences; after a miss its
dossier (of a long one a snapshot and the events since) and its rows are read again first, so
the stages of that are timed one by one.

    python -m tests.bench.dossiers [--projection value_tiers]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.money import Money
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from projections import PROJECTIONS
from projections.facts import Facts
from projections.protocol import Projection
from projections.receivables.projection import Receivables
from services.hosts.bootstrap import open_platform
from services.log.readable import fact
from services.platform import Platform
from services.ports import Submission
from services.projector.collecting import collecting_seldom
from services.projector.lane import Lane, Listeners
from services.projector.memory import Memory
from services.projector.owner import BATCH_EVENTS, PartitionOwner
from services.projector.snapshots import Snapshots
from services.rows.changes import Changes
from services.rows.projection_store import ProjectionStore, written_of
from services.settings import Settings
from tests.bench.machine import Measurement

LENGTHS = (100, 1_000, 10_000, 100_000)
_APPENDED_AT_ONCE = 2_000
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_PACE = timedelta(minutes=20)
_BAR = 40

_RULES = Reference()
RECEIVABLES = Receivables()
_KEPT = "SELECT octet_length(content) FROM dossier_snapshots WHERE customer_id = $1"

Costs = dict[str, float]  # milliseconds by stage


class Point(Struct, frozen=True, kw_only=True):
    """What a new event costs behind so many touchpoints; `own`: computing, in this process."""

    touchpoints: int
    warm_ms: float
    warm_own_ms: float
    first_miss_ms: float
    snapshot_bytes: int | None
    miss_ms: float
    miss_own_ms: float
    stages_ms: Costs


class Curve(Struct, frozen=True):
    """The medians of some rounds, by length."""

    rounds: int
    points: Sequence[Point]


class Cost(NamedTuple):
    """Milliseconds, and how many of them this process computed: it is not alone on its cores."""

    ms: float
    own_ms: float

    @classmethod
    def median(cls, costs: Sequence[Cost]) -> Cost:
        """Return the median of both."""
        return cls(median(cost.ms for cost in costs), median(cost.own_ms for cost in costs))


def touchpoints(customer: str) -> Iterator[Submission]:
    """Yield invoices and the payments that settle them, without end."""
    number = 0
    while True:
        number += 1
        invoice_id, at = f"INV-{number}", _FIRST + number * 2 * _PACE
        amount = Money(10_000 + number % 977, "CNY")
        due_on = (at + timedelta(days=30)).date()
        yield _submission(
            customer, 2 * number - 1, at,
            InvoiceIssued(invoice_id=invoice_id, amount=amount, due_on=due_on),
        )  # fmt: skip
        yield _submission(
            customer, 2 * number, at + _PACE,
            PaymentReceived(payment_id=f"P-{number}", amount=amount, invoice_ids=(invoice_id,)),
        )  # fmt: skip


def _submission(customer: str, number: int, at: datetime, data: Touchpoint) -> Submission:
    envelope = Envelope(
        id=EventId(str(uuid5(NAMESPACE_URL, f"{customer}/{number}"))),
        source=f"/branches/B-1/{customer}",
        type=data.event_type,
        subject=CustomerId(customer),
        branch_id=BranchId("B-1"),
        epoch=0,
        sequence=number,
        created_at=at,
        effective_at=at,
    )
    return Submission(envelope, data, sha256(f"{customer}/{number}".encode()).digest())


class _Customer:
    """A customer with so many touchpoints, and the owner of its partition."""

    def __init__(self, platform: Platform, projection: Projection, length: int) -> None:
        self.name = CustomerId(f"long-{length}")
        self._platform = platform
        self._projection = projection
        self._length = length
        self._events = touchpoints(self.name)

    async def live(self) -> PartitionOwner:
        """Append the dossier, take it in batch by batch, and return the owner that remembers it."""
        left = self._length
        while left:
            size = min(left, _APPENDED_AT_ONCE)
            await self._append(size)
            left -= size
        owner = self._owner()
        await owner.take()
        while await owner.step(_RULES, BATCH_EVENTS):
            pass
        return owner

    async def _append(self, count: int) -> None:
        await self._platform.log.append(list(islice(self._events, count)))

    def _owner(self) -> PartitionOwner:
        return PartitionOwner(
            partition_of(self.name), [self._projection], self._platform.pool,
            self._platform.log, self._platform.dossiers, 1, Memory(self._platform.max_facts),
        )  # fmt: skip

    async def one_more(self, owner: PartitionOwner) -> Cost:
        """Append one event and take it in; return what taking it in took."""
        await self._append(1)
        started, computed = time.perf_counter(), time.process_time()
        assert await owner.step(_RULES, 10) == 1
        return Cost(1000 * (time.perf_counter() - started), 1000 * (time.process_time() - computed))

    async def missed(self) -> Cost:
        """Do the same with an owner that remembers nothing."""
        owner = self._owner()
        await owner.take()
        return await self.one_more(owner)

    async def stages(self) -> Costs:
        """Time what a miss consists of, one stage after the other."""
        costs: Costs = {}
        lap = _Laps(costs)
        heads = await self._platform.log.heads()
        found = await self._platform.dossiers.of([self.name], heads)
        lap("read the dossier")
        events = [fact(stored) for stored in found[self.name]]
        lap("decode")
        facts = Facts(events)
        lap("remember")
        async with self._platform.pool.acquire() as connection:
            store = ProjectionStore(self._projection, 1)
            [by_customer] = await written_of(connection, [(store, [self.name])])
        written = by_customer[self.name]
        lap("read the rows")
        at = found[self.name][-1].recorded_at
        assessment = self._projection.assess(self.name, facts, at, _RULES)
        lap("assess")
        Changes().add(self._projection, self.name, written, assessment, at)
        lap("differences")
        told = Listeners([Lane(self._projection, partition_of(self.name), store)])
        snapshots = Snapshots(self._platform.pool, told, 1)
        await snapshots.of([self.name], heads.counts[partition_of(self.name)], _RULES)
        lap("bring a snapshot back")  # in place of all that, where there is one
        return costs


class _Laps:
    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._since = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self._costs[stage] = 1000 * (now - self._since)
        self._since = time.perf_counter()


async def curve(
    platform: Platform,
    lengths: Sequence[int],
    rounds: int,
    say: Callable[[str], None],
    projection: Projection,
) -> Curve:
    """Measure each length; plot and return the milliseconds per new event."""
    points = []
    for length in lengths:
        with collecting_seldom():
            customer = _Customer(platform, projection, length)
            owner = await customer.live()
            warm = Cost.median([await customer.one_more(owner) for _ in range(rounds)])
            first = await customer.missed()
            missed = Cost.median([await customer.missed() for _ in range(rounds)])
            stages = await customer.stages()
            kept = await platform.pool.fetchval(_KEPT, customer.name)
        points.append(
            Point(
                touchpoints=length,
                warm_ms=round(warm.ms, 2),
                warm_own_ms=round(warm.own_ms, 2),
                first_miss_ms=round(first.ms, 2),
                snapshot_bytes=kept,
                miss_ms=round(missed.ms, 2),
                miss_own_ms=round(missed.own_ms, 2),
                stages_ms={name: round(ms, 2) for name, ms in stages.items()},
            )
        )
        say(
            f"{length:>7,} touchpoints: warm {warm.ms:,.1f} ms ({warm.own_ms:,.1f} computing), "
            f"after a miss {missed.ms:,.1f} ms ({missed.own_ms:,.1f} computing; the first, which "
            f"keeps a snapshot of a long one, {first.ms:,.0f} ms; it has {kept or 0:,} bytes)"
        )
        longest = max(stages.values())
        for name, ms in stages.items():
            say(f"    {name:<21} {ms:>10,.2f} ms {'#' * round(_BAR * ms / longest)}")
    return Curve(rounds, points)


def measured(
    lengths: Sequence[int],
    rounds: int,
    say: Callable[[str], None],
    projection: Projection = RECEIVABLES,
) -> Curve:
    """Measure the curve on a server of its own."""

    async def run(data: Path) -> Curve:
        async with open_platform(Settings(data=data)) as platform:
            return await curve(platform, lengths, rounds, say, projection)

    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as folder:
        Path(folder).chmod(0o755)
        return asyncio.run(run(Path(folder) / "data"))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dossiers", description=__doc__)
    parser.add_argument("--longest", type=int, default=LENGTHS[-1], help="leave out longer ones")
    parser.add_argument("--rounds", type=int, default=5, help="events each; the median counts")
    named = {projection.name: projection for projection in PROJECTIONS}
    parser.add_argument("--projection", choices=named, default=RECEIVABLES.name)
    options = parser.parse_args()
    lengths = [length for length in LENGTHS if length <= options.longest]

    measurement = Measurement("dossiers")
    figures = measured(lengths, options.rounds, print, named[options.projection])
    print(measurement.line(figures))


if __name__ == "__main__":
    main()
