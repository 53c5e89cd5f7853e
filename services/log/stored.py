"""Rows of the events table as the core's own types."""

import asyncpg
from msgspec.structs import replace

from events.envelope import Envelope, Position
from events.lineage import Lineage
from services.ports import StoredEvent


def stored_event(row: asyncpg.Record) -> StoredEvent:
    """Return a row with all columns of the events table as an event."""
    envelope = Envelope(
        id=row["event_id"],
        source=row["source"],
        type=row["type"],
        subject=row["customer_id"],
        branch_id=row["branch_id"],
        epoch=row["epoch"],
        sequence=row["sequence"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        collected_at=row["collected_at"],
        effective_at=row["effective_at"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        traceparent=row["traceparent"],
        tracestate=row["tracestate"],
    )
    position = Position(row["generation"], row["partition"], row["n"])
    return StoredEvent(envelope, position, row["recorded_at"], row["data"])


def stored_here(row: asyncpg.Record, lineage: Lineage) -> StoredEvent:
    """Return the same event at its place in a generation."""
    event = stored_event(row)
    return replace(event, position=lineage.here(event.position))
