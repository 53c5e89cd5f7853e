"""The one transaction that ends a generation of the log and opens the next one.

Everything else a move does may be repeated or thrown away; before this commits nothing has
moved, and after it everything has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from asyncpg import Record

from events.envelope import Position
from events.partitioning import REFERENCE_PARTITION
from services.errors import LogMoved, TouchstoneError
from services.log.lineage import lineage_of
from services.ports import Clock
from services.postgres.pool import Connection
from services.postgres.statements import sql

ALL_PARTITIONS = range(REFERENCE_PARTITION + 1)

Keeper = Literal["embedded", "kafka"]
"""What keeps a generation of the log."""


class MirrorIncomplete(TouchstoneError):
    """The events table lacks acknowledged events, and the topics do as well."""


async def current_log(connection: Connection) -> tuple[int, Keeper]:
    """Return the current generation and what keeps it."""
    row = await connection.fetchrow(sql("current_log"))
    assert row is not None, "the first migration opens generation 1"
    return row["generation"], row["log"]


async def hold_still(
    connection: Connection, generation: int, keeper: Keeper, clock: Clock
) -> tuple[int, ...]:
    """Keep everybody from appending until the transaction ends; return where partitions end.

    Raises: LogMoved, where somebody else has moved it meanwhile.
    """
    heads = await connection.fetch(
        sql("log_lock_heads"), generation, list(ALL_PARTITIONS), clock.now(), keeper
    )
    if len(heads) < len(ALL_PARTITIONS):
        raise LogMoved(generation)
    return tuple(head["next_n"] for head in heads)


async def check_mirrored(connection: Connection, generation: int) -> None:
    """Refuse an events table without all that was acknowledged. Raises: MirrorIncomplete."""
    lacking = await connection.fetchval(sql("move_unmirrored"), generation)
    if lacking:
        raise MirrorIncomplete(
            f"{lacking:,} acknowledged events are not in the events table, and Kafka's topics do "
            "not give them; nothing was moved. Bring the topics back first"
        )


async def open_next(
    connection: Connection, generation: int, keeper: Keeper, ends: Sequence[int]
) -> int:
    """Close a generation whose heads are held still at `ends`, and open the next one.

    All events of it must be in the events table. Returns how many the next one begins with.
    """
    await connection.execute(sql("move_close_heads"), generation, list(ends))
    await connection.execute(sql("move_open_generation"), generation, keeper)
    await connection.execute(sql("move_inherit_runs"), generation)
    own = "move_add_gapless_runs" if keeper == "kafka" else "move_add_runs"
    await connection.execute(sql(own), generation)
    heads = await connection.fetch(sql("move_open_heads"), generation)
    if keeper == "kafka":
        await connection.execute(sql("move_open_mirror"), generation)
    await _move_checkpoints(connection, generation)
    await connection.execute(sql("move_wake"))
    return sum(head["next_n"] for head in heads)


async def _move_checkpoints(connection: Connection, generation: int) -> None:
    """Let every projection go on where it stands; whoever worked on the old places must stop."""
    following = generation + 1
    lineage = await lineage_of(connection, following)
    rows: list[Record] = await connection.fetch(sql("move_end_epochs"), generation)
    await connection.execute(
        sql("move_open_checkpoints"),
        following,
        [row["projection"] for row in rows],
        [row["version"] for row in rows],
        [row["partition"] for row in rows],
        [lineage.here(Position(generation, row["partition"], row["next"])).n for row in rows],
        [row["reference_next"] for row in rows],
        [row["judged_at"] for row in rows],
        [row["settled"] for row in rows],
    )
