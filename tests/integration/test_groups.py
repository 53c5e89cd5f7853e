"""Groups of merged customers over several partitions, whoever projects which, in whatever order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta

import pytest
from msgspec import structs

from events.envelope import CustomerId
from events.facts import Fact
from events.money import Money
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from projections import PROJECTIONS
from projections.protocol import Facts
from services.audit.digest import digest
from services.audit.verify import verify
from services.errors import Unavailable
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.ports import Submission
from services.projector.identities import Identities
from services.projector.memory import Memory
from services.projector.owner import PartitionOwner
from services.rebuild.rebuilding import rebuild
from services.rows.row_tables import tables_of
from services.settings import Settings
from tests.support.log import START, SetClock, submission
from tests.support.merging import chain, parents

pytestmark = pytest.mark.postgres

FAMILY = tuple(CustomerId(one) for one in ("C-X", "C-Y", "C-Z"))
NEIGHBOUR = CustomerId("C-N")
EVERYBODY = (*FAMILY, NEIGHBOUR)
LATER = START + timedelta(days=90)
NOTHING = Reference()
TOLD = 60


@pytest.fixture
async def clock() -> SetClock:
    return SetClock(LATER)


@pytest.fixture
async def platform(database: str, clock: SetClock) -> AsyncIterator[Platform]:
    async with open_platform(Settings(dsn=database), clock=clock) as platform:
        yield platform


def test_the_family_lies_in_different_partitions() -> None:
    assert len({partition_of(one) for one in FAMILY}) == len(FAMILY)


def told(dice: random.Random) -> list[Submission]:
    """Random invoices, payments, merges and unmerges, in the order in which they are sent."""
    found = []
    for n in range(1, TOLD + 1):
        customer = dice.choice(EVERYBODY)
        other = dice.choice(FAMILY)
        amount = Money(100 * dice.randint(1, 9), "CNY")
        due = date(2026, 3, 2) + timedelta(days=dice.randint(1, 80))
        data: Touchpoint = dice.choice(
            (
                OrderPlaced(order_id=f"O-{n}", amount=amount),
                InvoiceIssued(invoice_id=f"I-{n}", amount=amount, due_on=due),
                InvoiceIssued(invoice_id=f"I-{n}", amount=amount, due_on=due),
                PaymentReceived(payment_id=f"P-{n}", amount=amount),
                PaymentReceived(payment_id=f"P-{n}", amount=amount),
                CustomerMerged(into=other),
                CustomerMerged(into=other),
                CustomerUnmerged(out_of=other),
            )
        )
        one = submission(n, data, customer)
        at = START + timedelta(hours=dice.randint(0, 24 * 80))
        found.append(structs.replace(one, envelope=structs.replace(one.envelope, effective_at=at)))
    return found


def facts_of(submissions: Sequence[Submission]) -> dict[CustomerId, list[Fact]]:
    facts: dict[CustomerId, list[Fact]] = {}
    for one in submissions:
        e = one.envelope
        assert e.subject is not None
        fact = Fact(e.id, e.effective_at, e.branch_id, e.source, e.epoch, e.sequence, one.data)
        facts.setdefault(e.subject, []).append(fact)
    return facts


Rows = dict[tuple[str, str], set[str]]


def expected(submissions: Sequence[Submission], at: datetime) -> Rows:
    """The rows from nothing: of each root what one customer would have who did all of it."""
    facts = facts_of(submissions)
    parent = parents(facts, at)
    found: Rows = {}
    for root in EVERYBODY:
        if root in parent:
            continue
        union = [f for one in facts if chain(parent, one)[-1] == root for f in facts[one]]
        for projection in PROJECTIONS:
            some = Facts(union, projection.handles)
            if not len(some):
                continue
            for table, rows in projection.assess(root, some, at, NOTHING).rows.items():
                key = (root, f"{projection.name} {table}")
                found[key] = {repr(row) for row in rows}
    return {key: rows for key, rows in found.items() if rows}


async def live(platform: Platform) -> Rows:
    """The rows that stand in the database."""
    found: Rows = {}
    for projection in PROJECTIONS:
        for name, table in tables_of(projection).items():
            for record in await platform.pool.fetch(f"SELECT * FROM {table.name}"):
                fields = dict(record)
                customer = fields.pop("customer_id")
                assert fields.pop("partition") == partition_of(customer)
                row = projection_row(table.table.row, fields)
                found.setdefault((customer, f"{projection.name} {name}"), set()).add(row)
    return found


def projection_row(kind: type, fields: dict[str, object]) -> str:
    return repr(kind(**fields))


class Worker:
    """A worker that owns some partitions and knows only what it has learnt itself."""

    def __init__(self, platform: Platform, partitions: Sequence[int]) -> None:
        memory, identities = Memory(10_000), Identities()
        self.owners = [
            PartitionOwner(
                partition, PROJECTIONS, platform.pool, platform.log, platform.dossiers, 1, memory,
                identities=identities,
            )
            for partition in partitions
        ]  # fmt: skip

    async def work(self, dice: random.Random) -> None:
        """Take in everything, some events of some partition at a time."""
        for owner in self.owners:
            await owner.take()
        left = [*self.owners]
        while left:
            owner = dice.choice(left)
            if not await owner.step(NOTHING, dice.randint(1, 7)):
                left.remove(owner)
            await asyncio.sleep(0)


async def settle(platform: Platform) -> None:
    """Judge everybody as of now, as the projector does once it has caught up."""
    await Projector(platform).catch_up()


async def check(platform: Platform, submissions: Sequence[Submission]) -> None:
    found = await verify(platform, lambda done: None, processes=1)
    assert (found.named, found.parked) == ([], 0)
    assert await live(platform) == expected(submissions, LATER)


@pytest.mark.parametrize("seed", range(6))
async def test_two_workers_at_once_come_to_what_one_customer_would_be(
    platform: Platform, clock: SetClock, seed: int
) -> None:
    dice = random.Random(seed)
    submissions = told(dice)
    clock.at = START + timedelta(days=81)
    for start in range(0, TOLD, 20):
        await platform.log.append(submissions[start : start + 20])
        halves = [p for p in range(12) if p % 2], [p for p in range(12) if not p % 2]
        workers = [Worker(platform, half) for half in halves]
        await asyncio.gather(*(one.work(random.Random(seed)) for one in workers))
        found = await verify(platform, lambda done: None, processes=1)
        assert (found.named, found.parked) == ([], 0)
    clock.at = LATER
    await settle(platform)
    await check(platform, submissions)


async def test_a_rebuild_and_a_digest_come_to_the_same(platform: Platform) -> None:
    submissions = told(random.Random(7))
    # The rules of an instant, and what of it is late, are as they are for a customer alone.
    await platform.log.append(submissions[:40])
    behind = await digest(platform, LATER, None, lambda done: None, processes=1)
    await settle(platform)
    assert (await digest(platform, LATER, None, lambda done: None)).digest == behind.digest
    await platform.log.append(submissions[40:])
    await settle(platform)
    before = await live(platform)
    for projection in PROJECTIONS:
        for table in tables_of(projection).values():
            await platform.pool.execute(f"TRUNCATE {table.name}")
    await platform.pool.execute("DELETE FROM totals")
    await platform.pool.execute("DELETE FROM projection_heads")
    await rebuild(platform, PROJECTIONS, processes=1, watch=Unwatched())
    await settle(platform)
    assert await live(platform) == before
    await check(platform, submissions)


class Unwatched:
    """Looks at no progress."""

    def stage(self, words: str) -> None:
        """Look away."""

    def parts(self, done: int, of: int) -> None:
        """Look away."""
