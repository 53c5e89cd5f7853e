"""What workers over a real Kafka promise: all projected, nothing twice, whoever dies or sleeps."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from events.codec import encode
from events.envelope import CustomerId, RecordedEvent
from events.facts import fact_of
from events.money import Money
from events.partitioning import PARTITIONS
from events.policy import Reference
from events.routing import partition_for
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from projections import PROJECTIONS
from projections.digest import combine, customer_lines
from projections.facts import Facts
from services.audit.digest import digest
from services.audit.status import status
from services.audit.verify import verify
from services.errors import LogMoved, Unavailable, UsageError
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.log.kafka.cluster import cluster_of
from services.log.kafka.generations import claim_generation
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions, create, log_topics
from services.log.kafka.wire import to_record
from services.log.readable import recorded
from services.platform import Platform
from services.ports import Accepted, Submission
from services.postgres.statements import sql
from services.projector.assessing import Assessor, Part
from services.settings import Settings
from tests.support.kafka import delete_topic, local_cluster
from tests.support.log import START, SetClock, submission
from tests.support.modes import catch_up
from tests.support.postgres import fresh_database
from tests.support.workers import Worker, until_caught_up, workers

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

CUSTOMERS = [f"C-{n}" for n in range(60)]
LATER = START + timedelta(days=400)


def facts_of(customer: str, first: int) -> list[Submission]:
    """An invoice, overdue long ago, half of it paid; numbered from `first` on."""
    facts: list[Touchpoint] = [
        InvoiceIssued(
            invoice_id=f"I-{customer}-{first}", amount=Money(1000, "CNY"), due_on=date(2026, 3, 9)
        ),
        PaymentReceived(payment_id=f"P-{customer}-{first}", amount=Money(500, "CNY")),
    ]
    return [submission(first + n, fact, customer) for n, fact in enumerate(facts)]


def a_day(number: int) -> list[Submission]:
    """What all customers do on a day of that number."""
    first = number * 2 * len(CUSTOMERS) + 1
    return [s for n, customer in enumerate(CUSTOMERS) for s in facts_of(customer, first + 2 * n)]


def warn_after(days_overdue: int) -> Submission:
    """A policy that has an alert raised after so many days."""
    policy = AlertsPolicy(overdue_days=(days_overdue,))
    published = AlertsPolicyPublished(effective_from=START, policy=policy)
    return submission(1, published, None, branch="HQ", source="/branches/HQ/policies")


@pytest.fixture
def settings(kafka: Settings, database: str, tmp_path: Path) -> Settings:
    return kafka.model_copy(update={"dsn": database, "data": tmp_path})


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@pytest.fixture
async def platform(settings: Settings, clock: SetClock) -> AsyncIterator[Platform]:
    async with open_platform(settings, clock=clock) as platform:
        yield platform


async def overdue_alerts(platform: Platform) -> int:
    found: int = await platform.pool.fetchval("SELECT count(*) FROM alerts WHERE kind = 'overdue'")
    return found


async def append(platform: Platform, submissions: Sequence[Submission]) -> None:
    for outcome in await platform.log.append(submissions):
        assert isinstance(outcome, Accepted)


async def append_again(settings: Settings, submissions: Sequence[Submission]) -> None:
    """Append records that are in their topics already, as a crashed producer may."""
    cluster = cluster_of(settings)
    places, appender = TopicPartitions(cluster.prefix, 1), Appender(cluster)
    try:
        for one in submissions:
            place = places.of(partition_for(one.envelope, one.data))
            record = to_record(one.envelope, one.data.version, encode(one.data), START)
            await appender.append({place: [record]})
    finally:
        await appender.close()


async def folded(platform: Platform, at: datetime) -> str:
    """The digest of a pure fold over the topic's events, each once: nothing of the projector."""
    events: dict[str, RecordedEvent] = {}
    for partition in range(PARTITIONS):
        for stored in await platform.log.read(partition, 0, 100_000):
            events.setdefault(stored.envelope.id, recorded(stored))
    dossiers: dict[CustomerId, list[RecordedEvent]] = defaultdict(list)
    for event in events.values():
        assert event.envelope.subject is not None
        dossiers[event.envelope.subject].append(event)
    lines: dict[CustomerId, list[bytes]] = defaultdict(list)
    for projection in PROJECTIONS:
        for customer, dossier in dossiers.items():
            facts = Facts(map(fact_of, dossier), projection.handles)
            assessment = projection.assess(customer, facts, at, Reference())
            lines[customer] += customer_lines(projection, customer, assessment)
    return combine(lines)


