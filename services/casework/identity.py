"""Commands on who a customer is: decided by `events.customers.merging` against its own stream.

A merge relies on everybody on the way to either root: of two rivals that would close a circle,
commanded or published, one finds that somebody moved, reads again, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from events.customers.identity import Identity
from events.customers.merging import Command, Known, Merge, decide
from events.envelope import BranchId, CustomerId, PositionVector, RecordedEvent
from events.partitioning import partition_of
from events.refusals import Refused
from events.streams import customer_stream
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from services.casework.executing import Answer, Decided, Done, Stream, Streams
from services.casework.ordering import CommandOn
from services.casework.parts import CaseworkPlatform
from services.log.who_is_who import ways_of

HEADQUARTERS = "headquarters"  # whose event it is, where its sender works at no branch


class Identities:
    """Who the customers of the company are, as commands find them."""

    def __init__(self, platform: CaseworkPlatform, streams: Streams) -> None:
        self._platform = platform
        self._streams = streams

    async def execute(self, asked: CommandOn[Command]) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent."""
        customer = CustomerId(asked.on)
        named = {customer}
        if isinstance(asked.command, Merge):
            named.add(CustomerId(asked.command.into))

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            ways = await ways_of(self._platform.log, self._platform.pool, named)
            known = Known(Identity(ways.told), ways.erased, ways.unknown & named)
            at = known.identity.no_earlier_than(now)
            found = decide(customer, asked.command, asked.by, at, known)
            return found if isinstance(found, Refused) else Decided(found, ways.relied_on, at)

        branch = BranchId(asked.by.branch_id or HEADQUARTERS)
        stream = Stream(customer_stream(customer), customer, branch)
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
