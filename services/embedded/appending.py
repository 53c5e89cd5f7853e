"""One transaction of the embedded log: admit what is new, give it a place, write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from events.codec import encode
from events.envelope import Envelope, Position
from events.routing import partition_for
from services.ports import Accepted, Clock, Conflict, Duplicate, Outcome, Submission
from services.postgres.pool import Connection, Pool
from services.postgres.statements import sql

SequenceKey = tuple[str, int, int]
Holders = Mapping[int, asyncpg.Record]


class Prepared(NamedTuple):
    """A submission with its bytes and its partition."""

    envelope: Envelope
    digest: bytes
    payload: bytes
    partition: int


def prepare(submission: Submission) -> Prepared:
    """Return what can be made ready before any lock is taken. Raises: MalformedEvent."""
    envelope, data, digest = submission.envelope, submission.data, submission.digest
    return Prepared(envelope, digest, encode(data), partition_for(envelope, data))


async def append_all(
    pool: Pool, clock: Clock, generation: int, events: Sequence[Prepared]
) -> Sequence[Outcome]:
    """Return the outcome of each event, once those accepted are committed."""
    involved = sorted({event.partition for event in events})
    async with pool.acquire() as connection, connection.transaction():
        heads = await connection.fetch(sql("log_lock_heads"), generation, involved, clock.now())
        holders = await _admit(connection, events)
        places = _Places(generation, heads)
        accepted = {
            i: places.take(event.partition) for i, event in enumerate(events) if i not in holders
        }
        if accepted:
            await _write(connection, places, [events[i] for i in accepted], [*accepted.values()])
    written: dict[str, Accepted] = {events[i].envelope.id: place for i, place in accepted.items()}
    return [
        accepted[i] if i in accepted else _refusal(event, holders[i], written)
        for i, event in enumerate(events)
    ]


class _Places:
    """Hands out positions from the heads that this transaction has locked."""

    def __init__(self, generation: int, heads: Iterable[asyncpg.Record]) -> None:
        self.generation = generation
        self.next_n: dict[int, int] = {}
        self.recorded_at: dict[int, datetime] = {}
        for head in heads:
            self.next_n[head["partition"]] = head["next_n"]
            self.recorded_at[head["partition"]] = head["recorded_at"]

    def take(self, partition: int) -> Accepted:
        """Return the next place of a partition."""
        n = self.next_n[partition]
        self.next_n[partition] = n + 1
        return Accepted(Position(self.generation, partition, n), self.recorded_at[partition])


def _sequence_key(envelope: Envelope) -> SequenceKey:
    return (envelope.source, envelope.epoch, envelope.sequence)


async def _admit(connection: Connection, events: Sequence[Prepared]) -> Holders:
    """Admit what nobody holds; return, by index, who holds the id or number of the others.

    Of several in one call the first is tried first. Those behind a refused one are tried
    again, so a second round is the last unless others append the same events meanwhile.
    """
    envelopes = [event.envelope for event in events]
    holders: dict[int, asyncpg.Record] = {}
    remaining = list(range(len(events)))
    while remaining:
        first = _first_of_each(envelopes, remaining)
        offered = [envelopes[i] for i in first]
        rows = await connection.fetch(
            sql("log_admit"),
            [e.id for e in offered],
            [e.source for e in offered],
            [e.epoch for e in offered],
            [e.sequence for e in offered],
            [events[i].digest for i in first],
        )
        let_in = {row["event_id"] for row in rows}
        admitted = {i for i in first if envelopes[i].id in let_in}
        others = [i for i in remaining if i not in admitted]
        holders.update(await _holders(connection, envelopes, others))
        remaining = [i for i in others if i not in holders]
    return holders


def _first_of_each(envelopes: Sequence[Envelope], among: Sequence[int]) -> list[int]:
    """Return the first index of each id and of each sequence number."""
    ids: set[str] = set()
    numbers: set[SequenceKey] = set()
    first = []
    for i in among:
        envelope = envelopes[i]
        number = _sequence_key(envelope)
        if envelope.id not in ids and number not in numbers:
            first.append(i)
        ids.add(envelope.id)
        numbers.add(number)
    return first


async def _holders(
    connection: Connection, envelopes: Sequence[Envelope], indexes: Sequence[int]
) -> Holders:
    """Return who holds each one's id or else its sequence number; some may have no holder."""
    if not indexes:
        return {}
    asked = [envelopes[i] for i in indexes]
    rows = await connection.fetch(
        sql("log_holders"),
        [e.id for e in asked],
        [e.source for e in asked],
        [e.epoch for e in asked],
        [e.sequence for e in asked],
    )
    by_id = {row["event_id"]: row for row in rows}
    by_number = {(row["source"], row["epoch"], row["sequence"]): row for row in rows}
    found = {}
    for i, envelope in zip(indexes, asked, strict=True):
        holder = by_id.get(envelope.id) or by_number.get(_sequence_key(envelope))
        if holder is not None:
            found[i] = holder
    return found


def _refusal(
    event: Prepared, holder: asyncpg.Record, written: Mapping[str, Accepted]
) -> Duplicate | Conflict:
    """Return what to answer to an event whose id or sequence number is held."""
    envelope = event.envelope
    if holder["event_id"] in written:  # admitted in this very transaction
        position = written[holder["event_id"]].position
    else:
        position = Position(holder["generation"], holder["partition"], holder["n"])
    if holder["event_id"] != envelope.id:
        return Conflict(
            "sequence",
            f"sequence {envelope.sequence} of epoch {envelope.epoch} of {envelope.source} is "
            f"taken by event {holder['event_id']}",
            position,
        )
    if holder["digest"] != event.digest:
        return Conflict("id", "an event of this id was accepted with other content", position)
    return Duplicate(position)


async def _write(
    connection: Connection,
    places: _Places,
    events: Sequence[Prepared],
    accepted: Sequence[Accepted],
) -> None:
    """Insert the accepted events, move the heads and notify."""
    envelopes = [event.envelope for event in events]
    partitions = sorted(places.next_n)
    await connection.execute(
        sql("log_append"),
        places.generation,
        [a.position.partition for a in accepted],
        [a.position.n for a in accepted],
        [e.id for e in envelopes],
        [e.subject for e in envelopes],
        [e.source for e in envelopes],
        [e.type for e in envelopes],
        [e.branch_id for e in envelopes],
        [e.epoch for e in envelopes],
        [e.sequence for e in envelopes],
        [e.created_at for e in envelopes],
        [e.sent_at for e in envelopes],
        [e.collected_at for e in envelopes],
        [e.effective_at for e in envelopes],
        [e.correlation_id for e in envelopes],
        [e.causation_id for e in envelopes],
        [e.traceparent for e in envelopes],
        [a.recorded_at for a in accepted],
        [event.payload for event in events],
        partitions,
        [places.next_n[p] for p in partitions],
        [places.recorded_at[p] for p in partitions],
    )
