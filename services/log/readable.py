"""Stored events as the core reads them, or one clear sentence about the one that it cannot."""

from __future__ import annotations

from events.codec import decode
from events.envelope import RecordedEvent
from events.errors import EventError
from services.errors import UnreadableEvent
from services.ports import StoredEvent


def recorded(stored: StoredEvent) -> RecordedEvent:
    """Return a stored event with its data decoded. Raises: EventError."""
    return RecordedEvent(
        stored.envelope, stored.position, stored.recorded_at, decode(stored.payload)
    )


def readable(stored: StoredEvent) -> RecordedEvent:
    """Return a stored event with its data decoded. Raises: UnreadableEvent, which names it."""
    try:
        return recorded(stored)
    except EventError as error:
        envelope = stored.envelope
        about = f"of {envelope.subject}" if envelope.subject else f"({envelope.type})"
        raise UnreadableEvent(
            f"event {envelope.id} {about} cannot be read: {error}. "
            "Either its bytes were altered, or a newer version of the platform wrote it."
        ) from error
