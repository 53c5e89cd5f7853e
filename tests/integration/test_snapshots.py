"""A long dossier is read from its snapshot and the events since, and says the same."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from events.envelope import CustomerId, PositionVector
from events.facts import Fact
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from projections import PROJECTIONS
from projections.facts import Facts
from projections.protocol import Assessment, Projection
from projections.receivables.projection import Receivables
from services.log.dossiers import PostgresDossiers
from services.log.embedded.event_log import EmbeddedEventLog
from services.log.readable import fact
from services.ports import Dossier, StoredEvent, Submission
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.postgres.statements import sql
from services.projector.memory import Memory
from services.projector.owner import PartitionOwner
from services.projector.reference_feed import ReferenceFeed
from services.rows.row_tables import ensure_tables
from services.simulator.history import history, open_books
from services.simulator.plan import Plan
from tests.support.counting import Counting
from tests.support.log import START, SetClock, payment, submission
from tests.support.remembered import assert_remembered_is_written

NOTHING = Reference()
LONG_EVENTS = 200  # here
CUSTOMER = CustomerId("C-1")


@pytest.fixture(autouse=True)
def long_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let dossiers be long soon."""
    monkeypatch.setattr("services.projector.team.LONG_EVENTS", LONG_EVENTS)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        async with pool.acquire() as connection:
            await ensure_tables(connection, [Counting()])
        yield pool


@pytest.fixture
async def log(pool: Pool) -> AsyncIterator[EmbeddedEventLog]:
    async with EmbeddedEventLog(pool, SetClock(START + timedelta(days=1))) as log:
        yield log


async def owner_of(
    pool: Pool, log: EmbeddedEventLog, projections: Sequence[Projection] | None = None
) -> PartitionOwner:
    owner = PartitionOwner(
        partition_of(CUSTOMER), projections or [Counting()], pool, log, PostgresDossiers(pool), 1,
        Memory(100_000),
    )  # fmt: skip
    await owner.take()
    return owner


