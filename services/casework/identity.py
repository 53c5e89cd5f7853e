"""Commands on who a customer is: decided by `events.customers.merging` against its own stream.

A merge relies on the streams of everybody on the way to either root: of two rivals that would
close a circle one finds a stream moved, reads again, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.cases.staff import Staff
from events.customers.identity import Identity
from events.customers.merging import Command, Known, Merge, decide
from events.envelope import BranchId, CustomerId, PositionVector, RecordedEvent
from events.facts import Fact, fact_of
from events.partitioning import partition_of
from events.refusals import Refused
from events.streams import customer_stream
from events.touchpoints.customer import CustomerErased, CustomerMerged, CustomerUnmerged
from services.casework.executing import Answer, Decided, Done, Order, Stream, Streams
from services.casework.parts import CaseworkPlatform
from services.log.readable import readable
from services.log.stored import stored_event
from services.ports import StreamVersion
from services.postgres.pool import retried
from services.postgres.statements import sql

HEADQUARTERS = "headquarters"  # whose event it is, where its sender works at no branch
_TYPES = [one.event_type for one in (CustomerMerged, CustomerUnmerged, CustomerErased)]


class CommandAbout(Struct, frozen=True, kw_only=True):
    """A command on who a customer is: who asks, under which key, and what."""

    customer: CustomerId
    command: Command
    by: Staff
    key: str
    seen: int | None = None
    only_tried: bool = False  # decide, and write nothing

    def order(self) -> Order:
        """Return the command as streams execute it."""
        name = type(self.command).__name__
        content = [self.customer, name, msgspec.to_builtins(self.command)]
        return Order(
            by=self.by.agent,
            key=self.key,
            content=msgspec.json.encode(content, order="sorted"),
            seen=self.seen,
            only_tried=self.only_tried,
        )


class _Read(Struct, frozen=True):
    """What was read of customers on their ways to the roots."""

    known: Known
    versions: Mapping[CustomerId, int]  # of their streams


class Identities:
    """Who the customers of the company are, as commands find them."""

    def __init__(self, platform: CaseworkPlatform, streams: Streams) -> None:
        self._platform = platform
        self._streams = streams

    async def execute(self, asked: CommandAbout) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent."""

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            read = await self._read(asked, events)
            at = read.known.identity.no_earlier_than(now)
            found = decide(asked.customer, asked.command, asked.by, at, read.known)
            if isinstance(found, Refused):
                return found
            relied_on = [
                StreamVersion(customer_stream(one), version)
                for one, version in read.versions.items()
                if one != asked.customer
            ]
            return Decided(found, relied_on, at)

        branch = BranchId(asked.by.branch_id or HEADQUARTERS)
        stream = Stream(customer_stream(asked.customer), asked.customer, branch)
        return await self._streams.execute(stream, asked.order(), decided)

    async def reached(self, done: Done) -> PositionVector:
        """Return how far a reader must have got to see what was done: both partitions of it.

        What the other customer did before counts from then on for both. Raises: Unavailable.
        """
        heads = await self._platform.log.heads()
        counts = [0] * len(heads.counts)
        for event in done.own:
            place = event.position
            counts[place.partition] = max(counts[place.partition], place.n + 1)
            if isinstance(event.data, (CustomerMerged, CustomerUnmerged)):
                data = event.data
                other = data.into if isinstance(data, CustomerMerged) else data.out_of
                partition = partition_of(other)
                counts[partition] = max(counts[partition], heads.counts[partition])
        return PositionVector(heads.generation, tuple(counts))

    async def _read(self, asked: CommandAbout, own: Sequence[RecordedEvent]) -> _Read:
        """Read a command's customers, and whoever any of them was ever merged into."""
        left = {asked.customer}
        if isinstance(asked.command, Merge):
            left.add(CustomerId(asked.command.into))
        found: dict[CustomerId, dict[str, RecordedEvent]] = {}
        versions: dict[CustomerId, int] = {}
        named = frozenset(left)
        while left:
            streams = {
                one: own
                if one == asked.customer
                else await self._streams.events(customer_stream(one))
                for one in sorted(left)
            }
            versions |= {one: len(events) for one, events in streams.items()}
            elsewhere = await self._elsewhere(left)
            for one, events in streams.items():
                told = (*events, *elsewhere.get(one, ()))
                found[one] = {event.envelope.id: event for event in told}
            left = {into for one in left for into in _merged_into(found[one].values())}
            left -= found.keys()
        erased = {
            one: event.envelope.effective_at
            for one, events in found.items()
            for event in events.values()
            if isinstance(event.data, CustomerErased)
        }
        facts: dict[CustomerId, Sequence[Fact]] = {
            one: [fact_of(event) for event in events.values()] for one, events in found.items()
        }
        there = {one for one in named if versions[one]}
        there |= await self._named_by_events(named - there)
        return _Read(Known(Identity(facts), erased, named - there), versions)

    async def _named_by_events(self, customers: Iterable[CustomerId]) -> set[CustomerId]:
        names = sorted(customers)
        rows = await retried(lambda: self._platform.pool.fetch(sql("near_customers"), names))
        return {CustomerId(row["customer_id"]) for row in rows}

    async def _elsewhere(
        self, customers: Iterable[CustomerId]
    ) -> Mapping[CustomerId, Sequence[RecordedEvent]]:
        """Return what branches, or imports, published about who customers are."""
        names = sorted(customers)
        rows = await retried(
            lambda: self._platform.pool.fetch(sql("identity_events"), names, _TYPES)
        )
        found: dict[CustomerId, list[RecordedEvent]] = {}
        for row in rows:
            found.setdefault(CustomerId(row["customer_id"]), []).append(readable(stored_event(row)))
        return found


def _merged_into(events: Iterable[RecordedEvent]) -> Iterable[CustomerId]:
    return [
        CustomerId(event.data.into) for event in events if isinstance(event.data, CustomerMerged)
    ]
