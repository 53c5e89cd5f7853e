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
from services.postgres.pool import Connection, Pool, translated
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
        by_partition: dict[int, list[CustomerId]] = {}
        for customer in customers:
            by_partition.setdefault(partition_of(customer), []).append(customer)
        found: list[Dossier] = []
        with translated():
            async with self._pool.acquire() as connection:
                for partition, some in by_partition.items():
                    place = Position(before.generation, partition, before.counts[partition])
                    found += await _facts(connection, some, lineage.kept(place))
        return found

    async def _lineage(self, generation: int) -> Lineage:
        if generation not in self._lineages:
            self._lineages[generation] = await load_lineage(self._pool, generation)
        return self._lineages[generation]


async def _facts(
    connection: Connection, customers: Sequence[CustomerId], before: Position
) -> Sequence[Dossier]:
    """Return the facts of a partition's customers before the place where something is kept."""
    names: Sequence[str] = customers
    place = (before.generation, before.partition, names, before.n)
    found = await copied(connection, "dossier_facts", *place)
    if before.generation == _FIRST:
        return found
    whole = {customer: Dossier(customer, [], []) for customer in customers}
    for generation in range(_FIRST, before.generation):
        place = (generation, before.partition, names, _END)
        for earlier in await copied(connection, "dossier_facts", *place):
            _add(earlier, whole)
    for one in found:
        _add(one, whole)
    return [one for one in whole.values() if one.facts or one.unreadable]


def _add(some: Dossier, to: Mapping[CustomerId, Dossier]) -> None:
    to[some.customer].facts.extend(some.facts)
    to[some.customer].unreadable.extend(some.unreadable)


def dossier_arguments(
    customers: Iterable[CustomerId], before: PositionVector
) -> tuple[int, list[str], list[int], list[int]]:
    """Return the parameters of `dossiers.sql`: each customer with where its reader stands."""
    names: list[str] = list(customers)
    partitions = [partition_of(name) for name in names]
    return before.generation, names, partitions, [before.counts[p] for p in partitions]
