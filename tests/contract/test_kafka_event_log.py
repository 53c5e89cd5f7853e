"""The event log on Kafka keeps the contract, and some promises of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer

from events.errors import MalformedEvent
from events.partitioning import PARTITIONS, partition_of
from events.streams import case_stream
from services.errors import Unavailable
from services.log.admissions import prepare
from services.log.kafka.cluster import cluster_of
from services.log.kafka.event_log import KafkaEventLog, open_kafka_log
from services.log.kafka.mirror import EventsMirror
from services.log.kafka.outbox import Admitted, Outbox
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions, create, log_topics
from services.log.units import Call, unit
from services.ports import Accepted, Duplicate, StoredEvent, Submission
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from tests.contract.event_log_suite import EventLogContract, accepted_events, ids
from tests.contract.stream_suite import LoseAnswers, StreamLogContract, losing
from tests.support.kafka import local_cluster
from tests.support.log import START, SetClock, payment, said

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

OpenKafka = Callable[[], AbstractAsyncContextManager[KafkaEventLog]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        yield pool


@pytest.fixture
async def open_log(database: str, pool: Pool, kafka: Settings, clock: SetClock) -> OpenKafka:
    @asynccontextmanager
    async def opened() -> AsyncIterator[KafkaEventLog]:
        async with await open_pool(database) as own, open_kafka_log(kafka, own, clock) as log:
            yield log

    return opened


class TestKafkaEventLog(EventLogContract):
    """The contract."""


class TestKafkaStreams(StreamLogContract):
    """The contract of streams and units."""

    @pytest.fixture
    def lose_answers(self, monkeypatch: pytest.MonkeyPatch) -> LoseAnswers:
        return losing(
            monkeypatch, Outbox, "admit", lambda admitted: admitted.connection.terminate()
        )


class CrashingGateway:
    """Does what a gateway does, and stops where a test says."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._cluster = cluster_of(settings)
        self._places = TopicPartitions(self._cluster.prefix, 1)
        self._outbox = Outbox(pool, 1, self._places)

    async def admit(self, submissions: Sequence[Submission]) -> Admitted:
        return await self.admit_call(Call([prepare(one) for one in submissions]))

    async def admit_call(self, call: Call) -> Admitted:
        async with self._outbox.admitted([call], SetClock(START)) as admitted:
            return admitted

    def holding(self, submissions: Sequence[Submission]) -> AbstractAsyncContextManager[Admitted]:
        call = Call([prepare(one) for one in submissions])
        return self._outbox.admitted([call], SetClock(START))

    async def append_unconfirmed(self, submissions: Sequence[Submission]) -> None:
        appender = Appender(self._cluster)
        admitted = await self.admit(submissions)
        try:
            for i, one in enumerate(submissions):
                place = self._places.of(prepare(one).partition)
                await appender.append({place: [admitted.records[0, i]]})
        finally:
            await appender.close()


