"""The heads of partitions, owned by one transaction: until it ends nobody else appends there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from events.envelope import EventId, PositionVector
from events.partitioning import partition_of
from services.errors import LogMoved
from services.log.clocks import check_clock
from services.log.units import Locks, Standing
from services.ports import Clock, CustomerRead
from services.postgres.pool import Connection
from services.postgres.statements import sql


class Heads(NamedTuple):
    """Where partitions end, what is recorded there now is stamped with, and where streams stand."""

    next_n: Mapping[int, int]
    stamps: Mapping[int, datetime]
    standing: Standing


async def lock_heads(
    connection: Connection, generation: int, keeper: str, clock: Clock, locks: Locks
) -> Heads:
    """Own the heads of partitions in ascending order, and read then what the group relies on.

    Raises: LogMoved; Unavailable, where the clock is wrong.
    """
    if locks.streams or locks.customers:
        found = await connection.fetch(
            sql("log_lock_streams"), generation, locks.partitions, clock.now(), keeper,
            locks.sought, locks.streams, *_places_read(generation, locks.customers),
        )  # fmt: skip
        rows = [row for row in found if row["partition"] is not None]
        standing = _standing(found, locks.customers)
        is_ours = all(row["ours"] for row in rows)
    else:
        rows = await connection.fetch(
            sql("log_lock_heads"), generation, locks.partitions, clock.now(), keeper
        )
        standing = Standing({}, {})
        is_ours = len(rows) == len(locks.partitions)
    if not is_ours:
        raise LogMoved(generation)
    # Again, now that the heads are ours: whoever held them judged deadlines up to then.
    now = clock.now()
    stamps = {row["partition"]: max(row["recorded_at"], now) for row in rows}
    # Readers of a topic take what is stamped far ahead of the brokers' clock for a stranger's.
    latest = max(stamps.values()) if keeper == "kafka" else now
    check_clock(latest, rows[0]["database_now"])
    return Heads({row["partition"]: row["next_n"] for row in rows}, stamps, standing)


def _places_read(
    generation: int, customers: Sequence[CustomerRead]
) -> tuple[Sequence[str], Sequence[int], Sequence[int]]:
    """Return who was read, in which partitions, and up to where: all counts of each in turn."""
    start = PositionVector.start(generation)
    counts: list[int] = []
    for one in customers:
        counts += (one.before if one.before.generation == generation else start).counts
    names = [one.customer for one in customers]
    return names, [partition_of(name) for name in names], counts


def _standing(found: Sequence[asyncpg.Record], customers: Sequence[CustomerRead]) -> Standing:
    versions = {row["source"]: row["version"] for row in found if row["source"] is not None}
    beyond: dict[CustomerRead, set[EventId]] = {one: set() for one in customers}
    for row in found:
        if row["touched"] is not None:
            beyond[customers[row["touched"] - 1]].add(row["touching"])
    return Standing(versions, beyond)
