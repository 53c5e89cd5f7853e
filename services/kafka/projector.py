"""The projector over Kafka: a group consumer hands out partitions, the database keeps truth.

Kafka's group decides which worker works on which partition; nothing else is asked of it. When
a partition is assigned its checkpoints are taken, which raises their epoch, and reading begins
where they stand. A worker that lost a partition without noticing fails at its next commit and
writes nothing, due work included.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Collection, Iterable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.structs import TopicPartition

from events.partitioning import PARTITIONS, REFERENCE_PARTITION
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Projection
from services.bootstrap import Platform
from services.errors import StaleCheckpoint, TouchstoneError, Unavailable
from services.kafka.cluster import Cluster, reached
from services.kafka.mirror import EventsMirror
from services.kafka.reading import stored_events
from services.kafka.topics import Places
from services.ports import StoredEvent
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.projector.host import MAX_FACTS
from services.projector.owner import DUE_LIMIT, Mirror, PartitionOwner
from services.projector.reference_feed import ReferenceFeed

_LOG = structlog.get_logger(__name__)

_FETCH_MS = 250
_RETAKE_S = 1.0
_AT_ONCE = 2
_DUE_WHILE_BUSY_S = 5.0
_SESSION_MS = 10_000
_POLL_MS = 300_000
_MIRROR = EventsMirror()


class Stalled(TouchstoneError):
    """Events wait and none was taken in for too long: the process must be started anew."""

    exit_code = 3


class KafkaProjector(ConsumerRebalanceListener):  # type: ignore[misc]
    """One worker's share of the partitions."""

    def __init__(
        self,
        platform: Platform,
        cluster: Cluster,
        generation: int,
        *,
        batch_events: int,
        stall_s: float,
        projections: Sequence[Projection] = PROJECTIONS,
        mirror: Mirror | None = _MIRROR,
    ) -> None:
        self._platform = platform
        self._generation = generation
        self._batch_events = batch_events
        self._stall_s = stall_s
        self._places = Places(cluster.prefix, generation)
        self._projections = projections
        self._mirror = mirror
        self._feed = ReferenceFeed(platform.pool)
        self._owners: dict[int, PartitionOwner] = {}
        self._to_take: set[int] = set()
        self._due_at: dict[int, float] = {}
        self._progress_at = time.monotonic()
        self._consumer = AIOKafkaConsumer(
            **cluster.options,
            group_id=f"{cluster.prefix}touchstone-projector.g{generation}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=_SESSION_MS,
            max_poll_interval_ms=_POLL_MS,
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let partitions go: what is under way for them fails at its commit, or was in time."""
        for place in revoked:
            partition = self._places.partition(place)
            self._owners.pop(partition, None)
            self._to_take.discard(partition)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Note what is to be taken; nothing of it is fetched before it stands at a checkpoint."""
        self._consumer.pause(*assigned)
        self._to_take |= {self._places.partition(place) for place in assigned}
        _LOG.info("assigned", partitions=sorted(self._to_take))

    async def run(self) -> None:
        """Project until cancelled. Raises: Stalled, KafkaRefused, TopicTruncated."""
        with reached():
            await self._consumer.start()
        try:
            self._consumer.subscribe(topics=self._places.topics, listener=self)
            while True:
                try:
                    await self._round()
                except StaleCheckpoint as error:
                    _LOG.warning("partition_lost", partition=error.partition)
                    self._let_go(error.partition)
                    await asyncio.sleep(_RETAKE_S)
                except Unavailable as error:
                    _LOG.warning("away", reason=str(error))
                    await asyncio.sleep(_RETAKE_S)
                    for partition in list(self._owners):
                        self._let_go(partition)
                await self._check_stall()
        finally:
            await self._consumer.stop()

    def _let_go(self, partition: int) -> None:
        """Stop fetching a partition; it is taken again while the group leaves it here."""
        if self._owners.pop(partition, None) is not None:
            place = self._places.of(partition)
            if place in self._consumer.assignment():
                self._consumer.pause(place)
                self._to_take.add(partition)

    async def _round(self) -> None:
        """Take what was assigned, what came and what is due, once."""
        await self._take_assigned()
        with reached():
            fetched = await self._consumer.getmany(
                timeout_ms=_FETCH_MS, max_records=self._batch_events
            )
        batches = {
            partition: stored_events(records, self._generation, partition)
            for place, records in fetched.items()
            for partition in (self._places.partition(place),)
        }
        await self._mirror_reference(batches.pop(REFERENCE_PARTITION, ()))
        reference = await self._feed.refresh()
        await self._each(
            self._take_in(self._owners[partition], reference, stored)
            for partition, stored in batches.items()
            if stored and partition in self._owners
        )
        await self._each(
            self._due(self._owners[partition], reference)
            for partition in await self._waiting(reference)
            if partition in self._owners and partition not in batches
        )

    async def _each(self, work: Iterable[Awaitable[None]]) -> None:
        """Do pieces of work on different partitions, two at once; all end before one raises."""
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def one(piece: Awaitable[None]) -> None:
            async with at_once:
                await piece

        results = await asyncio.gather(*map(one, work), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _take_in(
        self, owner: PartitionOwner, reference: Reference, stored: Sequence[StoredEvent]
    ) -> None:
        await owner.take_in(reference, stored)
        now = time.monotonic()
        self._progress_at = now
        if now - self._due_at.get(owner.partition, now) > _DUE_WHILE_BUSY_S:
            # What is unread was recorded later than the last event that was read.
            await owner.due(reference, stored[-1].recorded_at, caught_up=False)
            self._due_at[owner.partition] = now
        self._due_at.setdefault(owner.partition, now)

    async def _due(self, owner: PartitionOwner, reference: Reference) -> None:
        while True:
            now = self._platform.clock.now()
            assessed = await owner.due(reference, now, caught_up=True)
            if assessed < DUE_LIMIT:
                self._due_at.pop(owner.partition, None)
                return

    async def _waiting(self, reference: Reference) -> set[int]:
        """Return the partitions where something is due or was made under older policies."""
        waiting: set[int] = set()
        now = self._platform.clock.now()
        for projection in self._projections:
            with translated():
                rows = await self._platform.pool.fetch(
                    sql("waiting_partitions"),
                    projection.name,
                    projection.version,
                    now,
                    reference.count,
                )
            waiting |= {row["partition"] for row in rows}
        return waiting

    async def _mirror_reference(self, stored: Sequence[StoredEvent]) -> None:
        if stored and self._mirror is not None:
            with translated():
                async with self._platform.pool.acquire() as connection, connection.transaction():
                    await self._mirror.keep(connection, stored)

    async def _take_assigned(self) -> None:
        for partition in sorted(self._to_take):
            place = self._places.of(partition)
            start = await self._start_of(partition)
            if partition not in self._to_take or place not in self._consumer.assignment():
                continue  # it went elsewhere meanwhile
            self._consumer.seek(place, start)
            self._consumer.resume(place)
            self._to_take.discard(partition)
            self._progress_at = time.monotonic()

    async def _start_of(self, partition: int) -> int:
        """Own a partition and return where reading it goes on."""
        if partition == REFERENCE_PARTITION:
            with translated():
                next_n: int = await self._platform.pool.fetchval(
                    sql("mirrored_upto"), self._generation, partition
                )
            return next_n
        owner = PartitionOwner(
            partition,
            self._projections,
            self._platform.pool,
            self._platform.log,
            self._platform.dossiers,
            self._generation,
            MAX_FACTS // PARTITIONS,
            self._mirror,
        )
        await owner.take()
        self._owners[partition] = owner
        return owner.next

    async def _check_stall(self) -> None:
        """End the process when events wait and none was taken in for too long.

        Raises: Stalled.
        """
        idle_s = time.monotonic() - self._progress_at
        if idle_s < self._stall_s:
            return
        heads = await self._platform.log.heads()
        lag = {
            partition: heads.counts[partition] - owner.next
            for partition, owner in self._owners.items()
            if heads.counts[partition] > owner.next
        }
        if lag or self._to_take:
            _LOG.error("stalled", idle_s=round(idle_s), lag=lag, untaken=sorted(self._to_take))
            raise Stalled(f"no progress for {idle_s:.0f} s while events wait; starting anew helps")
        self._progress_at = time.monotonic()
