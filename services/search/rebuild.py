"""Writes the whole index anew from the events, while it goes on answering and following."""

from __future__ import annotations

from collections.abc import Callable

from asyncpg import Record
from msgspec import Struct

from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.search.index import Index
from services.walk.company import extent_now
from services.walk.parts import divide, dossiers

_CUSTOMERS = 500


class RebuiltIndex(Struct, frozen=True):
    """What a rebuild of the index read."""

    customers: int
    events: int


async def rebuild_index(platform: Platform, watch: Callable[[int, int], None]) -> RebuiltIndex:
    """Write every customer as found just now; `watch` is told the parts done, and of how many.

    Nothing is forgotten meanwhile: what the follower wrote later stays. Killed at any moment, it
    is to be begun anew.
    Raises: Unavailable, UnreadableEvent.
    """
    rules = await ReferenceFeed(platform.pool).refresh()
    index = Index(platform.pool, platform.vault, platform.clock)
    with translated():
        places = await platform.pool.fetch(sql("search_places"))
    extent = await extent_now(platform)
    customers = events = 0
    with translated():
        async with platform.pool.acquire() as connection:
            parts = await divide(connection, extent)
            for done, part in enumerate(parts):
                watch(done, len(parts))
                batch: list[Record] = []
                named = 0
                async with connection.transaction(readonly=True):
                    async for _, dossier in dossiers(connection, part, extent):
                        batch += dossier
                        customers, named = customers + 1, named + 1
                        if named == _CUSTOMERS:
                            events += len(batch)
                            await index.take_in(batch, rules, whole=True)
                            batch, named = [], 0
                events += len(batch)
                await index.take_in(batch, rules, whole=True)
        for place in places:
            where = (place["generation"], place["partition"], place["head"])
            await platform.pool.execute(sql("search_move"), *where)
    watch(len(parts), len(parts))
    return RebuiltIndex(customers, events)
