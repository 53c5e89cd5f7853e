"""One walk for all builds that were asked for together: begun, found again, given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record
from msgspec import Struct

from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from services.ports import Clock
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.projector.code import code_digest
from services.rebuild.builds import Build, discard, live_positions, safe_instant
from services.rows.row_tables import bare_statements, protect_anew
from services.walk.parts import PART_EVENTS, Extent, Part, divide
from services.walk.spool import drop_spools_left


class Begun(Struct, frozen=True):
    """A walk that was begun, now or by a process that is gone."""

    walk_id: int
    builds: tuple[Build, ...]  # that are still to be switched
    indexed: frozenset[str]  # projections whose build has its keys and sums
    switched: tuple[Build, ...]  # what was asked for and needs nothing more
    extent: Extent
    instants: tuple[datetime, ...]
    left: tuple[Part, ...]  # parts still to be walked
    parts: int


async def resume(connection: Connection, asked: Sequence[Build]) -> Begun | None:
    """Return the walk that another process left; None if none was left that fits.

    One for other projections, of other code, versions or generation of the log does not fit.
    """
    names = [build.projection.name for build in asked]
    rows = {row["projection"]: row for row in await connection.fetch(sql("rebuild_left"), names)}
    left = [build for build in asked if build.projection.name in rows]
    if not left:
        return None
    walk = next(iter(rows.values()))
    if (
        len({row["walk_id"] for row in rows.values()}) > 1
        or walk["projections"] != names
        or walk["code"] != code_digest()
        or not all(_fits(build, rows[build.projection.name]) for build in left)
    ):
        return None
    parts = await connection.fetch(
        "SELECT part, first, upto, done_at FROM rebuild_parts WHERE walk_id = $1 ORDER BY part",
        walk["walk_id"],
    )
    return Begun(
        walk["walk_id"],
        tuple(left),
        frozenset(name for name, row in rows.items() if row["indexed_at"] is not None),
        tuple(build for build in asked if build not in left),
        Extent(walk["generation"], tuple(walk["positions"])),
        tuple(walk["instants"]),
        tuple(Part(p["part"], p["first"], p["upto"]) for p in parts if p["done_at"] is None),
        len(parts),
    )


def _fits(build: Build, row: Record) -> bool:
    return (
        (row["stored_as"], row["version"]) == build.id
        and row["live_version"] == build.live_version
        and row["generation"] == build.generation
    )


async def begin(connection: Connection, asked: Sequence[Build], clock: Clock) -> Begun:
    """Begin anew: note positions, make empty tables, divide the customers into parts.

    A walk goes no further than the live rows that are the furthest behind, and judges nobody
    later than any of them may be judged.
    """
    async with connection.transaction():
        await give_up(connection, [build.projection.name for build in asked])
        await drop_spools_left(connection)
        for build in asked:
            await discard(connection, *build.id)
        stand = [await live_positions(connection, build) for build in asked]
        positions = [min(of) for of in zip(*stand, strict=True)]
        instants = [
            min([await safe_instant(connection, b, p, positions[p], clock) for b in asked])
            for p in range(PARTITIONS)
        ]
        extent = Extent(asked[0].generation, tuple(positions))
        walk_id = await connection.fetchval(
            "INSERT INTO rebuild_walks (projections, code, generation, positions, instants)"
            " VALUES ($1, $2, $3, $4, $5) RETURNING walk_id",
            [build.projection.name for build in asked],
            code_digest(),
            extent.generation,
            positions,
            instants,
        )
        for build in asked:
            # A build that repairs is thrown away in the end, so nothing of it goes into the
            # server's log; of a new version everything will have to be there.
            for statement in bare_statements(build.tables, logged=not build.repairs):
                await connection.execute(statement)
            await connection.execute(
                "INSERT INTO rebuilds (projection, walk_id, stored_as, version, live_version)"
                " VALUES ($1, $2, $3, $4, $5)",
                build.projection.name,
                walk_id,
                *build.id,
                build.live_version,
            )
        # What was dropped took with it what told where customers are at home.
        await protect_anew(connection, PROJECTIONS)
        parts = await divide(connection, extent, PART_EVENTS)
        await connection.copy_records_to_table(
            "rebuild_parts",
            records=[(walk_id, one.part, one.first, one.upto) for one in parts],
            columns=("walk_id", "part", "first", "upto"),
        )
    return Begun(walk_id, tuple(asked), frozenset(), (), extent, tuple(instants), parts, len(parts))


async def give_up(connection: Connection, projections: Sequence[str]) -> None:
    """Throw away every walk that fills a build of these projections, with all of its builds.

    Whoever is asked to rebuild one of a walk's projections may, so nobody else is at work on the
    walk; but a child of a process that was killed may still do a part: it ends first, or finds
    it gone.
    """
    builds = await connection.fetch(sql("rebuild_filled_with"), projections)
    await connection.execute(
        "DELETE FROM rebuild_walks WHERE walk_id = ANY($1)", [row["walk_id"] for row in builds]
    )
    for row in builds:
        await discard(connection, row["stored_as"], row["version"])
