"""Walks the whole company: everybody's events up to now, and the rules known by then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TypeVar

from events.envelope import CustomerId, Envelope, RecordedEvent
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from services.errors import UnreadableEvent
from services.log.readable import readable, readable_fact
from services.log.stored import stored_event
from services.platform import Platform
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.walk.engine import MakesWorker, Walk, cores
from services.walk.parts import Extent, Part, divide, dossiers

A = TypeVar("A")
R = TypeVar("R")

Unreadable = Callable[[Envelope, UnreadableEvent], None]


async def extent_now(platform: Platform, known_at: datetime | None = None) -> Extent:
    """Return what the events table holds at this moment. Raises: Unavailable."""
    with translated():
        async with platform.pool.acquire() as connection:
            return await extent_in(connection, known_at)


async def extent_in(connection: Connection, known_at: datetime | None = None) -> Extent:
    """Return what the events table holds in a transaction's picture."""
    generation = await connection.fetchval(sql("current_generation"))
    rows = await connection.fetch(sql("readable_heads"), generation)
    return Extent(generation, tuple(row["next_n"] for row in rows), known_at)


async def walk_company(
    platform: Platform,
    extent: Extent,
    worker: MakesWorker[A, R],
    argument: A,
    result: type[R],
    done: Callable[[R], None],
    *,
    processes: int | None = None,
) -> None:
    """Have workers on all cores do every part of the company; `done` is told each result.

    Raises: Unavailable; TouchstoneError, whatever a worker refuses.
    """
    with translated():
        async with platform.pool.acquire() as connection:
            parts = await divide(connection, extent)
    walk = Walk(platform.pool, platform.dsn, processes or cores())
    await walk.over(parts, worker, argument, result, done)


class Everybody:
    """What a worker reads of its parts: each customer's events, and the rules."""

    def __init__(self, extent: Extent, pool: Pool) -> None:
        self._extent = extent
        self._pool = pool
        self._feed = ReferenceFeed(pool)
        self._reference: Reference | None = None

    async def reference(self) -> Reference:
        """Return the rules of the extent, the same object for every part.

        Raises: Unavailable, UnreadableEvent.
        """
        if self._reference is None:
            rules = (await self._feed.refresh()).events
            self._reference = Reference(e for e in rules if self._extent.holds(e))
        return self._reference

    async def facts(
        self, part: Part, kinds: frozenset[type[Touchpoint]] | None = None
    ) -> AsyncIterator[tuple[CustomerId, list[Fact]]]:
        """Yield the customers of a part with their facts; of some `kinds` alone, if named.

        The earliest is there whatever its kind: by its branch the customer may be at home.
        Raises: Unavailable, UnreadableEvent.
        """
        types = None if kinds is None else [kind.event_type for kind in kinds]
        with translated():
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                async for customer, rows in dossiers(connection, part, self._extent, types):
                    yield customer, [readable_fact(stored_event(row)) for row in rows]

    async def recorded(self, part: Part) -> AsyncIterator[tuple[CustomerId, list[RecordedEvent]]]:
        """Yield the customers of a part with all that the log holds of their events.

        Raises: Unavailable, UnreadableEvent.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                async for one in recorded_dossiers(connection, part, self._extent):
                    yield one


async def recorded_dossiers(
    connection: Connection,
    part: Part,
    extent: Extent,
    unreadable: Unreadable | None = None,
) -> AsyncIterator[tuple[CustomerId, list[RecordedEvent]]]:
    """Yield the customers of a part with their events, over a transaction of the caller's.

    `unreadable` is told of an event whose bytes cannot be read, which is then left out; without
    it that ends the walk. Raises: UnreadableEvent.
    """
    async for customer, rows in dossiers(connection, part, extent):
        events = []
        for row in rows:
            stored = stored_event(row)
            try:
                events.append(readable(stored))
            except UnreadableEvent as error:
                if unreadable is None:
                    raise
                unreadable(stored.envelope, error)
        yield customer, events
