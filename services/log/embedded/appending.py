"""One transaction of the embedded log: admit what is new, give it a position, write it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import asyncpg

from events.envelope import Position
from events.lineage import Lineage
from services.log.admissions import Prepared, let_in
from services.log.heads import Heads, lock_heads
from services.log.units import Answer, Call, Overrun, Place, admit_calls, answers, locks_for
from services.ports import Accepted, Clock
from services.postgres.pool import Connection, Pool
from services.postgres.statements import sql


async def append_all(
    pool: Pool, clock: Clock, lineage: Lineage, calls: Sequence[Call]
) -> Sequence[Answer]:
    """Return the answer to each call, once what was accepted is committed. Raises: LogMoved."""
    suspects: frozenset[int] = frozenset()
    while True:
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await _append(connection, clock, lineage, calls, suspects)
        except Overrun as overrun:
            suspects = overrun.calls


async def _append(
    connection: Connection,
    clock: Clock,
    lineage: Lineage,
    calls: Sequence[Call],
    suspects: frozenset[int],
) -> Sequence[Answer]:
    generation = lineage.generation
    heads = await lock_heads(connection, generation, "embedded", clock, locks_for(calls))

    async def admitted(places: Sequence[Place]) -> Collection[str]:
        return await let_in(connection, [calls[number].events[i] for number, i in places])

    admission = await admit_calls(connection, calls, heads.standing, suspects, admitted)
    next_n = dict(heads.next_n)
    accepted: dict[Place, Accepted] = {}
    for number, i in admission.let_in:
        partition = calls[number].events[i].partition
        place = Position(generation, partition, next_n[partition])
        accepted[number, i] = Accepted(place, heads.stamps[partition])
        next_n[partition] += 1
    events = {place: calls[place[0]].events[place[1]] for place in accepted}
    if events:
        await _write(connection, generation, heads, [*events.values()], [*accepted.values()])
    written = {event.envelope.id: accepted[place].position for place, event in events.items()}

    def where(holder: asyncpg.Record) -> Position:
        return written.get(holder["event_id"]) or lineage.here(
            Position(holder["generation"], holder["partition"], holder["n"])
        )

    return answers(calls, admission, accepted, where)


async def _write(
    connection: Connection,
    generation: int,
    heads: Heads,
    events: Sequence[Prepared],
    accepted: Sequence[Accepted],
) -> None:
    """Insert the accepted events, move the heads and notify."""
    envelopes = [event.envelope for event in events]
    ends: Mapping[int, int] = {a.position.partition: a.position.n + 1 for a in accepted}
    await connection.execute(
        sql("log_append"),
        generation,
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
        [e.tracestate for e in envelopes],
        [a.recorded_at for a in accepted],
        [event.payload for event in events],
        [*ends],
        [*ends.values()],
        [heads.stamps[partition] for partition in ends],
    )
