"""Stored events as the core reads them, or one clear sentence about the one that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import cast

from events.codec import decode
from events.envelope import BranchId, Envelope, RecordedEvent
from events.errors import EventError
from events.facts import Fact
from events.touchpoints import Touchpoint
from services.errors import UnreadableEvent
from services.ports import Beyond, StoredEvent

_branch = cast(Callable[[str], BranchId], intern)


def recorded(stored: StoredEvent) -> RecordedEvent:
    """Return a stored event with its data decoded. Raises: EventError."""
    return RecordedEvent(
        stored.envelope, stored.position, stored.recorded_at, decode(stored.payload)
    )


def fact(stored: StoredEvent) -> Fact:
    """Return what rules read of a stored event. Raises: EventError."""
    return fact_of(stored.envelope, decode(stored.payload))


def fact_of(e: Envelope, data: Touchpoint) -> Fact:
    """Return what rules read of an event."""
    source, branch = intern(e.source), _branch(e.branch_id)
    return Fact(e.id, e.effective_at, branch, source, e.epoch, e.sequence, data)


def readable(stored: StoredEvent) -> RecordedEvent:
    """Return a stored event with its data decoded. Raises: UnreadableEvent, which names it."""
    try:
        return recorded(stored)
    except EventError as error:
        raise _unreadable(stored.envelope, error) from error


def sound(beyond: Beyond) -> Beyond:
    """Return what lies beyond the events table. Raises: UnreadableEvent, of what cannot be read."""
    for customer, some in beyond.unreadable.items():
        for one in some:
            raise UnreadableEvent(cannot_be_read(one.event_id, f"of {customer}", one.reason))
    return beyond


def _unreadable(envelope: Envelope, error: EventError) -> UnreadableEvent:
    about = f"of {envelope.subject}" if envelope.subject else f"({envelope.type})"
    return UnreadableEvent(cannot_be_read(envelope.id, about, str(error)))


def cannot_be_read(event_id: str, about: str, reason: str) -> str:
    """Return what is said of an event whose bytes nobody can read."""
    return (
        f"event {event_id} {about} cannot be read: {reason}. "
        "Either its bytes were altered, or a newer version of the platform wrote it."
    )
