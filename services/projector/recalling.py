"""Reading customers' dossiers again: the events before a position, of long ones those since a
snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from events.envelope import CustomerId, PositionVector
from events.errors import EventError
from events.facts import Fact
from events.policy import Reference
from services.log.readable import fact
from services.log.stored import stored_event
from services.ports import Dossiers, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.snapshots import Snapshot, Snapshots
from services.projector.turns import Turns
from services.rows.changes import Parked

Events = dict[CustomerId, list[Fact]]
Broken = dict[CustomerId, Parked]


class Recalled(NamedTuple):
    """The events of some customers, by customer."""

    dossiers: Events
    since: dict[CustomerId, tuple[Snapshot, list[Fact]]]  # a snapshot and what followed


class Recall:
    """Reads dossiers of one partition's customers, each once for all projections that ask."""

    def __init__(self, partition: int, generation: int, pool: Pool, dossiers: Dossiers) -> None:
        self._partition = partition
        self._generation = generation
        self._pool = pool
        self._dossiers = dossiers

    async def since_snapshots(
        self,
        wanted: Sequence[tuple[Snapshots, Sequence[CustomerId]]],
        upto: int,
        broken: Broken,
        reference: Reference,
    ) -> list[Recalled]:
        """Return for each projection the events before `upto` of the customers it asks for.

        A customer with an event that cannot be decoded is put among the broken instead.
        Raises: Unavailable.
        """
        kept = [await snapshots.of(customers, upto, reference) for snapshots, customers in wanted]
        missing = [
            [customer for customer in customers if customer not in known]
            for (_, customers), known in zip(wanted, kept, strict=True)
        ]
        whole = await self.whole(missing, upto, broken)
        found = []
        for known, dossiers in zip(kept, whole, strict=True):
            later = await _decoded(await self._later(known, upto), broken)
            since = {customer: (known[customer], events) for customer, events in later.items()}
            found.append(Recalled(dossiers, since))
        return found

    async def whole(
        self,
        wanted: Sequence[Sequence[CustomerId]],
        upto: int,
        broken: Broken,
    ) -> list[Events]:
        """Return the same from the first event on, whatever was kept."""
        customers = dict.fromkeys(customer for named in wanted for customer in named)
        dossiers: Events = {}
        if customers:
            counts = list(PositionVector.start(self._generation).counts)
            counts[self._partition] = upto
            before = PositionVector(self._generation, tuple(counts))
            dossiers = {customer: [] for customer in customers}
            for one in await self._dossiers.facts_of([*customers], before):
                dossiers[one.customer] = one.facts
                if one.unreadable:
                    event_id, reason = one.unreadable[-1]
                    broken.setdefault(one.customer, Parked(one.customer, reason, event_id))
                    del dossiers[one.customer]
        return [{c: dossiers[c] for c in named if c in dossiers} for named in wanted]

    async def _later(
        self, kept: Mapping[CustomerId, Snapshot], upto: int
    ) -> dict[CustomerId, Sequence[StoredEvent]]:
        """Return the events that came after each snapshot."""
        if not kept:
            return {}
        since = [snapshot.upto for snapshot in kept.values()]
        with translated():
            rows = await self._pool.fetch(
                sql("dossiers_since"), self._generation, self._partition, list(kept), since, upto
            )
        later: dict[CustomerId, list[StoredEvent]] = {customer: [] for customer in kept}
        for row in rows:
            later[CustomerId(row["customer_id"])].append(stored_event(row))
        return dict(later)


async def _decoded(dossiers: Mapping[CustomerId, Sequence[StoredEvent]], broken: Broken) -> Events:
    found: Events = {}
    turns = Turns()
    for customer, stored in dossiers.items():
        await turns.next()
        try:
            found[customer] = [fact(one) for one in stored]
        except EventError as error:
            broken.setdefault(customer, Parked(customer, str(error), None))
    return found
