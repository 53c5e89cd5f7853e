"""Groups of merged customers over several partitions, whoever projects which, in whatever order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import asyncpg
import pytest
from msgspec import structs

from events.codec import encode
from events.money import Money
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from projections import PROJECTIONS
from services.audit.digest import digest
from services.audit.verify import verify
from services.errors import StaleCheckpoint
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.log.embedded.event_log import EmbeddedEventLog
from services.platform import Platform
from services.ports import Submission
from services.postgres.migrate import migrate, shipped
from services.postgres.pool import open_pool
from services.postgres.statements import sql
from services.projector.identities import Identities
from services.projector.memory import Memory
from services.projector.owner import PartitionOwner
from services.rebuild.rebuilding import rebuild
from services.rows.row_tables import ensure_tables, tables_of
from services.settings import Settings
from tests.support.groups import EVERYBODY, FAMILY, NEIGHBOUR, TOLD, expected, live, told
from tests.support.log import START, SetClock, submission

pytestmark = pytest.mark.postgres

LATER = START + timedelta(days=90)
NOTHING = Reference()
IDENTITIES = "0022_identities"


@pytest.fixture
async def clock() -> SetClock:
    return SetClock(LATER)


@pytest.fixture
async def platform(database: str, clock: SetClock) -> AsyncIterator[Platform]:
    async with open_platform(Settings(dsn=database), clock=clock) as platform:
        yield platform


def test_the_family_lies_in_different_partitions() -> None:
    assert len({partition_of(one) for one in FAMILY}) == len(FAMILY)


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


X, Y, _ = FAMILY


def at(days: float, one: Submission) -> Submission:
    """The same, so many days after the first."""
    effective_at = START + timedelta(days=days)
    return structs.replace(one, envelope=structs.replace(one.envelope, effective_at=effective_at))


def invoice(n: int, customer: str, minor: int, due_in: int) -> Submission:
    due = date(2026, 3, 2) + timedelta(days=due_in)
    amount = Money(minor, "CNY")
    return submission(n, InvoiceIssued(invoice_id=f"I-{n}", amount=amount, due_on=due), customer)


def payment(n: int, customer: str, minor: int) -> Submission:
    return submission(n, PaymentReceived(payment_id=f"P-{n}", amount=Money(minor, "CNY")), customer)


def merge(n: int, member: str, into: str) -> Submission:
    return submission(n, CustomerMerged(into=into), member)


async def owned(platform: Platform, customer: str) -> PartitionOwner:
    """An owner of a customer's partition, in a worker of its own."""
    [owner] = Worker(platform, [partition_of(customer)]).owners
    await owner.take()
    return owner


async def test_whoever_remembers_a_customer_alone_learns_that_it_was_merged_elsewhere(
    platform: Platform, clock: SetClock
) -> None:
    submissions = [invoice(1, X, 1000, 10), invoice(2, Y, 500, 20), merge(3, Y, X)]
    await platform.log.append(submissions)
    mine, other = await owned(platform, X), await owned(platform, Y)
    assert await mine.step(NOTHING, 100) == 1
    assert await other.step(NOTHING, 100) == 2
    later = [payment(4, X, 1200)]
    await platform.log.append(later)
    assert await mine.step(NOTHING, 100) == 1
    await settle(platform)
    await check(platform, [*submissions, *later])


async def test_rows_of_a_group_are_right_at_every_commit(platform: Platform) -> None:
    submissions = [
        invoice(1, X, 1000, 10), invoice(2, Y, 500, 20), merge(3, Y, X), payment(4, X, 1200),
        payment(5, Y, 100), submission(6, CustomerUnmerged(out_of=X), Y), payment(7, Y, 50),
    ]  # fmt: skip
    await platform.log.append(submissions)
    mine, other = await owned(platform, X), await owned(platform, Y)
    left = [mine, other]
    while left:
        for owner in [*left]:
            if not await owner.step(NOTHING, 1):
                left.remove(owner)
            found = await verify(platform, lambda done: None, processes=1)
            assert (found.named, found.parked) == ([], 0)
    await settle(platform)
    await check(platform, submissions)


async def test_nobody_is_told_of_a_debt_whose_payment_waits_unread_in_another_partition(
    platform: Platform, clock: SetClock
) -> None:
    told = [invoice(1, X, 1000, 30), payment(2, Y, 1), merge(3, Y, X)]
    clock.at = START + timedelta(days=1)
    await platform.log.append(told)
    mine, other = await owned(platform, X), await owned(platform, Y)
    assert (await mine.step(NOTHING, 9), await other.step(NOTHING, 9)) == (1, 2)
    clock.at = START + timedelta(days=27)
    paid = [at(27, payment(4, Y, 999))]
    await platform.log.append(paid)
    clock.at = START + timedelta(days=40)
    assert await mine.due(NOTHING, clock.at, caught_up=True) >= 1
    assert await mine.due(NOTHING, clock.at, caught_up=True) == 0, "it waits for the other"
    await other.step(NOTHING, 9)
    await settle(platform)
    assert not await platform.pool.fetch(
        "SELECT * FROM alert_journal WHERE kind = 'overdue' AND customer_id = $1", X
    )
    await check(platform, [*told, *paid])


