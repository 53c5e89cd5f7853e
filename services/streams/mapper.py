"""Touchpoints of a stream as the eventsourcing library knows events.

The library's own mapper turns `vars()` of an event into JSON under the path of its class, so that
a class renamed could not be read any more. Here the topic is the type on the wire and the state
is Avro, as in the whole log; the envelope travels beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper
from eventsourcing.persistence import StoredEvent as LibraryEvent
from msgspec import Struct

from events.codec import encode
from events.envelope import Envelope, Position
from events.touchpoints.base import Touchpoint
from services.log.readable import readable
from services.ports import StoredEvent, Submission


class StreamEvent(Struct, frozen=True):
    """A touchpoint of a stream: decided and not in the log yet, or read from it."""

    envelope: Envelope
    data: Touchpoint
    digest: bytes | None = None  # of what is to be appended
    position: Position | None = None  # of what was read
    recorded_at: datetime | None = None

    @property
    def originator_id(self) -> str:
        """Return the stream's source."""
        return self.envelope.source

    @property
    def originator_version(self) -> int:
        """Return the version of the stream with this event."""
        return self.envelope.sequence


def decided(submission: Submission) -> StreamEvent:
    """Return what is to be appended, as the library saves it."""
    return StreamEvent(submission.envelope, submission.data, submission.digest)


@dataclass(frozen=True)
class StoredFact(LibraryEvent):
    """What the library stores: its own four fields, and the event that they were made of."""

    fact: StreamEvent


class TouchpointMapper(Mapper[str]):
    """Turns events of streams into the library's and back."""

    def __init__(self) -> None:
        """Use nothing of what the library's own mapper needs."""
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredFact:
        """Return an event as it is stored. Raises: MalformedEvent."""
        fact = cast("StreamEvent", domain_event)
        return StoredFact(
            fact.originator_id,
            fact.originator_version,
            fact.envelope.type,
            encode(fact.data),
            fact,
        )

    def to_domain_event(self, stored_event: LibraryEvent) -> DomainEventProtocol[str]:
        """Return a stored event as it was read from the log."""
        assert isinstance(stored_event, StoredFact), "the recorder reads nothing else"
        return cast("DomainEventProtocol[str]", stored_event.fact)


def stored_fact(stored: StoredEvent) -> StoredFact:
    """Return an event of the log as the library reads it. Raises: UnreadableEvent."""
    envelope, event = stored.envelope, readable(stored)
    return StoredFact(
        envelope.source,
        envelope.sequence,
        envelope.type,
        stored.payload,
        StreamEvent(envelope, event.data, None, stored.position, stored.recorded_at),
    )
