"""A command on a stream: found again if it was done before, else decided and appended whole.

The answer is the log's acceptance: there is no state between decided and recorded. Who brings
the same key again gets the same answer, however often and however late; who lost the answer to
what was committed finds it in the stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID, uuid5

from eventsourcing.domain import DomainEventProtocol
from msgspec import Struct
from msgspec.structs import replace

from events.envelope import BranchId, CustomerId, Envelope, EventId, RecordedEvent
from events.facts import Fact, fact_of
from events.refusals import Refused
from events.texts import worded
from events.touchpoints import Touchpoint
from services import metrics
from services.errors import StreamBusy
from services.intake.answers import EventRefused
from services.intake.draft import Draft
from services.intake.sealing import sealed_draft
from services.ports import (
    Accepted,
    Clock,
    Conflict,
    Outcome,
    ReliedOn,
    Stale,
    Submission,
)
from services.streams.application import LogApplication, LogNotification
from services.streams.mapper import StreamEvent
from services.streams.mapper import decided as unsaved
from services.streams.recorder import IdTaken, StreamMoved
from services.vault.subject_key import SubjectKey
from services.vault.vault import PostgresVault, branch_subject

_COMMANDS = UUID("6f0d7a35-1b0e-5a55-9a57-2d2e3f6c4b91")
"""Namespace of the ids of what commands recorded; chosen once, never to change."""

_TRIES = 5
_MAC_DIGITS = 32


class Stream(Struct, frozen=True):
    """A slice of the log, and whom its events are about."""

    source: str
    customer: CustomerId | None
    branch_id: BranchId

    @property
    def subject(self) -> str:
        """Return under whose key its personal fields lie."""
        return self.customer or branch_subject(self.branch_id)


class Order(Struct, frozen=True, kw_only=True):
    """A command as it came.

    `word` names the kind of command. `content` says what is asked for, and of what: the same key
    with other content is refused. `seen` is the version that its sender decided on. What the
    platform orders by itself names its first event's id, and the instant at which it was written.
    """

    by: str
    key: str
    content: bytes
    word: str
    seen: int | None = None
    personal: Mapping[str, str] | None = None
    first_id: str | None = None
    created_at: datetime | None = None
    only_tried: bool = False  # decide, and write nothing

    def event_id(self, index: int) -> EventId:
        """Return the id of the n-th event that it records, the first being 0."""
        if index == 0 and self.first_id is not None:
            return EventId(self.first_id)
        return EventId(str(uuid5(_COMMANDS, "\x1f".join((self.by, self.key, str(index))))))


class Decided(Struct, frozen=True):
    """What a command is to record, and what it was decided on besides its stream.

    `at` is when it takes effect, where what was decided on elsewhere has it later than now.
    """

    touchpoints: Sequence[Touchpoint]
    relied_on: Sequence[ReliedOn] = ()
    at: datetime | None = None


class Done(Struct, frozen=True):
    """A command's events are in the log; `events` is the stream through the last of them."""

    events: Sequence[RecordedEvent]
    recorded: int  # how many of them are the command's, the last ones
    replayed: bool = False

    @property
    def own(self) -> Sequence[RecordedEvent]:
        """Return the command's events."""
        return self.events[len(self.events) - self.recorded :]


class Moved(Struct, frozen=True):
    """The stream is not where the sender saw it: what came since, the winner first."""

    seen: int
    version: int
    changed: Sequence[Fact]


class OtherRequest(Struct, frozen=True):
    """The key was used before for something else; nothing was done."""

    key: str


class Tried(Struct, frozen=True):
    """What a command would record, if it were given now; nothing was written."""

    events: Sequence[RecordedEvent]  # the stream as it is
    unit: Sequence[Submission]


Answer = Done | Refused | Moved | OtherRequest | Tried

Decide = Callable[[Sequence[RecordedEvent], datetime], Awaitable[Decided | Refused]]
"""Decides on a stream's events, for an instant; it may read what else it relies on."""


