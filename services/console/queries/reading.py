"""One look at the read model: a snapshot of the database and the position that it reflects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime

import asyncpg
from msgspec import Struct

from events.calendars import local_day
from events.envelope import PositionVector
from events.partitioning import REFERENCE_PARTITION
from events.policy import Reference
from projections.protocol import Projection
from services.console.platform import ConsolePlatform
from services.console.statements import Statements
from services.postgres.pool import translated
from services.projector.reference_feed import ReferenceFeed

_STATEMENT_TIMEOUT = "SET LOCAL statement_timeout = '15s'"

Connection = asyncpg.pool.PoolConnectionProxy


class Progress(Struct, frozen=True):
    """How far the projection got when it was looked at.

    `change` is raised by every commit that changed a row, due work included; it is what entity
    tags and live updates are about.
    """

    position: PositionVector
    heads: PositionVector
    change: int

    @property
    def events_behind(self) -> int:
        """Return how many events of customers wait in the log."""
        pairs = zip(self.heads.counts, self.position.counts, strict=True)
        return sum(max(0, head - done) for head, done in list(pairs)[:REFERENCE_PARTITION])


class Reader:
    """Asks within one read-only transaction: all answers belong to one state."""

    def __init__(
        self,
        connection: Connection[asyncpg.Record],
        projection: Projection,
        statements: Statements,
        progress: Progress,
        reference: Reference,
        at: datetime,
    ) -> None:
        self._connection = connection
        self.projection = projection
        self.statements = statements
        self.progress = progress
        self.reference = reference
        self.at = at

    @property
    def version(self) -> tuple[str, int]:
        """Return the projection's name and version, the first parameters of most questions."""
        return self.projection.name, self.projection.version

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        """Return the rows of a statement."""
        return await self._connection.fetch(statement, *parameters)

    async def ask(self, name: str, *parameters: object) -> list[asyncpg.Record]:
        """Return the rows of a named statement."""
        return await self._connection.fetch(self.statements.sql(name), *parameters)

    async def count(self, statement: str, *parameters: object) -> int:
        """Return the single number a statement gives."""
        return int(await self._connection.fetchval(statement, *parameters))

    def today(self, branch_id: str | None) -> date:
        """Return the branch's local day."""
        return local_day(self.at, self.reference.zone_of(branch_id))

    def todays(self) -> tuple[list[str], list[int], int]:
        """Return branches, their local days as ordinals, and the day of all others."""
        branches = list(self.reference.branches)
        days = [self.today(branch).toordinal() for branch in branches]
        return branches, days, self.today(None).toordinal()


class ReadModel:
    """The rows of one projection version, read at a stated position."""

    def __init__(self, platform: ConsolePlatform, projection: Projection) -> None:
        self.platform = platform
        self.projection = projection
        self.statements = Statements(projection)
        self._feed = ReferenceFeed(platform.pool)
        self._feeding = asyncio.Lock()

    async def reference(self) -> Reference:
        """Return every policy and piece of reference data recorded so far."""
        async with self._feeding:
            return await self._feed.refresh()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """Give a reader of one state of the database. Raises: Unavailable."""
        with translated():
            heads = await self.platform.log.heads()
            reference = await self.reference()
            async with (
                self.platform.pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                await connection.execute(_STATEMENT_TIMEOUT)
                progress = await self._progress(connection, heads)
                yield Reader(
                    connection,
                    self.projection,
                    self.statements,
                    progress,
                    reference,
                    self.platform.clock.now(),
                )

    async def progress(self) -> Progress:
        """Return how far the projection got. Raises: Unavailable."""
        with translated():
            heads = await self.platform.log.heads()
            async with self.platform.pool.acquire() as connection:
                return await self._progress(connection, heads)

    async def _progress(
        self, connection: Connection[asyncpg.Record], heads: PositionVector
    ) -> Progress:
        rows = await connection.fetch(
            self.statements.sql("progress"),
            self.projection.name,
            self.projection.version,
            heads.generation,
        )
        published = heads.counts[REFERENCE_PARTITION]
        policies = [row["policy_count"] for row in rows if row["policy_count"] is not None]
        counts = (*(row["next"] for row in rows), min([published, *policies]))
        return Progress(
            PositionVector(heads.generation, counts), heads, sum(row["change_no"] for row in rows)
        )


def branch_names(reference: Reference, language: str) -> Mapping[str, str]:
    """Return what branches are called in a language."""
    return {
        branch_id: (branch.name_en or branch.name) if language == "en" else branch.name
        for branch_id, branch in reference.branches.items()
    }
