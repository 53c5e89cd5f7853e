"""Who is let into the log: an event id once, a source's sequence number once; in every mode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import asyncpg

from events.codec import encode
from events.envelope import Envelope, Position
from events.routing import nobodys, partition_for
from events.texts import worded
from events.touchpoints.complaint import CaseTouchpoint
from events.touchpoints.customer import CustomerErased, CustomerMerged, CustomerUnmerged
from services.ports import Conflict, Duplicate, ReliedOn, Submission
from services.postgres.pool import Connection
from services.postgres.statements import sql

Holders = Mapping[int, asyncpg.Record]
"""Who holds the id or the sequence number of each event that is not let in, by its index."""

LetIn = Callable[[Sequence[int]], Awaitable[Collection[str]]]
"""Admits events, named by their indexes, that nobody holds; returns the ids let in."""

_SequenceKey = tuple[str, int, int]

_DECIDED_ON = (CaseTouchpoint, CustomerMerged, CustomerUnmerged, CustomerErased)


class Prepared(NamedTuple):
    """A submission with its bytes and its partition."""

    envelope: Envelope
    digest: bytes
    payload: bytes
    schema_version: int
    partition: int
    relied_on: tuple[ReliedOn, ...] = ()
    merges: str | None = None  # into whom its subject is merged
    decided_on: bool = False  # commands are decided on such as this, whoever published it

    @property
    def touches(self) -> Iterator[str]:
        """Yield whom the event is about, and whom its subject is merged into."""
        yield self.envelope.subject or nobodys(self.envelope.branch_id)
        if self.merges is not None:
            yield self.merges


def prepare(submission: Submission) -> Prepared:
    """Return what can be made ready before any lock is taken. Raises: MalformedEvent."""
    envelope, data, digest = submission.envelope, submission.data, submission.digest
    return Prepared(
        envelope,
        digest,
        encode(data),
        data.version,
        partition_for(envelope, data),
        submission.relied_on,
        data.into if isinstance(data, CustomerMerged) else None,
        isinstance(data, _DECIDED_ON),
    )


async def let_in(connection: Connection, events: Sequence[Prepared]) -> Collection[str]:
    """Admit of events with different ids and numbers those that nobody holds; return their ids."""
    envelopes = [event.envelope for event in events]
    rows = await connection.fetch(
        sql("log_admit"),
        [e.id for e in envelopes],
        [e.source for e in envelopes],
        [e.epoch for e in envelopes],
        [e.sequence for e in envelopes],
        [event.digest for event in events],
    )
    return {row["event_id"] for row in rows}


async def admit(connection: Connection, events: Sequence[Prepared], let_in: LetIn) -> Holders:
    """Admit what nobody holds; return, by index, who holds the id or number of the others.

    Of several in one call the first is tried first. Those behind a refused one are tried
    again, so a second round is the last unless others append the same events meanwhile.
    """
    envelopes = [event.envelope for event in events]
    holders: dict[int, asyncpg.Record] = {}
    remaining = list(range(len(events)))
    while remaining:
        first = _first_of_each(envelopes, remaining)
        accepted = await let_in(first)
        admitted = {i for i in first if envelopes[i].id in accepted}
        others = [i for i in remaining if i not in admitted]
        found = await held(connection, [events[i] for i in others])
        holders.update((others[i], holder) for i, holder in found.items())
        remaining = [i for i in others if i not in holders]
    return holders


def refusal(event: Prepared, holder: asyncpg.Record, position: Position) -> Duplicate | Conflict:
    """Return what to answer to an event whose id or number is held, and by which position."""
    envelope = event.envelope
    if holder["event_id"] != envelope.id:
        return Conflict(
            "sequence",
            worded(
                "sequence %(sequence)s of epoch %(epoch)s of %(source)s is taken by event "
                "%(holder)s",
                sequence=envelope.sequence,
                epoch=envelope.epoch,
                source=envelope.source,
                holder=holder["event_id"],
            ),
            position,
        )
    if holder["digest"] != event.digest:
        return Conflict(
            "id", worded("an event of this id was accepted with other content"), position
        )
    return Duplicate(position)


def _sequence_key(envelope: Envelope) -> _SequenceKey:
    return (envelope.source, envelope.epoch, envelope.sequence)


def _first_of_each(envelopes: Sequence[Envelope], among: Sequence[int]) -> list[int]:
    """Return the first index of each id and of each sequence number, where there is one."""
    ids: set[str] = set()
    numbers: set[_SequenceKey] = set()
    first = []
    for i in among:
        envelope = envelopes[i]
        number = _sequence_key(envelope)
        if envelope.id not in ids and number not in numbers:
            first.append(i)
        ids.add(envelope.id)
        if envelope.sequence:
            numbers.add(number)
    return first


async def held(connection: Connection, events: Sequence[Prepared]) -> Holders:
    """Return, by index, who holds each one's id or else its sequence number, where anybody does."""
    if not events:
        return {}
    asked = [event.envelope for event in events]
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
    for i, envelope in enumerate(asked):
        holder = by_id.get(envelope.id) or by_number.get(_sequence_key(envelope))
        if holder is not None:
            found[i] = holder
    return found