def noting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where the positions of events are noted that are decoded for a dossier."""
    decoded: list[int] = []

    def noted(stored: StoredEvent) -> Fact:
        decoded.append(stored.position.n)
        return fact(stored)

    async def facts_of(
        self: PostgresDossiers, customers: Sequence[CustomerId], before: PositionVector
    ) -> Sequence[Dossier]:
        dossiers = await read_whole(self, customers, before)
        for one in dossiers:
            decoded.extend(range(len(one.facts)))
        return dossiers

    read_whole = PostgresDossiers.facts_of
    monkeypatch.setattr(PostgresDossiers, "facts_of", facts_of)
    monkeypatch.setattr("services.projector.recalling.fact", noted)
    return decoded


async def payments(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT payments FROM counting_v1_sums"))


async def append(log: EmbeddedEventLog, first: int, count: int) -> None:
    await log.append([payment(n) for n in range(first, first + count)])


async def keep_a_snapshot(pool: Pool, log: EmbeddedEventLog, first: int = 1) -> None:
    """Have a long dossier that is missed with its next event, read whole and kept."""
    await append(log, first, LONG_EVENTS)
    await (await owner_of(pool, log)).step(NOTHING, 10_000)
    await append(log, first + LONG_EVENTS, 1)
    await (await owner_of(pool, log)).step(NOTHING, 10)


@pytest.mark.postgres
async def test_after_a_miss_only_the_events_since_are_read(
    pool: Pool, log: EmbeddedEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(log, 1, LONG_EVENTS)
    await (await owner_of(pool, log)).step(NOTHING, 10_000)
    assert await pool.fetchval("SELECT count(*) FROM dossier_snapshots") == 0
    await append(log, 10_000, 1)
    await (await owner_of(pool, log)).step(NOTHING, 10)  # misses, reads all, keeps them
    assert await pool.fetchval("SELECT events FROM dossier_snapshots") == LONG_EVENTS + 1

    decoded = noting(monkeypatch)
    for number in (20_000, 30_000, 40_000):
        await append(log, number, 1)
        await (await owner_of(pool, log)).step(NOTHING, 10)
    assert decoded == [LONG_EVENTS + 1, LONG_EVENTS + 1, LONG_EVENTS + 2]
    assert await payments(pool) == LONG_EVENTS + 4
    assert await pool.fetchval("SELECT events FROM dossier_snapshots") == LONG_EVENTS + 1


@pytest.mark.postgres
async def test_projections_share_what_is_read_after_a_miss(
    pool: Pool, log: EmbeddedEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as connection:
        await ensure_tables(connection, PROJECTIONS)
    await append(log, 1, 3)
    await (await owner_of(pool, log, PROJECTIONS)).step(NOTHING, 10)
    decoded = noting(monkeypatch)
    await append(log, 4, 1)
    await (await owner_of(pool, log, PROJECTIONS)).step(NOTHING, 10)
    assert decoded == [0, 1, 2]


@pytest.mark.postgres
async def test_a_late_fact_counts_where_it_belongs(pool: Pool, log: EmbeddedEventLog) -> None:
    await append(log, 10_000, LONG_EVENTS)
    await (await owner_of(pool, log)).step(NOTHING, 10_000)
    await append(log, 1, 1)  # it happened before all others
    await (await owner_of(pool, log)).step(NOTHING, 10)
    await append(log, 2, 1)
    owner = await owner_of(pool, log)
    await owner.step(NOTHING, 10)
    assert await payments(pool) == LONG_EVENTS + 2


@pytest.mark.postgres
async def test_a_fact_that_comes_late_in_memory_has_the_dossier_read_again(
    pool: Pool, log: EmbeddedEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep_a_snapshot(pool, log, first=10_000)
    await append(log, 20_000, 1)
    owner = await owner_of(pool, log)
    await owner.step(NOTHING, 10)  # by its snapshot
    decoded = noting(monkeypatch)
    await append(log, 1, 1)  # it happened before all others
    await owner.step(NOTHING, 10)
    assert decoded == list(range(LONG_EVENTS + 2))
    await append(log, 2, 1)
    await owner.step(NOTHING, 10)
    assert decoded == [*range(LONG_EVENTS + 2), *range(LONG_EVENTS + 3)]
    assert await payments(pool) == LONG_EVENTS + 4
    total = "SELECT count FROM totals WHERE measure = 'paid'"
    assert await pool.fetchval(total) == LONG_EVENTS + 4
    assert await pool.fetchval("SELECT events FROM dossier_snapshots") == LONG_EVENTS + 4


@pytest.mark.postgres
async def test_other_rules_have_the_dossier_read_again(
    pool: Pool, log: EmbeddedEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    receivables = Receivables()
    async with pool.acquire() as connection:
        await ensure_tables(connection, [receivables])
    await append(log, 1, LONG_EVENTS)
    await (await owner_of(pool, log, [receivables])).step(NOTHING, 10_000)
    for number in (10_000, 20_000):  # the first keeps a snapshot, the second goes on from it
        await append(log, number, 1)
        owner = await owner_of(pool, log, [receivables])
        await owner.step(NOTHING, 10)
    policy = AlertsPolicyPublished(effective_from=START, policy=AlertsPolicy())
    await log.append([submission(99_999, policy, None)])
    reference = await ReferenceFeed(pool).refresh()
    decoded = noting(monkeypatch)
    at = START + timedelta(days=400)
    assert await owner.sweep(reference, at, caught_up=True) == 1
    assert decoded == list(range(LONG_EVENTS + 2))
    assert await pool.fetchval("SELECT count(parked_reason) FROM projection_heads") == 0
    credit = "SELECT credit_minor FROM receivables_v5_accounts"
    assert await pool.fetchval(credit) == 100 * (LONG_EVENTS + 2)
    assert await pool.fetchval("SELECT policy_count FROM dossier_snapshots") == reference.count


@pytest.mark.postgres
async def test_what_came_while_a_customer_was_parked_is_written_when_it_is_not(
    pool: Pool, log: EmbeddedEventLog
) -> None:
    await keep_a_snapshot(pool, log, first=10_000)
    counting = Counting()
    counting.poison = payment(50_001).envelope.id
    await append(log, 50_001, 1)
    owner = await owner_of(pool, log, [counting])
    await owner.step(NOTHING, 10)
    await append(log, 1, 1)  # it happened before all others
    await owner.step(NOTHING, 10)
    assert await pool.fetchval("SELECT count(parked_reason) FROM projection_heads") == 1
    await pool.execute(sql("retry_parked"), None)
    at = START + timedelta(days=1)
    assert await (await owner_of(pool, log)).due(NOTHING, at, caught_up=True) == 1
    assert await pool.fetchval("SELECT count(parked_reason) FROM projection_heads") == 0
    assert await payments(pool) == LONG_EVENTS + 3
    total = "SELECT count FROM totals WHERE measure = 'paid'"
    assert await pool.fetchval(total) == LONG_EVENTS + 3


@pytest.mark.postgres
async def test_what_is_remembered_as_written_is_what_is_written(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's customers live on under one owner after another, some facts late."""
    monkeypatch.setattr("services.projector.team.LONG_EVENTS", 3)
    monkeypatch.setattr("services.projector.snapshots._GROWTH", 0.0)
    dice = random.Random(20261122)
    events = list(history(open_books(Plan.ending_today(START, customers=12))))
    partition = partition_of("C000012")  # who has the longest dossier
    lived = [
        e for e in events if e.envelope.subject and partition_of(e.envelope.subject) == partition
    ]
    for place in dice.sample(range(len(lived) - 60), len(lived) // 20):
        lived.insert(place + dice.randint(1, 50), lived.pop(place))  # it comes late
    clock = SetClock(lived[0].recorded_at)
    async with pool.acquire() as connection:
        await ensure_tables(connection, PROJECTIONS)
    reference, served = NOTHING, 0
    async with EmbeddedEventLog(pool, clock) as log:
        while lived:
            size = dice.randint(1, 8)
            some, lived = lived[:size], lived[size:]
            clock.at = max(clock.at, *(event.recorded_at for event in some))
            await log.append(
                [
                    Submission(e.envelope, e.data, e.envelope.id.encode().ljust(32)[:32])
                    for e in some
                ]
            )
            owner = PartitionOwner(
                partition, PROJECTIONS, pool, log, PostgresDossiers(pool), 1, Memory(100_000)
            )
            await owner.take()
            await owner.step(reference, 100)
            clock.move(timedelta(hours=dice.choice([0, 0, 1, 30])))
            await owner.due(reference, clock.at, caught_up=True)
            served += await assert_remembered_is_written(pool, owner)
    assert served > 100
    assert await pool.fetchval("SELECT count(parked_reason) FROM projection_heads") == 0


@pytest.mark.postgres
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE dossier_snapshots SET code = 'another program'",
        "UPDATE dossier_snapshots SET content = 'damaged'",
        "UPDATE dossier_snapshots SET content = overlay(content placing 'x' from 500)",
        "UPDATE dossier_snapshots SET generation = 2",
        "UPDATE dossier_snapshots SET policy_count = 1",
        "UPDATE dossier_snapshots SET assessed_at = 'infinity'",
        "UPDATE projection_heads SET policy_count = 1",
        "UPDATE dossier_snapshots SET upto = upto + 1000000",
        "UPDATE dossier_snapshots SET version = 2",
        "DELETE FROM dossier_snapshots",
    ],
)
async def test_a_snapshot_that_does_not_fit_is_left_aside(
    pool: Pool, log: EmbeddedEventLog, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep_a_snapshot(pool, log)
    await pool.execute(damage)
    decoded = noting(monkeypatch)
    await append(log, 20_000, 1)
    await (await owner_of(pool, log)).step(NOTHING, 10)
    assert decoded == list(range(LONG_EVENTS + 1))
    assert await payments(pool) == LONG_EVENTS + 2


@pytest.mark.postgres
async def test_a_snapshot_is_kept_anew_when_the_dossier_has_grown(
    pool: Pool, log: EmbeddedEventLog
) -> None:
    async def kept() -> int | None:
        """Append an event, miss it, and return how many events the snapshot has."""
        await append(log, await pool.fetchval("SELECT count(*) FROM events") + 1, 1)
        await (await owner_of(pool, log)).step(NOTHING, 10)
        found: int | None = await pool.fetchval("SELECT events FROM dossier_snapshots")
        return found

    await append(log, 1, LONG_EVENTS - 2)
    await (await owner_of(pool, log)).step(NOTHING, 10_000)
    assert [await kept() for _ in range(4)] == [None, None, LONG_EVENTS + 1, LONG_EVENTS + 1]
    await append(log, LONG_EVENTS + 3, LONG_EVENTS // 19)
    await (await owner_of(pool, log)).step(NOTHING, 1_000)
    assert await kept() == LONG_EVENTS + 3 + LONG_EVENTS // 19


@pytest.mark.postgres
async def test_what_there_was_no_time_to_keep_is_kept_with_the_next_change(
    pool: Pool, log: EmbeddedEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(log, 1, LONG_EVENTS)
    await (await owner_of(pool, log)).step(NOTHING, 10_000)
    await append(log, 10_000, 1)
    owner = await owner_of(pool, log)
    with monkeypatch.context() as patched:
        patched.setattr("services.projector.assessing._KEEPING_S", -1.0)
        await owner.step(NOTHING, 10)
    assert await pool.fetchval("SELECT events FROM dossier_snapshots") is None
    await append(log, 20_000, 1)
    await owner.step(NOTHING, 10)
    assert await pool.fetchval("SELECT events FROM dossier_snapshots") == LONG_EVENTS + 2


@pytest.mark.postgres
async def test_what_was_written_since_a_snapshot_is_told_from_what_is_new(
    pool: Pool, log: EmbeddedEventLog
) -> None:
    await keep_a_snapshot(pool, log)
    owner = await owner_of(pool, log)
    quiet = START + timedelta(days=400)
    assert await owner.due(NOTHING, quiet, caught_up=True) == 1  # raises an alert by time alone
    assert await pool.fetchval("SELECT count(*) FROM alerts") == 1
    await append(log, 20_000, 2)
    await (await owner_of(pool, log)).step(NOTHING, 10)
    assert await payments(pool) == LONG_EVENTS + 3
    total = "SELECT count FROM totals WHERE measure = 'paid'"
    assert await pool.fetchval(total) == LONG_EVENTS + 3


@pytest.mark.postgres
async def test_a_snapshot_that_cannot_be_gone_on_from_is_left_aside(
    pool: Pool, log: EmbeddedEventLog
) -> None:
    await keep_a_snapshot(pool, log)
    await append(log, 20_000, 1)
    await (await owner_of(pool, log)).step(NOTHING, 10)

    once = FailsOnce()
    await append(log, 30_000, 1)
    await (await owner_of(pool, log, [once])).step(NOTHING, 10)
    assert once.failed
    assert await payments(pool) == LONG_EVENTS + 3
    assert await pool.fetchval("SELECT count(parked_reason) FROM projection_heads") == 0


class FailsOnce(Counting):
    """Counting that cannot stand what it is asked first."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = False

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        if not self.failed:
            self.failed = True
            raise RuntimeError("the snapshot is not what it seems")
        return super().assess(customer, facts, at, reference)
