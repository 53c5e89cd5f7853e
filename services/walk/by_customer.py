"""One customer's events, and the rules, in one consistent picture of the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from events.envelope import CustomerId, PositionVector, RecordedEvent
from events.facts import fact_of
from events.lineage import Lineage
from events.policy import Reference
from projections.merged import Merged
from services.log.dossiers import dossier_arguments
from services.log.lineage import lineage_of
from services.log.merged import merged_with
from services.log.readable import readable
from services.log.stored import stored_event
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql


class Picture:
    """The log and the rows as they stood at one moment, while others write on."""

    def __init__(
        self, connection: PoolConnectionProxy[Record], heads: PositionVector, lineage: Lineage
    ) -> None:
        self.connection = connection
        self.heads = heads
        self.lineage = lineage

    async def reference(self) -> Reference:
        """Return the rules recorded so far."""
        rows = await self.connection.fetch(sql("reference_stream"), 0, -1)
        return Reference(readable(stored_event(row)) for row in rows)

    async def customer_count(self) -> int:
        """Return how many customers the walk will meet, for a progress bar."""
        return int(await self.connection.fetchval(sql("count_customers")))

    async def dossiers(self, customer: CustomerId) -> dict[CustomerId, list[RecordedEvent]]:
        """Return one customer's events, and those of all whom merges connect with it."""
        members = await merged_with(self.connection, customer)
        found: dict[CustomerId, list[RecordedEvent]] = {one: [] for one in members}
        rows = await self.connection.fetch(sql("dossiers"), *dossier_arguments(members, self.heads))
        for row in rows:
            found[CustomerId(row["customer_id"])].append(readable(stored_event(row)))
        return found

    async def merged(self, customer: CustomerId) -> Merged:
        """Return one customer with all whom merges connect with it, by their facts."""
        dossiers = await self.dossiers(customer)
        return Merged({one: [fact_of(event) for event in d] for one, d in dossiers.items()})


@asynccontextmanager
async def picture(platform: Platform) -> AsyncIterator[Picture]:
    """Hold one consistent picture of log and rows. Raises: Unavailable."""
    with translated():
        async with (
            platform.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            generation = await connection.fetchval(sql("current_generation"))
            rows = await connection.fetch(sql("readable_heads"), generation)
            heads = PositionVector(generation, tuple(row["next_n"] for row in rows))
            yield Picture(connection, heads, await lineage_of(connection, generation))
