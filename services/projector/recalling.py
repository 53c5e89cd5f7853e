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
from services.projector.collecting import collecting_later
from services.projector.readable import recorded
from services.projector.snapshots import Snapshot, Snapshots


class Recall:
    """Reads dossiers of one partition's customers for one projection."""

    def __init__(
        self,
        projection: Projection,
        partition: int,
        generation: int,
        pool: Pool,
        dossiers: Dossiers,
    ) -> None:
        self._handles = projection.handles
        self._partition = partition
        self._generation = generation
        self._pool = pool
        self._dossiers = dossiers
        self._snapshots = Snapshots(pool, projection, generation)

    async def dossiers(
        self, customers: Sequence[CustomerId], upto: int, broken: dict[CustomerId, Parked]
    ) -> dict[CustomerId, list[RecordedEvent]]:
        """Return what the projection handles of each customer's events before `upto`.

        A customer with an event that cannot be decoded is put among the broken instead.
        Raises: Unavailable.
        """
        with collecting_later():
            return await self._read(customers, upto, broken)

    async def _read(
        self, customers: Sequence[CustomerId], upto: int, broken: dict[CustomerId, Parked]
    ) -> dict[CustomerId, list[RecordedEvent]]:
        kept = await self._snapshots.of(customers, upto)
        found = await self._later(kept, upto)
        whole = [customer for customer in customers if customer not in kept]
        if whole:
            found |= await self._dossiers.of(whole, self._before(upto))
        dossiers: dict[CustomerId, list[RecordedEvent]] = {}
        for customer in customers:
            try:
                events = [recorded(stored) for stored in found.get(customer, ())]
            except EventError as error:
                broken.setdefault(customer, Parked(customer, str(error), None))
                continue
            known = kept[customer].events if customer in kept else []
            dossiers[customer] = [*known, *(e for e in events if type(e.data) in self._handles)]
            await self._snapshots.keep(customer, dossiers[customer], upto, len(known))
        return dossiers

    def _before(self, upto: int) -> PositionVector:
        counts = list(PositionVector.start(self._generation).counts)
        counts[self._partition] = upto
        return PositionVector(self._generation, tuple(counts))

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
