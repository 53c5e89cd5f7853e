"""What every log promises of streams and units. An adapter's tests subclass `StreamLogContract`.

The kinds of promises follow what the eventsourcing library asks of its aggregate recorders: all
or none, one winner for each version, reading back in order; beyond them stands what a log has.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from events.codec import decode
from events.partitioning import partition_of
from events.routing import nobodys
from events.streams import case_stream, customer_stream
from events.touchpoints.complaint import CaseReplied
from events.touchpoints.customer import CustomerErased, CustomerMerged
from services.errors import LogMoved, Unavailable
from services.ports import (
    Accepted,
    Conflict,
    Duplicate,
    EventLog,
    Outcome,
    Stale,
    StreamVersion,
    Submission,
)
from services.postgres.pool import Pool
from tests.contract.event_log_suite import OpenLog, accepted_events, ids
from tests.support.log import appended, payment, said, submission, with_id_of

CASE = case_stream("1")


def accepted(answer: Sequence[Outcome | Stale] | Stale) -> list[Accepted]:
    """The outcomes of a unit that was let in."""
    assert not isinstance(answer, Stale), answer
    taken = [one for one in answer if isinstance(one, Accepted)]
    assert len(taken) == len(answer), answer
    return taken


def relied(source: str, version: int) -> list[StreamVersion]:
    return [StreamVersion(source, version)]


def other_content(one: Submission) -> Submission:
    """The same event, saying something else."""
    data = msgspec.structs.replace(one.data, payment_id="another")
    return Submission(one.envelope, data, sha256(one.digest + b"other").digest())


LoseAnswers = Callable[[], AbstractContextManager[None]]


class StreamLogContract:
    """Needs the fixtures `open_log`, another instance of the same log; `pool`, of its database.

    And `lose_answers`: within it, the answer to the first commit of an append is lost.
    """

    @pytest.fixture
    async def log(self, open_log: OpenLog) -> AsyncIterator[EventLog]:
        async with open_log() as log:
            yield log

    async def test_a_unit_is_read_back_whole_as_its_stream(self, log: EventLog) -> None:
        sent = [said(CASE, 1), said(CASE, 2)]
        outcomes = accepted(await log.append_unit(sent))
        found = await log.stream(CASE)
        assert [one.envelope for one in found] == [one.envelope for one in sent]
        assert [decode(one.payload) for one in found] == [one.data for one in sent]
        assert [(one.position, one.recorded_at) for one in found] == [
            (one.position, one.recorded_at) for one in outcomes
        ]
        assert sorted(ids(await accepted_events(log))) == sorted(ids(sent))

    async def test_a_unit_of_nothing_is_nothing(self, log: EventLog) -> None:
        assert await log.append_unit([]) == ()
        assert await accepted_events(log) == []

    async def test_a_stream_that_has_no_event_is_empty(self, log: EventLog) -> None:
        await log.append_unit([said(case_stream("12"), 1)])
        assert list(await log.stream(CASE)) == []

    async def test_a_stream_is_read_on_after_a_version(self, log: EventLog) -> None:
        sent = [said(CASE, n) for n in range(1, 6)]
        await log.append_unit(sent[:2])
        await log.append_unit(sent[2:])
        assert ids(await log.stream(CASE, after=3)) == ids(sent[3:])
        assert list(await log.stream(CASE, after=5)) == []

    async def test_many_streams_are_read_at_once_as_each_alone(self, log: EventLog) -> None:
        streams = [case_stream(str(n)) for n in range(4)]
        for source in streams[:3]:
            await log.append_unit([said(source, n) for n in range(1, 4)])
        await log.append([payment(1)])
        asked = [streams[2], streams[0], streams[3]]
        found = {one.source: one for one in await log.stream_facts(asked)}
        assert found.keys() == {streams[0], streams[2]}
        for source, one in found.items():
            alone = await log.stream(source)
            assert [fact.id for fact in one.facts] == ids(alone)
            assert [fact.source for fact in one.facts] == [source] * 3
            assert [fact.data for fact in one.facts] == [decode(e.payload) for e in alone]
            assert {one.customer} == {event.envelope.subject for event in alone}
            assert not one.unreadable
        assert list(await log.stream_facts([])) == []

    async def test_a_unit_must_begin_right_after_the_streams_version(self, log: EventLog) -> None:
        assert await log.append_unit([said(CASE, 2)]) == Stale(CASE, 1, 0)
        accepted(await log.append_unit([said(CASE, 1), said(CASE, 2)]))
        rival = said(CASE, 2, by="rival")
        assert await log.append_unit([rival]) == Stale(CASE, 1, 2)
        assert await log.append_unit([said(CASE, 4)]) == Stale(CASE, 3, 2)
        assert ids(await log.stream(CASE)) == ids([said(CASE, 1), said(CASE, 2)])

    async def test_a_unit_of_which_a_rival_has_half_leaves_nothing(self, log: EventLog) -> None:
        other = case_stream("2")
        accepted(await log.append_unit([said(other, 1)]))
        late = [said(CASE, 1), said(other, 1, by="rival"), said(other, 2)]
        assert await log.append_unit(late) == Stale(other, 0, 1)
        assert list(await log.stream(CASE)) == []
        accepted(await log.append_unit([said(CASE, 1, by="rival")]))
        assert len(await accepted_events(log)) == 2

    async def test_a_unit_may_have_several_streams_in_several_partitions(
        self, log: EventLog
    ) -> None:
        members = [f"C-{n}" for n in range(1, 5)]
        sent = [said(customer_stream(one), 1, one) for one in members]
        outcomes = accepted(await log.append_unit(sent))
        partitions = [one.position.partition for one in outcomes]
        assert partitions == [partition_of(one) for one in members]
        assert len(set(partitions)) > 1
        for one, stream in zip(sent, map(customer_stream, members), strict=True):
            assert ids(await log.stream(stream)) == ids([one])

    @pytest.mark.parametrize("stream", [case_stream("2"), customer_stream("C-5")])
    async def test_a_stream_that_is_relied_on_must_not_have_moved(
        self, log: EventLog, stream: str
    ) -> None:
        customer = "C-5"
        accepted(await log.append_unit([said(CASE, 1)], relied(stream, 0)))
        accepted(await log.append_unit([said(stream, 1, customer)]))
        late = [said(CASE, 2)]
        assert await log.append_unit(late, relied(stream, 0)) == Stale(stream, 0, 1)
        assert await log.append_unit(late, relied(stream, 2)) == Stale(stream, 2, 1)
        assert len(await log.stream(CASE)) == 1
        accepted(await log.append_unit(late, relied(stream, 1)))

    async def test_nothing_may_touch_a_customer_beyond_where_it_was_read(
        self, log: EventLog
    ) -> None:
        read = (await log.beyond(["C-5"])).read("C-5")
        await log.append([payment(1, "C-6"), submission(2, CustomerMerged(into="C-7"), "C-6")])
        accepted(await log.append_unit([said(CASE, 1)], [read]))
        await log.append([payment(3, "C-5")])
        late = [said(CASE, 2)]
        assert await log.append_unit(late, [read]) == Stale(customer_stream("C-5"))
        assert len(await log.stream(CASE)) == 1
        again = (await log.beyond(["C-5"])).read("C-5")
        accepted(await log.append_unit(late, [again]))

    async def test_who_is_merged_into_a_customer_touches_it(self, log: EventLog) -> None:
        assert partition_of("C-6") != partition_of("C-5")
        read = (await log.beyond(["C-5"])).read("C-5")
        await log.append([submission(1, CustomerMerged(into="C-5"), "C-6")])
        assert isinstance(await log.append_unit([said(CASE, 1)], [read]), Stale)
        again = (await log.beyond(["C-5"])).read("C-5")
        accepted(await log.append_unit([said(CASE, 1)], [again]))

    async def test_what_a_branch_keeps_of_nobody_is_read_by_its_name(self, log: EventLog) -> None:
        name = nobodys("B-1")
        read = (await log.beyond([name])).read(name)
        await log.append([payment(1, None, branch="B-2")])
        accepted(await log.append_unit([said(CASE, 1)], [read]))
        await log.append([payment(2, None)])
        assert isinstance(await log.append_unit([said(CASE, 2)], [read]), Stale)

    async def test_what_the_table_does_not_have_is_known_and_what_commands_need_is_told(
        self, log: EventLog
    ) -> None:
        replied = submission(2, CaseReplied(case_id="case-1", agent="A-7"), "C-5")
        merged = submission(3, CustomerMerged(into="C-5"), "C-6")
        sent = [payment(1, "C-5"), replied, merged]
        outcomes = await log.append(sent)
        beyond = await log.beyond(["C-5", "C-9"])
        for one, outcome in zip(sent, outcomes, strict=True):
            assert isinstance(outcome, Accepted)
            is_kept = beyond.before.covers(outcome.position)
            assert is_kept != (one.envelope.id in beyond.known.get("C-5", ()))
            is_told = (one.envelope, one.data) in beyond.told.get("C-5", ())
            assert is_told == (not is_kept and one is not sent[0])
        assert "C-9" not in beyond.known
        whole = await log.beyond(["C-5", "C-9"], whole=True)
        ids = [envelope.id for envelope, _ in whole.told.get("C-5", ())]
        assert frozenset(ids) == whole.known.get("C-5", frozenset())
        for envelope, data in whole.told.get("C-5", ()):
            assert (envelope, data) in [(one.envelope, one.data) for one in sent]
        assert len(ids) == len({*ids})

    async def test_an_event_may_rely_on_something_by_itself(self, log: EventLog) -> None:
        read = (await log.beyond(["C-5"])).read("C-5")
        first = replace(payment(1, "C-5"), relied_on=(read,))
        [was] = await log.append([first])
        assert isinstance(was, Accepted)
        late = replace(payment(2, "C-5"), relied_on=(read,))
        kinds = [type(one) for one in await log.append([late, payment(3, "C-5"), first])]
        assert kinds == [Stale, Accepted, Duplicate]
        on_none = replace(payment(4, "C-1"), relied_on=(StreamVersion(CASE, 0),))
        accepted(await log.append_unit([said(CASE, 1)]))
        assert await log.append([on_none]) == [Stale(CASE, 0, 1)]
        assert len(await accepted_events(log)) == 3

    async def test_of_rivals_in_one_group_that_rely_on_one_customer_one_is_let_in(
        self, open_log: OpenLog
    ) -> None:
        async with open_log() as one, open_log() as other:
            for n in range(1, 6):
                name = f"C-{n}"
                read = (await one.beyond([name])).read(name)
                rivals = [
                    (one, other)[k % 2].append(
                        [replace(payment(10 * n + k, name), relied_on=(read,))]
                    )
                    for k in range(5)
                ]
                unit = one.append_unit([said(case_stream(name), 1, name)], [read])
                answers = [*await asyncio.gather(unit, *rivals)]
                stale = Stale(customer_stream(name))
                assert sum(found in (stale, [stale]) for found in answers) == 5, answers

    async def test_an_erasure_of_the_same_group_is_seen_by_who_comes_after_it(
        self, log: EventLog
    ) -> None:
        for n in range(1, 6):
            name = f"C-{n}"
            read = (await log.beyond([name])).read(name)
            merged = submission(10 + n, CustomerMerged(into="C-9"), name)
            [_, [erased], [late]] = await asyncio.gather(
                log.append([payment(100 + n, "C-9")]),  # a group of its own
                log.append([submission(n, CustomerErased(receipt="r"), name)]),
                log.append([replace(merged, relied_on=(read,))]),
            )
            assert isinstance(erased, Accepted)
            assert late == Stale(customer_stream(name))

    async def test_a_unit_stands_before_what_came_beside_it(self, log: EventLog) -> None:
        """It was decided without that: the log tells it in this order."""
        for n in range(1, 6):
            read = (await log.beyond(["C-5"])).read("C-5")
            begin = log.append([payment(100 + n, "C-9")])  # a group of its own
            [_, [plain], unit] = await asyncio.gather(
                begin,
                log.append([payment(n, "C-5")]),
                log.append_unit([said(case_stream(str(n)), 1, "C-5")], [read]),
            )
            assert isinstance(plain, Accepted)
            [first] = accepted(unit)
            assert first.position.n < plain.position.n

    async def test_a_repeated_unit_is_a_duplicate_as_a_whole(self, log: EventLog) -> None:
        sent = [said(CASE, 1), said(CASE, 2)]
        first = accepted(await log.append_unit(sent))
        duplicates = [Duplicate(one.position) for one in first]
        assert await log.append_unit(sent) == duplicates
        accepted(await log.append_unit([said(CASE, 3)]))
        assert await log.append_unit(sent) == duplicates
        assert len(await accepted_events(log)) == 3

    async def test_a_repeat_is_a_duplicate_though_what_it_relied_on_has_moved(
        self, log: EventLog
    ) -> None:
        other = customer_stream("C-5")
        [first] = accepted(await log.append_unit([said(CASE, 1)], relied(other, 0)))
        accepted(await log.append_unit([said(other, 1, "C-5")]))
        repeat = await log.append_unit([said(CASE, 1)], relied(other, 0))
        assert repeat == [Duplicate(first.position)]

    async def test_a_repeat_is_known_after_a_restart(self, open_log: OpenLog) -> None:
        async with open_log() as log:
            [first] = accepted(await log.append_unit([said(CASE, 1)]))
        async with open_log() as log:
            assert await log.append_unit([said(CASE, 1)]) == [Duplicate(first.position)]
            assert ids(await log.stream(CASE)) == ids([said(CASE, 1)])

    async def test_the_same_ids_with_other_content_are_a_conflict(self, log: EventLog) -> None:
        sent = [said(CASE, 1), said(CASE, 2)]
        _, second = accepted(await log.append_unit(sent))
        answer = await log.append_unit([sent[0], other_content(sent[1])])
        assert not isinstance(answer, Stale)
        for one in answer:
            assert isinstance(one, Conflict)
            assert (one.field, one.position) == ("id", second.position)
        assert ids(await accepted_events(log)) == ids(sent)

    async def test_an_id_of_an_event_outside_the_stream_spoils_the_whole_unit(
        self, log: EventLog
    ) -> None:
        [held] = await appended(log, payment(1, "C-7"))
        answer = await log.append_unit(
            [said(CASE, 1), with_id_of(payment(1, "C-7"), said(CASE, 2))]
        )
        assert not isinstance(answer, Stale)
        assert {(type(one), one.position) for one in answer} == {(Conflict, held.position)}
        assert list(await log.stream(CASE)) == []
        accepted(await log.append_unit([said(CASE, 1)]))

    async def test_a_part_of_a_unit_that_came_by_itself_makes_it_a_conflict(
        self, log: EventLog
    ) -> None:
        await log.append([said(CASE, 1)])
        answer = await log.append_unit([said(CASE, 1), said(CASE, 2)])
        assert not isinstance(answer, Stale)
        assert [type(one) for one in answer] == [Conflict, Conflict]
        assert len(await accepted_events(log)) == 1

    async def test_a_longer_unit_that_begins_like_a_known_one_is_a_conflict(
        self, log: EventLog
    ) -> None:
        accepted(await log.append_unit([said(CASE, 1)]))
        answer = await log.append_unit([said(CASE, 1), said(CASE, 2)])
        assert not isinstance(answer, Stale)
        assert [type(one) for one in answer] == [Conflict, Conflict]
        assert ids(await log.stream(CASE)) == ids([said(CASE, 1)])

    async def test_one_of_many_rivals_wins_each_version(self, open_log: OpenLog) -> None:
        async with open_log() as one, open_log() as other:
            for version in range(1, 6):
                rivals = [said(CASE, version, by=f"rival {n}") for n in range(8)]
                calls = [(one, other)[n % 2].append_unit([rival]) for n, rival in enumerate(rivals)]
                answers = await asyncio.gather(*calls)
                winners = [n for n, answer in enumerate(answers) if not isinstance(answer, Stale)]
                assert len(winners) == 1
                lost = [answer for answer in answers if isinstance(answer, Stale)]
                assert lost == [Stale(CASE, version - 1, version)] * 7
                stream = await one.stream(CASE)
                assert ids(stream[-1:]) == ids([rivals[winners[0]]])
            assert [e.envelope.sequence for e in await other.stream(CASE)] == [1, 2, 3, 4, 5]

    async def test_of_rivals_that_rely_on_each_other_one_wins(self, open_log: OpenLog) -> None:
        async with open_log() as one, open_log() as other:
            for n in range(1, 9):
                x, y = f"X-{n}", f"Y-{n}"
                into_x = one.append_unit(
                    [said(customer_stream(y), 1, y)], relied(customer_stream(x), 0)
                )
                into_y = other.append_unit(
                    [said(customer_stream(x), 1, x)], relied(customer_stream(y), 0)
                )
                answers = await asyncio.gather(into_x, into_y)
                assert sum(isinstance(answer, Stale) for answer in answers) == 1, answers
            assert len(await accepted_events(one)) == 8

    async def test_rivals_for_overlapping_units_leave_no_half(self, open_log: OpenLog) -> None:
        """Each unit has its own stream and one that all want."""
        async with open_log() as one, open_log() as other:
            units = [
                [said(case_stream(f"own-{n}"), 1, f"C-{n}"), said(CASE, 1, "C-0", by=f"unit {n}")]
                for n in range(10)
            ]
            calls = [(one, other)[n % 2].append_unit(unit) for n, unit in enumerate(units)]
            answers = await asyncio.gather(*calls)
            [winner] = [n for n, answer in enumerate(answers) if not isinstance(answer, Stale)]
            assert sorted(ids(await accepted_events(one))) == sorted(ids(units[winner]))

    async def test_units_and_plain_events_go_side_by_side(self, log: EventLog) -> None:
        """What comes while a group is written is written together: all these but the first."""
        calls = [
            log.append([payment(1)]),
            log.append_unit([said(CASE, 1), said(CASE, 2)]),
            log.append([payment(2), payment(1), payment(3)]),
            log.append_unit([said(CASE, 1, by="rival")]),
            log.append_unit([said(CASE, 3)]),
            log.append_unit([said(CASE, 1), said(CASE, 2)]),
            log.append_unit([said(case_stream("2"), 1, "C-9")], relied(CASE, 1)),
            log.append_unit([said(case_stream("3"), 1, "C-9")], relied(CASE, 3)),
            log.append([with_id_of(payment(3), payment(4)), payment(5, "C-9")]),
        ]
        answers = await asyncio.gather(*calls)
        kinds = [
            answer if isinstance(answer, Stale) else [type(one) for one in answer]
            for answer in answers
        ]
        assert kinds == [
            [Accepted],
            [Accepted, Accepted],
            [Accepted, Duplicate, Accepted],
            Stale(CASE, 0, 2),
            [Accepted],
            [Duplicate, Duplicate],
            Stale(CASE, 1, 3),
            [Accepted],
            [Conflict, Accepted],
        ]
        repeat, first = answers[5], answers[1]
        assert not isinstance(repeat, Stale)
        assert not isinstance(first, Stale)
        assert list(repeat) == [Duplicate(one.position) for one in accepted(first)]
        assert [e.envelope.sequence for e in await log.stream(CASE)] == [1, 2, 3]
        assert len(await accepted_events(log)) == 8

    async def test_an_event_of_a_unit_published_by_itself_at_once_is_let_in_once(
        self, open_log: OpenLog
    ) -> None:
        async with open_log() as one, open_log() as other:
            for n in range(1, 11):
                stream = case_stream(f"case-{n}")
                unit = [said(stream, 1, f"C-{n}"), said(stream, 2, f"C-{n}")]
                stranger = with_id_of(unit[1], payment(n, f"C-{n + 1}"))
                answer, [outcome] = await asyncio.gather(
                    one.append_unit(unit), other.append([stranger])
                )
                assert not isinstance(answer, Stale)
                kinds = {type(one) for one in answer}
                assert (kinds, type(outcome)) in [
                    ({Accepted}, Conflict),
                    ({Conflict}, Accepted),
                ]
                assert len(await one.stream(stream)) == (2 if kinds == {Accepted} else 0)

    async def test_positions_of_units_increase_within_a_partition(self, log: EventLog) -> None:
        for n in range(1, 21):
            stream = case_stream(f"case-{n % 4}")
            version = len(await log.stream(stream))
            await log.append_unit([said(stream, version + 1, f"C-{n % 4}")])
        events = await accepted_events(log)
        assert len(events) == 20
        for partition in range(12):
            places = [e.position for e in events if e.position.partition == partition]
            assert places == sorted(set(places))

    @pytest.mark.parametrize("whole", [True, False])
    async def test_a_commit_whose_answer_was_lost_is_found_as_a_repeat(
        self, log: EventLog, lose_answers: LoseAnswers, whole: bool
    ) -> None:
        """It is one's own, and no conflict with oneself."""
        sent = [said(CASE, 1), said(CASE, 2)]
        with lose_answers():
            answer = await (log.append_unit(sent) if whole else log.append(sent))
        assert not isinstance(answer, Stale)
        stored = await accepted_events(log)
        assert list(answer) == [Duplicate(one.position) for one in stored]
        assert ids(stored) == ids(sent)

    async def test_of_two_commands_the_one_whose_answer_was_lost_has_won(
        self, log: EventLog, lose_answers: LoseAnswers
    ) -> None:
        with lose_answers():
            first, late = await asyncio.gather(
                log.append_unit([said(CASE, 1)]), log.append_unit([said(CASE, 1, by="rival")])
            )
        assert late == Stale(CASE, 0, 1)
        assert ids(await log.stream(CASE)) == ids([said(CASE, 1)])
        assert not isinstance(first, Stale)

    async def test_connections_killed_at_any_moment_leave_whole_units_each_once(
        self, open_log: OpenLog, pool: Pool
    ) -> None:
        """Rivals command each case until its stream is long enough; all repeat what failed."""
        won: Counter[str] = Counter()

        async def rival(log: EventLog, name: str) -> None:
            for n in range(40):
                stream, customer = case_stream(f"case-{n % 3}"), f"C-{n % 3}"
                unit: list[Submission] = []
                while True:
                    try:
                        if not unit:
                            version = len(await log.stream(stream))
                            if version >= 24:
                                break
                            by = f"{name} {n}"
                            numbers = (version + 1, version + 2)
                            unit = [said(stream, number, customer, by=by) for number in numbers]
                        answer = await log.append_unit(unit)
                    except Unavailable:
                        continue
                    if not isinstance(answer, Stale):
                        assert len({type(one) for one in answer}) == 1
                        assert isinstance(answer[0], Accepted | Duplicate)
                        won.update(ids(unit))
                        break
                    unit = []  # a rival won: decide anew

        async with open_log() as one, open_log() as other:
            rivals = asyncio.gather(rival(one, "one"), rival(other, "other"))
            while not rivals.done():
                await pool.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(0.2)
            await rivals
            streams = [await one.stream(case_stream(f"case-{n}")) for n in range(3)]
        assert [len(stream) for stream in streams] == [24] * 3
        for stream in streams:
            assert [e.envelope.sequence for e in stream] == list(range(1, 25))
        assert Counter(event_id for stream in streams for event_id in ids(stream)) == won

    async def test_a_log_that_moved_takes_no_unit(self, log: EventLog, pool: Pool) -> None:
        accepted(await log.append_unit([said(CASE, 1)]))
        await pool.execute("UPDATE log_heads SET closed = true")
        with pytest.raises(LogMoved):
            await log.append_unit([said(CASE, 2)])
        assert ids(await log.stream(CASE)) == ids([said(CASE, 1)])

    async def test_a_partition_that_only_a_stream_relied_on_lies_in_is_locked_too(
        self, log: EventLog, pool: Pool
    ) -> None:
        """Whoever could move that stream waits, or is waited for."""
        other = case_stream("2")
        accepted(await log.append_unit([said(other, 1, "C-5")]))
        partition = partition_of("C-5")
        assert partition != partition_of("C-1")
        await pool.execute("UPDATE log_heads SET closed = true WHERE partition = $1", partition)
        accepted(await log.append_unit([said(CASE, 1)]))
        with pytest.raises(LogMoved):
            await log.append_unit([said(CASE, 2)], relied(other, 1))

    @pytest.mark.parametrize(
        "events",
        [
            [said(CASE, 1), said(CASE, 3)],
            [said(CASE, 2), said(CASE, 1)],
            [said(CASE, 1), said(CASE, 1, by="rival")],
            [said(CASE, 0)],
            [said(CASE, 1), with_id_of(said(CASE, 1), said(CASE, 2))],
            [said(CASE, 1, "C-1"), said(CASE, 2, "C-2")],
            [said(customer_stream("C-2"), 1, "C-1")],
            [payment(1, epoch=1)],
        ],
        ids=["gap", "order", "twice", "uncounted", "id", "partitions", "another's", "epoch"],
    )
    async def test_events_that_make_no_unit_are_refused_before_anything_is_written(
        self, log: EventLog, events: list[Submission]
    ) -> None:
        with pytest.raises(ValueError, match=r"unit|numbered|follow|lies in"):
            await log.append_unit(events)
        assert await accepted_events(log) == []


def losing(
    patch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    lose: Callable[[Any], None] = lambda answer: None,
) -> LoseAnswers:
    """Have an adapter's own step, which commits, lose what it answers the first time."""

    @contextmanager
    def lost() -> Iterator[None]:
        commit, left = getattr(owner, name), [ConnectionResetError("the answer was lost")]

        async def commit_and_lose(*given: object) -> object:
            answer = await commit(*given)
            if left:
                lose(answer)
                raise left.pop()
            return answer

        with patch.context() as patched:
            patched.setattr(owner, name, commit_and_lose)
            yield
        assert not left, "something was committed"

    return lost
