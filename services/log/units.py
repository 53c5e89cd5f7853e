"""Calls of the log: plain events, each for itself, and units, all or none, side by side.

A unit is admitted if its streams are where its command read them, and so is an event that relies
on something. That is judged under the locks of the heads of all partitions concerned, by the
table of admissions, which knows every sequence number that was ever let in, in both modes, and
by what the log holds of customers beyond the places that they were read at.
"""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from typing import NamedTuple

import asyncpg

from events.envelope import EventId, Position
from events.partitioning import partition_of
from events.streams import customer_stream, partition_told
from events.texts import worded
from services.log.admissions import Holders, Prepared, admit, held, prepare, refusal
from services.ports import (
    Accepted,
    Conflict,
    CustomerRead,
    Duplicate,
    Outcome,
    ReliedOn,
    Stale,
    StreamVersion,
    Submission,
)
from services.postgres.pool import Connection

Answer = Sequence[Outcome | Stale] | Stale
"""To a call of plain events, one for each; to a unit, of one kind."""

Place = tuple[int, int]
"""The number of a call in its group, and of an event in its call."""

LetIn = Callable[[Sequence[Place]], Awaitable[Collection[str]]]
"""Admits those events of a group that nobody holds; returns the ids let in."""


class Call(NamedTuple):
    """What one caller wants appended."""

    events: Sequence[Prepared]
    whole: bool = False  # a unit: all or none
    relied_on: Sequence[ReliedOn] = ()

    def expected(self) -> Iterable[ReliedOn]:
        """Yield where a unit takes each of its streams to be, and all that the call relies on."""
        if self.whole:
            firsts: dict[str, int] = {}
            for event in self.events:
                firsts.setdefault(event.envelope.source, event.envelope.sequence)
            yield from (StreamVersion(source, first - 1) for source, first in firsts.items())
        yield from self.relied_on
        for event in self.events:
            yield from event.relied_on


class Standing:
    """Where all stands that a group relies on, under the locks of the heads.

    `beyond` is what touches customers beyond where they were read. Whatever of the group was let
    in already counts for who comes after.
    """

    def __init__(
        self, versions: dict[str, int], beyond: Mapping[CustomerRead, Collection[EventId]]
    ) -> None:
        self._versions = versions
        self._beyond = beyond
        self._touched: set[str] = set()

    def moved(self, relied_on: Iterable[ReliedOn]) -> Stale | None:
        """Return the first of what is relied on that is not as it was read."""
        for one in relied_on:
            if isinstance(one, StreamVersion):
                if self._versions[one.source] != one.version:
                    return Stale(one.source, one.version, self._versions[one.source])
            elif one.customer in self._touched or not one.known.issuperset(self._beyond[one]):
                return Stale(customer_stream(one.customer))
        return None

    def let_in(self, events: Iterable[Prepared], *, whole: bool) -> None:
        """Take note of events that stand before whoever comes after them."""
        for event in events:
            self._touched.update(event.touches)
            if whole:
                self._versions[event.envelope.source] = event.envelope.sequence


class Admission(NamedTuple):
    """Which events of a group were let in, who holds others, and which units came too late."""

    let_in: Sequence[Place]
    holders: Mapping[Place, asyncpg.Record]
    stale: Mapping[int, Stale]  # units, by the number of the call
    late: Mapping[Place, Stale]  # events that relied by themselves on what had moved


class Overrun(Exception):
    """Units of which a part was let in only: the transaction is to be rolled back and repeated.

    Somebody who appends to other partitions took an id or a number in between. With these
    calls named, the next attempt looks for who it was.
    """

    def __init__(self, calls: frozenset[int]) -> None:
        super().__init__("rolled back, to be tried again")
        self.calls = calls


def unit(submissions: Sequence[Submission], relied_on: Sequence[ReliedOn]) -> Call:
    """Return a call that is all or none. Raises: ValueError, MalformedEvent."""
    events = [prepare(submission) for submission in submissions]
    if len({event.envelope.id for event in events}) < len(events):
        raise ValueError("a unit has an event twice")
    before: dict[str, Prepared] = {}
    for event in events:
        _check_place(event, before.get(event.envelope.source))
        before[event.envelope.source] = event
    return Call(events, whole=True, relied_on=relied_on)


def _check_place(event: Prepared, before: Prepared | None) -> None:
    """Let an event pass that its stream may have next. Raises: ValueError."""
    envelope = event.envelope
    if envelope.epoch != 0 or envelope.sequence < 1:
        raise ValueError(f"{envelope.source} is numbered from 1, in epoch 0")
    if before is not None and envelope.sequence != before.envelope.sequence + 1:
        raise ValueError(f"the numbers of {envelope.source} do not follow each other")
    partition = partition_told(envelope.source) if before is None else before.partition
    if partition not in (None, event.partition):
        raise ValueError(f"{envelope.source} lies in partition {partition}, not {event.partition}")


def outcomes(answer: Answer) -> Sequence[Outcome | Stale]:
    """Return the answer to a call of plain events."""
    assert not isinstance(answer, Stale), "plain events are answered one by one"
    return answer


def outcomes_of_unit(answer: Answer) -> Sequence[Outcome] | Stale:
    """Return the answer to a unit."""
    if isinstance(answer, Stale):
        return answer
    return [one for one in answer if not isinstance(one, Stale)]


class Locks(NamedTuple):
    """What a group must know and own before it is admitted."""

    partitions: Sequence[int]
    sought: Sequence[str]  # streams relied on whose partition their name does not tell
    streams: Sequence[str]  # whose versions are compared
    customers: Sequence[CustomerRead]  # beyond which is looked


