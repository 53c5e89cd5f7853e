"""A build beside the live rows: what it is called, begun, found again and thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from projections.protocol import Projection
from services.errors import TouchstoneError, UsageError
from services.ports import Clock
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.projector.code import code_digest
from services.rows.row_tables import RowTable, bare_statements, tables_of
from services.walk.parts import PART_EVENTS, Extent, Part, divide


class RebuildRefused(TouchstoneError):
    """A rebuild cannot begin as things stand."""


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


class Begun(Struct, frozen=True):
    """A rebuild that was begun, now or by a process that is gone."""

    build: Build
    rebuild_id: int
    positions: tuple[int, ...]
    instants: tuple[datetime, ...]
    walked: bool
    left: tuple[Part, ...]  # parts still to be walked
    parts: int


def named(name: str, projections: Sequence[Projection] = PROJECTIONS) -> Projection:
    """Return the projection of that name. Raises: UsageError."""
    for projection in projections:
        if projection.name == name:
            return projection
    known = ", ".join(projection.name for projection in projections)
    raise UsageError(f"there is no projection {name!r}; there are {known}")


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


async def resume(connection: Connection, build: Build) -> Begun | None:
    """Return the rebuild that another process left; None if none was left that fits.

    One of other code, of another version or generation of the log does not fit.
    """
    row = await connection.fetchrow(
        "SELECT * FROM rebuilds WHERE projection = $1", build.projection.name
    )
    if row is None or (
        (row["stored_as"], row["version"]) != build.id
        or row["live_version"] != build.live_version
        or row["generation"] != build.generation
        or row["code"] != code_digest()
    ):
        return None
    parts = await connection.fetch(
        "SELECT part, first, upto, done_at FROM rebuild_parts WHERE rebuild_id = $1 ORDER BY part",
        row["rebuild_id"],
    )
    return Begun(
        build,
        row["rebuild_id"],
        tuple(row["positions"]),
        tuple(row["instants"]),
        row["walked_at"] is not None,
        tuple(Part(p["part"], p["first"], p["upto"]) for p in parts if p["done_at"] is None),
        len(parts),
    )


async def begin(connection: Connection, build: Build, clock: Clock) -> Begun:
    """Begin anew: note positions, make empty tables, divide the customers into parts."""
    name, version = build.id
    async with connection.transaction():
        await discard(connection, build)
        rows = await connection.fetch(sql("rebuild_positions"), *build.live_id, build.generation)
        positions = [row["next"] for row in rows]
        instants = [
            await safe_instant(connection, build, p, positions[p], clock) for p in range(PARTITIONS)
        ]
        for statement in bare_statements(build.tables):
            await connection.execute(statement)
        rebuild_id = await connection.fetchval(
            "INSERT INTO rebuilds (projection, stored_as, version, live_version, code, generation,"
            " positions, instants) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING rebuild_id",
            build.projection.name,
            name,
            version,
            build.live_version,
            code_digest(),
            build.generation,
            positions,
            instants,
        )
        extent = Extent(build.generation, tuple(positions))
        parts = await divide(connection, extent, PART_EVENTS)
        await connection.copy_records_to_table(
            "rebuild_parts",
            records=[(rebuild_id, one.part, one.first, one.upto) for one in parts],
            columns=("rebuild_id", "part", "first", "upto"),
        )
    return Begun(build, rebuild_id, tuple(positions), tuple(instants), False, parts, len(parts))


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
        sql("rebuild_recorded_beside"), build.generation, partition, position, *build.live_id
    )
    return now if recorded_at is None else min(now, recorded_at)


SHARED_TABLES = ("checkpoints", "dossier_snapshots", "projection_heads", "totals")
"""Where every projection has lines of its own, by name and version."""


async def discard(connection: Connection, build: Build) -> None:
    """Throw away what a build left behind, if anything; what is live is never touched."""
    # First, so that a process that still walks a part either ends before or finds it gone.
    await connection.execute(sql("rebuild_end"), build.projection.name)
    for table in build.tables.values():
        await connection.execute(f"DROP TABLE IF EXISTS {table.name}")
    for shared in (*SHARED_TABLES, "rebuild_alerts"):
        await connection.execute(
            f"DELETE FROM {shared} WHERE projection = $1 AND version = $2", *build.id
        )
