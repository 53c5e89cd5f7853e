"""The seams between services and what they run on; each port has one contract suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from msgspec import Struct

from events.envelope import CustomerId, Envelope, EventId, Position, PositionVector
from events.facts import Fact
from events.touchpoints.base import Touchpoint


class Clock(Protocol):
    """Tells the time; the simulator brings one of its own."""

    def now(self) -> datetime:
        """Return the current instant, UTC."""
        ...


class StreamVersion(Struct, frozen=True):
    """How far a stream was read: the highest sequence number of its source; 0: it had no event."""

    source: str
    version: int


class CustomerRead(Struct, frozen=True):
    """How far a customer was read: nothing else touches it beyond `before` than what is `known`.

    An event touches whom it is about, and whom its subject is merged into.
    """

    customer: str  # or `branch:` and a branch, for what is about no customer (`events.routing`)
    before: PositionVector
    known: frozenset[EventId] = frozenset()


ReliedOn = StreamVersion | CustomerRead
"""What a decision was made on, and what must not have moved when it is appended."""


class Submission(Struct, frozen=True):
    """A validated touchpoint with its personal fields sealed, ready to be admitted.

    `digest` is the content digest: equal for an honest retry, different for other content.
    `relied_on` is what must stand as it was read for the event to be let in by itself.
    """

    envelope: Envelope
    data: Touchpoint
    digest: bytes
    relied_on: tuple[ReliedOn, ...] = ()


class Accepted(Struct, frozen=True):
    """The event is durable at this position."""

    position: Position
    recorded_at: datetime


class Duplicate(Struct, frozen=True):
    """The same event was accepted before, at this position."""

    position: Position


class Conflict(Struct, frozen=True):
    """The id, or the source's sequence number, is taken by an event with other content."""

    field: str  # id or sequence
    reason: str
    position: Position  # of the event that holds it


Outcome = Accepted | Duplicate | Conflict


class Stale(Struct, frozen=True):
    """What was relied on had moved; nothing was written of what relied on it.

    Of a customer there are no versions: `source` is its stream's, whatever moved.
    """

    source: str
    expected: int = 0
    version: int = 0  # where it is now


class StoredEvent(Struct, frozen=True, gc=False):
    """An event as the log holds it, its data still encoded."""

    envelope: Envelope
    position: Position
    recorded_at: datetime
    payload: bytes  # Avro single-object encoding


class Unreadable(NamedTuple):
    """An event whose bytes cannot be decoded, and why."""

    event_id: EventId
    reason: str


class Dossier(NamedTuple):
    """All that was read of one customer, in the order in which it came."""

    customer: CustomerId
    facts: list[Fact]
    unreadable: list[Unreadable]


class Portion(NamedTuple):
    """The facts of successive events of a partition, by customer.

    Of a customer with events that cannot be read, one is named. Events that belong to a branch
    alone are among the number of events.
    """

    facts: Mapping[CustomerId, list[Fact]]
    unreadable: Mapping[CustomerId, Unreadable]
    events: int
    upto: int  # the n after the last event
    recorded_at: datetime  # of the last event


class Beyond(NamedTuple):
    """What the log holds of customers, beside what the events table has of them.

    The table has all events through `before`. Beyond lie `known`; of these `told` are whole, in
    order: all of them, or else all of units, about cases, and about who is who. Of what should be
    told, `unreadable` says which cannot be.
    """

    before: PositionVector
    known: Mapping[str, frozenset[EventId]] = MappingProxyType({})
    told: Mapping[str, Sequence[tuple[Envelope, Touchpoint]]] = MappingProxyType({})
    unreadable: Mapping[str, Sequence[Unreadable]] = MappingProxyType({})

    def read(self, customer: str) -> CustomerRead:
        """Return how far a customer was read by whoever read both."""
        return CustomerRead(customer, self.before, self.known.get(customer, frozenset()))


class StreamFacts(NamedTuple):
    """The facts of one stream, in order of sequence, and whom its events are about."""

    source: str
    customer: CustomerId | None
    facts: Sequence[Fact]
    unreadable: Sequence[Unreadable] = ()