class Streams:
    """Executes commands on streams of the log."""

    def __init__(self, application: LogApplication, vault: PostgresVault, clock: Clock) -> None:
        self._application = application
        self._vault = vault
        self._clock = clock

    async def events(self, source: str) -> Sequence[RecordedEvent]:
        """Return a stream as it is now, one's own writes included.

        Raises: Unavailable, UnreadableEvent.
        """
        store = self._application.events
        read = await self._application.in_thread(lambda: list(store.get(source)))
        return [_read(cast("StreamEvent", event)) for event in read]

    async def _save(
        self, unit: Sequence[Submission], relied_on: Sequence[ReliedOn]
    ) -> Sequence[Outcome] | Stale:
        """Save events as one unit of the log; return what became of each.

        Raises: Unavailable.
        """
        application = self._application
        events = [cast("DomainEventProtocol[str]", unsaved(one)) for one in unit]
        try:
            saved = await application.in_thread(
                lambda: application.save(*events, relied_on=relied_on)
            )
        except StreamMoved as moved:
            return moved.stale
        except IdTaken as taken:
            return [taken.conflict]
        return [cast("LogNotification", one.notification).outcome for one in saved]

    async def execute(self, stream: Stream | str, order: Order, decide: Decide) -> Answer:
        """Return what became of a command; a stream that has events may be given by its source.

        Raises: Unavailable, StreamBusy; then the same order may be sent again. UnreadableEvent.
        """
        answer = await self._execute(stream, order, decide)
        metrics.answered_command(order.word, outcome_of(answer))
        return answer

    async def _execute(self, stream: Stream | str, order: Order, decide: Decide) -> Answer:
        source = stream if isinstance(stream, str) else stream.source
        asked_elsewhere = False
        for _ in range(_TRIES):
            events = await self.events(source)
            if not events and isinstance(stream, str):
                return await _of_nothing(decide, self._clock.now())
            here = _home(stream, events)
            key = await self._key(here, order)
            done = None if order.only_tried else _done_before(events, order, key)
            if done is not None:
                return done
            if asked_elsewhere:
                return OtherRequest(order.key)
            if order.seen is not None and order.seen != len(events):
                came = [fact_of(event) for event in events[order.seen :]]
                return Moved(order.seen, len(events), came)
            now = _instant(events, order.created_at or self._clock.now())
            decided = await decide(events, now)
            if isinstance(decided, Refused):
                return decided
            at = decided.at or now
            recorded = drafts(here, len(events), order, decided.touchpoints, at)
            unit = [submission(order, draft, key) for draft in recorded]
            if order.only_tried:
                return Tried(events, unit)
            outcomes = await self._save(unit, decided.relied_on)
            if isinstance(outcomes, Stale):
                continue
            if isinstance(outcomes[0], Accepted):
                return Done([*events, *_recorded(unit, outcomes)], len(unit))
            # It is there: by this command, whose answer was lost, or by another of the same key.
            asked_elsewhere = isinstance(outcomes[0], Conflict)
        raise StreamBusy(source)

    async def done_before(self, source: str, order: Order) -> Done | OtherRequest | None:
        """Return what an order of this key did to a stream, if it did anything.

        Raises: Unavailable, UnreadableEvent.
        """
        events = await self.events(source)
        if not events:
            return None
        return _done_before(events, order, await self._key(_home(source, events), order))

    async def _key(self, stream: Stream, order: Order) -> SubjectKey:
        if order.only_tried:
            return await self._vault.passing(stream.subject)  # trying keeps nothing, no key either
        return (await self._vault.prepare([stream.subject]))[stream.subject]


def outcome_of(answer: Answer) -> str:
    """Return in a word what became of a command."""
    match answer:
        case Done(replayed=replayed):
            return "replayed" if replayed else "done"
        case Refused():
            return "refused"
        case Moved():
            return "moved"
        case OtherRequest():
            return "other_request"
        case Tried():
            return "tried"