async def assert_whole(platform: Platform) -> None:
    """Rows, mirror and topics agree, and so does a fold that knows none of them."""
    found = await verify(platform, lambda done: None)
    assert found.named == []
    assert found.parked == 0
    assert found.mirrored == sum((await platform.log.heads()).counts)
    told = await digest(platform, LATER, None, lambda done: None)
    assert told.digest == await folded(platform, LATER)


async def test_everything_is_projected_and_a_duplicate_is_dropped_and_counted_once(
    platform: Platform, settings: Settings
) -> None:
    await append(platform, a_day(0))
    assert await catch_up(platform, settings) == len(a_day(0))
    await append_again(settings, a_day(0)[:5])
    assert await catch_up(platform, settings) == 5
    await platform.pool.execute("UPDATE checkpoints SET next = 0 WHERE partition = 3")
    await catch_up(platform, settings)  # what is read again is not counted again
    assert (await status(platform, START)).duplicates == 5
    assert await platform.pool.fetchval("SELECT count(*) FROM events") == len(a_day(0))


async def test_a_deadline_takes_effect_though_the_topic_ends_in_a_duplicate(
    platform: Platform, settings: Settings, clock: SetClock
) -> None:
    await append(platform, [warn_after(3), *facts_of("C-1", 1)])
    await append_again(settings, facts_of("C-1", 1))
    await catch_up(platform, settings)
    assert await overdue_alerts(platform) == 0
    clock.move(timedelta(days=30))
    await catch_up(platform, settings)
    assert await overdue_alerts(platform) == 1


async def test_a_policy_published_is_swept(platform: Platform, settings: Settings) -> None:
    await append(platform, a_day(0))
    await catch_up(platform, settings)
    await append(platform, [warn_after(3)])
    await catch_up(platform, settings)
    heads = await platform.pool.fetch(
        "SELECT DISTINCT projection, policy_count FROM projection_heads ORDER BY 1"
    )
    assert [tuple(row) for row in heads] == [("receivables", 1), ("value_tiers", 0)]
    settled = await platform.pool.fetch("SELECT DISTINCT settled FROM checkpoints")
    assert [row["settled"] for row in settled] == [1]


async def test_of_two_workers_one_takes_over_when_the_other_is_killed(
    platform: Platform, settings: Settings, tmp_path: Path
) -> None:
    await append(platform, a_day(0))
    with workers(settings, 2, tmp_path) as (first, second):
        await both_have_partitions(first, second)
        await append(platform, a_day(1))
        first.send(signal.SIGKILL)
        await append(platform, a_day(2))
        await until_caught_up(platform)
        assert second.process.poll() is None
    assert second.process.returncode == 0, second.said()
    await assert_whole(platform)


async def test_a_worker_ends_when_told_though_the_broker_does_not_answer(
    database: str, tmp_path: Path
) -> None:
    with local_cluster() as cluster:
        settings = Settings(kafka=cluster.bootstrap, dsn=database, data=tmp_path)
        await create(cluster_of(settings), log_topics("", 1))
        with workers(settings, 1, tmp_path) as [worker]:
            async with asyncio.timeout(60):
                while not worker.partitions():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
                await asyncio.sleep(5)  # for Faust's own group
            os.kill(cluster.pid(1), signal.SIGSTOP)
            try:
                worker.send(signal.SIGTERM)
                worker.process.wait(25)
            finally:
                os.kill(cluster.pid(1), signal.SIGCONT)
    ended_anyway = "ended_without_goodbye" in worker.said()
    assert worker.process.returncode == (Unavailable.exit_code if ended_anyway else 0)


async def test_a_worker_that_slept_through_a_rebalance_writes_nothing(
    platform: Platform, settings: Settings, tmp_path: Path
) -> None:
    await append(platform, a_day(0))
    with workers(settings, 2, tmp_path) as (sleeper, other):
        await both_have_partitions(sleeper, other)
        sleeper.send(signal.SIGSTOP)
        await append(platform, a_day(1))
        await until_caught_up(platform)  # the other one has everything now
        sleeper.send(signal.SIGCONT)
        await append(platform, a_day(2))
        await until_caught_up(platform)
        assert sleeper.process.poll() is None, sleeper.said()
    await assert_whole(platform)


