"""Customers' dossiers: all their events, by index, as far as a reader has got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from events.envelope import CustomerId, Position, PositionVector
from events.lineage import Lineage
from events.partitioning import partition_of
from services.log.facts import copied
from services.log.lineage import load_lineage
from services.log.stored import stored_event
from services.ports import Dossier, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_FIRST = 1  # generation
_END = 2**62  # of a generation, wherever that is


class PostgresDossiers:
    """Reads dossiers out of the events table, the same in both modes."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool
        self._lineages: dict[int, Lineage] = {}  # of generations that somebody asked in

    async def of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Mapping[CustomerId, Sequence[StoredEvent]]:
        """Return each customer's events that `before` has taken in, in log order.

        A customer without events has an empty dossier. Raises: Unavailable.
        """
        dossiers: dict[CustomerId, list[StoredEvent]] = {customer: [] for customer in customers}
        with translated():
            rows = await self._pool.fetch(sql("dossiers"), *dossier_arguments(dossiers, before))
        for row in rows:
            dossiers[row["customer_id"]].append(stored_event(row))
        return dossiers

    async def facts_of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Sequence[Dossier]:
        """Return the facts of the same events; of a customer without events, nothing.

        Raises: Unavailable.
        """
        lineage = await self._lineage(before.generation)
        kept = [
            lineage.kept(Position(before.generation, partition, n))
            for partition, n in enumerate(before.counts)
        ]
        names: Sequence[str] = customers
        whole = {customer: Dossier(customer, [], []) for customer in customers}
        with translated():
            async with self._pool.acquire() as connection:
                for generation in range(_FIRST, before.generation + 1):
                    ends = [_end_in(generation, place) for place in kept]
                    if any(ends):
                        place = (generation, names, ends, max(ends))
                        for some in await copied(connection, "dossier_facts", *place):
                            whole[some.customer].facts.extend(some.facts)
                            whole[some.customer].unreadable.extend(some.unreadable)
        return [one for one in whole.values() if one.facts or one.unreadable]

    async def _lineage(self, generation: int) -> Lineage:
        if generation not in self._lineages:
            self._lineages[generation] = await load_lineage(self._pool, generation)
        return self._lineages[generation]


def _end_in(generation: int, before: Position) -> int:
    """Return the n to stop before in a generation, where the reader stops before that place."""
    if generation == before.generation:
        return before.n
    return _END if generation < before.generation else 0


def dossier_arguments(
    customers: Iterable[CustomerId], before: PositionVector
) -> tuple[int, list[str], list[int], list[int]]:
    """Return the parameters of `dossiers.sql`: each customer with where its reader stands."""
    names: list[str] = list(customers)
    partitions = [partition_of(name) for name in names]
    return before.generation, names, partitions, [before.counts[p] for p in partitions]