def _read(event: StreamEvent) -> RecordedEvent:
    assert event.position is not None, "it was read from the log"
    assert event.recorded_at is not None, "it was read from the log"
    return RecordedEvent(event.envelope, event.position, event.recorded_at, event.data)


async def _of_nothing(decide: Decide, now: datetime) -> Refused:
    """Return why a command is refused that begins no stream, and whose stream nobody began."""
    refused = await decide((), now)
    assert isinstance(refused, Refused), "who begins a stream says whom it is about"
    return refused


def _home(stream: Stream | str, events: Sequence[RecordedEvent]) -> Stream:
    """Return a stream with whom it is about: as its first event says, once there is one."""
    if events:
        first = events[0].envelope
        return Stream(first.source, first.subject, first.branch_id)
    assert isinstance(stream, Stream), "who begins a stream says whom it is about"
    return stream


def _instant(events: Sequence[RecordedEvent], now: datetime) -> datetime:
    """Return when a command takes effect: never before what it was decided on did.

    Facts are ordered by the instant at which they count: on a clock that goes back, the
    projections would see another order than the decisions.
    """
    return max(now, events[-1].envelope.effective_at) if events else now


def _done_before(
    events: Sequence[RecordedEvent], order: Order, key: SubjectKey
) -> Done | OtherRequest | None:
    """Return what an order of this key did before, if it did anything to this stream.

    Of somebody who was erased nobody can tell any more what was asked for: the key decides.
    """
    first = order.event_id(0)
    at = next((i for i, event in enumerate(events) if event.envelope.id == first), None)
    if at is None:
        return None
    told = events[at].envelope.correlation_id or ""
    if told != _correlation(order, key) and not key.erased:
        return OtherRequest(order.key)
    end = at + 1
    while end < len(events) and events[end].envelope.id == order.event_id(end - at):
        end += 1
    return Done(events[:end], end - at, replayed=True)


def _correlation(order: Order, key: SubjectKey) -> str:
    """Return what all events of an order share: its key, and what was asked for, unreadable."""
    return f"{order.key}#{key.digest(order.content).hex()[:_MAC_DIGITS]}"


def drafts(
    stream: Stream, version: int, order: Order, touchpoints: Sequence[Touchpoint], now: datetime
) -> Sequence[Draft]:
    """Return what an order records after a version of a stream, still readable.

    Raises: EventRefused, for something personal that none of it may hold.
    """
    personal = order.personal
    found = []
    for index, data in enumerate(touchpoints):
        envelope = Envelope(
            id=order.event_id(index),
            source=stream.source,
            type=data.event_type,
            subject=stream.customer,
            branch_id=stream.branch_id,
            epoch=0,
            sequence=version + index + 1,
            created_at=now,
            effective_at=now,
        )
        mine = personal if personal and personal.keys() <= data.personal else None
        personal = None if mine else personal
        found.append(Draft(envelope, data, mine))
    if personal:
        raise EventRefused(
            "unknown_field",
            "personal",
            worded("is nothing that this command keeps"),
            worded("leave it out, or write a note"),
        )
    return found


def submission(order: Order, draft: Draft, key: SubjectKey) -> Submission:
    """Return one of the events of an order as the log takes it. Raises: EventRefused."""
    envelope = replace(draft.envelope, correlation_id=_correlation(order, key))
    return sealed_draft(replace(draft, envelope=envelope), key)


def _recorded(unit: Sequence[Submission], outcomes: Sequence[object]) -> Sequence[RecordedEvent]:
    found = []
    for one, outcome in zip(unit, outcomes, strict=True):
        assert isinstance(outcome, Accepted), "of a unit all events are accepted, or none"
        found.append(RecordedEvent(one.envelope, outcome.position, outcome.recorded_at, one.data))
    return found
