"""The switch: one transaction in which a build takes the live rows' place.

The live checkpoints stand still while it runs, so that the build reaches them; whoever owned
them finds their epoch raised and looks again at what is live. Readers are never kept waiting:
nothing they read is locked against reading.
"""

from __future__ import annotations

from msgspec import Struct

from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from services.platform import Platform
from services.postgres.pool import Connection, translated
from services.postgres.statements import sql
from services.rebuild.builds import LONG_S, Build, BuildLost, RebuildRefused
from services.rebuild.catching_up import Chase
from services.rows.row_tables import RowTable, tables_of

_PARKED = (
    "SELECT customer_id FROM projection_heads "
    "WHERE projection = $1 AND version = $2 AND parked_reason IS NOT NULL"
)


class Switched(Struct, frozen=True, kw_only=True):
    """What a switch changed of what readers see and what was told."""

    rows_replaced: int
    rows_removed: int
    alerts_raised: int
    alerts_withdrawn: int
    alerts_restated: int
    parked: int


async def switch(platform: Platform, walk_id: int, build: Build, chase: Chase) -> Switched:
    """Let the build of a walk take the live rows' place.

    Raises: RebuildRefused, BuildLost, Unavailable.

    Nothing of a switch that failed or was killed is seen by anybody.
    """
    with translated():
        async with platform.pool.acquire() as connection, connection.transaction():
            upto = await _stand_still(connection, build)
            # A crash of the server empties builds and the note of them alike.
            if not await connection.fetchval(
                sql("rebuild_indexed"), build.projection.name, walk_id
            ):
                raise BuildLost(build)
            await chase.reach(upto)
            replaced = removed = 0
            if build.repairs:
                replaced, removed = await _mend(connection, build)
            else:
                await connection.execute(
                    sql("rebuild_adopt"), *build.id, build.generation, build.live_version
                )
            told = await _alerts(platform, connection, build)
            parked = await connection.fetchval(
                f"SELECT count(*) FROM ({_PARKED}) AS parked", *build.id, timeout=LONG_S
            )
            name, live_version = build.live_id
            await connection.execute(
                sql("rebuild_wake_owners"), _owned_with(build), build.generation, name
            )
            await connection.execute(
                sql("rebuild_make_live"),
                name,
                build.projection.version,
                live_version,
                timeout=LONG_S,
            )
            await connection.execute(
                "DELETE FROM dossier_snapshots WHERE projection = $1 AND version = $2",
                *build.live_id,
                timeout=LONG_S,
            )
            await connection.execute(sql("rebuild_end"), build.projection.name)
            await connection.execute("NOTIFY touchstone_changed")
    return Switched(rows_replaced=replaced, rows_removed=removed, parked=parked, **told)


def _owned_with(build: Build) -> list[str]:
    """Return the projections whose owners must look again, in the order they write them.

    Where another version becomes live, a program may own others alone, and wait for this one.
    """
    if build.repairs:
        return [build.projection.name]
    names = [projection.name for projection in PROJECTIONS]
    return names if build.projection.name in names else [*names, build.projection.name]


async def _stand_still(connection: Connection, build: Build) -> list[int]:
    """Lock what is live, first the version and then the checkpoints; return where they stand."""
    live = await connection.fetchval(
        "SELECT version FROM live_versions WHERE projection = $1 FOR UPDATE",
        build.projection.name,
    )
    if live != build.live_version:
        raise RebuildRefused(
            f"version {live} of {build.projection.name} became live meanwhile: start again"
        )
    rows = await connection.fetch(sql("rebuild_lock_live"), _owned_with(build), build.generation)
    upto = [0] * PARTITIONS
    for row in rows:
        if row["projection"] == build.projection.name:
            upto[row["partition"]] = row["next"]
    return upto


async def _alerts(platform: Platform, connection: Connection, build: Build) -> dict[str, int]:
    """Tell the differences between the alerts of the build and those that were told."""
    both = (*build.live_id, *build.id)
    now = platform.clock.now()
    withdrawn = await connection.execute(sql("rebuild_withdraw"), *both, now, timeout=LONG_S)
    restated = await connection.execute(sql("rebuild_restate"), *both, timeout=LONG_S)
    raised = await connection.execute(sql("rebuild_raise"), *both, now, timeout=LONG_S)
    return {
        "alerts_raised": _count(raised),
        "alerts_withdrawn": _count(withdrawn),
        "alerts_restated": _count(restated),
    }


async def _mend(connection: Connection, build: Build) -> tuple[int, int]:
    """Write the build's differences into the live rows; return rows replaced and removed."""
    await connection.execute(
        "CREATE TEMPORARY TABLE rebuilt_customers (customer_id text) ON COMMIT DROP"
    )
    replaced = removed = 0
    live = tables_of(build.projection)
    for name, built in build.tables.items():
        removed += _count(
            await connection.execute(_remove(live[name], built), *build.id, timeout=LONG_S)
        )
        replaced += _count(
            await connection.execute(_replace(live[name], built), *build.id, timeout=LONG_S)
        )
    name, version = build.live_id
    for statement in ("mend_heads", "drop_heads", "unsettle", "drop_totals", "mend_totals"):
        await connection.execute(
            sql(f"rebuild_{statement}"), name, version, build.stored_as, timeout=LONG_S
        )
    return replaced, removed


def _remove(live: RowTable, built: RowTable) -> str:
    same = " AND ".join(f"b.{column} = l.{column}" for column in live.key)
    return (
        f"WITH removed AS (DELETE FROM {live.name} l "
        f"WHERE NOT EXISTS (SELECT FROM {built.name} b WHERE {same}) "
        f"AND l.customer_id NOT IN ({_PARKED}) RETURNING customer_id) "
        "INSERT INTO rebuilt_customers SELECT customer_id FROM removed"
    )


def _replace(live: RowTable, built: RowTable) -> str:
    def columns(alias: str) -> str:
        return ", ".join(f"{alias}.{column}" for column in live.names)

    same = " AND ".join(f"b.{column} = l.{column}" for column in live.key)
    changes = ", ".join(f"{c} = excluded.{c}" for c in live.names if c not in live.key)
    return (
        f"WITH replaced AS (INSERT INTO {live.name} ({', '.join(live.names)}) "
        f"SELECT {columns('b')} FROM {built.name} b LEFT JOIN {live.name} l ON {same} "
        f"WHERE (l.customer_id IS NULL OR ({columns('l')}) IS DISTINCT FROM ({columns('b')})) "
        f"AND b.customer_id NOT IN ({_PARKED}) "
        f"ON CONFLICT ({', '.join(live.key)}) DO UPDATE SET {changes} RETURNING customer_id) "
        "INSERT INTO rebuilt_customers SELECT customer_id FROM replaced"
    )


def _count(status: str) -> int:
    """Return how many rows a statement's status says it wrote."""
    return int(status.rpartition(" ")[2])
