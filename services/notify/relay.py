"""Tells others what tables say, row after row, each at least once and none left out.

The place is kept in the database and moved after Kafka has what lies before it; a relay that
ended in between tells some rows again. Nobody's truth depends on it: the tables have that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import asyncpg
import msgspec

from events.notices import AlertNotice, QuarantineNotice, RefusalReason
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_PAGE = 500
_LOOK_AGAIN_S = 0.05
_LOOKS = 40

Send = Callable[[bytes, bytes], Awaitable[object]]
"""Appends a key and a value to the topic; returns once Kafka has them."""


class Source(NamedTuple):
    """A table that only grows, its rows numbered by `ordinal`, and how a row is told."""

    table: str
    key: str  # the column that notices are keyed by
    notice: Callable[[asyncpg.Record], msgspec.Struct]


class Tail:
    """What is new in a table that only grows, each row once it is there for good."""

    def __init__(self, pool: Pool, source: Source) -> None:
        self._pool = pool
        self._source = source

    async def place(self, name: str) -> int:
        """Return up to where a reader of that name got; the first time of all, where it ends."""
        with translated():
            end = await self._pool.fetchval(sql(f"{self._source.table}_end"))
            upto: int = await self._pool.fetchval(sql("relay_place"), name, end)
        return upto

    async def move(self, name: str, upto: int) -> None:
        """Keep up to where a reader of that name got."""
        with translated():
            await self._pool.execute(sql("relay_move"), name, upto)

    async def after(self, upto: int, limit: int = _PAGE) -> tuple[list[asyncpg.Record], int]:
        """Return the rows that follow, and up to where these are all. Raises: Unavailable."""
        table = self._source.table
        with translated():
            end = await self._pool.fetchval(sql(f"{table}_end"))
            if upto >= end or not await self._settled():
                return [], upto
            rows = await self._pool.fetch(sql(f"{table}_after"), upto, end, limit)
        return rows, rows[-1]["ordinal"] if rows else end

    async def _settled(self) -> bool:
        """Return once every row numbered so far is there for good, or never will be.

        Numbers are given before a transaction commits, so a lower one may appear after a
        higher one. Who could still commit one holds a lock on the table now.
        """
        writers = set(await self._pool.fetchval(sql("writers_of"), self._source.table))
        for _ in range(_LOOKS):
            if not writers:
                return True
            await asyncio.sleep(_LOOK_AGAIN_S)
            writers &= set(await self._pool.fetchval(sql("writers_of"), self._source.table))
        return False


class Relay:
    """Ships one table's rows; to be used by one process at a time, or some are told twice."""

    def __init__(self, pool: Pool, source: Source, send: Send) -> None:
        """Begin, the first time of all, with the rows that come from now on."""
        self._tail = Tail(pool, source)
        self._source = source
        self._send = send

    async def ship(self) -> int:
        """Tell what is new; return how many rows. Raises: Unavailable, KafkaRefused."""
        name = self._source.table
        before = await self._tail.place(name)
        rows, upto = await self._tail.after(before)
        notices = [(str(row[self._source.key]).encode(), self._source.notice(row)) for row in rows]
        await asyncio.gather(*[self._send(k, msgspec.json.encode(n)) for k, n in notices])
        if upto > before:
            await self._tail.move(name, upto)
        return len(rows)


def alert_notice(row: asyncpg.Record) -> AlertNotice:
    """Return a line of the alert journal as it is told."""
    return AlertNotice(**{name: row[name] for name in AlertNotice.__struct_fields__})


def _refusal(row: asyncpg.Record) -> QuarantineNotice:
    return QuarantineNotice(
        branch_id=row["branch_id"],
        event_id=row["event_id"],
        event_type=row["type"],
        reasons=(RefusalReason(field=row["field"], reason=row["reason"], remedy=row["remedy"]),),
        sealed=row["sealed"] or b"",  # settled before it was told, or about somebody erased
        at=row["received_at"],
    )


ALERTS = Source("alert_journal", "alert_id", alert_notice)
REFUSALS = Source("quarantine", "branch_id", _refusal)
