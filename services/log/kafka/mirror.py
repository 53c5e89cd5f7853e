"""The mirror of the topics in the events table, written in the projector's own transaction."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from asyncpg import UniqueViolationError

from services.ports import StoredEvent
from services.postgres.pool import Connection
from services.postgres.statements import sql

_LOG = structlog.get_logger(__name__)

_COLUMNS = (
    "generation", "partition", "n", "event_id", "customer_id", "source", "type", "branch_id",
    "epoch", "sequence", "created_at", "sent_at", "collected_at", "effective_at",
    "correlation_id", "causation_id", "traceparent", "tracestate", "recorded_at", "data",
)  # fmt: skip


class EventsMirror:
    """Keeps each event of a topic once; a second copy is dropped and counted, also once."""

    async def keep(self, connection: Connection, stored: Sequence[StoredEvent]) -> None:
        """Store a batch of one partition inside the caller's transaction.

        What was mirrored before, for another projection or by another worker, is left alone.
        """
        if not stored:
            return
        last = stored[-1].position
        place = (last.generation, last.partition)
        upto = await connection.fetchval(sql("mirror_lock"), *place)
        fresh = [one for one in stored if one.position.n >= upto]
        if not fresh:
            return
        dropped = await _store(connection, fresh)
        ids = [one.envelope.id for one in fresh]
        await connection.execute(sql("mirror_move"), *place, last.n + 1, dropped, ids)
        if dropped:
            _LOG.warning("duplicates_dropped", partition=last.partition, events=dropped)


async def _store(connection: Connection, fresh: Sequence[StoredEvent]) -> int:
    """Store events, each once; return how many had been stored from another position before.

    COPY takes them in the quickest, and refuses all of them where one is a duplicate.
    """
    rows = [_row(one) for one in fresh]
    try:
        async with connection.transaction():
            await connection.copy_records_to_table("events", records=rows, columns=_COLUMNS)
        return 0
    except UniqueViolationError:
        columns = [list(column) for column in zip(*rows, strict=True)]
        return len(await connection.fetch(sql("mirror_keep"), *columns))


def _row(one: StoredEvent) -> tuple[object, ...]:
    position, envelope = one.position, one.envelope
    return (
        position.generation, position.partition, position.n, envelope.id, envelope.subject,
        envelope.source, envelope.type, envelope.branch_id, envelope.epoch, envelope.sequence,
        envelope.created_at, envelope.sent_at, envelope.collected_at, envelope.effective_at,
        envelope.correlation_id, envelope.causation_id, envelope.traceparent, envelope.tracestate,
        one.recorded_at, one.payload,
    )  # fmt: skip
