"""The event log kept by PostgreSQL: gapless per partition, and acknowledged means committed.

An append locks the head row of each partition it touches, in ascending order, until it
commits. So positions have no gaps, a reader never sees a later event before an earlier one,
and recorded_at never decreases, even on a clock that does. What arrives while a transaction
runs is committed together by the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

from events.envelope import PositionVector
from services.embedded.appending import Prepared, append_all, prepare
from services.embedded.wakeups import Wakeups
from services.errors import Unavailable
from services.ports import Clock, Outcome, StoredEvent, Submission
from services.postgres.pool import Pool, retried, translated
from services.postgres.statements import sql
from services.postgres.stored import stored_event

_GROUP = 2_000
"""Events committed together at most, unless one call alone brings more."""


class _Waiting(NamedTuple):
    prepared: Sequence[Prepared]
    outcomes: asyncio.Future[Sequence[Outcome]]


class EmbeddedEventLog:
    """An EventLog in the events table; an asynchronous context manager."""

    def __init__(self, pool: Pool, clock: Clock, generation: int = 1) -> None:
        """Keep the log of one generation; nothing runs before the context is entered."""
        self._pool = pool
        self._clock = clock
        self._generation = generation
        self._wakeups = Wakeups(pool, "touchstone_appended")
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._appender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the appender and the listener."""
        await self._wakeups.__aenter__()
        self._appender = asyncio.create_task(self._append_groups(), name="event log appender")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; calls still waiting are told that nothing is known to be accepted."""
        if self._appender is not None:
            self._appender.cancel()
            await asyncio.gather(self._appender, return_exceptions=True)
            self._appender = None
        self._refuse(self._waiting, Unavailable("the event log is shutting down; try again"))
        self._waiting = []
        await self._wakeups.__aexit__(kind, error, traceback)

    async def append(self, submissions: Sequence[Submission]) -> Sequence[Outcome]:
        """Admit and append; one outcome per submission, in order. Accepted means committed.

        Raises: Unavailable; then nothing of the call is known to be accepted, and repeating
        it is safe. MalformedEvent, for data that no schema can hold.
        """
        if not submissions:
            return ()
        if self._appender is None or self._appender.done():
            raise Unavailable("the event log is not running; try again")
        prepared = [prepare(submission) for submission in submissions]
        waiting = _Waiting(prepared, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.outcomes

    async def read(self, partition: int, start: int, limit: int) -> Sequence[StoredEvent]:
        """Return up to `limit` events of a partition from n = `start` on. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(
                sql("log_read"), self._generation, partition, start, limit
            )
        return [stored_event(row) for row in rows]

    async def heads(self) -> PositionVector:
        """Return how many events each partition holds. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("log_heads"), self._generation)
        return PositionVector(self._generation, tuple(row["next_n"] for row in rows))

    async def wait(self, timeout_s: float) -> None:
        """Return soon after something was appended by anybody, or when the time is over."""
        await self._wakeups.wait(timeout_s)

    async def _append_groups(self) -> None:
        """Commit what waits, group by group, until cancelled."""
        while True:
            await self._arrived.wait()
            group = self._take_group()
            try:
                await self._append_group(group)
            except asyncio.CancelledError:
                self._refuse(group, Unavailable("the event log is shutting down; try again"))
                raise
            except Unavailable as error:
                self._refuse(group, error)
            except Exception as error:  # noqa: BLE001 - the callers raise it; the next group goes on
                self._refuse(group, error)

    def _take_group(self) -> list[_Waiting]:
        """Take what waits, in the order of arrival, up to the size of a group."""
        size = 0
        for count, waiting in enumerate(self._waiting):
            size += len(waiting.prepared)
            if count and size > _GROUP:
                group, self._waiting = self._waiting[:count], self._waiting[count:]
                return group
        group, self._waiting = self._waiting, []
        self._arrived.clear()
        return group

    async def _append_group(self, group: Sequence[_Waiting]) -> None:
        """Append all calls of a group in one transaction and tell each its outcomes."""
        prepared = [one for call in group for one in call.prepared]
        # Safe to repeat: what an attempt committed unnoticed comes back as a duplicate.
        outcomes = await retried(
            lambda: append_all(self._pool, self._clock, self._generation, prepared)
        )
        start = 0
        for call in group:
            end = start + len(call.prepared)
            if not call.outcomes.done():  # its caller may have gone
                call.outcomes.set_result(outcomes[start:end])
            start = end

    @staticmethod
    def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
        for call in group:
            if not call.outcomes.done():
                call.outcomes.set_exception(error)
