"""One look at the read model: a snapshot of the database and the position that it reflects.

An answer reads the rows of one projection or of several. It reflects what all of them have
taken in, and its tag changes with any of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import lru_cache, partial

import asyncpg
from msgspec import Struct

from events.calendars import local_day
from events.envelope import PositionVector
from events.partitioning import REFERENCE_PARTITION
from events.policy import Reference
from projections.case_board.projection import CaseBoard
from projections.protocol import Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.casework.ages import Todays, todays
from services.casework.identity import HEADQUARTERS
from services.console.shared.i18n import N_, speaker
from services.console.shared.statements import Statements, named_sql
from services.errors import Unavailable, UnreadableEvent
from services.people.principal import Principal, Scope
from services.platform import Platform
from services.postgres.pool import one_state, translated
from services.projector.reference_feed import ReferenceFeed
from services.rebuild.pasts import Then, enter
from services.rows.guards import can_enter, entering
from services.web.names import name_in

RECEIVABLES, VALUE, CASES = Receivables.name, ValueTiers.name, CaseBoard.name

_OFFICE = N_("Headquarters")

_SCOPES_KEPT = 256
"""Sets of branches whose questions are kept written out."""

_STATEMENT_TIMEOUT = "SET LOCAL statement_timeout = '15s'"

Connection = asyncpg.pool.PoolConnectionProxy


class Progress(Struct, frozen=True):
    """How far a projection, or several of them, got when looked at.

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


class Filling(Struct, frozen=True):
    """What is being written into an empty platform, and how far it is."""

    stage: str  # history: days are being written; events: what was written is taken in
    done: int
    total: int


def together(each: Sequence[Progress]) -> Progress:
    """Return how far all of several projections got: nowhere further than the one behind."""
    heads = each[0].heads
    counts = zip(*(one.position.counts for one in each), strict=True)
    position = PositionVector(heads.generation, tuple(min(reached) for reached in counts))
    return Progress(position, heads, sum(one.change for one in each))


class Reader:
    """Asks within one read-only transaction: all answers belong to one state."""

    def __init__(
        self,
        connection: Connection[asyncpg.Record],
        projections: Mapping[str, Projection],
        statements: Statements,
        each: Mapping[str, Progress],
        reference: Reference,
        at: datetime,
        principal: Principal,
        filling: Filling | None,
    ) -> None:
        self._connection = connection
        self.projections = projections
        self.statements = statements
        self.each = each  # by the projection's name
        self.progress = together(list(each.values()))
        self.reference = reference
        self.at = at
        self.principal = principal
        self.filling = filling  # None: the figures are whole

    @property
    def position(self) -> str:
        """Return the token of the position that the rows reflect."""
        return self.progress.position.token()

    def version_of(self, name: str) -> tuple[str, int]:
        """Return a projection's name and version, the first parameters of most questions."""
        return name, self.projections[name].version

    @property
    def versions(self) -> tuple[list[str], list[int]]:
        """Return the names and versions of all projections that are read."""
        return _versions(self.projections)

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        """Return the rows of a statement."""
        return await self._connection.fetch(statement, *parameters)

    async def ask(self, name: str, *parameters: object) -> list[asyncpg.Record]:
        """Return the rows of a named statement."""
        return await self._connection.fetch(self.statements.sql(name), *parameters)

    async def count(self, statement: str, *parameters: object) -> int:
        """Return the single number a statement gives."""
        return int(await self._connection.fetchval(statement, *parameters))

    def branches_of(self, asked: Sequence[str]) -> Sequence[str]:
        """Return the branches by which a list is read: those asked for, else all that are seen.

        Empty: nothing bounds it, and it is read as one.
        """
        return asked or sorted(self.principal.scope.branches or ())

    def today(self, branch_id: str | None) -> date:
        """Return the branch's local day."""
        return local_day(self.at, self.reference.zone_of(branch_id))

    def todays(self) -> Todays:
        """Return branches, their local days as ordinals, and the day of all others."""
        return todays(self.reference, self.at)


class SharedFeed:
    """Policies and reference data, followed once for all read models of a console."""

    def __init__(self, platform: Platform) -> None:
        self._feed = ReferenceFeed(platform.pool)
        self._feeding = asyncio.Lock()

    @property
    def known(self) -> Reference:
        """Return what was taken in so far, without asking for more."""
        return self._feed.reference

    async def refresh(self, heads: PositionVector | None = None) -> Reference:
        """Return all that was published so far, or before the log ended there. Raises: Unavailable.

        Nothing is asked for where the end says that nothing was published since.
        """
        async with self._feeding:
            last = -1 if heads is None else heads.counts[REFERENCE_PARTITION] - 1
            if heads is not None and last >= 0 and self._feed.has(heads.generation, last):
                return self._feed.reference
            try:
                return await self._feed.refresh()
            except UnreadableEvent as error:  # no figure is right until it is mended
                raise Unavailable(str(error)) from error


