"""The envelope of a touchpoint, its place in the log, and the two clocks.

Attribute names follow CloudEvents 1.0; each extension is explained at its field.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import NewType

import msgspec
from msgspec import Struct

from events.errors import MalformedToken
from events.partitioning import PARTITIONS, REFERENCE_PARTITION
from events.touchpoints.base import Touchpoint

CustomerId = NewType("CustomerId", str)
EventId = NewType("EventId", str)
BranchId = NewType("BranchId", str)


class Position(Struct, frozen=True, order=True, gc=False):
    """Where the log keeps an event: increasing within a partition of a generation."""

    generation: int
    partition: int
    n: int


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
    """Who says what about whom, and when, as the branch meant it.

    `effective_at` is the instant at which the touchpoint counts. It is fixed at first
    acceptance: `collected_at - (sent_at - created_at)` when the sender gave all three clocks,
    otherwise `created_at`. All instants are UTC.
    """

    id: EventId
    source: str  # what numbers its own events: /branches/B/device, or a stream (events.streams)
    type: str  # the catalogue's name, such as payment.payment_received
    subject: CustomerId | None  # None: the touchpoint belongs to its branch alone
    branch_id: BranchId
    epoch: int  # `sourceepoch`: raised when a source starts numbering anew
    sequence: int  # the source's own counter, from 1; 0: it keeps none, so no gap can be seen
    created_at: datetime  # `time`: the branch device's clock
    sent_at: datetime | None = None  # `senttime`: the same clock when it sent
    collected_at: datetime | None = None  # `collectedtime`: the receiving side's clock
    effective_at: datetime
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None


FactKey = tuple[datetime, str, int, int, str]


class RecordedEvent(Struct, frozen=True, gc=False):
    """One accepted event as the log holds it."""

    envelope: Envelope
    position: Position
    recorded_at: datetime  # stamped by the gateway, never decreasing within a partition
    data: Touchpoint

    @property
    def fact_key(self) -> FactKey:
        """Return the order in which facts count; it never depends on delivery.

        Of one source and instant, facts without a sequence number stand first, by their ids.
        """
        e = self.envelope
        return (e.effective_at, e.source, e.epoch, e.sequence, e.id)


def effective_instant(
    created_at: datetime, sent_at: datetime | None, collected_at: datetime | None
) -> datetime:
    """Return when a touchpoint counts, corrected for a branch clock that is wrong."""
    if sent_at is None or collected_at is None:
        return created_at
    return collected_at - (sent_at - created_at)


class PositionVector(Struct, frozen=True, array_like=True):
    """How far a reader got: for each partition the number of events taken in.

    Twelve customer partitions and then the reference stream.
    """

    generation: int
    counts: tuple[int, ...]

    def covers(self, position: Position) -> bool:
        """Return whether the event at `position` is already taken in."""
        return (
            self.generation == position.generation and self.counts[position.partition] > position.n
        )

    def reaches(self, other: PositionVector) -> bool:
        """Return whether this reader is nowhere behind `other`."""
        return self.generation == other.generation and all(
            mine >= theirs for mine, theirs in zip(self.counts, other.counts, strict=True)
        )

    def token(self) -> str:
        """Return the opaque text by which clients name this vector."""
        packed = msgspec.msgpack.encode(self)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")

    @classmethod
    def from_token(cls, token: str) -> PositionVector:
        """Return the vector that a token names. Raises: MalformedToken."""
        try:
            packed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            vector = msgspec.msgpack.decode(packed, type=cls)
        except (ValueError, binascii.Error, msgspec.DecodeError) as error:
            raise MalformedToken(f"{token!r} is no position token of this platform") from error
        if len(vector.counts) != PARTITIONS + 1 or min(vector.counts) < 0:
            raise MalformedToken(f"{token!r} is no position token of this platform")
        return vector

    @classmethod
    def start(cls, generation: int) -> PositionVector:
        """Return the vector of a reader that has taken in nothing."""
        return cls(generation, (0,) * (REFERENCE_PARTITION + 1))
