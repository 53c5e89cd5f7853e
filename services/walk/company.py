"""Walks the whole company: everybody's events up to now, and the rules known by then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from events.envelope import CustomerId, RecordedEvent
from events.facts import Fact
from events.policy import Reference
from services.errors import UnreadableEvent
from services.log.readable import cannot_be_read, readable
from services.log.stored import stored_event
from services.platform import Platform
from services.ports import Dossier
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.walk.engine import MakesWorker, Walk, cores
from services.walk.groups import group_events, groups_of, merged
from services.walk.parts import Extent, Part, copied_dossiers, divide, dossiers
from services.walk.spool import events_in_order

InstantOf = Callable[[Sequence[Fact]], datetime]
"""Tells the instant that is asked about by a customer's own facts."""

Take = Callable[[CustomerId, Sequence[Fact], datetime | None], None]
"""Is told a customer, its facts, and the instant, where it was asked for already."""

RecordedEvents = Mapping[CustomerId, Sequence[RecordedEvent]]

A = TypeVar("A")
R = TypeVar("R")


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
    whole: bool = False,
) -> None:
    """Have workers on all cores do every part of the company; `done` is told each result.

    Events that no memory holds are sorted by customer first: `whole`, where envelopes are read.
    Raises: Unavailable; TouchstoneError, whatever a worker refuses.
    """
    async with events_in_order(platform.pool, extent, platform.disk, whole=whole) as table:
        with translated():
            async with platform.pool.acquire() as connection:
                parts = await divide(connection, extent, table=table)
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

    async def each(self, part: Part, instant: InstantOf, take: Take) -> None:
        """Tell `take` each customer of a part that is a root, with the facts that count for it.

        Of whom merges connect with others that depends on the instant, which `instant` tells by
        the customer's own facts. Raises: Unavailable, UnreadableEvent.
        """
        with translated():
            async with self._pool.acquire() as connection:
                groups = await groups_of(connection, part)

                def read(dossier: Dossier) -> None:
                    customer = dossier.customer
                    for event_id, reason in dossier.unreadable[:1]:
                        raise UnreadableEvent(cannot_be_read(event_id, f"of {customer}", reason))
                    if customer not in groups:
                        take(customer, dossier.facts, None)

                await copied_dossiers(connection, part, self._extent, read)
                for customer, members in groups.items():
                    group = await merged(connection, members, self._extent)
                    at = instant(group.own(customer))
                    told = group.told(customer, at)
                    if told:
                        take(customer, told, at)

    async def recorded(self, part: Part) -> AsyncIterator[tuple[CustomerId, RecordedEvents]]:
        """Yield the customers of a part with all that the log holds of their events.

        With whom merges connect with others, theirs come too. Raises: Unavailable,
        UnreadableEvent.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                groups = await groups_of(connection, part)
                async for customer, rows in dossiers(connection, part, self._extent):
                    if customer not in groups:
                        yield customer, {customer: [readable(stored_event(row)) for row in rows]}
                for customer, members in groups.items():
                    found = await group_events(connection, members, self._extent)
                    yield customer, {one: [*map(readable, found[one])] for one in members}