class StreamLog(Protocol):
    """The log as slices of it by source, to decide commands against.

    A unit is all events of one command: all are in the log or none is. The versions of streams
    (`events.streams`) are compared and the unit is let in while nobody else can append to any
    partition concerned, so that of two rivals one wins and the other is told.
    """

    async def append_unit(
        self, submissions: Sequence[Submission], relied_on: Sequence[ReliedOn] = ()
    ) -> Sequence[Outcome] | Stale:
        """Append all of the events or none; all outcomes are of one kind. Accepted means durable.

        The events of each source are numbered on from its version, one by one, in epoch 0.
        Stale: a source, or what was relied on, has moved. Duplicate: the same unit was accepted
        before, whatever has moved since. Conflict: an id is taken by other content.
        Raises: Unavailable; then the unit is not known to be accepted, and repeating it is safe.
        ValueError, for events that make no unit.
        """
        ...

    async def stream(self, source: str, after: int = 0) -> Sequence[StoredEvent]:
        """Return what was appended as units of a source after a version, in order of sequence.

        Whatever `append_unit` answered before, here or elsewhere, is among them.
        Raises: Unavailable.
        """
        ...

    async def stream_facts(self, sources: Sequence[str]) -> Sequence[StreamFacts]:
        """Return the facts of whole streams, by as many round trips as for one.

        As by `stream`; what has no event is not among them. Raises: Unavailable.
        """
        ...


class EventLog(StreamLog, Protocol):
    """The ordered, append-only record of every accepted event.

    Keyed by customer: one customer's events keep their order. Only gateways append.
    A generation that `touchstone move` has closed raises LogMoved; the next one holds all its
    events from the first on, in the same order.
    """

    async def append(self, submissions: Sequence[Submission]) -> Sequence[Outcome | Stale]:
        """Admit and append; one outcome per submission, in order. Accepted means durable.

        Idempotent per event id and per (source, epoch, sequence), also within one call. Stale only
        for one that relied on something.
        `recorded_at` is stamped here, non-decreasing per partition.
        Raises: Unavailable; then nothing of the call is known to be accepted, and repeating
        it is safe.
        """
        ...

    async def read(self, partition: int, start: int, limit: int) -> Sequence[StoredEvent]:
        """Return up to `limit` events of a partition from n = `start` on, in order."""
        ...

    async def facts(self, partition: int, start: int, limit: int, stop: int) -> Portion | None:
        """Return the facts of up to `limit` events from n = `start` on and before `stop`.

        None: there are none yet.
        """
        ...

    async def heads(self) -> PositionVector:
        """Return how many events each partition holds."""
        ...

    async def beyond(self, customers: Sequence[str], *, whole: bool = False) -> Beyond:
        """Return what of customers the events table does not have yet. Raises: Unavailable.

        Whoever asks first and reads the table then has read all that was ever acknowledged of
        cases and of who is who; of anything, where it is to be told `whole`.
        """
        ...

    def resolve(self, vector: PositionVector) -> PositionVector | None:
        """Return how far a reader got, in places of this generation of the log.

        None where neither this generation nor one before it ever held so much.
        """
        ...

    async def wait(self, timeout_s: float) -> None:
        """Return soon after something was appended by anybody, or when the time is over."""
        ...

    def under(self, clock: Clock) -> AbstractAsyncContextManager[EventLog]:
        """Return the same log, stamping with another clock while its context is entered."""
        ...


class Dossiers(Protocol):
    """Reads customers' events out of the events table, the same in both modes."""

    async def of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Mapping[CustomerId, Sequence[StoredEvent]]:
        """Return each customer's events that `before` has taken in, in log order."""
        ...

    async def facts_of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Sequence[Dossier]:
        """Return the facts of the same events; of a customer without events, nothing."""
        ...


class Vault(Protocol):
    """Keeps one key per subject; destroying a key makes its personal data unreadable."""

    async def seal(self, subject: str, event_id: str, fields: Mapping[str, str]) -> bytes:
        """Encrypt personal fields under the subject's key, bound to the event's id."""
        ...

    async def open(self, subject: str, event_id: str, sealed: bytes) -> Mapping[str, str] | None:
        """Return the personal fields, or None where the subject's key is destroyed."""
        ...

    async def have_ready(self, subjects: Iterable[str]) -> None:
        """Ask for the keys of all these at once, so that opening what is theirs need not."""
        ...

    async def digest(self, subject: str, content: bytes) -> bytes:
        """Return the HMAC-SHA-256 of canonical content under the subject's key."""
        ...
