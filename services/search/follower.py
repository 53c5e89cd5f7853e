"""Keeps the index of customers up with the log, by itself: one process does it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import structlog

from events.policy import Reference as Rules
from services.errors import LogMoved, Unavailable, UnreadableEvent
from services.ports import Clock, EventLog, Vault
from services.postgres.alone import held_alone
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.search.index import Index
from services.search.references import NAMING_TYPES

_LOG = structlog.get_logger(__name__)

_LOCK = "touchstone search"
_PAGE = 1_000
_DUE = 200
_LOOK_S = 1.0
_STANDBY_S = 2.0
_UNREADABLE_S = 10.0


class SearchPlatform(Protocol):
    """The open parts of a platform that the index takes."""

    @property
    def pool(self) -> Pool:
        """Connections to the database."""
        ...

    @property
    def log(self) -> EventLog:
        """The log, to wait for what is appended."""
        ...

    @property
    def vault(self) -> Vault:
        """Keys: for names and numbers, and the company's own for tokens."""
        ...

    @property
    def clock(self) -> Clock:
        """The time by which words hold."""
        ...


class SearchFollower:
    """Takes what the events table holds into the index until cancelled; others stand by."""

    def __init__(self, platform: SearchPlatform) -> None:
        self._pool = platform.pool
        self._log = platform.log
        self._index = Index(platform.pool, platform.vault, platform.clock)
        self._feed = ReferenceFeed(platform.pool)

    async def run(self) -> None:
        """Follow until cancelled; survive a database that is away.

        After each step it rests for as long as the step took: what projects has the other half.
        Raises: LogMoved, once the log goes on elsewhere.
        """
        while True:
            try:
                async with held_alone(self._pool, _LOCK, _STANDBY_S):
                    while True:
                        started = time.monotonic()
                        if await self.step():
                            await asyncio.sleep(time.monotonic() - started)
                        else:
                            await self._log.wait(_LOOK_S)
            except LogMoved:
                raise  # this process will never be able to go on
            except Unavailable as error:
                _LOG.warning("search_waits", reason=str(error))
                await asyncio.sleep(_LOOK_S)
            except UnreadableEvent as error:
                _LOG.error("search_unreadable_reference", reason=str(error))
                await asyncio.sleep(_UNREADABLE_S)

    async def step(self) -> int:
        """Take in a page of each partition and what takes effect by now; return how much."""
        rules = await self._feed.refresh()
        due = await self._index.due(_DUE)
        await self._index.write(due, rules)
        looked = len(due)
        with translated():
            places = await self._pool.fetch(sql("search_places"))
        for place in places:
            if place["n"] < place["head"]:
                looked += await self._page(
                    place["generation"], place["partition"], place["n"], place["head"], rules
                )
        return looked

    async def behind(self) -> int:
        """Return how many events were not looked at yet. Raises: Unavailable."""
        return await events_behind(self._pool)

    async def _page(self, generation: int, partition: int, n: int, head: int, rules: Rules) -> int:
        with translated():
            events = await self._pool.fetch(
                sql("search_events"), generation, partition, n, head, sorted(NAMING_TYPES), _PAGE
            )
        if events:
            await self._index.take_in(events, rules)
        upto = events[-1]["n"] + 1 if len(events) == _PAGE else head
        with translated():
            await self._pool.execute(sql("search_move"), generation, partition, upto)
        return int(upto - n)


async def events_behind(pool: Pool) -> int:
    """Return how many events the index has not looked at yet. Raises: Unavailable."""
    with translated():
        rows = await pool.fetch(sql("search_places"))
    newest = max((row["generation"] for row in rows), default=0)
    return sum(max(0, row["head"] - row["n"]) for row in rows if row["generation"] == newest)
