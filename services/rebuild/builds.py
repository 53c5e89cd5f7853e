"""A build beside the live rows: what it is called, where it is kept, and thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from projections import PROJECTIONS
from projections.protocol import Projection
from services.errors import TouchstoneError, Unavailable, UsageError
from services.ports import Clock
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.rows.row_tables import RowTable, tables_of

LONG_S = 24 * 3600.0
"""How long one statement over all rows may take."""


class RebuildRefused(TouchstoneError):
    """A rebuild cannot begin as things stand."""


class BuildLost(Unavailable):
    """What was built is not there any more, or not the same; another try begins anew."""

    def __init__(self, build: Build) -> None:
        super().__init__(
            f"the build of {build.projection.name} was lost: the database's server crashed "
            "meanwhile, or another process began it anew; run the command again"
        )


class Build(Struct, frozen=True):
    """A projection version that is built beside the live one."""

    projection: Projection
    live_version: int
    generation: int

    @property
    def repairs(self) -> bool:
        """Return whether the live version itself is built again."""
        return self.live_version == self.projection.version

    @property
    def stored_as(self) -> str:
        """Return the name under which the build is kept until it is switched."""
        return f"{self.projection.name}_rebuild" if self.repairs else self.projection.name

    @property
    def id(self) -> tuple[str, int]:
        """Return the name and version under which the build's shared lines are kept."""
        return self.stored_as, self.projection.version

    @property
    def live_id(self) -> tuple[str, int]:
        """Return the name and version of what is live until the switch."""
        return self.projection.name, self.live_version

    @property
    def tables(self) -> dict[str, RowTable]:
        """Return the build's own row tables."""
        return tables_of(self.projection, self.stored_as)


def named(
    names: Sequence[str], projections: Sequence[Projection] = PROJECTIONS
) -> list[Projection]:
    """Return the projections of those names, in the platform's order; without names all.

    Raises: UsageError.
    """
    known = [projection.name for projection in projections]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no projection {name!r}; there are {', '.join(known)}")
    return [projection for projection in projections if not names or projection.name in names]


async def plan(connection: Connection, projection: Projection) -> Build:
    """Return what a rebuild would build. Raises: RebuildRefused."""
    live = await connection.fetchval(
        "SELECT version FROM live_versions WHERE projection = $1", projection.name
    )
    if live is None:
        raise RebuildRefused(
            f"{projection.name} was never projected: there is nothing to rebuild beside. "
            "Start the projector, or `touchstone project --once`."
        )
    if live > projection.version:
        raise RebuildRefused(
            f"version {live} of {projection.name} is live and this program knows version "
            f"{projection.version}: run the newer program"
        )
    generation = await connection.fetchval(sql("current_generation"))
    return Build(projection, live, generation)


async def live_positions(connection: Connection, build: Build) -> list[int]:
    """Return how far the live rows are, by partition."""
    rows = await connection.fetch(sql("rebuild_positions"), *build.live_id, build.generation)
    return [row["next"] for row in rows]


async def safe_instant(
    connection: Connection, build: Build, partition: int, position: int, clock: Clock
) -> datetime:
    """Return the latest instant at which what was taken in up to a position may be judged.

    That is now, or the instant at which the first unread event was recorded (decision 4).
    """
    now = clock.now()
    async with connection.transaction():
        if await connection.fetchval(sql("log_is_quiet"), build.generation, partition, position):
            return now
    recorded_at: datetime | None = await connection.fetchval(
        sql("recorded_beside"), build.generation, partition, position, *build.live_id
    )
    return now if recorded_at is None else min(now, recorded_at)


SHARED_TABLES = ("checkpoints", "dossier_snapshots", "projection_heads", "totals")
"""Where every projection has lines of its own, by name and version."""


async def discard(connection: Connection, stored_as: str, version: int) -> None:
    """Throw away what a build left behind, if anything; what is live is never touched."""
    live = "SELECT version FROM live_versions WHERE projection = $1"
    if await connection.fetchval(live, stored_as) == version:
        return
    for table in await connection.fetch(sql("rebuild_tables"), f"^{stored_as}_v{version}_"):
        await connection.execute(f"DROP TABLE {table['tablename']} CASCADE")
    for shared in (*SHARED_TABLES, "rebuild_alerts", "rebuild_totals"):
        await connection.execute(
            f"DELETE FROM {shared} WHERE projection = $1 AND version = $2",
            stored_as,
            version,
            timeout=LONG_S,
        )