class ReadModel:
    """The rows of one projection version, or of several, read at a stated position."""

    def __init__(
        self, platform: Platform, projections: Sequence[Projection], feed: SharedFeed
    ) -> None:
        self.platform = platform
        self.projections = {projection.name: projection for projection in projections}
        self.statements = Statements(projections)
        self._scoped = lru_cache(maxsize=_SCOPES_KEPT)(partial(Statements, projections))
        self._feed = feed
        self._enters: bool | None = None

    async def reference(self) -> Reference:
        """Return every policy and piece of reference data recorded so far."""
        return await self._feed.refresh()

    @asynccontextmanager
    async def reading(
        self, principal: Principal, then: Then | None = None
    ) -> AsyncIterator[Reader]:
        """Give somebody a reader of one state of the database: of now, or of a past.

        Raises: Unavailable.
        """
        with translated():
            heads = await self.platform.log.heads()
            reference = await self._feed.refresh(heads) if then is None else then.reference
            async with (
                self.platform.pool.acquire() as connection,
                one_state(connection, _STATEMENT_TIMEOUT),
            ):
                rows = await self._progress_of(connection, heads)
                each, filling = self._each(rows, heads), _filling(rows[0])
                statements = await self._entered(connection, principal.scope)
                if then is not None:
                    await enter(connection, then.past)
                yield Reader(
                    connection,
                    self.projections,
                    statements,
                    each,
                    reference,
                    self.platform.clock.now() if then is None else then.at,
                    principal,
                    filling,
                )

    async def _entered(self, connection: Connection[asyncpg.Record], scope: Scope) -> Statements:
        """Go on as one who sees no further than a scope, and return the questions that are asked.

        The database keeps rows apart beside them, unless its user may not take that role.
        """
        if scope.branches is None:
            return self.statements
        if not self._enters:  # asked again until an operator has made the role
            self._enters = await can_enter(connection)
        if self._enters:
            await connection.execute(entering(scope.branches))
        return self._scoped(scope.branches)

    async def filling(self) -> Filling | None:
        """Return what is being filled. Raises: Unavailable."""
        with translated():
            return _filling(await self.platform.pool.fetchrow(named_sql("shared/filling")))

    async def progress(self) -> Progress:
        """Return how far the projections got. Raises: Unavailable."""
        with translated():
            heads = await self.platform.log.heads()
            async with self.platform.pool.acquire() as connection:
                rows = await self._progress_of(connection, heads)
        return together(list(self._each(rows, heads).values()))

    async def _progress_of(
        self, connection: Connection[asyncpg.Record], heads: PositionVector
    ) -> list[asyncpg.Record]:
        return await connection.fetch(
            named_sql("shared/progress"), *_versions(self.projections), heads.generation
        )

    def _each(self, rows: Sequence[asyncpg.Record], heads: PositionVector) -> dict[str, Progress]:
        return {
            name: _progress([row for row in rows if row["projection"] == name], heads)
            for name in self.projections
        }


def _versions(projections: Mapping[str, Projection]) -> tuple[list[str], list[int]]:
    return list(projections), [one.version for one in projections.values()]


def _filling(row: asyncpg.Record | None) -> Filling | None:
    """Return what a row says is being written; None: nothing is."""
    if row is None or row["stage"] is None:
        return None
    return Filling(row["stage"], row["done"], row["total"])


def _progress(rows: Sequence[asyncpg.Record], heads: PositionVector) -> Progress:
    published = heads.counts[REFERENCE_PARTITION]
    settled = [row["settled"] for row in rows if row["settled"] is not None]
    counts = (*(row["next"] for row in rows), min([published, *settled]))
    position = PositionVector(heads.generation, counts)
    return Progress(position, heads, sum(row["change_no"] for row in rows))


@lru_cache(maxsize=8)
def branch_names(reference: Reference, language: str) -> Mapping[str, str]:
    """Return what branches are called in a language, and where headquarters works, if at none."""
    offices = {
        one.branch_id
        for one in reference.staff.values()
        if one.branch_id is not None and "headquarters" in one.roles
    }
    return {
        **dict.fromkeys((*sorted(offices), HEADQUARTERS), speaker(language).gettext(_OFFICE)),
        **{
            branch_id: name_in(language, branch) or branch_id
            for branch_id, branch in reference.branches.items()
        },
    }


def department_names(reference: Reference, language: str) -> Mapping[str, str]:
    """Return what departments are called in a language."""
    return {
        department_id: name_in(language, one) or department_id
        for department_id, one in reference.departments.items()
    }