async def test_what_was_fetched_with_a_partition_that_is_lost_is_taken_in_all_the_same(
    platform: Platform, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(platform, a_day(0))
    take_in = Assessor.take_in
    taken: list[int] = []

    async def lose_the_last_first(self: Assessor, parts: Sequence[Part], rules: Reference) -> None:
        if max(taken, default=1) == 1 and len(parts) > 1:
            lost = parts[-1].lanes[0].partition
            bump = "UPDATE checkpoints SET epoch = epoch + 1 WHERE partition = $1"
            await platform.pool.execute(bump, lost)
        taken.append(len(parts))
        await take_in(self, parts, rules)

    monkeypatch.setattr(Assessor, "take_in", lose_the_last_first)
    await catch_up(platform, settings)
    together = max(taken)
    assert together > 1
    following = taken[taken.index(together) + 1 :]
    assert following[:together] == [1] * together, "each by itself"
    await assert_whole(platform)


async def both_have_partitions(*group: Worker) -> None:
    """Wait until the last that each worker said of its partitions leaves none to one alone."""
    async with asyncio.timeout(90):
        while not all(0 < worker.partitions() < PARTITIONS + 1 for worker in group):  # noqa: ASYNC110 - processes
            await asyncio.sleep(0.1)


async def test_a_worker_ends_when_its_topic_is_made_anew(
    platform: Platform, settings: Settings, tmp_path: Path
) -> None:
    await append(platform, a_day(0))
    with workers(settings, 1, tmp_path) as [worker]:
        await until_caught_up(platform)
        [topic, _] = log_topics(settings.kafka_prefix, 1)
        await delete_topic(settings, topic.name)
        await asyncio.to_thread(worker.process.wait, 60)
    assert worker.process.returncode == 1, worker.said()
    assert topic.name in worker.said().splitlines()[-1]


async def test_each_log_refuses_a_database_whose_events_the_other_keeps(
    platform: Platform, settings: Settings, postgres_server: str, tmp_path: Path
) -> None:
    await append(platform, facts_of("C-1", 1))
    with pytest.raises(UsageError, match="set TOUCHSTONE_KAFKA"):
        async with open_platform(settings.model_copy(update={"kafka": None})):
            pass
    async with fresh_database(postgres_server) as other:
        embedded = Settings(dsn=other, data=tmp_path)
        async with open_platform(embedded) as platform:
            await append(platform, facts_of("C-1", 1))
        with pytest.raises(UsageError, match="without TOUCHSTONE_KAFKA"):
            async with open_platform(settings.model_copy(update={"dsn": other})):
                pass


async def test_verification_names_what_the_table_lacks_and_what_the_topic_lacks(
    platform: Platform, settings: Settings
) -> None:
    await append(platform, a_day(0))
    await catch_up(platform, settings)
    await platform.pool.execute("ALTER TABLE events DISABLE TRIGGER facts_are_immutable")
    await platform.pool.execute("DELETE FROM events WHERE partition = 3 AND n = 0")
    await platform.pool.execute("UPDATE events SET n = 9999 WHERE partition = 4 AND n = 0")
    await platform.pool.execute(
        "UPDATE mirror_heads SET next = 10000, dropped = 2 WHERE partition = 4"
    )
    found = await verify(platform, lambda done: None)
    told = {(one.key, one.refolded == "no event") for one in found.named if one.where == "events"}
    assert told == {("3/0", False), ("4/0", False), ("4/9999", True), ("4/10000", False)}


async def test_what_runs_on_an_empty_log_in_postgresql_is_shut_out_once_kafka_is_given_it(
    settings: Settings, clock: SetClock
) -> None:
    on_postgres = settings.model_copy(update={"kafka": None})
    async with open_platform(on_postgres, clock=clock) as before:
        projecting = asyncio.create_task(Projector(before).run())
        async with open_platform(settings, clock=clock) as after:
            for append_late in (before.log.append(facts_of("C-1", 1)), projecting):
                with pytest.raises(LogMoved, match="TOUCHSTONE_KAFKA"):
                    await asyncio.wait_for(append_late, 20)
            await append(after, facts_of("C-1", 1))
            await catch_up(after, settings)
            await assert_whole(after)


async def test_kafka_waits_for_an_append_that_is_under_way_and_is_refused_then(
    settings: Settings, clock: SetClock
) -> None:
    on_postgres = settings.model_copy(update={"kafka": None})
    async with open_platform(on_postgres, clock=clock) as platform:
        async with platform.pool.acquire() as connection, connection.transaction():
            await connection.fetch(sql("log_lock_heads"), 1, [3], START, "embedded")
            claiming = asyncio.create_task(claim_generation(platform.pool))
            await asyncio.sleep(0.2)
            await connection.execute("UPDATE log_heads SET recorded_at = now() WHERE partition = 3")
        with pytest.raises(UsageError, match="not empty"):
            await claiming
