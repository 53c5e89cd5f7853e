"""Reading customers' dossiers again: the events before a position, of long ones with a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.envelope import CustomerId, PositionVector, RecordedEvent
from events.errors import EventError
from projections.protocol import Projection
from services.ports import Dossiers, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.postgres.stored import stored_event
from services.projector.changes import Parked
from services.projector.readable import recorded
from services.projector.snapshots import Snapshot, Snapshots
from services.projector.turns import Turns

Recalled = dict[CustomerId, list[RecordedEvent]]
Broken = dict[CustomerId, Parked]
_Kept = Mapping[CustomerId, Snapshot]


class Recall:
    """Reads dossiers of one partition's customers, each once for all projections that ask."""

    def __init__(self, partition: int, generation: int, pool: Pool, dossiers: Dossiers) -> None:
        self._partition = partition
        self._generation = generation
        self._pool = pool
        self._dossiers = dossiers

    async def dossiers(
        self,
        wanted: Sequence[tuple[Projection, Sequence[CustomerId]]],
        upto: int,
        broken: Broken,
    ) -> list[Recalled]:
        """Return, as each projection asked, what it handles of the events before `upto`.

        A customer with an event that cannot be decoded is put among the broken instead.
        Raises: Unavailable.
        """
        asked = [
            (Snapshots(self._pool, projection, self._generation), projection, customers)
            for projection, customers in wanted
        ]
        kept = [await snapshots.of(customers, upto) for snapshots, _, customers in asked]
        whole = await self._whole(wanted, kept, upto, broken)
        return [
            await self._handled(one, known, whole, upto, broken)
            for one, known in zip(asked, kept, strict=True)
        ]

    async def _whole(
        self,
        wanted: Sequence[tuple[Projection, Sequence[CustomerId]]],
        kept: Sequence[_Kept],
        upto: int,
        broken: Broken,
    ) -> Recalled:
        """Return all events of the customers of whom a projection has no snapshot."""
        customers = {
            customer: None
            for (_, named), known in zip(wanted, kept, strict=True)
            for customer in named
            if customer not in known
        }
        if not customers:
            return {}
        counts = list(PositionVector.start(self._generation).counts)
        counts[self._partition] = upto
        before = PositionVector(self._generation, tuple(counts))
        return await _decoded(await self._dossiers.of([*customers], before), broken)

    async def _handled(
        self,
        asked: tuple[Snapshots, Projection, Sequence[CustomerId]],
        kept: _Kept,
        whole: Recalled,
        upto: int,
        broken: Broken,
    ) -> Recalled:
        snapshots, projection, customers = asked
        later = await _decoded(await self._later(kept, upto), broken)
        found: Recalled = {}
        for customer in customers:
            if customer in broken:
                continue
            known = kept[customer].events if customer in kept else []
            events = later[customer] if customer in kept else whole[customer]
            handled = [*known, *(e for e in events if type(e.data) in projection.handles)]
            found[customer] = handled
            await snapshots.keep(customer, handled, upto, len(known))
        return found

    async def _later(self, kept: _Kept, upto: int) -> dict[CustomerId, Sequence[StoredEvent]]:
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


async def _decoded(
    dossiers: Mapping[CustomerId, Sequence[StoredEvent]], broken: Broken
) -> Recalled:
    found: Recalled = {}
    turns = Turns()
    for customer, stored in dossiers.items():
        await turns.next()
        try:
            found[customer] = [recorded(one) for one in stored]
        except EventError as error:
            broken.setdefault(customer, Parked(customer, str(error), None))
    return found
