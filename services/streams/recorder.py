"""The library's recorder over the log's port: what it inserts is a unit, what it selects a stream.

The library is synchronous and runs in threads; the log is asynchronous and belongs to the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import NoReturn, TypeVar
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    NotSupportedError,
    Subscription,
)
from eventsourcing.persistence import StoredEvent as LibraryEvent

from services.ports import Conflict, Outcome, Stale, StreamLog, StreamVersion, Submission
from services.streams.mapper import StoredFact, stored_fact

T = TypeVar("T")


class StreamMoved(IntegrityError):
    """A stream was not where it had been read; nothing was written."""

    def __init__(self, stale: Stale) -> None:
        super().__init__(f"{stale.source} is at {stale.version}, not at {stale.expected}")
        self.stale = stale


class IdTaken(IntegrityError):
    """An event of the unit bears the id of another; nothing was written."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__(conflict.reason)
        self.conflict = conflict


class LogRecorder(ApplicationRecorder):
    """Records events of streams; only for threads other than the loop's own."""

    def __init__(self, log: StreamLog, loop: asyncio.AbstractEventLoop) -> None:
        """Use a log that lives on a loop."""
        self._log = log
        self._loop = loop

    def append(
        self, stored_events: Sequence[LibraryEvent], relied_on: Sequence[StreamVersion] = ()
    ) -> Sequence[Outcome]:
        """Append events as one unit; all are accepted, or all were before.

        Raises: StreamMoved, IdTaken, Unavailable, MalformedEvent.
        """
        answer = self._on_the_loop(
            self._log.append_unit([_submission(one) for one in stored_events], relied_on)
        )
        if isinstance(answer, Stale):
            raise StreamMoved(answer)
        for outcome in answer:
            if isinstance(outcome, Conflict):
                raise IdTaken(outcome)
        return answer

    def insert_events(
        self,
        stored_events: Sequence[LibraryEvent],
        *,
        relied_on: Sequence[StreamVersion] = (),
        **kwargs: object,
    ) -> None:
        """Append events as one unit. There are no ids of notifications. Raises: as `append`."""
        self.append(stored_events, relied_on)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[LibraryEvent]:
        """Return events of a stream. Raises: Unavailable, UnreadableEvent."""
        found = self._on_the_loop(self._log.stream(str(originator_id), gt or 0))
        wanted = [one for one in found if lte is None or one.envelope.sequence <= lte]
        if desc:
            wanted.reverse()
        return [stored_fact(one) for one in wanted[:limit]]

    def _on_the_loop(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run on the loop what only runs there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Refuse: the log is read by its partitions. Raises: NotSupportedError."""
        _no_notifications()

    def max_notification_id(self) -> int | None:
        """Refuse: the log is read by its partitions. Raises: NotSupportedError."""
        _no_notifications()

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Refuse: the log is read by its partitions. Raises: NotSupportedError."""
        _no_notifications()


def _no_notifications() -> NoReturn:
    raise NotSupportedError(
        "events have places in partitions and no one number: read the log by them"
    )


def _submission(stored: LibraryEvent) -> Submission:
    assert isinstance(stored, StoredFact), "the mapper makes nothing else"
    fact = stored.fact
    assert fact.digest is not None, "what was read from the log is not appended again"
    return Submission(fact.envelope, fact.data, fact.digest)
