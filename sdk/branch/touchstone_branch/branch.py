"""A branch as its own programs see it: publish, and look at what became of it."""

from __future__ import annotations

import hashlib
import json
import secrets
import time as clock_time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from touchstone_branch.clocks import BranchClock, DeviceClock
from touchstone_branch.errors import BranchError, NotPublishable
from touchstone_branch.locks import sending_alone
from touchstone_branch.notes import Verifier
from touchstone_branch.outbox import Draft, Outbox, SetAside, SourceState
from touchstone_branch.platform import Platform
from touchstone_branch.sending import CLOCK, Line, Progress, Sender
from touchstone_branch.settings import read_settings
from touchstone_branch.words import Verdict, Word, Words, read_words

LINE, WORDS = "line", "words"
_UP = "up"
_MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Published:
    """An event that is safe on the branch's disk, and its number."""

    event_id: str
    source: str
    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Status:
    """How a branch's outbox stands."""

    waiting: int
    oldest_waiting: datetime | None
    unconfirmed: int  # answered, and not yet covered by a receipt
    refused: int
    sources: list[SourceState]
    clock_ahead_s: float | None  # of the platform's clock, when it was asked last
    line: str | None  # up, or why not
    line_at: datetime | None


class Branch:
    """One branch's directory. Close it, or use it in a `with` statement."""

    def __init__(self, directory: str | Path, *, clock: BranchClock | None = None) -> None:
        """Open what was installed there. Raises: NotInstalled, OutboxUnusable, DiskFull."""
        self.directory = Path(directory)
        self.settings, self._key = read_settings(self.directory)
        self._clock = clock or DeviceClock()
        self._verifier = Verifier.read(self.settings.verifier)
        self.outbox = Outbox(
            self.directory, self.settings.branch, self.settings.url, self.settings.reserve_mb
        )
        self._platform: Platform | None = None
        self._sender: Sender | None = None
        self._words: tuple[str, Words] | None = None

    def __enter__(self) -> Branch:
        """Return the branch itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of file and line."""
        if self._platform is not None:
            self._platform.close()
        self.outbox.close()

    def publish(
        self,
        type_: str,
        data: dict[str, object],
        *,
        subject: str | None = None,
        time: datetime | None = None,
        device: str | None = None,
        event_id: UUID | str | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
    ) -> Published:
        """Keep an event; once this returns it is safe on the disk, and is sent when that can be.

        `time` is when it happened, by this machine's clock; default: now. Whoever cannot know
        whether a call before was answered gives an `event_id` and the same again: it is published
        once. Raises: NotPublishable, DiskFull, OutboxUnusable; then nothing was kept.
        """
        moment = self._clock.now()
        created = moment.at if time is None else time
        if created.tzinfo is None:
            raise NotPublishable("time", "has no zone: give datetime.now(UTC), or an offset")
        event = _event(type_, data, subject, created, correlation_id, causation_id)
        digest = None
        if event_id is not None:
            said = event if time is not None else event | {"time": None}
            digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()
        event["id"] = _uuid_of(event_id)
        source = self.settings.source_of(device or self.settings.device)
        draft = Draft(str(event["id"]), source, event, created, moment, digest)
        epoch, sequence = self.outbox.keep(draft)
        return Published(draft.event_id, source, epoch, sequence)

    def deliver(self) -> Progress:
        """Send what waits, until nothing does or the line is down.

        Raises: SenderBusy, LineDown, TurnedAway, ReceiptUnsound, DiskFull, OutboxUnusable; the same
        again later is safe.
        """
        with sending_alone(self.directory):
            try:
                progress = self._sending().deliver()
            except BranchError as error:
                self._tell_line(str(error))
                raise
            self._tell_line(_UP)
        return progress

    def speak_with(self, line: Line) -> None:
        """Send by this line instead of the one of the settings; for tests."""
        self._sender = Sender(self.outbox, line, self._verifier, self._clock)

    def _tell_line(self, how: str) -> None:
        self.outbox.note(LINE, self._clock.now().at, how)

    def _sending(self) -> Sender:
        if self._sender is None:
            self.speak_with(self.platform)
            assert self._sender is not None
        return self._sender

    # --- headquarters' words ---

    def fetch_words(self) -> Words:
        """Take headquarters' words along, for when nobody can be asked.

        Raises: LineDown, TurnedAway, ReceiptUnsound, DiskFull, OutboxUnusable.
        """
        note = self.platform.words()
        words = read_words(note, self._verifier, self.settings.branch)
        now = self._clock.now()
        kept = {"note": note, "boot": now.boot, "ticks_ns": now.ticks_ns}
        self.outbox.note(WORDS, now.at, json.dumps(kept, ensure_ascii=False))
        self.outbox.forget_ordered(words.through)
        self._words = note, words
        return words

    def may_deliver(self, customer: str, amount_minor: int, currency: str) -> Word:
        """Answer by headquarters' words, and say how old they are; the line is not asked.

        Unknown where nothing is known, or only what is older than the settings allow.
        """
        noted = self.outbox.noted(WORDS)
        if noted is None:
            return Word(Verdict.UNKNOWN, "headquarters' words were never fetched")
        fetched_at, kept = noted[0], json.loads(noted[1])
        words = self._read_words(kept["note"])
        now = self._clock.now()
        passed = now.at - fetched_at
        if kept["boot"] and kept["boot"] == now.boot:  # whatever the clock was set to meanwhile
            passed = timedelta(microseconds=(now.ticks_ns - kept["ticks_ns"]) // 1_000)
        if passed < timedelta(0):
            return Word(Verdict.UNKNOWN, "the clock was set back: the words' age is not known")
        at = words.issued + passed
        most = timedelta(hours=self.settings.words_max_age_h)
        if at - words.through > most:
            reason = f"what headquarters said is older than {self.settings.words_max_age_h} hours"
            return Word(Verdict.UNKNOWN, reason, at - words.through)
        ordered = self.outbox.ordered_minor(customer, currency, words.through)
        return words.may_deliver(customer, amount_minor, currency, ordered, at)

    def _read_words(self, note: str) -> Words:
        """Return the words of a note, checked again whenever another one is there."""
        if self._words is None or self._words[0] != note:
            self._words = note, read_words(note, self._verifier, self.settings.branch)
        return self._words[1]

    @property
    def platform(self) -> Platform:
        """The line to the platform."""
        if self._platform is None:
            said = self.settings
            self._platform = Platform(
                said.url,
                self._key,
                authority=Path(said.authority) if said.authority else None,
                language=said.language,
            )
        return self._platform

    def now(self) -> datetime:
        """Return the instant by this machine's clock."""
        return self._clock.now().at

    def status(self) -> Status:
        """Return how the outbox stands; the line is not asked."""
        counts = self.outbox.counts()
        ahead, line = self.outbox.noted(CLOCK), self.outbox.noted(LINE)
        return Status(
            waiting=counts.get("waiting", 0),
            oldest_waiting=self.outbox.oldest_waiting(),
            unconfirmed=counts.get("answered", 0),
            refused=counts.get("refused", 0),
            sources=self.outbox.sources(),
            clock_ahead_s=None if ahead is None else float(ahead[1]),
            line=None if line is None else line[1],
            line_at=None if line is None else line[0],
        )

    def refused(self) -> list[SetAside]:
        """Return the events that the platform refused, each with its reason and remedy."""
        return self.outbox.set_aside()

    def retry(self, event_id: str, data: dict[str, object] | None = None) -> None:
        """Send a refused event again under its id and number, with other data where given.

        Raises: NotPublishable.
        """
        event = None
        if data is not None:
            found = [one for one in self.refused() if one.event_id == event_id]
            event = found[0].event | {"data": data} if found else None
        self._settled(event_id, self.outbox.settle(event_id, event, None))

    def discard(self, event_id: str, reason: str) -> None:
        """Send a refused event no more; it is kept with the reason. Raises: NotPublishable."""
        self._settled(event_id, self.outbox.settle(event_id, None, reason))

    @staticmethod
    def _settled(event_id: str, done: bool) -> None:
        if not done:
            raise NotPublishable("event_id", f"{event_id} is no event that was refused")


def _event(
    type_: str,
    data: dict[str, object],
    subject: str | None,
    created: datetime,
    correlation_id: str | None,
    causation_id: str | None,
) -> dict[str, object]:
    """Return a CloudEvent as it lies in the outbox. Raises: NotPublishable."""
    if "." not in type_:
        raise NotPublishable("type", "is no touchpoint such as payment.payment_received")
    event: dict[str, object] = {
        "specversion": "1.0",
        "type": type_,
        "time": created.astimezone(UTC).isoformat(),
        "data": data,
    }
    others = {
        "subject": subject, "correlationid": correlation_id, "causationid": causation_id
    }  # fmt: skip
    for name, value in others.items():
        if value is not None:
            if not value:
                raise NotPublishable(name, "is empty: give it or leave it out")
            event[name] = value
    try:
        size = len(json.dumps(event, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise NotPublishable("data", f"cannot be written as JSON: {error}") from error
    if size > _MOST_BYTES:
        raise NotPublishable("data", f"takes {size} bytes, and {_MOST_BYTES} are the most")
    return event


def _uuid_of(given: UUID | str | None) -> str:
    """Return an id that was given, or a new one (UUIDv7, RFC 9562). Raises: NotPublishable."""
    if given is not None:
        try:
            return str(UUID(str(given)))
        except ValueError as error:
            raise NotPublishable("event_id", "is no UUID") from error
    bits = (clock_time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | 7 << 76
    return str(UUID(int=bits & ~(0b11 << 62) | 0b10 << 62))
