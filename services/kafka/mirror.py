"""The mirror of the topics in the events table, written in the projector's own transaction."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from services.ports import StoredEvent
from services.postgres.pool import Connection
from services.postgres.statements import sql

_LOG = structlog.get_logger(__name__)


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
        dropped = await connection.fetch(sql("mirror_keep"), *_columns(fresh))
        await connection.execute(sql("mirror_move"), *place, last.n + 1, len(dropped))
        if dropped:
            _LOG.warning("duplicates_dropped", partition=last.partition, events=len(dropped))


def _columns(stored: Sequence[StoredEvent]) -> list[list[object]]:
    """Return one array per column of the events table."""
    rows = [
        (
            one.position.generation,
            one.position.partition,
            one.position.n,
            one.envelope.id,
            one.envelope.subject,
            one.envelope.source,
            one.envelope.type,
            one.envelope.branch_id,
            one.envelope.epoch,
            one.envelope.sequence,
            one.envelope.created_at,
            one.envelope.sent_at,
            one.envelope.collected_at,
            one.envelope.effective_at,
            one.envelope.correlation_id,
            one.envelope.causation_id,
            one.envelope.traceparent,
            one.recorded_at,
            one.payload,
        )
        for one in stored
    ]
    return [list(column) for column in zip(*rows, strict=True)]
