"""Moments in a worker's work at which it can be struck for certain, by what a database offers.

A lock that the work must wait for makes it stand there; its role says which worker it is. A
notification arrives as the transaction that sent it has just been committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg

from projections import PROJECTIONS

_PATIENCE_S = 60.0
_POLL_S = 0.01
_HOLD_S = 4.0
_LET_GO_S = 1.5
_WAITING = (
    "SELECT pid, usename, query FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock' AND usename LIKE $1"
)
_WHO = "SELECT usename FROM pg_stat_activity WHERE pid = $1"
_FIRST, _LAST = PROJECTIONS[0].name, PROJECTIONS[-1].name


class MomentMissed(Exception):
    """The moment did not come in time."""


class Moment(NamedTuple):
    """A moment: what makes a worker stand there, and how the statement that waits begins."""

    name: str
    hold: str
    waiting: str


BEFORE = (
    # Records are fetched and nothing is begun: the rules are read first.
    Moment("rules", "LOCK TABLE events IN ACCESS EXCLUSIVE MODE", "FROM generations AS g"),
    # Customers are known and their dossiers are being read.
    Moment("recalling", "LOCK TABLE dossier_snapshots IN ACCESS EXCLUSIVE MODE", "snapshots"),
)
INSIDE = (
    # The transaction is begun and has written nothing.
    Moment("mirroring", "SELECT FROM mirror_heads FOR UPDATE", "INSERT INTO mirror_heads"),
    # The mirror is written.
    Moment(
        "moving",
        f"SELECT FROM checkpoints WHERE projection = '{_FIRST}' FOR UPDATE",
        "UPDATE checkpoints",
    ),
    # All projections but the last are written.
    Moment(
        "moving the last",
        f"SELECT FROM checkpoints WHERE projection = '{_LAST}' FOR UPDATE",
        "UPDATE checkpoints",
    ),
    # Checkpoint and rows of a projection are written, its totals are not.
    Moment("adding totals", "LOCK TABLE totals IN EXCLUSIVE MODE", "INSERT INTO totals"),
)


@asynccontextmanager
async def standing_at(
    dsn: str, moment: Moment, roles: str = "worker-%", hold_s: float = _HOLD_S
) -> AsyncIterator[str]:
    """Give the role of a process that stands there, and stands there until the end.

    Where everybody was held up on another way, the lock is let go after `hold_s` and taken
    anew; a moment that comes only once must be held for all of the time.
    Raises: MomentMissed.
    """
    holder = await asyncpg.connect(dsn)
    watcher = await asyncpg.connect(dsn)
    give_up_at = time.monotonic() + _PATIENCE_S
    try:
        while True:
            transaction = holder.transaction()
            await transaction.start()
            await holder.execute(moment.hold)
            role, seen = await _who_waits(watcher, moment, roles, hold_s)
            if role is not None:
                yield role
                await transaction.rollback()
                return
            await transaction.rollback()
            if time.monotonic() > give_up_at:
                raise MomentMissed(f"nobody came to {moment.name}; these wait: {seen}")
            await asyncio.sleep(_LET_GO_S)
    finally:
        holder.terminate()
        watcher.terminate()


async def _who_waits(
    watcher: asyncpg.Connection[asyncpg.Record], moment: Moment, roles: str, hold_s: float
) -> tuple[str | None, list[str]]:
    """Return who stands at the moment, or nobody, and what they wait for instead."""
    until = time.monotonic() + hold_s
    while True:
        rows = await watcher.fetch(_WAITING, roles)
        for row in rows:
            if moment.waiting in row["query"]:
                return str(row["usename"]), []
        if time.monotonic() > until:
            return None, [f"{row['usename']}: {row['query'][:200]}" for row in rows]
        await asyncio.sleep(_POLL_S)


async def just_committed(dsn: str) -> str:
    """Return the role of a worker whose transaction was committed a moment ago.

    Raises: MomentMissed.
    """
    told: asyncio.Queue[int] = asyncio.Queue()
    listener = await asyncpg.connect(dsn)
    asker = await asyncpg.connect(dsn)
    try:
        await listener.add_listener("touchstone_changed", lambda _, pid, *__: told.put_nowait(pid))
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                role = await asker.fetchval(_WHO, await told.get())
                if role is not None and role.startswith("worker-"):
                    return str(role)
    except TimeoutError as error:
        raise MomentMissed("no worker committed anything") from error
    finally:
        listener.terminate()
        asker.terminate()