def first_copies(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """What the mirror keeps."""
    seen: dict[str, StoredEvent] = {}
    for event in events:
        seen.setdefault(event.envelope.id, event)
    return list(seen.values())


def assert_record_times_rise(events: Sequence[StoredEvent]) -> None:
    for partition in range(PARTITIONS):
        times = [e.recorded_at for e in events if e.position.partition == partition]
        assert times == sorted(times)


async def test_what_a_crash_left_pending_is_appended_before_anything_younger(
    pool: Pool, kafka: Settings, open_log: OpenKafka, clock: SetClock
) -> None:
    async with open_log():
        pass  # Kafka keeps the generation from now on
    await CrashingGateway(pool, kafka).admit([payment(1), payment(2)])
    clock.move(timedelta(hours=1))
    async with open_log() as log:
        events = await accepted_events(log)
        assert ids(events) == ids([payment(1), payment(2)])
        assert [e.recorded_at for e in events] == [START, START]
        again, new = await log.append([payment(1), payment(3)])
        assert again == Duplicate(events[0].position)
        assert isinstance(new, Accepted)
        assert ids(await accepted_events(log)) == ids([payment(n) for n in (1, 2, 3)])


async def test_a_running_gateway_appends_what_another_left_pending_first(
    pool: Pool, kafka: Settings, open_log: OpenKafka
) -> None:
    async with open_log() as log:
        await CrashingGateway(pool, kafka).admit([payment(1)])
        await log.append([payment(2)])
        assert ids(await accepted_events(log)) == ids([payment(1), payment(2)])


async def test_who_owns_a_partition_is_waited_for_and_what_it_leaves_goes_first(
    pool: Pool, kafka: Settings, open_log: OpenKafka
) -> None:
    """Within the context a gateway stands between its admission and its append."""
    async with open_log() as log:
        async with CrashingGateway(pool, kafka).holding([payment(1)]) as admitted:
            assert admitted.next is not None
            waiting = asyncio.create_task(log.append([payment(2)]))
            async with asyncio.timeout(10):
                while not await pool.fetchval(  # noqa: ASYNC110 - the server tells it no other way
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                ):
                    await asyncio.sleep(0.01)
            assert await accepted_events(log) == []
        await waiting
        assert ids(await accepted_events(log)) == ids([payment(1), payment(2)])
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert await pool.fetchval(held) == 0


async def test_a_repeat_of_a_pending_event_brings_it_into_the_log(
    pool: Pool, kafka: Settings, open_log: OpenKafka
) -> None:
    async with open_log() as log:
        await CrashingGateway(pool, kafka).admit([payment(1)])
        [outcome] = await log.append([payment(1)])
        [event] = await accepted_events(log)
        assert outcome == Duplicate(event.position)


async def mirror(pool: Pool, log: KafkaEventLog, partition: int, start: int, limit: int) -> None:
    """What a projector does with a batch of a partition."""
    async with pool.acquire() as connection, connection.transaction():
        await EventsMirror().keep(connection, await log.read(partition, start, limit))


async def test_a_stream_is_whole_while_the_mirror_has_a_part_of_it(
    pool: Pool, open_log: OpenKafka
) -> None:
    stream, partition = case_stream("1"), partition_of("C-1")
    async with open_log() as log:
        for n in range(1, 6):
            await log.append_unit([said(stream, n)])
        read = await log.stream(stream)
        assert ids(read) == ids([said(stream, n) for n in range(1, 6)])
        for mirrored in range(1, 6):
            await mirror(pool, log, partition, mirrored - 1, 1)
            assert await pool.fetchval("SELECT count(*) FROM events") == mirrored
            assert await pool.fetchval("SELECT count(*) FROM log_confirmed") == 5 - mirrored
            assert await log.stream(stream) == read


async def test_a_stream_has_no_hole_at_any_moment_while_it_is_mirrored(
    pool: Pool, open_log: OpenKafka
) -> None:
    stream, partition = case_stream("1"), partition_of("C-1")
    async with open_log() as log:

        async def follow() -> None:
            for place in range(20):
                while not await log.read(partition, place, 1):
                    await log.wait(1)
                await mirror(pool, log, partition, place, 1)

        following = asyncio.create_task(follow())
        for n in range(1, 21):
            await log.append_unit([said(stream, n)])
            for _ in range(3):
                read = await log.stream(stream)
                assert [e.envelope.sequence for e in read] == list(range(1, n + 1))
                assert [e.position.n for e in read] == list(range(n))
        await following
        assert ids(await log.stream(stream)) == ids([said(stream, n) for n in range(1, 21)])


async def test_what_a_crash_left_pending_of_a_stream_is_in_the_topic_once_it_was_read(
    pool: Pool, kafka: Settings, open_log: OpenKafka
) -> None:
    stream = case_stream("1")
    sent = [said(stream, 1), said(stream, 2)]
    async with open_log() as log:
        call = unit(sent, ())
        await CrashingGateway(pool, kafka).admit_call(call)
        assert await accepted_events(log) == []
        read = await log.stream(stream)
        assert list(await accepted_events(log)) == list(read)
        assert ids(read) == ids(sent)
        assert await log.append_unit(sent) == [Duplicate(e.position) for e in read]


async def test_events_that_branches_publish_are_kept_once_until_the_mirror_has_them(
    pool: Pool, open_log: OpenKafka
) -> None:
    """Their data is in the topic; only streams are read before the mirror has them."""
    async with open_log() as log:
        await asyncio.gather(
            log.append([payment(1), payment(2, "C-2")]),
            log.append_unit([said(case_stream("1"), 1)]),
        )
        [kept] = await pool.fetch(
            "SELECT count(*), count(data) AS data, count(headers) AS headers FROM log_confirmed"
        )
        assert (kept["count"], kept["data"], kept["headers"]) == (3, 1, 1)


async def test_an_unconfirmed_append_is_repeated_byte_for_byte(
    pool: Pool, kafka: Settings, open_log: OpenKafka
) -> None:
    async with open_log():
        pass  # Kafka keeps the generation from now on
    await CrashingGateway(pool, kafka).append_unconfirmed([payment(1), payment(2)])
    async with open_log() as log:
        events = await log.read(partition_of("C-1"), 0, 10)
        assert ids(events) == ids([payment(1), payment(2)] * 2)
        first, again = events[0], events[2]
        assert (first.envelope, first.payload) == (again.envelope, again.payload)
        assert first.recorded_at == again.recorded_at
        assert await log.append([payment(1)]) == [Duplicate(again.position)]
        assert (await log.heads()).covers(again.position)


async def test_nothing_is_left_pending_and_heads_follow(pool: Pool, open_log: OpenKafka) -> None:
    async with open_log() as log:
        await asyncio.gather(*(log.append([payment(n, f"C-{n % 9}")]) for n in range(1, 101)))
        heads = await pool.fetch("SELECT next_n, pending FROM log_heads ORDER BY partition")
        assert tuple(head["next_n"] for head in heads) == (await log.heads()).counts
        assert {head["pending"] for head in heads} == {0}
        assert await pool.fetchval("SELECT count(*) FROM log_pending") == 0


async def test_record_times_rise_in_the_topic_with_two_gateways_of_different_clocks(
    database: str, pool: Pool, kafka: Settings
) -> None:
    fast, slow = SetClock(START + timedelta(minutes=5)), SetClock(START)
    async with (
        await open_pool(database) as one,
        await open_pool(database) as other,
        open_kafka_log(kafka, one, fast) as ahead,
        open_kafka_log(kafka, other, slow) as behind,
    ):
        calls = []
        for n in range(1, 121):
            log = ahead if n % 3 == 0 else behind
            calls.append(log.append([payment(n, f"C-{n % 5}")]))
            slow.move(timedelta(seconds=1))
        outcomes = [o for call in await asyncio.gather(*calls) for o in call]
        assert all(isinstance(o, Accepted) for o in outcomes)
        events = await accepted_events(ahead)
        assert len(events) == 120
        assert_record_times_rise(events)


async def test_a_record_that_no_gateway_wrote_is_no_event(
    kafka: Settings, open_log: OpenKafka
) -> None:
    async with open_log() as log:
        await log.append([payment(1)])
        cluster = cluster_of(kafka)
        place = TopicPartitions(cluster.prefix, 1).of(partition_of("C-1"))
        async with AIOKafkaProducer(**cluster.options) as producer:
            for _ in range(3):
                await producer.send_and_wait(place.topic, b"?", partition=place.partition)
        await log.append([payment(2)])
        assert ids(await accepted_events(log, page=1)) == ids([payment(1), payment(2)])


async def test_an_event_too_large_for_a_record_is_refused_and_blocks_nothing(
    open_log: OpenKafka,
) -> None:
    huge = payment(1)
    async with open_log() as log:
        with pytest.raises(MalformedEvent, match="too large"):
            await log.append([payment(1, "C" * 2_000_000)])
        assert isinstance((await log.append([huge]))[0], Accepted)


async def test_a_large_call_is_appended_batch_after_batch_in_order(open_log: OpenKafka) -> None:
    sent = [payment(n, f"C-{'x' * 1000}") for n in range(1, 1201)]
    async with open_log() as log:
        await log.append(sent)
        assert ids(await accepted_events(log, page=500)) == ids(sent)


async def test_a_call_to_a_closed_log_says_so(open_log: OpenKafka) -> None:
    async with open_log() as log:
        pass
    with pytest.raises(Unavailable, match="try again"):
        await log.append([payment(1)])


async def test_a_cluster_that_is_not_there_says_so(pool: Pool, clock: SetClock) -> None:
    settings = Settings(kafka="127.0.0.1:1")
    with pytest.raises(Unavailable, match="Kafka cannot be reached"):
        async with open_kafka_log(settings, pool, clock):
            pass


async def publish_all(log: KafkaEventLog, numbers: range, known: Counter[str]) -> None:
    """Publish one event after another, each until it is accepted, as a branch does."""
    for n in numbers:
        sent = payment(n, f"C-{n % 5}")
        while True:
            try:
                [outcome] = await log.append([sent])
            except Unavailable:
                await asyncio.sleep(0.05)
                continue
            assert isinstance(outcome, Accepted | Duplicate)
            known[sent.envelope.id] += 1
            break


async def test_database_connections_killed_at_any_moment_lose_and_double_nothing(
    pool: Pool, open_log: OpenKafka
) -> None:
    known: Counter[str] = Counter()
    async with open_log() as one, open_log() as other:
        publishing = asyncio.gather(
            publish_all(one, range(1, 60), known), publish_all(other, range(30, 90), known)
        )
        while not publishing.done():
            await pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.2)
        await publishing
        events = first_copies(await accepted_events(one))
        assert sorted(ids(events)) == sorted(known)
        assert len(known) == 89
        assert_record_times_rise(events)


@pytest.mark.fault
async def test_a_broker_killed_under_load_loses_and_doubles_nothing(
    database: str, pool: Pool, clock: SetClock
) -> None:
    known: Counter[str] = Counter()
    with local_cluster() as cluster:
        settings = Settings(kafka=cluster.bootstrap)
        await create(cluster_of(settings), log_topics("", 1))
        async with open_kafka_log(settings, pool, clock) as log:
            publishing = asyncio.create_task(publish_all(log, range(1, 150), known))
            await asyncio.sleep(0.5)
            cluster.kill(1)
            await asyncio.sleep(1.0)
            cluster.start()
            async with asyncio.timeout(90):
                await publishing
            events = first_copies(await accepted_events(log))
            assert sorted(ids(events)) == sorted(known)
            assert len(known) == 149
            assert_record_times_rise(events)
