"""Writes the whole index anew from the events on all cores, while it goes on answering."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

from asyncpg import Record
from msgspec import Struct

from services.platform import Platform
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.search.index import Index
from services.vault.vault import PostgresVault
from services.walk.company import Everybody, extent_now, walk_company
from services.walk.parts import Extent, Part, dossiers

_CUSTOMERS = 500

_MANY_AT_A_TIME = """
ALTER INDEX search_customers_tokens SET (fastupdate = on, gin_pending_list_limit = 16384)
"""
"""A customer has hundreds of tokens: put in one by one they cost five times as much as in bulk."""

_ONE_AT_A_TIME = """
ALTER INDEX search_customers_tokens SET (fastupdate = off);
ALTER INDEX search_customers_tokens RESET (gin_pending_list_limit);
SELECT gin_clean_pending_list('search_customers_tokens')
"""
"""Once they are in: what is pending would be walked by every question."""


class RebuiltIndex(Struct, frozen=True):
    """What a rebuild of the index read."""

    customers: int = 0
    events: int = 0


class Rebuilding(Struct, frozen=True):
    """What all parts of a rebuild have in common; `repr` does not tell the key."""

    extent: Extent
    at: datetime
    master: str

    def __repr__(self) -> str:
        """Return what may be shown."""
        return f"Rebuilding({self.extent}, {self.at})"


async def rebuild_index(
    platform: Platform, advance: Callable[[int], None], *, processes: int | None = None
) -> RebuiltIndex:
    """Write every customer as found just now; `advance` is told how many more are written.

    Nothing is forgotten meanwhile: what the follower wrote later stays. Killed at any moment, it
    is to be begun anew: until then questions take a little longer.
    Raises: Unavailable, UnreadableEvent.
    """
    with translated():
        places = await platform.pool.fetch(sql("search_places"))
    extent = await extent_now(platform)
    master = base64.b64encode(platform.vault.master).decode()
    what = Rebuilding(extent, platform.clock.now(), master)
    customers = events = 0

    def done(part: RebuiltIndex) -> None:
        nonlocal customers, events
        customers, events = customers + part.customers, events + part.events
        advance(part.customers)

    async with _in_bulk(platform.pool):
        await walk_company(
            platform, extent, RebuildingParts, what, RebuiltIndex, done, processes=processes,
            whole=True,
        )  # fmt: skip
    with translated():
        for place in places:
            where = (place["generation"], place["partition"], place["head"])
            await platform.pool.execute(sql("search_move"), *where)
    return RebuiltIndex(customers, events)


@asynccontextmanager
async def _in_bulk(pool: Pool) -> AsyncIterator[None]:
    """Have tokens gathered before they are put in, meanwhile. Raises: Unavailable."""
    with translated():
        await pool.execute(_MANY_AT_A_TIME)
    try:
        yield
    finally:
        with translated():
            await pool.execute(_ONE_AT_A_TIME, timeout=600)


class _Began(NamedTuple):
    """A clock that stands where the rebuild began: what comes later the follower sees."""

    at: datetime

    def now(self) -> datetime:
        return self.at


class RebuildingParts:
    """Writes the customers of parts, some at a time."""

    def __init__(self, argument: Rebuilding, pool: Pool) -> None:
        self._extent = argument.extent
        self._pool = pool
        self._everybody = Everybody(argument.extent, pool)
        vault = PostgresVault(pool, base64.b64decode(argument.master))
        self._index = Index(pool, vault, _Began(argument.at))

    async def walk(self, part: Part) -> RebuiltIndex:
        """Write a part. Raises: Unavailable, UnreadableEvent."""
        rules = await self._everybody.reference()
        batch: list[Record] = []
        customers = events = named = 0
        with translated():
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                async for _, dossier in dossiers(connection, part, self._extent):
                    batch += dossier
                    customers, events, named = customers + 1, events + len(dossier), named + 1
                    if named == _CUSTOMERS:
                        await self._index.take_in(batch, rules, whole=True)
                        batch, named = [], 0
                await self._index.take_in(batch, rules, whole=True)
        return RebuiltIndex(customers, events)
