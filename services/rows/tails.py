"""What is new in tables that only grow, and how far each of their readers got."""

from __future__ import annotations

import asyncio

import asyncpg

from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_PAGE = 500
_LOOK_AGAIN_S = 0.05
_LOOKS = 40

JOURNAL = "alert_journal"
"""Every alert that was raised or withdrawn, in order."""


class Tail:
    """What is new in a table that only grows, each row once it is there for good."""

    def __init__(self, pool: Pool, table: str) -> None:
        self._pool = pool
        self._table = table

    async def place(self, name: str) -> int:
        """Return up to where a reader of that name got; the first time of all, where it ends."""
        with translated():
            end = await self._pool.fetchval(sql(f"{self._table}_end"))
            upto: int = await self._pool.fetchval(sql("relay_place"), name, end)
        return upto

    async def move(self, name: str, upto: int) -> None:
        """Keep up to where a reader of that name got."""
        with translated():
            await self._pool.execute(sql("relay_move"), name, upto)

    async def after(self, upto: int, limit: int = _PAGE) -> tuple[list[asyncpg.Record], int]:
        """Return the rows that follow, and up to where these are all. Raises: Unavailable."""
        table = self._table
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
        writers = set(await self._pool.fetchval(sql("writers_of"), self._table))
        for _ in range(_LOOKS):
            if not writers:
                return True
            await asyncio.sleep(_LOOK_AGAIN_S)
            writers &= set(await self._pool.fetchval(sql("writers_of"), self._table))
        return False

    async def behind(self, name: str) -> int:
        """Return how many rows a reader of that name has not got to; 0 for one that never read."""
        with translated():
            end: int = await self._pool.fetchval(sql(f"{self._table}_end"))
            upto: int | None = await self._pool.fetchval(sql("relay_upto"), name)
        return 0 if upto is None else end - upto
