"""The embedded event log keeps the contract, and some promises of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest

from events.envelope import CustomerId, PositionVector
from events.partitioning import PARTITIONS
from services.errors import Unavailable
from services.log.dossiers import PostgresDossiers
from services.log.embedded import event_log
from services.log.embedded.event_log import EmbeddedEventLog
from services.log.facts import portion_of
from services.ports import Accepted, Duplicate
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.postgres.statements import sql
from tests.contract.event_log_suite import EventLogContract, accepted_events, ids
from tests.contract.stream_suite import LoseAnswers, StreamLogContract, losing
from tests.support.log import SetClock, payment

pytestmark = pytest.mark.postgres

OpenEmbedded = Callable[[], AbstractAsyncContextManager[EmbeddedEventLog]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        yield pool


@pytest.fixture
async def open_log(database: str, pool: Pool, clock: SetClock) -> OpenEmbedded:
    @asynccontextmanager
    async def opened() -> AsyncIterator[EmbeddedEventLog]:
        async with await open_pool(database) as own, EmbeddedEventLog(own, clock) as log:
            yield log

    return opened


class TestEmbeddedEventLog(EventLogContract):
    """The contract."""


class TestEmbeddedStreams(StreamLogContract):
    """The contract of streams and units."""

    @pytest.fixture
    def lose_answers(self, monkeypatch: pytest.MonkeyPatch) -> LoseAnswers:
        return losing(monkeypatch, event_log, "append_all")


async def kill_connections(pool: Pool) -> None:
    """What a crash of everybody else looks like to the server."""
    await pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_positions_have_no_gaps_whatever_was_refused(open_log: OpenEmbedded) -> None:
    async with open_log() as log:
        for n in range(1, 30):
            await log.append([payment(n, f"C-{n % 4}"), payment(n - 1, f"C-{(n - 1) % 4}")])
        heads = await log.heads()
        for partition, count in enumerate(heads.counts):
            events = await log.read(partition, 0, 100)
            assert [e.position.n for e in events] == list(range(count))


async def test_concurrent_calls_are_committed_together(pool: Pool, open_log: OpenEmbedded) -> None:
    async with open_log() as log:
        await asyncio.gather(*(log.append([payment(n)]) for n in range(1, 101)))
        groups = await pool.fetchval("SELECT count(DISTINCT xmin::text) FROM events")
        assert groups <= 3
        assert len(await accepted_events(log)) == 100


async def test_a_connection_killed_at_any_moment_loses_and_doubles_nothing(
    pool: Pool, open_log: OpenEmbedded
) -> None:
    known: set[str] = set()

    async def publish(log: EmbeddedEventLog, numbers: range) -> None:
        for n in numbers:
            while True:
                try:
                    [outcome] = await log.append([payment(n, f"C-{n % 5}")])
                except Unavailable:
                    continue
                assert isinstance(outcome, Accepted | Duplicate)
                known.add(payment(n, f"C-{n % 5}").envelope.id)
                break

    async with open_log() as one, open_log() as other:
        publishing = [
            asyncio.create_task(publish(one, range(1, 60))),
            asyncio.create_task(publish(other, range(30, 90))),
        ]
        while not all(task.done() for task in publishing):
            await kill_connections(pool)
            await asyncio.sleep(0.1)
        await asyncio.gather(*publishing)
        assert sorted(ids(await accepted_events(one))) == sorted(known)
        assert len(known) == 89


async def test_an_event_is_stamped_later_than_deadlines_judged_while_it_waited(
    pool: Pool, open_log: OpenEmbedded, clock: SetClock
) -> None:
    async with open_log() as log:
        [first] = await log.append([payment(1)])
        assert isinstance(first, Accepted)
        async with pool.acquire() as connection, connection.transaction():
            partition = first.position.partition
            assert await connection.fetchval(sql("log_is_quiet"), 1, partition, 1)
            waiting = asyncio.create_task(log.append([payment(2)]))
            await until_somebody_waits_for_a_lock(pool)
            clock.move(timedelta(seconds=1))
            judged_at = clock.now()
        [late] = await waiting
        assert isinstance(late, Accepted)
        assert late.recorded_at >= judged_at


async def until_somebody_waits_for_a_lock(pool: Pool) -> None:
    async with asyncio.timeout(10):
        while not await pool.fetchval(  # noqa: ASYNC110 - the server tells it no other way
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
        ):
            await asyncio.sleep(0.01)


async def test_waiting_still_works_after_the_listening_connection_was_killed(
    pool: Pool, open_log: OpenEmbedded
) -> None:
    async with open_log() as log:
        await log.wait(0.5)
        await kill_connections(pool)
        async with asyncio.timeout(5):
            await log.append([payment(1)])
            await log.wait(30)


async def test_a_call_to_a_database_that_is_away_says_so(open_log: OpenEmbedded) -> None:
    async with open_log() as log:
        log._pool.terminate()
        with pytest.raises(Unavailable, match="try again"):
            await log.append([payment(1)])


async def test_a_call_to_a_closed_log_says_so(open_log: OpenEmbedded) -> None:
    async with open_log() as log:
        pass
    with pytest.raises(Unavailable, match="try again"):
        await log.append([payment(1)])


async def test_one_event_that_no_schema_can_hold_spoils_only_its_own_call(
    open_log: OpenEmbedded,
) -> None:
    async with open_log() as log:
        outcomes = await asyncio.gather(
            log.append([payment(1)]),
            log.append([payment(2, minor=2**70)]),
            log.append([payment(3)]),
            return_exceptions=True,
        )
        assert [isinstance(o, Exception) for o in outcomes] == [False, True, False]


async def test_a_dossier_ends_where_its_reader_is(pool: Pool, open_log: OpenEmbedded) -> None:
    async with open_log() as log:
        await log.append([payment(1, "C-1"), payment(2, "C-2"), payment(3, "C-1")])
        before = await log.heads()
        await log.append([payment(4, "C-1")])
        after = await log.heads()
    dossiers = PostgresDossiers(pool)
    customers = [CustomerId(c) for c in ("C-1", "C-2", "nobody")]
    found = await dossiers.of(customers, before)
    assert {c: ids(events) for c, events in found.items()} == {
        "C-1": ids([payment(1), payment(3)]),
        "C-2": ids([payment(2, "C-2")]),
        "nobody": [],
    }
    facts = {one.customer: one.facts for one in await dossiers.facts_of(customers, before)}
    assert {customer: [fact.id for fact in told] for customer, told in facts.items()} == {
        customer: ids(events) for customer, events in found.items() if events
    }
    assert len((await dossiers.of(customers, after))[customers[0]]) == 3
    assert len((await dossiers.of(customers, PositionVector.start(2)))[customers[0]]) == 3


async def test_facts_are_those_of_events_kept_in_several_generations(
    pool: Pool, open_log: OpenEmbedded
) -> None:
    customers = [CustomerId(f"C-{n}") for n in range(30)]
    async with open_log() as log:
        await log.append([payment(n, customers[n % 30]) for n in range(120)])
        ends = (await log.heads()).counts
    # The second half of each partition is as if another generation had taken it in.
    halves = [end // 2 for end in ends]
    await pool.execute("ALTER TABLE events DISABLE TRIGGER USER")
    for partition, half in enumerate(halves):
        await pool.execute(
            "UPDATE events SET generation = 2 WHERE partition = $1 AND n >= $2", partition, half
        )
        if half:
            await pool.execute("INSERT INTO log_runs VALUES (2, $1, 0, $2, 1, 0)", partition, half)
    dossiers = PostgresDossiers(pool)
    for counts in (ends, halves, [half // 2 for half in halves], [half + 1 for half in halves]):
        before = PositionVector(2, tuple(counts))
        whole = await dossiers.of(customers, before)
        facts = {one.customer: one.facts for one in await dossiers.facts_of(customers, before)}
        assert {customer: [fact.id for fact in told] for customer, told in facts.items()} == {
            customer: ids(events) for customer, events in whole.items() if events
        }


@pytest.mark.parametrize("customer", ["O'Neill", "a\\'; --", '"$1" {,}', "客户 \U0001f43c", "\\\\"])
async def test_a_dossier_is_found_whatever_the_customer_is_called(
    customer: str, pool: Pool, open_log: OpenEmbedded
) -> None:
    async with open_log() as log:
        await log.append([payment(1, customer), payment(2, "C-2")])
        heads = await log.heads()
    [found] = await PostgresDossiers(pool).facts_of([CustomerId(customer)], heads)
    assert found.customer == customer
    assert [fact.id for fact in found.facts] == ids([payment(1, customer)])


async def test_facts_are_those_of_the_events_read_whole(pool: Pool, open_log: OpenEmbedded) -> None:
    sent = [payment(n, f"C-{n % 3}") for n in range(40)]
    async with open_log() as log:
        await log.append(sent)
        for partition in range(PARTITIONS):
            start = 0
            while stored := await log.read(partition, start, 4):
                portion = await log.facts(partition, start, 4, 1_000)
                assert portion == portion_of(
                    stored, stored[-1].position.n + 1, stored[-1].recorded_at
                )
                start = portion.upto
            assert await log.facts(partition, start, 4, 1_000) is None
            within = await log.facts(partition, 0, 1_000, 2)
            assert within is None or within.events == within.upto <= 2
