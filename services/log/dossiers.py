"""Customers' dossiers: all their events, by index, as far as a reader has got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from events.envelope import CustomerId, PositionVector
from events.partitioning import partition_of
from services.log.facts import copied
from services.log.stored import stored_event
from services.ports import Dossier, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql


class PostgresDossiers:
    """Reads dossiers out of the events table, the same in both modes."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

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
        with translated():
            async with self._pool.acquire() as connection:
                return await copied(
                    connection, "dossier_facts", *dossier_arguments(customers, before)
                )


def dossier_arguments(
    customers: Iterable[CustomerId], before: PositionVector
) -> tuple[int, list[str], list[int], list[int]]:
    """Return the parameters of `dossiers.sql`: each customer with where its reader stands."""
    names: list[str] = list(customers)
    partitions = [partition_of(name) for name in names]
    return before.generation, names, partitions, [before.counts[p] for p in partitions]
