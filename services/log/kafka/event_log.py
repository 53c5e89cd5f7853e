"""The event log on Kafka: acknowledged means in the topic, on all in-sync replicas.

The database says who was admitted and keeps each record until it is known to be in its topic;
Kafka keeps the events. A repeat of an unconfirmed event, by whomever, appends the identical
record again: a topic may hold one twice, at two offsets, and the mirror drops the second.
Offsets are positions. They have gaps only where Kafka itself wrote something.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

import asyncpg
import structlog

from events.envelope import Position, PositionVector
from events.errors import MalformedEvent
from events.lineage import Lineage
from services.errors import LogMoved, Unavailable
from services.log.admissions import prepare
from services.log.embedded.wakeups import Wakeups
from services.log.facts import kept_streams, portion_of, stream_of
from services.log.grouping import Groups
from services.log.kafka.beyond import beyond
from services.log.kafka.cluster import Cluster, KafkaRefused, cluster_of
from services.log.kafka.generations import claim_generation
from services.log.kafka.identity import TopicTruncated, check_ends, check_identity, distrust
from services.log.kafka.outbox import Admitted, Outbox
from services.log.kafka.producing import LARGEST_RECORD_BYTES, Appender
from services.log.kafka.reading import Readers, stored_events
from services.log.kafka.streams import stored_in_stream
from services.log.kafka.topics import TopicPartitions, log_topics, refuse_deletion
from services.log.kafka.wire import Record, largest_size
from services.log.lineage import load_lineage
from services.log.units import Answer, Call, Place, answers, outcomes, outcomes_of_unit, unit
from services.ports import (
    Accepted,
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
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.settings import Settings

_LOG = structlog.get_logger(__name__)

_AT_ONCE = 2
"""Groups under way: one is admitted by the database while Kafka takes the one before."""


class KafkaEventLog:
    """An EventLog in Kafka's topics; an asynchronous context manager."""

    def __init__(self, pool: Pool, clock: Clock, cluster: Cluster, generation: int) -> None:
        """Keep the log of one generation; nothing runs before the context is entered."""
        self._pool = pool
        self._clock = clock
        self._cluster = cluster
        self._generation = generation
        self._lineage = Lineage(generation)
        self._places = TopicPartitions(cluster.prefix, generation)
        self._outbox = Outbox(pool, generation, self._places)
        self._appender = Appender(cluster)
        self._readers = Readers(cluster)
        self._wakeups = Wakeups(pool, "touchstone_appended")
        self._groups = Groups(self._write, at_once=_AT_ONCE)
        self._admitting = asyncio.Lock()
        self._fresh: dict[str, Record] = {}  # admitted here, not confirmed yet
        self._undelivered = True  # what a crash left, or an append that failed

    async def __aenter__(self) -> Self:
        """Check the topics, append what a crash left pending, and start.

        Raises: Unavailable, KafkaRefused, TopicFault, TopicReplaced, TopicTruncated.
        """
        try:
            self._lineage = await load_lineage(self._pool, self._generation)
            await check_identity(self._pool, self._cluster, self._generation)
            await self._check_ends()
            await self._recover()
        except BaseException:
            await self._close()
            raise
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
        await self._close()

    async def _close(self) -> None:
        await self._appender.close()
        await self._readers.close()

    async def append(self, submissions: Sequence[Submission]) -> Sequence[Outcome | Stale]:
        """Admit and append; one outcome per submission, in order. Accepted means acknowledged.

        Raises: Unavailable; then nothing of the call is known to be accepted, and repeating
        it is safe; LogMoved among them. MalformedEvent, for data that no schema or no record
        can hold.
        """
        if not submissions:
            return ()
        call = Call([prepare(submission) for submission in submissions])
        return outcomes(await self._submit(call))

    async def append_unit(
        self, submissions: Sequence[Submission], relied_on: Sequence[ReliedOn] = ()
    ) -> Sequence[Outcome] | Stale:
        """Append all of the events or none; all outcomes are of one kind.

        Accepted means acknowledged. Raises: Unavailable; then the unit is not known to be
        accepted, and repeating it is safe; LogMoved among them. ValueError, for events that make
        no unit. MalformedEvent, for data that no schema or no record can hold.
        """
        if not submissions:
            return ()
        return outcomes_of_unit(await self._submit(unit(submissions, relied_on)))

    async def _submit(self, call: Call) -> Answer:
        for event in call.events:
            size = largest_size(event.envelope, event.payload)
            if size > LARGEST_RECORD_BYTES:  # admitted, it could never be appended
                raise MalformedEvent(f"event {event.envelope.id} is too large: {size} bytes")
        return await self._groups.submit(call)

    async def stream(self, source: str, after: int = 0) -> Sequence[StoredEvent]:
        """Return what was appended as units of a source after a version.

        What is pending of it is appended first. Raises: Unavailable.
        """
        while True:
            with translated():
                rows = await self._pool.fetch(sql("kafka_stream"), source, after)
            pending = frozenset(row["pending_partition"] for row in rows) - {None}
            if not pending:
                return [stored_in_stream(row, self._lineage) for row in rows]
            async with self._delivering():
                await self._outbox.deliver(pending, self._appender, self._fresh)

    async def stream_facts(self, sources: Sequence[str]) -> Sequence[StreamFacts]:
        """Return the facts of whole streams that have events.

        Those of which the mirror lacks some are read one by one. Raises: Unavailable.
        """
        with translated():
            rows = await self._pool.fetch(sql("kafka_streams_ahead"), sources)
        ahead = {row["source"] for row in rows}
        found = await kept_streams(self._pool, [one for one in sources if one not in ahead])
        for source in sorted(ahead):
            found.append(stream_of(source, await self.stream(source)))
        return found

    async def read(self, partition: int, start: int, limit: int) -> Sequence[StoredEvent]:
        """Return up to `limit` events of a partition from n = `start` on.

        An event that was appended twice is returned twice; its first place counts.
        Raises: Unavailable, TopicTruncated.
        """
        place = self._places.of(partition)
        events: list[StoredEvent] = []
        while len(events) < limit:
            wanted = limit - len(events)
            records = await self._readers.read(place, start, wanted)
            events += stored_events(records, self._generation, partition)
            if len(records) < wanted:
                break
            start = records[-1].offset + 1  # some were none of ours: read on
        return events

    async def facts(self, partition: int, start: int, limit: int, stop: int) -> Portion | None:
        """Return the facts of up to `limit` events from n = `start` on and before `stop`.

        None: there are none yet. Raises: Unavailable, TopicTruncated.
        """
        stored = await self.read(partition, start, limit)
        found = [one for one in stored if one.position.n < stop]
        if not found:
            return None
        return portion_of(found, found[-1].position.n + 1, found[-1].recorded_at)

    async def heads(self) -> PositionVector:
        """Return where each partition ends. Raises: LogMoved, Unavailable."""
        await self._confirmed()
        ends = await self._readers.ends(self._places.all)
        return PositionVector(self._generation, tuple(ends[place] for place in self._places.all))

    async def beyond(self, customers: Sequence[str], *, whole: bool = False) -> Beyond:
        """Return what of customers the mirror does not have yet. Raises: Unavailable."""
        return await beyond(self._pool, self._generation, customers, self.read if whole else None)

    def resolve(self, vector: PositionVector) -> PositionVector | None:
        """Return how far a reader of this generation or an earlier one got, as of this one."""
        return self._lineage.resolve(vector)

    async def wait(self, timeout_s: float) -> None:
        """Return soon after something was appended by anybody, or when the time is over."""
        await self._wakeups.wait(timeout_s)

    def under(self, clock: Clock) -> KafkaEventLog:
        """Return the same log, stamping with another clock while its context is entered."""
        return KafkaEventLog(self._pool, clock, self._cluster, self._generation)

    async def _confirmed(self) -> list[int]:
        """Return how far each partition is confirmed. Raises: LogMoved, Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("log_heads"), self._generation)
        if any(row["closed"] for row in rows):
            raise LogMoved(self._generation)
        return [row["next_n"] for row in rows]

    async def _check_ends(self) -> None:
        confirmed = await self._confirmed()
        places = self._places.all
        begins, ends = await self._readers.begins(places), await self._readers.ends(places)
        check_ends(places, begins, ends, confirmed)

    async def _recover(self) -> None:
        """Append what is pending, left by a crash or by an append that failed."""
        with translated():
            waiting = await self._outbox.waiting()
            if waiting:
                delivered = await self._outbox.deliver(waiting, self._appender, {})
                _LOG.info("pending_delivered", events=len(delivered), partitions=sorted(waiting))
        self._undelivered = False

    async def _write(self, calls: Sequence[Call]) -> Sequence[Answer]:
        """Append a group; groups are admitted in the order of their arrival."""
        async with AsyncExitStack() as stack:
            async with self._admitting:
                if self._undelivered:  # nothing is admitted before what is pending is through
                    await check_identity(self._pool, self._cluster, self._generation)
                    await self._recover()
                admitted = await stack.enter_async_context(
                    self._outbox.admitted(calls, self._clock)
                )
                ids: dict[str, Place] = {
                    calls[c].events[i].envelope.id: (c, i) for c, i in admitted.records
                }
                self._fresh.update((one, admitted.records[place]) for one, place in ids.items())
            try:
                async with self._delivering():
                    return await self._delivered(calls, admitted, ids)
            finally:
                for event_id in ids:
                    del self._fresh[event_id]

    @asynccontextmanager
    async def _delivering(self) -> AsyncIterator[None]:
        """Take note of an append that fails: what is pending goes before anything new then."""
        try:
            with translated():
                yield
        except TopicTruncated as error:
            self._undelivered = True
            await distrust(self._pool, error.place)
            raise
        except BaseException:
            self._undelivered = True
            raise

    async def _delivered(
        self, calls: Sequence[Call], admitted: Admitted, ids: Mapping[str, Place]
    ) -> Sequence[Answer]:
        """Append what is pending of these calls; return what to answer to each.

        `ids` are those of the events that were let in.
        """
        holders = admitted.admission.holders
        positions = {**await self._outbox.deliver_admitted(admitted, self._appender, self._fresh)}
        asked = {*ids}
        asked |= {holder["event_id"] for holder in holders.values() if holder["n"] is None}
        asked -= positions.keys()  # what is left was delivered by somebody else
        if asked:
            found = await self._outbox.positions([*asked])
            if len(found) < len(asked):
                raise Unavailable("an event admitted before is not in the log yet; try again")
            positions |= found

        def where(holder: asyncpg.Record) -> Position:
            return positions.get(holder["event_id"]) or self._lineage.here(
                Position(holder["generation"], holder["partition"], holder["n"])
            )

        accepted = {
            place: Accepted(positions[event_id], admitted.records[place].recorded_at)
            for event_id, place in ids.items()
        }
        return answers(calls, admitted.admission, accepted, where)


@asynccontextmanager
async def open_kafka_log(
    settings: Settings, pool: Pool, clock: Clock
) -> AsyncIterator[KafkaEventLog]:
    """Open the current generation's log on the cluster that the settings name.

    Raises: UsageError, Unavailable, KafkaRefused, TopicFault, TopicReplaced, TopicTruncated.
    """
    cluster = cluster_of(settings)
    generation = await claim_generation(pool)
    async with KafkaEventLog(pool, clock, cluster, generation) as log:
        await _check_retention(cluster, generation)
        yield log


async def _check_retention(cluster: Cluster, generation: int) -> None:
    """Refuse topics that would delete the log; say so where one may not ask for settings."""
    try:
        await refuse_deletion(cluster, log_topics(cluster.prefix, generation))
    except KafkaRefused as error:
        _LOG.warning("retention_not_checked", reason=str(error))