def locks_for(calls: Sequence[Call]) -> Locks:
    """Return the partitions, streams and customers that the calls of a group concern.

    A stream that an event relies on by itself lies in the event's own partition, or begins there.
    """
    partitions = {event.partition for call in calls for event in call.events}
    streams: set[str] = set()
    sought: set[str] = set()
    customers: dict[CustomerRead, None] = {}
    for call in calls:
        for one in call.expected():
            if isinstance(one, CustomerRead):
                customers[one] = None
                partitions.add(partition_of(one.customer))
            else:
                streams.add(one.source)
        for one in call.relied_on:
            if isinstance(one, StreamVersion):
                told = partition_told(one.source)
                if told is None:
                    sought.add(one.source)
                else:
                    partitions.add(told)
    return Locks(sorted(partitions), sorted(sought), sorted(streams), [*customers])


async def admit_calls(
    connection: Connection,
    calls: Sequence[Call],
    standing: Standing,
    suspects: frozenset[int],
    let_in: LetIn,
) -> Admission:
    """Admit what may be let in, by where all stands that the calls rely on.

    Raises: Overrun.
    """
    stale: dict[int, Stale] = {}
    passed: list[int] = []
    for number, call in enumerate(calls):
        if not call.whole:
            continue
        moved = standing.moved(call.expected())
        if moved is not None:
            stale[number] = moved
        elif number not in suspects:
            passed.append(number)
            standing.let_in(call.events, whole=True)
    late = _late(calls, standing)
    # Units first, in the log too: they were decided without what came beside them. And who
    # publishes one of their events on its own is answered that it is there.
    plain = _places(calls, [n for n, call in enumerate(calls) if not call.whole])
    offered = [*_places(calls, passed), *(place for place in plain if place not in late)]
    events = [calls[number].events[i] for number, i in offered]
    found = await admit(connection, events, lambda first: let_in([offered[at] for at in first]))
    holders = _at(offered, found)
    if overrun := {number for number, _ in holders} & set(passed):
        raise Overrun(frozenset(overrun))
    waiting = [*_places(calls, sorted({*stale} | suspects)), *late]
    holders |= _at(waiting, await held(connection, [calls[c].events[i] for c, i in waiting]))
    if any(number not in stale and not _own_ids(calls, number, holders) for number in suspects):
        raise Overrun(frozenset())  # who was in the way is gone
    let_in_now = [place for place in offered if place not in holders]
    return Admission(let_in_now, holders, stale, late)


def _late(calls: Sequence[Call], standing: Standing) -> Mapping[Place, Stale]:
    """Return the plain events that rely on what has moved, also by a call before theirs."""
    late: dict[Place, Stale] = {}
    for number, call in enumerate(calls):
        if call.whole:
            continue
        passed = []
        for i, event in enumerate(call.events):
            moved = standing.moved(event.relied_on)
            if moved is not None:
                late[number, i] = moved
            elif event.relied_on or event.decided_on:
                passed.append(event)
        standing.let_in(passed, whole=False)
    return late


def _places(calls: Sequence[Call], numbers: Iterable[int]) -> list[Place]:
    return [(number, i) for number in numbers for i in range(len(calls[number].events))]


def _at(places: Sequence[Place], holders: Holders) -> dict[Place, asyncpg.Record]:
    return {places[i]: holder for i, holder in holders.items()}


def _own_ids(
    calls: Sequence[Call], number: int, holders: Mapping[Place, asyncpg.Record]
) -> dict[int, asyncpg.Record]:
    """Return who holds the ids of a unit's events, whoever holds their numbers."""
    return {
        i: holder
        for i, event in enumerate(calls[number].events)
        if (holder := holders.get((number, i))) and holder["event_id"] == event.envelope.id
    }


def answers(
    calls: Sequence[Call],
    admission: Admission,
    accepted: Mapping[Place, Accepted],
    where: Callable[[asyncpg.Record], Position],
) -> Sequence[Answer]:
    """Return what to answer to each call; `where` tells the place of an event held before."""

    def outcome(place: Place, event: Prepared) -> Outcome:
        if place in accepted:
            return accepted[place]
        holder = admission.holders[place]
        return refusal(event, holder, where(holder))

    def plain(place: Place, event: Prepared) -> Outcome | Stale:
        if place in admission.late and place not in admission.holders:
            return admission.late[place]
        return outcome(place, event)

    def answer(number: int, call: Call) -> Answer:
        if not call.whole:
            return [plain((number, i), event) for i, event in enumerate(call.events)]
        if (number, 0) in accepted:
            return [outcome((number, i), event) for i, event in enumerate(call.events)]
        known = _own_ids(calls, number, admission.holders)
        if not known:
            return admission.stale[number]
        return _repeat_or_conflict(
            [outcome((number, i), call.events[i]) for i in known], len(call.events)
        )

    return [answer(number, call) for number, call in enumerate(calls)]


def _repeat_or_conflict(found: Sequence[Outcome], events: int) -> Sequence[Outcome]:
    """Return the one answer to a unit some of whose ids are in the log already."""
    for one in found:
        if isinstance(one, Conflict):
            return [one] * events
    if len(found) == events:
        return found
    assert isinstance(found[0], Duplicate), "it is held by the same content"
    reason = worded("a part of the unit was accepted before, without the rest")
    return [Conflict("id", reason, found[0].position)] * events
