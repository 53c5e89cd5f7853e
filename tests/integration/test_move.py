"""Moving the log between PostgreSQL and a real Kafka, with the command killed wherever it hurts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from events.codec import encode
from events.envelope import Position, PositionVector
from events.money import Money
from events.partitioning import REFERENCE_PARTITION
from events.routing import partition_for
from events.streams import case_stream
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from projections.receivables.projection import Receivables
from services.audit.digest import digest
from services.audit.status import status
from services.audit.verify import verify
from services.console.shared.reading import ReadModel, SharedFeed
from services.console.shared.waiting import wait_until
from services.errors import LogMoved, UsageError
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.intake.receipts import receipt
from services.log.admissions import prepare
from services.log.kafka.cluster import cluster_of
from services.log.kafka.outbox import Outbox
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions, create, delete, log_topics
from services.log.kafka.wire import to_record
from services.log.units import Call, unit
from services.platform import Platform
from services.ports import Accepted, Duplicate, Stale, StoredEvent, Submission
from services.settings import Settings
from services.web.problems import Problem
from tests.support.kafka import own_prefix
from tests.support.log import START, SetClock, appended, said, submission
from tests.support.modes import catch_up
from tests.support.moves import (
    generation,
    holding,
    moved,
    moving,
    on_kafka,
    until_somebody_waits,
)
from tests.support.workers import workers

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

CUSTOMERS = [f"C-{n}" for n in range(40)]
LATER = START + timedelta(days=400)


def a_day(number: int) -> list[Submission]:
    """What all customers do on a day of that number: an invoice, half of it paid."""
    return [one for n, customer in enumerate(CUSTOMERS) for one in _facts(customer, number, n)]


def _facts(customer: str, day: int, n: int) -> list[Submission]:
    first = (day * len(CUSTOMERS) + n) * 2 + 1
    facts: list[Touchpoint] = [
        InvoiceIssued(invoice_id=f"I-{first}", amount=Money(1000, "CNY"), due_on=date(2026, 3, 9)),
        PaymentReceived(payment_id=f"P-{first}", amount=Money(500, "CNY")),
    ]
    return [submission(first + i, fact, customer) for i, fact in enumerate(facts)]


def a_policy(days_overdue: int) -> Submission:
    """A policy that has an alert raised after so many days."""
    policy = AlertsPolicy(overdue_days=(days_overdue,))
    published = AlertsPolicyPublished(effective_from=START, policy=policy)
    source = "/branches/HQ/policies"
    return submission(days_overdue, published, None, branch="HQ", source=source)


@pytest.fixture
async def on_postgres(database: str, tmp_path: Path) -> Settings:
    return Settings(dsn=database, data=tmp_path)


@pytest.fixture
async def in_kafka(on_postgres: Settings, kafka_server: str) -> AsyncIterator[Settings]:
    async with own_prefix(kafka_server) as prefix:
        yield on_kafka(on_postgres, kafka_server, prefix)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


async def append(platform: Platform, submissions: Sequence[Submission]) -> list[Position]:
    outcomes = await appended(platform.log, *submissions)
    assert [type(outcome) for outcome in outcomes] == [Accepted] * len(submissions)
    return [outcome.position for outcome in outcomes]


async def everything(platform: Platform) -> list[StoredEvent]:
    """The log, partition by partition, each event once."""
    found: dict[str, StoredEvent] = {}
    for partition in range(REFERENCE_PARTITION + 1):
        for event in await platform.log.read(partition, 0, 100_000):
            found.setdefault(event.envelope.id, event)
    return list(found.values())


def contents(events: Sequence[StoredEvent]) -> list[tuple[object, ...]]:
    """All but the places."""
    return [(e.position.partition, e.envelope, e.recorded_at, e.payload) for e in events]


async def told(platform: Platform) -> str:
    return (await digest(platform, LATER, None, lambda done: None)).digest


async def assert_whole(platform: Platform) -> None:
    found = await verify(platform, lambda done: None)
    assert found.named == []
    assert found.parked == 0


async def assert_duplicates(platform: Platform, submissions: Sequence[Submission]) -> None:
    """Published again, each is a duplicate, at a place of this generation where it is read."""
    heads = await platform.log.heads()
    for one, outcome in zip(submissions, await platform.log.append(submissions), strict=True):
        assert isinstance(outcome, Duplicate)
        assert outcome.position.generation == heads.generation
        [event] = await platform.log.read(outcome.position.partition, outcome.position.n, 1)
        assert (event.envelope, event.position) == (one.envelope, outcome.position)


async def assert_reached(platform: Platform, *tokens: str) -> None:
    """Rows reflect these positions at once, whichever generation they were given out in."""
    model = ReadModel(platform, [Receivables()], SharedFeed(platform))
    for token in tokens:
        await wait_until(model, token, patience_s=1.0)


async def append_again(settings: Settings, submissions: Sequence[Submission]) -> None:
    """Append records that are in their topics already, as a crashed producer may."""
    cluster = cluster_of(settings)
    places, appender = TopicPartitions(cluster.prefix, 2), Appender(cluster)
    try:
        for one in submissions:
            place = places.of(partition_for(one.envelope, one.data))
            record = to_record(one.envelope, one.data.version, encode(one.data), START)
            await appender.append({place: [record]})
    finally:
        await appender.close()


async def admit_only(
    platform: Platform, settings: Settings, submissions: Sequence[Submission]
) -> None:
    """Do what a gateway does until it crashes before its append."""
    outbox = Outbox(platform.pool, 2, TopicPartitions(settings.kafka_prefix, 2))
    async with outbox.admitted([Call([prepare(one) for one in submissions])], platform.clock):
        pass


async def move(settings: Settings, to: str) -> None:
    code, said = await moved(settings, to)
    assert code == 0, said


async def test_commands_go_on_where_their_stream_was(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    stream = case_stream("1")

    async def command(platform: Platform, version: int) -> None:
        """A command of the version before is stale, a repeat a repeat, and the next one wins."""
        log, known = platform.log, await platform.log.stream(stream)
        assert [e.envelope for e in known] == [said(stream, n + 1).envelope for n in range(version)]
        generation = (await log.heads()).generation
        assert {e.position.generation for e in known} <= {generation}
        if known:
            repeat = await log.append_unit([said(stream, version)])
            assert repeat == [Duplicate(known[-1].position)]
            late = await log.append_unit([said(stream, version, by="rival")])
            assert late == Stale(stream, version - 1, version)
        outcomes = await log.append_unit([said(stream, version + 1)])
        assert not isinstance(outcomes, Stale)
        assert [type(one) for one in outcomes] == [Accepted]

    async with open_platform(on_postgres, clock=clock) as platform:
        await command(platform, 0)
    await move(in_kafka, "kafka")
    async with open_platform(in_kafka, clock=clock) as platform:
        await command(platform, 1)
        await catch_up(platform, in_kafka)
        await command(platform, 2)
        left = said(stream, 4)
        outbox = Outbox(platform.pool, 2, TopicPartitions(in_kafka.kafka_prefix, 2))
        async with outbox.admitted([unit([left], ())], platform.clock):
            pass
    await move(in_kafka, "embedded")
    async with open_platform(on_postgres, clock=clock) as platform:
        await command(platform, 4)
        await assert_whole(platform)


async def test_there_and_back_and_there_again(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    async with open_platform(on_postgres, clock=clock) as platform:
        await append(platform, [a_policy(3), *a_day(0)])
        await catch_up(platform, on_postgres)
        before, log = await told(platform), await everything(platform)
        tokens = [(await platform.log.heads()).token()]
    await move(in_kafka, "kafka")
    clock.move(timedelta(days=1))
    async with open_platform(in_kafka, clock=clock) as platform:
        assert await told(platform) == before
        assert contents(await everything(platform)) == contents(log)
        assert await catch_up(platform, in_kafka) == 0
        await assert_whole(platform)
        await assert_reached(platform, *tokens)
        await assert_duplicates(platform, [a_policy(3), *a_day(0)])
        await append(platform, [a_policy(5), *a_day(1)[:60]])
        await catch_up(platform, in_kafka)
        await append_again(in_kafka, a_day(1)[:20])
        await append(platform, a_day(1)[60:])
        await catch_up(platform, in_kafka)
        found = await status(platform, START)
        assert (found.events, found.duplicates) == (2 * len(a_day(0)) + 2, 20)
        await append(platform, a_day(2))  # which no worker mirrors
        await append_again(in_kafka, a_day(2)[:20])
        tokens.append((await platform.log.heads()).token())
        before, log = await told(platform), await everything(platform)
    await move(in_kafka, "embedded")
    clock.move(timedelta(days=1))
    async with open_platform(on_postgres, clock=clock) as platform:
        assert contents(await everything(platform)) == contents(log)
        assert (await status(platform, START)).events == len(log)
        await catch_up(platform, on_postgres)
        await assert_whole(platform)
        await assert_reached(platform, *tokens)
        await assert_duplicates(platform, [a_policy(5), *a_day(0)[:9], *a_day(1), *a_day(2)])
        await append(platform, a_day(3))
        await catch_up(platform, on_postgres)
        before, log = await told(platform), await everything(platform)
        tokens.append((await platform.log.heads()).token())
    await move(in_kafka, "kafka")
    async with open_platform(in_kafka, clock=clock) as platform:
        assert await told(platform) == before
        assert contents(await everything(platform)) == contents(log)
        await catch_up(platform, in_kafka)
        await assert_whole(platform)
        await assert_reached(platform, *tokens)
        times = [e.recorded_at for e in log if e.position.partition == 0]
        assert times == sorted(times)


async def test_projections_that_lag_and_projections_that_are_new_go_on(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    async with open_platform(on_postgres, clock=clock) as platform:
        await append(platform, [a_policy(3), *a_day(0)])
        await Projector(platform, projections=[Receivables()]).catch_up()
        await append(platform, a_day(1))
        log = await everything(platform)
    await move(in_kafka, "kafka")
    async with open_platform(in_kafka, clock=clock) as platform:
        await catch_up(platform, in_kafka)
        await assert_whole(platform)
        assert (await status(platform, START)).duplicates == 0
        await platform.pool.execute("DELETE FROM checkpoints")  # as if all were new
        await platform.pool.execute("DELETE FROM projection_heads")
        await append(platform, a_day(2))
        log = await everything(platform)
    await move(in_kafka, "embedded")
    async with open_platform(on_postgres, clock=clock) as platform:
        assert await catch_up(platform, on_postgres) == len(log) - 1  # all but the policy
        await assert_whole(platform)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SELECT FROM log_heads WHERE partition = 12 FOR UPDATE", id="before"),
        pytest.param("SELECT FROM checkpoints FOR UPDATE", id="inside"),
    ],
)
@pytest.mark.parametrize("to", ["kafka", "embedded"])
async def test_killed_at_the_switch_nothing_has_moved_and_a_repeat_moves_it(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock, to: str, statement: str
) -> None:
    here = on_postgres if to == "kafka" else in_kafka
    there = in_kafka if to == "kafka" else on_postgres
    async with open_platform(on_postgres, clock=clock) as platform:
        await append(platform, a_day(0))
        await catch_up(platform, on_postgres)
    if to == "embedded":
        await move(in_kafka, "kafka")
    opened = await generation(str(here.dsn))
    async with holding(str(here.dsn), statement) as holder:
        with moving(in_kafka, to):
            await until_somebody_waits(holder)
    assert await generation(str(here.dsn)) == opened
    async with open_platform(here, clock=clock) as platform:
        await append(platform, a_day(1))
        await catch_up(platform, here)
        before = await told(platform)
    await move(in_kafka, to)
    async with open_platform(there, clock=clock) as platform:
        assert await told(platform) == before
        await assert_duplicates(platform, a_day(1))
        await catch_up(platform, there)
        await assert_whole(platform)


async def test_killed_after_the_switch_it_has_moved_and_a_repeat_says_so(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    async with open_platform(on_postgres, clock=clock) as platform:
        await append(platform, a_day(0))
        await catch_up(platform, on_postgres)
        before = await told(platform)
    for to, there in (("kafka", in_kafka), ("embedded", on_postgres)):
        opened = await generation(str(there.dsn))
        with moving(in_kafka, to) as command:
            while await generation(str(there.dsn)) == opened:  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.002)
            command.kill()
        code, said = await moved(in_kafka, to)
        assert code == 0
        assert "already" in said
        async with open_platform(there, clock=clock) as platform:
            assert await told(platform) == before
            await assert_duplicates(platform, a_day(0))
            await catch_up(platform, there)
            await assert_whole(platform)


async def test_killed_again_and_again_while_branches_publish(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    """The seed is printed; what was acknowledged, and nothing else, is there in the end."""
    seed = random.randrange(1_000_000)
    print("seed", seed)
    dice = random.Random(seed)
    day, sent, dsn = 0, 0, str(on_postgres.dsn)
    async with open_platform(on_postgres):
        pass
    for to in ("kafka", "embedded", "kafka"):
        here, there = (on_postgres, in_kafka) if to == "kafka" else (in_kafka, on_postgres)
        opened = await generation(dsn)
        while await generation(dsn) == opened:
            async with open_platform(here, clock=clock) as platform:
                await append(platform, a_day(day))
                day, sent = day + 1, sent + len(a_day(0))
                await catch_up(platform, here)
                before = await told(platform)
            with moving(in_kafka, to) as command:
                patience_s = dice.uniform(0.5, 5.0 + day)
                ended = asyncio.to_thread(command.wait)
                try:
                    assert await asyncio.wait_for(ended, patience_s) == 0
                except TimeoutError:
                    command.kill()
        async with open_platform(there, clock=clock) as platform:
            assert await told(platform) == before
            assert len(await everything(platform)) == sent
            await catch_up(platform, there)
            await assert_whole(platform)


async def publish_until_refused(platform: Platform, day: int, sent: list[Submission]) -> None:
    """Publish one after the other, keeping what was acknowledged, until the log has moved."""
    for one in (one for d in range(day, day + 1000) for one in a_day(d)):
        try:
            [outcome] = await platform.log.append([one])
        except LogMoved:
            return
        assert isinstance(outcome, Accepted)
        sent.append(one)
    raise AssertionError("nobody moved it")


async def command_until_refused(platform: Platform, by: str, won: list[Submission]) -> None:
    """Take a case on, against rivals, keeping what was acknowledged, until the log has moved."""
    stream = case_stream("1")
    while True:
        version = len(await platform.log.stream(stream))
        unit = [said(stream, version + 1, by=by), said(stream, version + 2, by=by)]
        try:
            answer = await platform.log.append_unit(unit)
        except LogMoved:
            return
        if not isinstance(answer, Stale):
            assert {type(one) for one in answer} == {Accepted}
            won += unit


@pytest.mark.parametrize("to", ["kafka", "embedded"])
async def test_what_is_published_meanwhile_is_kept_and_what_still_runs_is_refused(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock, tmp_path: Path, to: str
) -> None:
    here, there = (on_postgres, in_kafka) if to == "kafka" else (in_kafka, on_postgres)
    sent: list[Submission] = []
    won: list[Submission] = []
    if to == "embedded":
        async with open_platform(on_postgres, clock=clock):
            pass
        await move(in_kafka, "kafka")
    with workers(here, 1 if to == "embedded" else 0, tmp_path) as running:
        async with open_platform(here, clock=clock) as platform:
            publishing = asyncio.gather(
                publish_until_refused(platform, 0, sent),
                *(command_until_refused(platform, by, won) for by in ("one", "other")),
            )
            while len(sent) < 200 or not won:  # noqa: ASYNC110 - the other task counts
                await asyncio.sleep(0.05)
            await move(in_kafka, to)
            await asyncio.wait_for(publishing, 10)
            with pytest.raises(LogMoved):
                await platform.log.heads()
            with pytest.raises(LogMoved):
                await platform.log.append(sent[:1])
            if to == "kafka":
                with pytest.raises(LogMoved):
                    await Projector(platform).run()
        for worker in running:
            await asyncio.to_thread(worker.process.wait, 60)
            assert worker.process.returncode == 1
            assert "is closed" in worker.said()
    with pytest.raises(UsageError, match="TOUCHSTONE_KAFKA"):
        async with open_platform(here, clock=clock):
            pass
    async with open_platform(there, clock=clock) as platform:
        ids = {event.envelope.id for event in await everything(platform)}
        assert ids == {one.envelope.id for one in (*sent, *won)}
        stream = await platform.log.stream(case_stream("1"))
        assert sorted(e.envelope.id for e in stream) == sorted(one.envelope.id for one in won)
        assert [e.envelope.sequence for e in stream] == list(range(1, len(won) + 1))
        await catch_up(platform, there)
        await assert_whole(platform)


async def test_a_receipt_of_before_names_a_position_that_still_counts(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    async with open_platform(on_postgres, clock=clock) as platform:
        await append(platform, a_day(0))
    await move(in_kafka, "kafka")
    async with open_platform(in_kafka, clock=clock) as platform:
        one = a_day(0)[-1].envelope
        answer = await receipt(platform.pool, one.branch_id, one.id)
        assert answer is not None
        assert answer.position is not None
        model = ReadModel(platform, [Receivables()], SharedFeed(platform))
        with pytest.raises(Problem, match="do not reflect"):
            await wait_until(model, answer.position, patience_s=0.1)
        await catch_up(platform, in_kafka)
        await assert_reached(platform, answer.position)
        beyond = PositionVector(1, (10_000,) * (REFERENCE_PARTITION + 1)).token()
        with pytest.raises(Problem, match="does not hold"):
            await wait_until(model, beyond)


async def lose_topics(settings: Settings) -> None:
    cluster = cluster_of(settings)
    await delete(cluster, log_topics(cluster.prefix, 2))


async def test_topics_that_are_lost_are_left_if_the_table_has_all_that_was_acknowledged(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    async with open_platform(on_postgres, clock=clock) as platform:
        await append(platform, a_day(0))
    await move(in_kafka, "kafka")
    async with open_platform(in_kafka, clock=clock) as platform:
        await append(platform, a_day(1))
        await catch_up(platform, in_kafka)
        await admit_only(platform, in_kafka, a_day(2)[:7])
    await lose_topics(in_kafka)
    code, said = await moved(in_kafka, "embedded")
    assert code == 1
    assert "is missing" in said
    code, said = await moved(in_kafka, "embedded", "--without-topics")
    assert code == 0, said
    async with open_platform(on_postgres, clock=clock) as platform:
        assert len(await everything(platform)) == 2 * len(a_day(0)) + 7
        await assert_duplicates(platform, [*a_day(0)[:5], *a_day(1)[:5], *a_day(2)[:7]])
        await append(platform, a_day(2)[7:])
        await catch_up(platform, on_postgres)
        await assert_whole(platform)


async def test_topics_with_acknowledged_events_that_nobody_mirrored_are_not_left(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    async with open_platform(on_postgres):
        pass
    await move(in_kafka, "kafka")
    async with open_platform(in_kafka, clock=clock) as platform:
        await append(platform, a_day(0))
    await lose_topics(in_kafka)
    code, said = await moved(in_kafka, "embedded", "--without-topics")
    assert code == 1
    assert f"{len(a_day(0))} acknowledged events are not in the events table" in said
    assert await generation(str(on_postgres.dsn)) == 2


async def test_a_topic_that_is_somebody_elses_is_refused_and_kept(
    on_postgres: Settings, in_kafka: Settings, clock: SetClock
) -> None:
    async with open_platform(on_postgres, clock=clock) as platform:
        await append(platform, a_day(0))
    cluster, one = cluster_of(in_kafka), a_day(1)[0]
    await create(cluster, log_topics(cluster.prefix, 2))
    await append_again(in_kafka, [one])
    code, said = await moved(in_kafka, "kafka")
    assert code == 1
    assert "not of this database" in said
    assert await generation(str(on_postgres.dsn)) == 1


async def test_a_move_to_where_the_log_is_says_so(
    on_postgres: Settings, in_kafka: Settings
) -> None:
    async with open_platform(on_postgres):
        pass
    code, said = await moved(in_kafka, "embedded")
    assert code == 0
    assert "already" in said