async def test_a_merge_that_was_not_committed_connects_nobody(platform: Platform) -> None:
    submissions = [invoice(1, X, 1000, 10), payment(2, Y, 700), merge(3, Y, X)]
    await platform.log.append(submissions)
    former = await owned(platform, Y)
    owner = await owned(platform, Y)
    with pytest.raises(StaleCheckpoint):
        await former.step(NOTHING, 9)
    assert not await platform.pool.fetch("SELECT * FROM identities")
    assert await owner.step(NOTHING, 9) == 2
    await settle(platform)
    await check(platform, submissions)


async def test_alerts_say_that_a_merge_moved_them(platform: Platform, clock: SetClock) -> None:
    told = [invoice(1, Y, 1000, 10)]
    clock.at = START + timedelta(days=20)
    await platform.log.append(told)
    await settle(platform)
    merged, unmerged = at(21, merge(2, Y, X)), at(25, submission(3, CustomerUnmerged(out_of=X), Y))
    for one in (merged, unmerged):
        clock.at = one.envelope.effective_at
        await platform.log.append([one])
        await settle(platform)
    journal = await platform.pool.fetch(
        "SELECT customer_id, action, cause_reason, cause_event_id FROM alert_journal"
        " WHERE kind = 'overdue' AND at > $1 ORDER BY ordinal",
        START + timedelta(days=20),
    )
    assert {tuple(row) for row in journal} == {
        (Y, "withdrawn", "merged", merged.envelope.id),
        (X, "raised", None, None),
        (X, "withdrawn", "unmerged", unmerged.envelope.id),
        (Y, "raised", None, None),
    }


async def test_an_event_that_cannot_be_read_parks_the_whole_group(platform: Platform) -> None:
    told = [invoice(1, X, 1000, 10), payment(2, Y, 700), merge(3, Y, X)]
    await platform.log.append(told)
    await settle(platform)
    await platform.pool.execute("ALTER TABLE events DISABLE TRIGGER USER")
    await platform.log.append([payment(4, Y, 1)])
    await platform.pool.execute(
        "UPDATE events SET data = 'x' WHERE event_id = $1", payment(4, Y, 1).envelope.id
    )
    await settle(platform)
    parked = await platform.pool.fetch(
        "SELECT DISTINCT customer_id FROM projection_heads WHERE parked_reason IS NOT NULL"
    )
    assert {row["customer_id"] for row in parked} == {X, Y}


async def test_a_group_is_read_once_in_a_batch_for_all_projections(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = [invoice(1, X, 1000, 10), payment(2, Y, 700), merge(3, Y, X)]
    await platform.log.append(submissions)
    await settle(platform)
    read: list[int] = []
    fetch = asyncpg.Connection.fetch

    async def counted(self: asyncpg.Connection, query: str, *args: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await fetch(self, query, *args)
        if query == sql("dossiers"):
            read.append(len(rows))
        return rows

    monkeypatch.setattr(asyncpg.Connection, "fetch", counted)
    for number in (4, 5):
        one = payment(number, Y, 10)
        submissions.append(one)
        await platform.log.append([one])
        owner = await owned(platform, Y)
        read.clear()
        assert await owner.step(NOTHING, 9) == 1
        assert read == [number], "the whole group, one time"
    monkeypatch.undo()
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


@pytest.mark.parametrize("length", [1, 20, 63, 64, 120])
@pytest.mark.parametrize("letter", ["x", "客"])
@pytest.mark.parametrize("reason", [None, "同一人"])
async def test_the_database_reads_into_whom_a_merge_was(
    platform: Platform, length: int, letter: str, reason: str | None
) -> None:
    data = encode(CustomerMerged(into=letter * length, reason=reason))
    assert await platform.pool.fetchval("SELECT merged_into($1)", data) == letter * length


async def test_merges_of_before_are_followed_once_the_database_is_brought_up_to_date(
    empty_database: str, clock: SetClock
) -> None:
    """As they lay in the log while nothing followed them, with rows of each by itself."""
    told = [invoice(1, X, 1000, 10), payment(2, Y, 700), merge(3, Y, X), payment(4, NEIGHBOUR, 5)]
    before = [one for one in shipped() if one.name < IDENTITIES]
    async with await open_pool(empty_database) as pool:
        await migrate(pool, before)
        async with EmbeddedEventLog(pool, clock) as log:
            await log.append(told)
        for projection in PROJECTIONS:
            async with pool.acquire() as connection:
                await ensure_tables(connection, [projection])
            name, version = projection.name, projection.version
            await pool.execute("INSERT INTO live_versions VALUES ($1, $2)", name, version)
            for one in EVERYBODY:
                await pool.execute(
                    "INSERT INTO projection_heads (projection, version, customer_id, partition,"
                    " assessed_at, policy_count) VALUES ($1, $2, $3, $4, $5, 0)",
                    name, version, one, partition_of(one), START + timedelta(days=1),
                )  # fmt: skip
        await pool.execute(
            "INSERT INTO checkpoints (projection, version, generation, partition, next)"
            " SELECT projection, version, 1, h.partition, next_n"
            " FROM live_versions, log_heads h WHERE h.partition < 12"
        )
    async with open_platform(Settings(dsn=empty_database), clock=clock) as platform:
        await settle(platform)
        found = await live(platform)
        assert {key[0] for key in found} == {X}, "nobody else's row was there, or is due"
        wanted = expected(told, LATER)
        assert found == {key: rows for key, rows in wanted.items() if key[0] == X}
