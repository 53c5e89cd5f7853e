"""What the log holds of customers and the mirror does not have yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from asyncpg import Record

from events.codec import decode
from events.envelope import Envelope, EventId, PositionVector
from events.errors import EventError
from events.partitioning import partition_of
from events.touchpoints.base import Touchpoint
from services.errors import Unavailable
from services.log.kafka.wire import from_headers, unpack_headers
from services.ports import Beyond, StoredEvent, Unreadable
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

ReadLog = Callable[[int, int, int], Awaitable[Sequence[StoredEvent]]]
"""Reads up to so many events of a partition from a place on."""

_MOST_READ = 500
"""Events that are read out of their topic for one question."""

_GAP = 200
"""Events of others that are read along rather than asked for once more."""

_Place = tuple[int, int]


async def beyond(
    pool: Pool, generation: int, customers: Sequence[str], read: ReadLog | None
) -> Beyond:
    """Return what touches customers and is confirmed or pending.

    What is not kept whole is read out of its topic, if `read` is given. What the mirror takes in
    between the two looks is among neither: who relies on this finds it. Raises: Unavailable.
    """
    rows = await retried(lambda: pool.fetch(sql("readable_heads"), generation))
    before = PositionVector(generation, tuple(row["next_n"] for row in rows))
    keys = [customer.encode() for customer in customers]
    homes = [partition_of(customer) for customer in customers]
    whole = read is not None
    arguments = generation, customers, keys, homes, before.counts, whole
    found = await retried(lambda: pool.fetch(sql("kafka_beyond"), *arguments))
    known: dict[str, set[EventId]] = {}
    told: dict[str, list[tuple[Envelope, Touchpoint]]] = {}
    unreadable: dict[str, list[Unreadable]] = {}
    elsewhere = {} if read is None else await _read(read, found)
    for row in found:
        key, event_id = row["key"], EventId(row["event_id"])
        known.setdefault(key, set()).add(event_id)
        kept = _kept(row) or elsewhere.get((row["partition"], row["n"]))
        if kept is None:
            continue
        envelope, payload = kept
        try:
            told.setdefault(key, []).append((envelope, decode(payload)))
        except EventError as error:
            unreadable.setdefault(key, []).append(Unreadable(event_id, str(error)))
    ids = {key: frozenset(some) for key, some in known.items()}
    return Beyond(before, ids, told, unreadable)


def _kept(row: Record) -> tuple[Envelope, bytes] | None:
    """Return what the database keeps of an event, where it is kept whole."""
    if row["data"] is None:
        return None
    envelope, _ = from_headers(unpack_headers(row["headers"]))
    return envelope, row["data"]


async def _read(read: ReadLog, rows: Iterable[Record]) -> Mapping[_Place, tuple[Envelope, bytes]]:
    """Return what is confirmed and not kept whole, by where it lies in its topic.

    Raises: Unavailable, where that is more than one question may cost: the mirror is far behind.
    """
    wanted = {(row["partition"], row["n"]) for row in rows if row["data"] is None}
    if len(wanted) > _MOST_READ:
        raise Unavailable("too much of the customer is not readable yet; try again in a moment")
    found: dict[_Place, tuple[Envelope, bytes]] = {}
    for partition, places in groupby(sorted(wanted), itemgetter(0)):
        for first, last in _runs([n for _, n in places]):
            for event in await read(partition, first, last + 1 - first):
                place = partition, event.position.n
                if place in wanted:
                    found[place] = event.envelope, event.payload
    if len(found) < len(wanted):
        raise Unavailable("an event of the customer is not readable yet; try again in a moment")
    return found


def _runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of places that lie near to each other, of places in order."""
    first = last = places[0]
    for n in places[1:]:
        if n - last > _GAP:
            yield first, last
            first = n
        last = n
    yield first, last
