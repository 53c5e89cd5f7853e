"""The heads of partitions, owned by one transaction: until it ends nobody else appends there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from services.errors import LogMoved
from services.log.clocks import check_clock
from services.log.units import Locks, Versions
from services.ports import Clock
from services.postgres.pool import Connection
from services.postgres.statements import sql


class Heads(NamedTuple):
    """Where partitions end, what is recorded there now is stamped with, and streams' versions."""

    next_n: Mapping[int, int]
    stamps: Mapping[int, datetime]
    versions: Versions


async def lock_heads(
    connection: Connection, generation: int, keeper: str, clock: Clock, locks: Locks
) -> Heads:
    """Own the heads of partitions in ascending order, and read the versions of streams then.

    Raises: LogMoved; Unavailable, where the clock is wrong.
    """
    if locks.streams:
        found = await connection.fetch(
            sql("log_lock_streams"), generation, locks.partitions, clock.now(), keeper,
            locks.sought, locks.streams,
        )  # fmt: skip
        rows = [row for row in found if row["source"] is None]
        versions = {row["source"]: row["version"] for row in found if row["source"] is not None}
        is_ours = all(row["ours"] for row in rows)
    else:
        rows = await connection.fetch(
            sql("log_lock_heads"), generation, locks.partitions, clock.now(), keeper
        )
        versions = {}
        is_ours = len(rows) == len(locks.partitions)
    if not is_ours:
        raise LogMoved(generation)
    # Again, now that the heads are ours: whoever held them judged deadlines up to then.
    now = clock.now()
    stamps = {row["partition"]: max(row["recorded_at"], now) for row in rows}
    # Readers of a topic take what is stamped far ahead of the brokers' clock for a stranger's.
    latest = max(stamps.values()) if keeper == "kafka" else now
    check_clock(latest, rows[0]["database_now"])
    return Heads({row["partition"]: row["next_n"] for row in rows}, stamps, versions)
