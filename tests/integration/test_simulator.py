"""The demonstration company in a real log: loaded once, resumed after a kill, living on."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from msgspec.structs import replace

from events.partitioning import PARTITIONS
from events.streams import CASES, is_stream
from services.casework.by_itself import CaseworkByItself
from services.clock import SystemClock
from services.errors import UsageError
from services.gateway.http import create_gateway
from services.hosts.bootstrap import open_platform
from services.intake.draft import Draft, Scope
from services.log.filling import is_filling, note_filling
from services.log.kafka.cluster import cluster_of
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.log.kafka.wire import to_record
from services.platform import Platform
from services.ports import StoredEvent
from services.settings import Settings
from services.simulator.branches import BRANCHES
from services.simulator.company import everybody
from services.simulator.devices import LIVE, Recording
from services.simulator.history import history, open_books
from services.simulator.keys import branch_keys, staff_keys
from services.simulator.live import go_on, world_after
from services.simulator.load import ensure_history, load, log_state
from services.simulator.plan import Plan
from services.simulator.recall import recall

pytestmark = pytest.mark.postgres

CUSTOMERS = 25


@pytest.fixture
async def platform(database: str) -> AsyncIterator[Platform]:
    settings = Settings(dsn=database, master_key=base64.b64encode(bytes(32)).decode())
    async with open_platform(settings) as opened:
        yield opened


@pytest.fixture
def plan() -> Plan:
    return Plan.ending_today(SystemClock().now(), customers=CUSTOMERS)


async def whole_log(platform: Platform) -> list[StoredEvent]:
    return [
        event
        for partition in range(PARTITIONS + 1)
        for event in await platform.log.read(partition, 0, 100_000)
    ]


def invented(plan: Plan) -> Iterator[Recording]:
    return history(open_books(plan))


async def test_the_log_holds_the_history_as_it_would_have_been_recorded(
    platform: Platform, plan: Plan
) -> None:
    loaded = await ensure_history(platform, customers=CUSTOMERS)
    expected = {r.envelope.id: r for r in invented(plan)}
    stored = await whole_log(platform)
    assert loaded.written == loaded.events == len(stored) == len(expected)
    for event in stored:
        recording = expected[event.envelope.id]
        envelope = event.envelope
        if recording.order is not None:  # the customer's key says what was asked for
            assert (envelope.correlation_id or "").startswith(f"{recording.order.key}#")
            envelope = replace(envelope, correlation_id=None)
        assert envelope == recording.envelope
        late = event.recorded_at - recording.recorded_at
        assert timedelta(0) <= late <= timedelta(hours=12)


async def test_a_second_load_changes_nothing(platform: Platform) -> None:
    first = await ensure_history(platform, customers=CUSTOMERS)
    second = await ensure_history(platform, customers=CUSTOMERS + 1, seed=99)
    assert (second.written, second.events) == (0, first.events)
    assert second.plan == first.plan


async def test_an_interrupted_load_goes_on_where_it_was(platform: Platform, plan: Plan) -> None:
    class Interrupted(Exception):
        pass

    shown = 0

    async def interrupt(_: object) -> None:
        nonlocal shown
        shown += 1
        if shown == 40:
            raise Interrupted

    with pytest.raises(Interrupted):
        await load(platform, plan, 0, interrupt)
    state = await log_state(platform)
    assert state.events > 0
    assert not state.complete
    await note_filling(platform.pool, "history", 0, 1)  # as it stood when it was interrupted
    loaded = await ensure_history(platform)
    assert await is_filling(platform.pool)  # until its events are taken in, too
    assert loaded.written == loaded.events - state.events
    ids = Counter(event.envelope.id for event in await whole_log(platform))
    assert ids == Counter(r.envelope.id for r in invented(plan))


@pytest.mark.kafka
async def test_copies_that_a_crash_left_in_a_topic_are_not_counted(
    kafka: Settings, database: str, tmp_path: Path, plan: Plan
) -> None:
    class Interrupted(Exception):
        pass

    async def interrupt(_: object) -> None:
        raise Interrupted

    settings = kafka.model_copy(update={"dsn": database, "data": tmp_path})
    async with open_platform(settings) as platform:
        with pytest.raises(Interrupted):
            await load(platform, plan, 0, interrupt)
        before = await whole_log(platform)
        await append_copies(settings, before[:3])
        assert len(await whole_log(platform)) == len(before) + 3
        assert (await log_state(platform)).events == len(before)


async def append_copies(settings: Settings, stored: Sequence[StoredEvent]) -> None:
    """Append records that are in their topics already, as a crashed producer may."""
    cluster = cluster_of(settings)
    places, appender = TopicPartitions(cluster.prefix, 1), Appender(cluster)
    try:
        for one in stored:
            record = to_record(one.envelope, 1, one.payload, one.recorded_at)
            await appender.append({places.of(one.position.partition): [record]})
    finally:
        await appender.close()


async def test_a_log_with_other_events_is_left_alone(platform: Platform, plan: Plan) -> None:
    recording = next(r for r in invented(plan) if r.envelope.subject is not None)
    draft = Draft(recording.envelope, recording.data, recording.personal)
    scope = Scope(recording.envelope.branch_id)
    await platform.intake.submit_validated(scope, [draft])
    with pytest.raises(UsageError, match="no demonstration company"):
        await ensure_history(platform)


async def test_the_company_lives_on_through_the_gateway(platform: Platform) -> None:
    loaded = await ensure_history(platform, customers=CUSTOMERS)
    clock = SystemClock()
    world = world_after(loaded.plan)
    world.go_live(session=int(clock.now().timestamp()))
    keys = await branch_keys(platform, [branch.branch_id for branch in BRANCHES])
    staff = await staff_keys(platform, everybody())
    before = {event.envelope.id for event in await whole_log(platform)}
    by_itself = CaseworkByItself(platform)
    transport = httpx2.ASGITransport(app=create_gateway(platform))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        opening = asyncio.create_task(by_itself.run())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(8):
                await go_on(world, client, keys, staff, 40.0, clock)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    live = [e for e in await whole_log(platform) if e.envelope.id not in before]
    assert sum(e.envelope.source.endswith(LIVE) for e in live) > 60
    decided = [e for e in live if e.envelope.source.startswith(CASES)]
    assert decided
    assert not any(
        e.envelope.type.startswith("case.") for e in live if not is_stream(e.envelope.source)
    )
    assert all(abs(clock.now() - e.recorded_at) < timedelta(minutes=2) for e in live)
    assert await platform.pool.fetchval("SELECT count(*) FROM quarantine") == 0
    again = world_after(loaded.plan)
    assert await recall(again, platform.log) == len(live)
    streams = {e.envelope.source.removeprefix(CASES): e.envelope.sequence for e in decided}
    for case_id, version in streams.items():
        case = again.cases.case(case_id)
        assert case is not None
        assert case.version == version


async def test_keys_of_earlier_sessions_are_revoked(platform: Platform) -> None:
    await branch_keys(platform, ["SH", "BJ"])
    await branch_keys(platform, ["SH"])
    in_force = await platform.pool.fetch(
        "SELECT branch_id FROM branch_keys WHERE revoked_at IS NULL"
    )
    assert [row["branch_id"] for row in in_force] == ["SH"]
