"""What every event log promises. An adapter's tests subclass `EventLogContract`.

Compared are accepted events, never an adapter's raw records: another log may hold one twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import msgspec
import pytest

from events.codec import decode
from events.envelope import PositionVector
from events.partitioning import REFERENCE_PARTITION, partition_of
from events.touchpoints.policy import AgeingPolicy, AgeingPolicyPublished
from services.ports import Accepted, Conflict, Duplicate, EventLog, StoredEvent, Submission
from tests.support.log import START, SetClock, appended, payment, submission, with_id_of

OpenLog = Callable[[], AbstractAsyncContextManager[EventLog]]


async def accepted_events(log: EventLog, page: int = 100) -> list[StoredEvent]:
    """Everything a log holds, partition by partition, read in pages."""
    heads = await log.heads()
    events: list[StoredEvent] = []
    for partition in range(len(heads.counts)):
        start = 0
        while found := await log.read(partition, start, page):
            events.extend(found)
            start = found[-1].position.n + 1
    return events


def ids(events: Sequence[StoredEvent] | Sequence[Submission]) -> list[str]:
    return [event.envelope.id for event in events]


class EventLogContract:
    """Needs the fixtures `open_log` (another instance of the same log) and `clock`."""

    @pytest.fixture
    async def log(self, open_log: OpenLog) -> AsyncIterator[EventLog]:
        async with open_log() as log:
            yield log

    async def test_an_accepted_event_is_read_back_whole(self, log: EventLog) -> None:
        sent = payment(1)
        late = msgspec.structs.replace(
            sent.envelope,
            sent_at=START + timedelta(hours=1),
            collected_at=START + timedelta(hours=2),
            causation_id="cause",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        [outcome] = await log.append([msgspec.structs.replace(sent, envelope=late)])
        assert isinstance(outcome, Accepted)
        [event] = await accepted_events(log)
        assert event.envelope == late
        assert decode(event.payload) == sent.data
        assert (event.position, event.recorded_at) == (outcome.position, outcome.recorded_at)

    async def test_an_append_of_nothing_is_nothing(self, log: EventLog) -> None:
        assert list(await log.append([])) == []
        assert await accepted_events(log) == []

    async def test_events_go_where_their_key_belongs(self, log: EventLog) -> None:
        rules = AgeingPolicyPublished(effective_from=START, policy=AgeingPolicy())
        outcomes = await appended(
            log, payment(1, "C-7"), payment(2, None), submission(3, rules, None)
        )
        assert [o.position.partition for o in outcomes] == [
            partition_of("C-7"),
            partition_of("branch:B-1"),
            REFERENCE_PARTITION,
        ]

    async def test_one_customers_events_keep_their_order(self, log: EventLog) -> None:
        sent = [payment(n) for n in range(1, 31)]
        for start in range(0, 30, 7):
            await log.append(sent[start : start + 7])
        events = await log.read(partition_of("C-1"), 0, 100)
        assert ids(events) == ids(sent)

    async def test_positions_increase_within_a_partition(self, log: EventLog) -> None:
        for n in range(1, 41):
            await log.append([payment(n, f"C-{n % 5}")])
        for partition in range(REFERENCE_PARTITION + 1):
            positions = [e.position for e in await log.read(partition, 0, 100)]
            assert positions == sorted(set(positions))

    async def test_a_repeated_event_is_a_duplicate_at_its_first_position(
        self, log: EventLog
    ) -> None:
        [first] = await appended(log, payment(1))
        again = await log.append([payment(1), payment(1)])
        assert list(again) == [Duplicate(first.position)] * 2
        assert len(await accepted_events(log)) == 1

    async def test_a_repeat_within_one_call_is_a_duplicate(self, log: EventLog) -> None:
        first, second, other = await log.append([payment(1), payment(1), payment(2)])
        assert isinstance(first, Accepted)
        assert second == Duplicate(first.position)
        assert isinstance(other, Accepted)

    async def test_a_repeat_is_known_after_a_restart(self, open_log: OpenLog) -> None:
        async with open_log() as log:
            [first] = await appended(log, payment(1))
        async with open_log() as log:
            assert list(await log.append([payment(1)])) == [Duplicate(first.position)]

    @pytest.mark.parametrize("together", [False, True])
    async def test_an_id_with_other_content_is_a_conflict(
        self, log: EventLog, together: bool
    ) -> None:
        first, rival = payment(1), with_id_of(payment(1), payment(2, minor=250))
        if together:
            kept, refused = await appended(log, first, rival)
        else:
            [kept], [refused] = await appended(log, first), await appended(log, rival)
        assert isinstance(refused, Conflict)
        assert (refused.field, refused.position) == ("id", kept.position)
        assert ids(await accepted_events(log)) == ids([first])

    @pytest.mark.parametrize("together", [False, True])
    async def test_a_sequence_number_of_another_event_is_a_conflict(
        self, log: EventLog, together: bool
    ) -> None:
        first, rival = payment(1, sequence=9), payment(2, sequence=9)
        if together:
            kept, refused = await appended(log, first, rival)
        else:
            [kept], [refused] = await appended(log, first), await appended(log, rival)
        assert isinstance(refused, Conflict)
        assert (refused.field, refused.position) == ("sequence", kept.position)
        assert first.envelope.id in refused.reason
        assert ids(await accepted_events(log)) == ids([first])

    async def test_a_new_epoch_numbers_anew(self, log: EventLog) -> None:
        outcomes = await log.append([payment(1, sequence=1), payment(2, sequence=1, epoch=1)])
        assert all(isinstance(o, Accepted) for o in outcomes)

    async def test_a_conflict_does_not_spoil_its_neighbours(self, log: EventLog) -> None:
        await log.append([payment(1)])
        rival = with_id_of(payment(1), payment(2))
        kinds = [type(o) for o in await log.append([payment(3), rival, payment(2), payment(1)])]
        assert kinds == [Accepted, Conflict, Accepted, Duplicate]

    async def test_an_event_behind_a_refused_one_of_its_id_is_admitted(self, log: EventLog) -> None:
        await log.append([payment(1, sequence=1)])
        refused = payment(2, sequence=1)
        kinds = [type(o) for o in await log.append([refused, payment(2, sequence=2)])]
        assert kinds == [Conflict, Accepted]

    async def test_the_same_events_from_two_instances_at_once_are_accepted_once(
        self, open_log: OpenLog
    ) -> None:
        sent = [payment(n, f"C-{n % 7}") for n in range(1, 61)]
        async with open_log() as one, open_log() as other:
            calls = [one.append(sent[i : i + 20]) for i in range(0, 60, 10)]
            calls += [other.append(sent[i : i + 20][::-1]) for i in range(0, 60, 10)]
            outcomes = [o for call in await asyncio.gather(*calls) for o in call]
            assert sum(isinstance(o, Accepted) for o in outcomes) == len(sent)
            assert not any(isinstance(o, Conflict) for o in outcomes)
            assert sorted(ids(await accepted_events(one))) == sorted(ids(sent))

    async def test_rival_ids_from_two_instances_at_once_have_one_winner(
        self, open_log: OpenLog
    ) -> None:
        mine = [payment(n, "C-1") for n in range(1, 31)]
        theirs = [with_id_of(m, payment(100 + i, "C-2", branch="B-2")) for i, m in enumerate(mine)]
        async with open_log() as one, open_log() as other:
            calls = [one.append([m]) for m in mine]
            calls += [other.append([t]) for t in reversed(theirs)]
            outcomes = [o for call in await asyncio.gather(*calls) for o in call]
            assert sum(isinstance(o, Accepted) for o in outcomes) == len(mine)
            assert sum(isinstance(o, Conflict) for o in outcomes) == len(mine)
            assert sorted(ids(await accepted_events(one))) == sorted(ids(mine))

    async def test_record_time_never_goes_back_even_if_the_clock_does(
        self, log: EventLog, clock: SetClock
    ) -> None:
        for n, hours in enumerate((0, 2, -5, 1, 4), start=1):
            clock.at = START + timedelta(hours=hours)
            await log.append([payment(n)])
        times = [e.recorded_at for e in await log.read(partition_of("C-1"), 0, 10)]
        assert times == [START + timedelta(hours=h) for h in (0, 2, 2, 2, 4)]

    async def test_reading_goes_on_where_a_page_ended(self, log: EventLog) -> None:
        await log.append([payment(n, f"C-{n % 3}") for n in range(1, 26)])
        whole = await accepted_events(log)
        assert ids(await accepted_events(log, page=4)) == ids(whole)
        assert len(whole) == 25
        assert list(await log.read(partition_of("C-1"), 10**6, 10)) == []

    async def test_heads_cover_exactly_what_was_accepted(self, log: EventLog) -> None:
        before = await log.heads()
        outcomes = await appended(log, *(payment(n, f"C-{n % 3}") for n in range(1, 11)))
        heads = await log.heads()
        assert heads.reaches(before)
        for outcome in outcomes:
            assert heads.covers(outcome.position)
            assert not before.covers(outcome.position)

    async def test_a_position_of_this_generation_is_its_own_and_one_never_held_is_none(
        self, log: EventLog
    ) -> None:
        await log.append([payment(1)])
        heads = await log.heads()
        assert log.resolve(heads) == heads
        assert log.resolve(PositionVector(heads.generation + 1, heads.counts)) is None

    async def test_waiting_ends_when_another_instance_appends(self, open_log: OpenLog) -> None:
        async with open_log() as reader, open_log() as writer:
            await reader.wait(0.5)  # whatever came before counts once
            waiting = asyncio.create_task(reader.wait(30))
            await writer.append([payment(1)])
            async with asyncio.timeout(5):
                await waiting

    async def test_each_of_several_readers_learns_of_what_came_while_it_worked(
        self, log: EventLog
    ) -> None:
        appended = asyncio.Event()

        async def read_slowly() -> None:
            await log.wait(0.5)
            await appended.wait()
            async with asyncio.timeout(5):
                await log.wait(30)

        readers = [asyncio.create_task(read_slowly()) for _ in range(3)]
        await asyncio.sleep(0.6)
        await log.append([payment(1)])
        await asyncio.sleep(0.2)
        appended.set()
        await asyncio.gather(*readers)

    async def test_waiting_ends_when_the_time_is_over(self, log: EventLog) -> None:
        await log.wait(0.5)
        async with asyncio.timeout(5):
            await log.wait(0.05)
