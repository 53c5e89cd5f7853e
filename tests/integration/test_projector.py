"""What the projector promises, shown on the smallest projection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery
from msgspec.structs import replace

from events.envelope import CustomerId, PositionVector
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from services.errors import StaleCheckpoint
from services.hosts.project import Projector
from services.intake.intake import Intake
from services.log.dossiers import PostgresDossiers
from services.log.embedded.event_log import EmbeddedEventLog
from services.platform import Platform
from services.ports import Dossier, StoredEvent, Submission
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.postgres.statements import sql
from services.projector.memory import Memory
from services.projector.owner import PartitionOwner, step_together
from services.projector.reference_feed import ReferenceFeed
from services.rows.row_tables import ensure_tables
from services.streams.application import LogApplication
from services.vault.vault import PostgresVault
from tests.support.counting import QUIET, Counting
from tests.support.log import START, SetClock, payment, submission

pytestmark = pytest.mark.postgres

NOTHING = Reference()
LATER = START + timedelta(hours=1)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(LATER)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        async with pool.acquire() as connection:
            await ensure_tables(connection, [Counting()])
        yield pool


@pytest.fixture
async def log(pool: Pool, clock: SetClock) -> AsyncIterator[EmbeddedEventLog]:
    async with EmbeddedEventLog(pool, clock) as log:
        yield log


class Bench:
    """A log, its partition of one customer, and owners of that partition."""

    def __init__(self, pool: Pool, log: EmbeddedEventLog) -> None:
        self.pool = pool
        self.log = log
        self.partition = -1

    async def append(self, *submissions: Submission) -> None:
        outcomes = await self.log.append(submissions)
        self.partition = outcomes[0].position.partition

    async def owner(
        self, projection: Counting, max_facts: int = 1000, partition: int | None = None
    ) -> PartitionOwner:
        owner = PartitionOwner(
            self.partition if partition is None else partition, [projection], self.pool, self.log,
            PostgresDossiers(self.pool), 1, Memory(max_facts),
        )  # fmt: skip
        await owner.take()
        return owner

    async def owners(self) -> list[PartitionOwner]:
        return [await self.owner(Counting(), partition=partition) for partition in range(12)]

    async def rows(self) -> Sequence[asyncpg.Record]:
        return await self.pool.fetch(
            "SELECT customer_id, payments, paid_minor, quiet FROM counting_v1_sums "
            "ORDER BY customer_id"
        )

    async def journal(self) -> list[tuple[str, str | None]]:
        rows = await self.pool.fetch(
            "SELECT action, cause_reason FROM alert_journal ORDER BY ordinal"
        )
        return [(row["action"], row["cause_reason"]) for row in rows]


@pytest.fixture
def bench(pool: Pool, log: EmbeddedEventLog) -> Bench:
    return Bench(pool, log)


async def test_a_batch_becomes_rows_totals_and_a_checkpoint(bench: Bench) -> None:
    await bench.append(payment(1), payment(2, minor=50))
    owner = await bench.owner(Counting())
    assert await owner.step(NOTHING, 100) == 2
    assert [tuple(row) for row in await bench.rows()] == [("C-1", 2, 150, False)]
    total = await bench.pool.fetchrow("SELECT count, amount_minor FROM totals")
    assert total is not None
    assert tuple(total) == (2, 150)
    assert await bench.pool.fetchval("SELECT next FROM checkpoints") == 2
    assert await owner.step(NOTHING, 100) == 0


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("max_facts", [1, 1000])
async def test_batches_and_memory_do_not_change_the_result(
    bench: Bench, limit: int, max_facts: int
) -> None:
    await bench.append(*(payment(n, minor=n) for n in range(1, 11)))
    owner = await bench.owner(Counting(), max_facts)
    while await owner.step(NOTHING, limit):
        pass
    assert [tuple(row) for row in await bench.rows()] == [("C-1", 10, 55, False)]
    assert await bench.pool.fetchval("SELECT sum(amount_minor) FROM totals") == 55


async def test_a_batch_of_more_customers_than_memory_holds_is_taken_in(bench: Bench) -> None:
    neighbours = [c for c in (f"C-{n}" for n in range(200)) if partition_of(c) == 0][:5]
    await bench.append(*(payment(n, c) for n, c in enumerate(neighbours, 1)))
    await bench.append(*(payment(n, c) for n, c in enumerate(neighbours, 11)))
    owner = await bench.owner(Counting(), max_facts=2)
    assert await owner.step(NOTHING, 5) == 5
    assert await owner.step(NOTHING, 5) == 5
    assert {tuple(row)[1:] for row in await bench.rows()} == {(2, 200, False)}
    assert await owner.due(NOTHING, START + 2 * QUIET, caught_up=True) == 5
    assert {tuple(row)[1:] for row in await bench.rows()} == {(2, 200, True)}


async def test_whoever_took_the_partition_later_wins_and_nothing_is_applied_twice(
    bench: Bench,
) -> None:
    await bench.append(payment(1))
    former = await bench.owner(Counting())
    later = await bench.owner(Counting())
    with pytest.raises(StaleCheckpoint):
        await former.step(NOTHING, 100)
    assert await bench.rows() == []
    await later.step(NOTHING, 100)
    with pytest.raises(StaleCheckpoint):
        await former.step(NOTHING, 100)
    assert [tuple(row) for row in await bench.rows()] == [("C-1", 1, 100, False)]


async def test_several_partitions_are_taken_in_together(bench: Bench) -> None:
    customers = [f"C-{n}" for n in range(40)]
    await bench.append(*(payment(n, customers[n % 40], minor=n) for n in range(1, 121)))
    owners = await bench.owners()
    statement = "SELECT sum(xmin::text::bigint) / count(*) = min(xmin::text::bigint) FROM {}"
    assert await step_together(owners, NOTHING, 100) == 120
    for table in ("checkpoints", "counting_v1_sums", "totals"):
        assert await bench.pool.fetchval(statement.format(table)), f"{table}: one transaction"
    rows = {tuple(row) for row in await bench.rows()}
    assert rows == {
        (f"C-{n}", 3, sum(i for i in range(1, 121) if i % 40 == n), False) for n in range(40)
    }
    assert await bench.pool.fetchval("SELECT sum(next) FROM checkpoints") == 120
    assert await step_together(owners, NOTHING, 100) == 0


async def test_a_trickle_in_every_partition_is_written_by_as_many_statements_as_in_one(
    bench: Bench,
) -> None:
    writes: list[str] = []

    def note(query: LoggedQuery) -> None:
        if any(word in query.query for word in ("INSERT INTO", "UPDATE ", "DELETE ", "BEGIN")):
            writes.append(query.query)

    everybody = [f"C-{n}" for n in range(40)]
    await bench.append(*(payment(n, customer) for n, customer in enumerate(everybody)))
    owners = await bench.owners()
    await step_together(owners, NOTHING, 100)
    connections = [await bench.pool.acquire() for _ in range(bench.pool.get_max_size() - 1)]
    for connection in connections:
        connection.add_query_logger(note)
    for connection in connections:
        await bench.pool.release(connection)
    counts = []
    for turn, customers in enumerate((everybody[:1], everybody), 1):
        await bench.append(*(payment(100 * turn + n, c) for n, c in enumerate(customers)))
        writes.clear()
        assert await step_together(owners, NOTHING, 100) == len(customers)
        counts.append(len(writes))
    assert counts[0] == counts[1] > 0


async def test_one_partition_lost_undoes_all_that_was_taken_in_with_it(bench: Bench) -> None:
    await bench.append(*(payment(n, f"C-{n}") for n in range(1, 41)))
    owners = await bench.owners()
    lost = partition_of(CustomerId("C-7"))
    later = await bench.owner(Counting(), partition=lost)
    with pytest.raises(StaleCheckpoint) as stale:
        await step_together(owners, NOTHING, 100)
    assert stale.value.partition == lost
    assert await bench.rows() == []
    assert await bench.pool.fetchval("SELECT sum(next) FROM checkpoints") == 0
    kept = [owner for owner in owners if owner.partition != lost]
    assert await step_together([*kept, later], NOTHING, 100) == 40
    assert [tuple(row)[1:] for row in await bench.rows()] == [(1, 100, False)] * 40


async def test_nothing_is_read_again_of_a_partition_of_which_nothing_was_taken_in(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> Sequence[Dossier]:
        raise AssertionError("nobody was forgotten")

    await bench.append(payment(1), payment(2))
    owner = await bench.owner(Counting())
    monkeypatch.setattr(PostgresDossiers, "facts_of", refuse)
    assert await owner.step(NOTHING, 100) == 2
    await bench.append(payment(3, "C-1"))
    forgetful = await bench.owner(Counting())
    with pytest.raises(AssertionError):
        await forgetful.step(NOTHING, 100)


async def test_a_former_owner_does_no_due_work_either(bench: Bench) -> None:
    await bench.append(payment(1))
    former = await bench.owner(Counting())
    await former.step(NOTHING, 100)
    await bench.owner(Counting())
    with pytest.raises(StaleCheckpoint):
        await former.due(NOTHING, START + 2 * QUIET, caught_up=True)
    assert await bench.journal() == []


async def test_a_deadline_takes_effect_with_no_event(bench: Bench) -> None:
    await bench.append(payment(1))
    owner = await bench.owner(Counting())
    await owner.step(NOTHING, 100)
    just_before = START + QUIET
    assert await owner.due(NOTHING, just_before, caught_up=True) == 0
    assert await owner.due(NOTHING, just_before + timedelta(seconds=1), caught_up=True) == 1
    assert [tuple(row) for row in await bench.rows()] == [("C-1", 1, 100, True)]
    since = await bench.pool.fetchval("SELECT since FROM alerts")
    assert since == START + timedelta(seconds=1) + QUIET
    assert await bench.journal() == [("raised", None)]


async def test_no_deadline_is_judged_past_an_event_that_waits_unread(
    bench: Bench, clock: SetClock
) -> None:
    await bench.append(payment(1))
    owner = await bench.owner(Counting())
    await owner.step(NOTHING, 100)
    clock.move(2 * QUIET)
    paid_in_time = payment(2)
    await bench.append(paid_in_time)
    assert await owner.due(NOTHING, clock.now(), caught_up=True) == 0
    assert await bench.journal() == []


async def test_an_alert_that_stands_on_has_the_amount_of_now(bench: Bench, clock: SetClock) -> None:
    await bench.append(payment(2))
    owner = await bench.owner(Counting())
    await owner.step(NOTHING, 100)
    clock.move(2 * QUIET)
    await owner.due(NOTHING, clock.now(), caught_up=True)
    await bench.append(payment(1, minor=50))  # late: it happened before the other
    await owner.step(NOTHING, 100)
    assert await bench.pool.fetchval("SELECT amount_minor FROM alerts") == 150
    assert await bench.journal() == [("raised", None)]


async def test_what_made_an_alert_untrue_is_cited(
    bench: Bench, clock: SetClock, later: Callable[[int, timedelta], Submission]
) -> None:
    await bench.append(payment(1))
    owner = await bench.owner(Counting())
    await owner.step(NOTHING, 100)
    clock.move(2 * QUIET)
    await owner.due(NOTHING, clock.now(), caught_up=True)
    event = later(2, 2 * QUIET)
    await bench.append(event)
    await owner.step(NOTHING, 100)
    assert await bench.journal() == [("raised", None), ("withdrawn", "paid")]
    cited = await bench.pool.fetchval("SELECT cause_event_id FROM alert_journal ORDER BY 1")
    assert cited == event.envelope.id
    assert await bench.pool.fetchval("SELECT count(*) FROM alerts") == 0


@pytest.fixture
def later() -> Callable[[int, timedelta], Submission]:
    """A payment that counts some time after the start."""

    def made(number: int, by: timedelta) -> Submission:
        plain = payment(number)
        at: datetime = plain.envelope.effective_at + by
        return replace(plain, envelope=replace(plain.envelope, effective_at=at, created_at=at))

    return made


async def test_a_customer_that_cannot_be_handled_is_parked_while_others_go_on(
    bench: Bench,
) -> None:
    poisoned = payment(1, "C-1")
    await bench.append(poisoned)
    others = [payment(n, f"C-{n}") for n in range(2, 200)]
    await bench.append(*others)
    await bench.append(payment(1000, "C-1"))
    projection = Counting()
    projection.poison = poisoned.envelope.id
    owner = await bench.owner(projection)
    while await owner.step(NOTHING, 7):
        pass
    customers = {row["customer_id"] for row in await bench.rows()}
    assert customers
    assert "C-1" not in customers
    head = await bench.pool.fetchrow(
        "SELECT customer_id, parked_reason FROM projection_heads WHERE parked_reason IS NOT NULL"
    )
    assert head is not None
    assert tuple(head) == ("C-1", "ValueError: poisoned")

    projection.poison = None
    await bench.pool.execute(sql("retry_parked"), None)
    assert await owner.due(NOTHING, LATER, caught_up=False) == 1
    assert await bench.pool.fetch(sql("list_parked"), 10) == []
    mine = [tuple(row) for row in await bench.rows() if row["customer_id"] == "C-1"]
    assert mine == [("C-1", 2, 200, False)]


async def test_a_customer_whose_sums_no_row_can_hold_is_parked_and_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.rows.changes._LIMIT", 500)
    huge, other, *_ = [c for c in (f"C-{n}" for n in range(200)) if partition_of(c) == 0]
    await bench.append(payment(1, huge, minor=400), payment(2, other), payment(3, huge))
    owner = await bench.owner(Counting())
    assert await owner.step(NOTHING, 100) == 3
    assert [row["customer_id"] for row in await bench.rows()] == [other]
    [parked] = await bench.pool.fetch(sql("list_parked"), 10)
    assert parked["customer_id"] == huge
    assert parked["parked_reason"] == (
        "OverflowError: paid_minor of CNY is 500, which no row can hold"
    )


async def test_bytes_that_cannot_be_decoded_park_their_customer(bench: Bench) -> None:
    await bench.append(payment(1), payment(2))
    await bench.pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    await bench.pool.execute(r"UPDATE events SET data = '\xc3010000' WHERE n = 1")
    owner = await bench.owner(Counting())
    assert await owner.step(NOTHING, 100) == 2
    head = await bench.pool.fetchrow("SELECT parked_reason, parked_event_id FROM projection_heads")
    assert head is not None
    assert head["parked_event_id"] == payment(2).envelope.id


async def test_a_new_policy_sweeps_over_rows_made_under_older_ones(
    bench: Bench, log: EmbeddedEventLog
) -> None:
    await bench.append(payment(1))
    owner = await bench.owner(Counting())
    await owner.step(NOTHING, 100)
    policy = AlertsPolicyPublished(effective_from=START, policy=AlertsPolicy())
    await log.append([submission(9, policy, None)])
    feed = ReferenceFeed(bench.pool)
    reference = await feed.refresh()
    assert reference.count == 1
    assert await owner.due(reference, START, caught_up=True) == 0
    assert not owner.reflects(reference)
    assert await owner.sweep(reference, START, caught_up=True) == 1
    assert await owner.sweep(reference, START, caught_up=True) == 0
    assert owner.reflects(reference)
    assert await bench.pool.fetchval("SELECT policy_count FROM projection_heads") == 1


async def test_whoever_waits_is_told_of_rows_that_are_new_and_of_nothing_else(
    bench: Bench, database: str
) -> None:
    told: list[object] = []
    await bench.append(payment(1))
    owner = await bench.owner(Counting())
    listening = await asyncpg.connect(database)
    try:
        await listening.add_listener("touchstone_changed", lambda *words: told.append(words[3]))
        await owner.step(NOTHING, 1)
        await listening.fetchval("SELECT 1")
        assert told == [""]
        await bench.append(payment(1))  # again: it is not another event
        await owner.step(NOTHING, 1)
        await listening.fetchval("SELECT 1")
        assert told == [""]
    finally:
        await listening.close()


async def test_behind_unread_events_nobody_goes_back_to_an_earlier_instant(
    bench: Bench, log: EmbeddedEventLog
) -> None:
    await bench.append(payment(1))
    owner = await bench.owner(Counting())
    await owner.step(NOTHING, 100)
    assert await owner.due(NOTHING, START + 2 * QUIET, caught_up=True) == 1
    policy = AlertsPolicyPublished(effective_from=START, policy=AlertsPolicy())
    await log.append([submission(9, policy, None)])
    reference = await ReferenceFeed(bench.pool).refresh()
    assert await owner.sweep(reference, START + QUIET / 2, caught_up=False) == 0
    assert not owner.reflects(reference)
    assert [row["quiet"] for row in await bench.rows()] == [True]
    assert await owner.sweep(reference, START + 3 * QUIET, caught_up=False) == 1


class Busy:
    """Dossiers of a partition in which another event arrives whenever one is read."""

    def __init__(self, pool: Pool, log: EmbeddedEventLog, customer: str) -> None:
        self._dossiers = PostgresDossiers(pool)
        self._log = log
        self._customer = customer
        self._numbers = count(1000)

    async def of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Mapping[CustomerId, Sequence[StoredEvent]]:
        return await self._dossiers.of(customers, before)

    async def facts_of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Sequence[Dossier]:
        await self._log.append([payment(next(self._numbers), self._customer)])
        return await self._dossiers.facts_of(customers, before)


async def until(question: str, pool: Pool, customer: str) -> None:
    while not await pool.fetchval(question, customer):  # noqa: ASYNC110 - another task's rows
        await asyncio.sleep(0.01)


async def test_deadlines_take_effect_also_where_events_never_cease(
    database: str,
    pool: Pool,
    log: EmbeddedEventLog,
    clock: SetClock,
) -> None:
    still, noisy, *_ = [c for c in (f"C-{n}" for n in range(200)) if partition_of(c) == 0]
    await log.append([payment(1, still)])
    vault = PostgresVault(pool, bytes(32))
    intake = Intake(log, vault, clock, pool)
    streams, dossiers = LogApplication(log), Busy(pool, log, noisy)
    platform = Platform(database, pool, log, streams, dossiers, vault, intake, clock, max_facts=0)
    projector = asyncio.create_task(Projector(platform, projections=[Counting()]).run())
    try:
        async with asyncio.timeout(20):
            await until("SELECT count(*) FROM projection_heads WHERE customer_id = $1", pool, still)
            await log.append([payment(2, noisy)])
            clock.move(2 * QUIET)
            await until("SELECT count(*) FROM alerts WHERE customer_id = $1", pool, still)
    finally:
        projector.cancel()
        await asyncio.gather(projector, return_exceptions=True)
        await streams.ended()
