"""The event log kept by PostgreSQL: gapless per partition, and acknowledged means committed.

An append locks the head row of each partition it touches, in ascending order, until it
commits. So positions have no gaps, a reader never sees a later event before an earlier one,
and recorded_at never decreases, even on a clock that does. What arrives while a transaction
runs is committed together by the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from events.envelope import PositionVector
from events.lineage import Lineage
from services.errors import LogMoved
from services.log.admissions import prepare
from services.log.embedded.appending import append_all
from services.log.embedded.wakeups import Wakeups
from services.log.facts import kept_facts, kept_streams
from services.log.grouping import Groups
from services.log.lineage import kept_events, load_lineage
from services.log.stored import stored_here
from services.log.units import Answer, Call, outcomes, outcomes_of_unit, unit
from services.ports import (
    Beyond,
    Clock,
    Outcome,
    Portion,
    ReliedOn,
    Stale,
    StoredEvent,
    StreamFacts,
    Submission,
)
from services.postgres.pool import Pool, retried, translated
from services.postgres.statements import sql


class EmbeddedEventLog:
    """An EventLog in the events table; an asynchronous context manager."""

    def __init__(self, pool: Pool, clock: Clock, generation: int = 1) -> None:
        """Keep the log of one generation; nothing runs before the context is entered."""
        self._pool = pool
        self._clock = clock
        self._generation = generation
        self._lineage = Lineage(generation)
        self._wakeups = Wakeups(pool, "touchstone_appended")
        self._groups = Groups(self._write)

    async def __aenter__(self) -> Self:
        """Start the appender and the listener. Raises: Unavailable."""
        self._lineage = await load_lineage(self._pool, self._generation)
        await self._wakeups.__aenter__()
        await self._groups.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; calls still waiting are told that nothing is known to be accepted."""
        await self._groups.__aexit__(kind, error, traceback)
        await self._wakeups.__aexit__(kind, error, traceback)

    async def append(self, submissions: Sequence[Submission]) -> Sequence[Outcome | Stale]:
        """Admit and append; one outcome per submission, in order. Accepted means committed.

        Raises: Unavailable; then nothing of the call is known to be accepted, and repeating
        it is safe; LogMoved among them. MalformedEvent, for data that no schema can hold.
        """
        if not submissions:
            return ()
        prepared = [prepare(submission) for submission in submissions]
        return outcomes(await self._groups.submit(Call(prepared)))

    async def append_unit(
        self, submissions: Sequence[Submission], relied_on: Sequence[ReliedOn] = ()
    ) -> Sequence[Outcome] | Stale:
        """Append all of the events or none; all outcomes are of one kind. Accepted means committed.

        Raises: Unavailable; then the unit is not known to be accepted, and repeating it is safe;
        LogMoved among them. ValueError, for events that make no unit. MalformedEvent, for data
        that no schema can hold.
        """
        if not submissions:
            return ()
        return outcomes_of_unit(await self._groups.submit(unit(submissions, relied_on)))

    async def stream(self, source: str, after: int = 0) -> Sequence[StoredEvent]:
        """Return what was appended as units of a source after a version. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("stream_read"), source, after)
        return [stored_here(row, self._lineage) for row in rows]

    async def stream_facts(self, sources: Sequence[str]) -> Sequence[StreamFacts]:
        """Return the facts of whole streams that have events. Raises: Unavailable."""
        return await kept_streams(self._pool, sources)

    async def read(self, partition: int, start: int, limit: int) -> Sequence[StoredEvent]:
        """Return up to `limit` events of a partition from n = `start` on. Raises: Unavailable."""
        return await kept_events(self._pool, self._lineage, partition, start, limit)

    async def facts(self, partition: int, start: int, limit: int, stop: int) -> Portion | None:
        """Return the facts of up to `limit` events from n = `start` on and before `stop`.

        None: there are none yet. Raises: Unavailable.
        """
        return await kept_facts(self._pool, self._lineage, partition, start, limit, stop)

    async def heads(self) -> PositionVector:
        """Return how many events each partition holds. Raises: LogMoved, Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("log_heads"), self._generation)
        if any(row["closed"] or row["keeper"] != "embedded" for row in rows):
            raise LogMoved(self._generation)
        return PositionVector(self._generation, tuple(row["next_n"] for row in rows))

    async def beyond(self, customers: Sequence[str], *, whole: bool = False) -> Beyond:
        """Return how far the events table goes: all of the log is there. Raises: as `heads`."""
        return Beyond(await self.heads())

    def resolve(self, vector: PositionVector) -> PositionVector | None:
        """Return how far a reader of this generation or an earlier one got, as of this one."""
        return self._lineage.resolve(vector)

    async def wait(self, timeout_s: float) -> None:
        """Return soon after something was appended by anybody, or when the time is over."""
        await self._wakeups.wait(timeout_s)

    def under(self, clock: Clock) -> EmbeddedEventLog:
        """Return the same log, stamping with another clock while its context is entered."""
        return EmbeddedEventLog(self._pool, clock, self._generation)

    async def _write(self, calls: Sequence[Call]) -> Sequence[Answer]:
        # Safe to repeat: what an attempt committed unnoticed comes back as a duplicate.
        return await retried(lambda: append_all(self._pool, self._clock, self._lineage, calls))
