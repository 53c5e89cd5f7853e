"""One transaction of the embedded log: admit what is new, give it a position, write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg

from events.envelope import Position
from events.lineage import Lineage
from services.errors import LogMoved
from services.log.admissions import Prepared, admit, refusal
from services.log.clocks import check_clock
from services.ports import Accepted, Clock, Outcome
from services.postgres.pool import Connection, Pool
from services.postgres.statements import sql


async def append_all(
    pool: Pool, clock: Clock, lineage: Lineage, events: Sequence[Prepared]
) -> Sequence[Outcome]:
    """Return the outcome of each event, once those accepted are committed. Raises: LogMoved."""
    generation = lineage.generation
    involved = sorted({event.partition for event in events})
    async with pool.acquire() as connection, connection.transaction():
        heads = await connection.fetch(
            sql("log_lock_heads"), generation, involved, clock.now(), "embedded"
        )
        if len(heads) < len(involved):
            raise LogMoved(generation)
        # Again, now that the heads are ours: whoever held them judged deadlines up to then.
        now = clock.now()
        check_clock(now, heads[0]["database_now"])
        positions = _Positions(generation, heads, now)
        holders = await admit(connection, events)
        accepted = {
            i: positions.take(event.partition) for i, event in enumerate(events) if i not in holders
        }
        if accepted:
            await _write(connection, positions, [events[i] for i in accepted], [*accepted.values()])
    written = {events[i].envelope.id: place.position for i, place in accepted.items()}
    return [
        accepted[i]
        if i in accepted
        else refusal(
            event,
            holders[i],
            written.get(holders[i]["event_id"]) or lineage.here(_place(holders[i])),
        )
        for i, event in enumerate(events)
    ]


def _place(holder: asyncpg.Record) -> Position:
    return Position(holder["generation"], holder["partition"], holder["n"])


class _Positions:
    """Hands out positions from the heads that this transaction has locked."""

    def __init__(self, generation: int, heads: Iterable[asyncpg.Record], now: datetime) -> None:
        self.generation = generation
        self.next_n: dict[int, int] = {}
        self.recorded_at: dict[int, datetime] = {}
        for head in heads:
            self.next_n[head["partition"]] = head["next_n"]
            self.recorded_at[head["partition"]] = max(head["recorded_at"], now)

    def take(self, partition: int) -> Accepted:
        """Return the next position of a partition."""
        n = self.next_n[partition]
        self.next_n[partition] = n + 1
        return Accepted(Position(self.generation, partition, n), self.recorded_at[partition])


async def _write(
    connection: Connection,
    positions: _Positions,
    events: Sequence[Prepared],
    accepted: Sequence[Accepted],
) -> None:
    """Insert the accepted events, move the heads and notify."""
    envelopes = [event.envelope for event in events]
    partitions = sorted(positions.next_n)
    await connection.execute(
        sql("log_append"),
        positions.generation,
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
        partitions,
        [positions.next_n[p] for p in partitions],
        [positions.recorded_at[p] for p in partitions],
    )
