"""An application of the eventsourcing library whose aggregates are streams of the log."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import EventStore, Mapper, Notification, Recording
from eventsourcing.utils import Environment, EnvType

from services.ports import Outcome, StreamLog, StreamVersion
from services.streams.mapper import TouchpointMapper
from services.streams.recorder import LogRecorder

T = TypeVar("T")

_THREADS = 16
"""Commands at once. Of its own: in the loop's default pool, threads that wait for the loop could
leave none to look up the database's address, for which the loop would wait."""


@dataclass(frozen=True)
class LogNotification(Notification):
    """What the log said of a saved event: accepted, or known before, and where it lies.

    The id is its place in its partition, so another event may bear it.
    """

    outcome: Outcome


class LogEventStore(EventStore[str]):
    """Puts events into the log as one unit."""

    recorder: LogRecorder

    def put(
        self,
        domain_events: Sequence[DomainEventProtocol[str]],
        *,
        relied_on: Sequence[StreamVersion] = (),
        **kwargs: object,
    ) -> list[Recording[str]]:
        """Return what became of each event. Raises: as `LogRecorder.append`."""
        stored = [self.mapper.to_stored_event(event) for event in domain_events]
        outcomes = self.recorder.append(stored, relied_on)
        return [
            Recording(
                event,
                LogNotification(
                    one.originator_id,
                    one.originator_version,
                    one.topic,
                    one.state,
                    outcome.position.n,
                    outcome,
                ),
            )
            for event, one, outcome in zip(domain_events, stored, outcomes, strict=True)
        ]


class LogApplication(Application[str]):
    """Saves events of streams as units of the log: `save(*events, relied_on=...)`.

    Its repository folds a stream by a function that is given; nothing is cached and no snapshot
    is kept. Everything but `in_thread` is for threads other than the loop's own.
    """

    def __init__(self, log: StreamLog) -> None:
        """Use a log that lives on the running loop."""
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(_THREADS, "streams")
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Return no settings: what the process's environment says is for other programs."""
        return Environment(name, {})

    def construct_mapper(self) -> Mapper[str]:
        """Return the mapper of touchpoints."""
        return TouchpointMapper()

    def construct_recorder(self) -> LogRecorder:
        """Return the recorder over the log."""
        return LogRecorder(self._log, self._loop)

    def construct_event_store(self) -> LogEventStore:
        """Return the store that tells what became of each event."""
        return LogEventStore(self.mapper, self.recorder)

    async def in_thread(self, call: Callable[[], T]) -> T:
        """Return what a call returns that reads and saves, while the loop goes on."""
        context = contextvars.copy_context()
        return await self._loop.run_in_executor(self._threads, context.run, call)

    def close(self) -> None:
        """End the threads, once the calls under way have ended, which need the loop."""
        super().close()
        self._threads.shutdown()

    async def ended(self) -> None:
        """Close while the loop goes on."""
        await self._loop.run_in_executor(None, self.close)
