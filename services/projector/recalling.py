"""Reading customers' dossiers again: the events before a position, of long ones those since a
snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from services.rows.projection_store import columns

Events = dict[CustomerId, list[Fact]]
Broken = dict[CustomerId, Parked]


class Recalled(NamedTuple):
    """The events of some customers, by customer."""

    dossiers: Events
    since: dict[CustomerId, tuple[Snapshot, list[Fact]]]  # a snapshot and what followed


class Wanted(NamedTuple):
    """Customers of a partition that a projection asks for, and up to where."""

    snapshots: Snapshots
    partition: int
    upto: int
    customers: Sequence[CustomerId]


class Recall:
    """Reads dossiers of customers, each once for all projections that ask."""

    def __init__(self, generation: int, pool: Pool, dossiers: Dossiers) -> None:
        self._generation = generation
        self._pool = pool
        self._dossiers = dossiers

    async def since_snapshots(
        self, wanted: Sequence[Wanted], broken: Broken, reference: Reference
    ) -> list[Recalled]:
        """Return for each projection the events of the customers it asks for.

        A customer with an event that cannot be decoded is put among the broken instead.
        Raises: Unavailable.
        """
        there = await self._with_snapshots(wanted)
        kept = [await self._kept(one, there, reference) for one in wanted]
        missing = [
            one._replace(customers=[c for c in one.customers if c not in known])
            for one, known in zip(wanted, kept, strict=True)
        ]
        whole = await self.whole(missing, broken)
        found = []
        for one, known, dossiers in zip(wanted, kept, whole, strict=True):
            later = await _decoded(await self._later(one, known), broken)
            since = {customer: (known[customer], events) for customer, events in later.items()}
            found.append(Recalled(dossiers, since))
        return found

    async def whole(self, wanted: Sequence[Wanted], broken: Broken) -> list[Events]:
        """Return the same from the first event on, whatever was kept."""
        customers = dict.fromkeys(customer for one in wanted for customer in one.customers)
        dossiers: Events = {}
        if customers:
            counts = list(PositionVector.start(self._generation).counts)
            for one in wanted:
                counts[one.partition] = one.upto
            before = PositionVector(self._generation, tuple(counts))
            dossiers = {customer: [] for customer in customers}
            for read in await self._dossiers.facts_of([*customers], before):
                dossiers[read.customer] = read.facts
                if read.unreadable:
                    event_id, reason = read.unreadable[-1]
                    broken.setdefault(read.customer, Parked(read.customer, reason, event_id))
                    del dossiers[read.customer]
        return [{c: dossiers[c] for c in one.customers if c in dossiers} for one in wanted]

    async def _with_snapshots(
        self, wanted: Sequence[Wanted]
    ) -> Mapping[str, Collection[CustomerId]]:
        """Return who has a snapshot, by the projection it is of: hardly anybody."""
        places = [(*one.snapshots.id, customer) for one in wanted for customer in one.customers]
        there: dict[str, set[CustomerId]] = {}
        if places:
            with translated():
                rows = await self._pool.fetch(sql("snapshots_there"), *columns(places))
            for row in rows:
                there.setdefault(row["projection"], set()).add(CustomerId(row["customer_id"]))
        return there

    async def _kept(
        self,
        wanted: Wanted,
        there: Mapping[str, Collection[CustomerId]],
        reference: Reference,
    ) -> Mapping[CustomerId, Snapshot]:
        have = there.get(wanted.snapshots.id[0], ())
        some = [customer for customer in wanted.customers if customer in have]
        return await wanted.snapshots.of(some, wanted.upto, reference) if some else {}

    async def _later(
        self, wanted: Wanted, kept: Mapping[CustomerId, Snapshot]
    ) -> dict[CustomerId, Sequence[StoredEvent]]:
        """Return the events that came after each snapshot."""
        if not kept:
            return {}
        since = [snapshot.upto for snapshot in kept.values()]
        place = (self._generation, wanted.partition)
        with translated():
            rows = await self._pool.fetch(
                sql("dossiers_since"), *place, list(kept), since, wanted.upto
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
