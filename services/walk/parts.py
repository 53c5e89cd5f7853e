"""Divides the customers into parts of about as many events each, and reads a part's dossiers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from itertools import pairwise

from asyncpg import Record
from msgspec import Struct

from events.envelope import CustomerId, PositionVector, RecordedEvent
from services.log.copy_rows import DossierReader
from services.ports import Dossier
from services.postgres.copying import copy_out
from services.postgres.pool import Connection
from services.postgres.statements import sql

PART_EVENTS = 20_000
"""Events of a part, about, where nothing else is asked for."""

_SAMPLED_PER_BOUND = 50
_FETCH = 2_000


class Part(Struct, frozen=True):
    """A range of customers: from `first` up to but not including `upto`; null: no bound.

    `table` is where a walk reads their events.
    """

    part: int
    first: CustomerId | None
    upto: CustomerId | None
    table: str = "events"


class Extent(Struct, frozen=True):
    """Which events a walk reads: those before a place of each partition, as the table keeps them.

    The log only grows, so the same extent gives the same events whenever it is read.
    """

    generation: int
    positions: tuple[int, ...]
    known_at: datetime | None = None  # only what was recorded by then
    generations: tuple[int, ...] | None = None  # of each place, where that is not `generation`

    @property
    def places(self) -> tuple[list[int], list[int]]:
        """Return the generation and the number of each partition's first event not read."""
        same = [self.generation] * len(self.positions)
        return list(self.generations or same), list(self.positions)

    @property
    def events(self) -> int:
        """Return how many events there are about, for dividing them."""
        return sum(self.positions)

    @property
    def position(self) -> str:
        """Return the token of where the walk ends."""
        return PositionVector(self.generation, self.positions).token()

    def holds(self, event: RecordedEvent) -> bool:
        """Return whether a walk reads an event of the log."""
        if self.known_at is not None and event.recorded_at > self.known_at:
            return False
        place = event.position
        end = (self.generation, self.positions[place.partition])
        return (place.generation, place.n) < end


async def divide(
    connection: Connection,
    extent: Extent,
    part_events: int = PART_EVENTS,
    *,
    table: str = "events",
) -> tuple[Part, ...]:
    """Return parts that hold every customer once, by a sample of the events table.

    Their events will be read in `table`.
    """
    parts = max(1, extent.events // part_events)
    bounds: list[CustomerId] = []
    if parts > 1:
        percent = min(100.0, 100.0 * parts * _SAMPLED_PER_BOUND / extent.events)
        rows = await connection.fetch(sql("part_bounds"), percent, parts)
        bounds = [CustomerId(row["bound"]) for row in rows]
    limits = [None, *bounds, None]
    return tuple(Part(number, *limit, table) for number, limit in enumerate(pairwise(limits)))


async def copied_dossiers(
    connection: Connection,
    part: Part,
    extent: Extent,
    take: Callable[[Dossier], None],
    table: str | None = None,
) -> None:
    """Tell `take` each customer of a part with the facts about it, in the log's order.

    Customers come in the database's order of their ids. Their events are read in `table`, or
    where the part says.
    """
    query = sql("walk_copy").replace("FROM events", f"FROM {table or part.table}")
    place = (part.first, part.upto, *extent.places, extent.known_at)
    await _copied(connection, query, *place, take=take)


async def copied_customers(
    connection: Connection,
    customers: Sequence[CustomerId],
    extent: Extent,
    take: Callable[[Dossier], None],
) -> None:
    """Tell `take` the same of some customers, read by index in the events table."""
    await _copied(connection, sql("walk_customers"), customers, *extent.places, take=take)


async def _copied(
    connection: Connection, query: str, *arguments: object, take: Callable[[Dossier], None]
) -> None:
    reader = DossierReader()

    def feed(chunk: bytes) -> None:
        for dossier in reader.feed(chunk):
            take(dossier)

    await copy_out(connection, query, *arguments, take=feed)
    for dossier in reader.end():
        take(dossier)


async def dossiers(
    connection: Connection, part: Part, extent: Extent
) -> AsyncIterator[tuple[CustomerId, list[Record]]]:
    """Yield each customer of a part with its rows of the events table, in their order.

    Needs a transaction. Customers come in the database's order of their ids. A copy in which
    they are read has all columns of the events.
    """
    cursor = await connection.cursor(
        sql("walk_part").replace("FROM events", f"FROM {part.table}"),
        part.first,
        part.upto,
        *extent.places,
        extent.known_at,
    )
    dossier: list[Record] = []
    while rows := await cursor.fetch(_FETCH):
        for row in rows:
            if dossier and row["customer_id"] != dossier[0]["customer_id"]:
                yield CustomerId(dossier[0]["customer_id"]), dossier
                dossier = []
            dossier.append(row)
    if dossier:
        yield CustomerId(dossier[0]["customer_id"]), dossier
