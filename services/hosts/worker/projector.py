"""The projector over Kafka: a group consumer hands out partitions, the database keeps truth.

Kafka's group decides which worker works on which partition; nothing else is asked of it. When
a partition is assigned its checkpoints are taken, which raises their epoch, and reading begins
where they stand. A worker that lost a partition without noticing fails at its next commit and
writes nothing, due work included. Whatever fails, the partition is read again from there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Collection, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from events.partitioning import PARTITIONS, REFERENCE_PARTITION
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Projection
from services.errors import LogMoved, StaleCheckpoint, Unavailable, UnreadableEvent
from services.hosts.worker.share import Share
from services.log.kafka.cluster import Cluster, reached
from services.log.kafka.identity import TopicTruncated, distrust
from services.log.kafka.mirror import EventsMirror
from services.log.kafka.reading import Record, stored_events
from services.log.kafka.topics import Places
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.projector.collecting import collecting_seldom
from services.projector.memory import Memory
from services.projector.owner import BATCH_EVENTS, Audience, Mirror, PartitionOwner
from services.projector.reference_feed import ReferenceFeed

_LOG = structlog.get_logger(__name__)

_FETCH_MS = 250
_FETCH_BYTES = 4 * 1024 * 1024  # of each partition at once
_RETAKE_S = 1.0
_UNREADABLE_S = 10.0
_AT_ONCE = 2  # partitions in work: one computes while the other waits for the database
_LOOK_FOR_DUE_S = 1.0
_SESSION_MS = 10_000
_POLL_MS = 300_000
_MIRROR = EventsMirror()


class KafkaProjector(ConsumerRebalanceListener):  # type: ignore[misc]
    """One worker's share of the partitions."""

    def __init__(
        self,
        platform: Platform,
        cluster: Cluster,
        generation: int,
        *,
        batch_events: int = BATCH_EVENTS,
        projections: Sequence[Projection] = PROJECTIONS,
        mirror: Mirror | None = _MIRROR,
        audience: Audience | None = None,
    ) -> None:
        """Join nothing yet; `run` or `catch_up` does."""
        self._platform = platform
        self._generation = generation
        self._batch_events = batch_events
        self._places = Places(cluster.prefix, generation)
        self._projections = projections
        self._mirror = mirror
        self._audience = audience
        self._feed = ReferenceFeed(platform.pool)
        self._memory = Memory(platform.max_facts)
        self._shares: dict[int, Share] = {}
        self._reference_upto: int | None = None  # where mirroring it goes on, if it is ours
        self._to_take: set[int] = set()
        self._looked_for_due_at = 0.0
        self._away = False
        self._consumer = AIOKafkaConsumer(
            **cluster.options,
            group_id=f"{cluster.prefix}touchstone-projector.g{generation}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=_SESSION_MS,
            max_poll_interval_ms=_POLL_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )

    async def run(self) -> None:
        """Project until cancelled; then give the partitions back.

        Raises: KafkaRefused, TopicTruncated; Unavailable, if Kafka cannot be reached at first.
        While a policy or reference event cannot be read nothing is projected: that is said once,
        and looked at again now and then.
        """
        await self._while_in_the_group(self._for_ever())

    async def catch_up(self) -> int:
        """Project what the log holds now of this worker's partitions, and all that is due.

        Returns the events taken in.
        Raises: Unavailable, KafkaRefused, TopicTruncated, UnreadableEvent.
        """
        heads = (await self._platform.log.heads()).counts
        return await self._while_in_the_group(self._until(heads))

    def reached(self) -> Mapping[int, int]:
        """Return how far each partition of this worker got; nothing while it cannot work."""
        if self._away:
            return {}
        found = {partition: share.upto for partition, share in self._shares.items()}
        if self._reference_upto is not None:
            found[REFERENCE_PARTITION] = self._reference_upto
        return dict.fromkeys(self._to_take, -1) | found

    # --- what the group says ---------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let partitions go: what is under way for them fails at its commit, or was in time."""
        for place in revoked:
            partition = self._places.partition(place)
            self._forget(partition)
            self._to_take.discard(partition)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Note what is to be taken; nothing of it is fetched before it stands at a checkpoint.

        What is assigned is all that this worker has, whatever it was told to take before.
        """
        self._to_take.clear()
        for partition in [*self._shares, REFERENCE_PARTITION]:
            self._forget(partition)
        for place in assigned:
            self._consumer.pause(place)
            self._consumer.seek(place, 0)  # else the consumer looks for offsets in the group
            self._to_take.add(self._places.partition(place))
        _LOG.info("assigned", partitions=sorted(self._to_take))

    def _forget(self, partition: int) -> None:
        self._shares.pop(partition, None)
        if partition == REFERENCE_PARTITION:
            self._reference_upto = None

    def _let_go(self, partition: int) -> None:
        """Stop fetching a partition; it is taken again while the group leaves it here."""
        self._forget(partition)
        place = self._places.of(partition)
        if place in self._consumer.assignment():
            self._consumer.pause(place)
            self._to_take.add(partition)

    def _let_all_go(self) -> None:
        """Take everything anew; until a round succeeds this worker is no measure of a stall."""
        self._away = True
        for place in self._consumer.assignment():
            self._let_go(self._places.partition(place))

    # --- rounds ----------------------------------------------------------------------------

    async def _while_in_the_group(self, work: Awaitable[int]) -> int:
        try:
            with reached():
                await self._consumer.start()
            self._consumer.subscribe(topics=self._places.topics, listener=self)
            with collecting_seldom():
                return await work
        finally:
            await self._consumer.stop()

    async def _for_ever(self) -> int:
        told = ""
        while True:
            try:
                await self._patient_round()
                told = ""
            except UnreadableEvent as error:
                if told != str(error):
                    told = str(error)
                    _LOG.error("reference_unreadable", reason=told)
                self._let_all_go()
                await asyncio.sleep(_UNREADABLE_S)

    async def _until(self, heads: Sequence[int]) -> int:
        """Go on until this worker's share has got that far and nothing is due."""
        taken = 0
        while True:
            taken += await self._patient_round()
            got = self.reached()
            behind = any(upto < heads[partition] for partition, upto in got.items())
            if got and not behind and not await self._waiting(self._feed.reference):
                return taken

    async def _patient_round(self) -> int:
        """Do a round; wait a little where the database or Kafka is away. Returns events."""
        try:
            taken = await self._round()
            self._away = False
            return taken
        except LogMoved:
            raise  # this worker will never be able to go on
        except Unavailable as error:
            _LOG.warning("away", reason=str(error))
            self._let_all_go()
            await asyncio.sleep(_RETAKE_S)
            return 0

    async def _round(self) -> int:
        """Take what was assigned, what came and what is due, once; return how many events."""
        await self._take_assigned()
        fetched = await self._fetch()
        await self._mirror_reference(fetched.pop(REFERENCE_PARTITION, ()))
        reference = await self._feed.refresh()
        before = {p: share.taken for p, share in self._shares.items()}
        mine = {p: self._shares[p] for p in fetched if p in self._shares}
        await self._each({p: self._take_in(s, reference, fetched[p]) for p, s in mine.items()})
        if time.monotonic() - self._looked_for_due_at > _LOOK_FOR_DUE_S:
            due = await self._waiting(reference) - fetched.keys()
            await self._each(
                {
                    p: s.due(reference, self._platform.clock)
                    for p, s in self._shares.items()
                    if p in due
                }
            )
            self._looked_for_due_at = time.monotonic()
        return sum(share.taken - before.get(p, 0) for p, share in mine.items())

    async def _fetch(self) -> dict[int, Sequence[Record]]:
        """Return what came, by partition. Raises: Unavailable, KafkaRefused, TopicTruncated."""
        with reached():
            try:
                fetched = await self._consumer.getmany(
                    timeout_ms=_FETCH_MS, max_records=self._batch_events * PARTITIONS
                )
            except OffsetOutOfRangeError as error:
                [(place, offset)] = error.args[0].items()
                ends = await self._consumer.end_offsets([place])
                begins = await self._consumer.beginning_offsets([place])
                if begins[place] <= offset <= ends[place]:
                    raise  # it was a broker that lagged behind
                await distrust(self._platform.pool, place)
                raise TopicTruncated(place, f"{offset} is not in it any more") from error
        return {self._places.partition(place): records for place, records in fetched.items()}

    async def _each(self, work: Mapping[int, Awaitable[None]]) -> None:
        """Do pieces of work on different partitions, two at once; all end before one raises.

        A partition that another worker owns is let go.
        """
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def one(piece: Awaitable[None]) -> None:
            async with at_once:
                await piece

        results = await asyncio.gather(*map(one, work.values()), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        for error in failed:
            if not isinstance(error, StaleCheckpoint):
                raise error
        for partition in [e.partition for e in failed if isinstance(e, StaleCheckpoint)]:
            _LOG.warning("partition_lost", partition=partition)
            self._let_go(partition)
        if failed:
            await asyncio.sleep(_RETAKE_S)

    async def _take_in(self, share: Share, reference: Reference, records: Sequence[Record]) -> None:
        partition = share.owner.partition
        for start in range(0, len(records), self._batch_events):
            if self._shares.get(partition) is not share:
                return  # it went elsewhere meanwhile
            batch = records[start : start + self._batch_events]
            stored = stored_events(batch, self._generation, partition)
            await share.take_in(reference, stored, batch[-1].offset + 1)

    async def _mirror_reference(self, records: Sequence[Record]) -> None:
        if not records or self._mirror is None:
            return
        stored = stored_events(records, self._generation, REFERENCE_PARTITION)
        with translated():
            async with self._platform.pool.acquire() as connection, connection.transaction():
                await self._mirror.keep(connection, stored)
        if self._reference_upto is not None:
            self._reference_upto = records[-1].offset + 1

    async def _waiting(self, reference: Reference) -> set[int]:
        """Return which of this worker's partitions have something due, or under old policies."""
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
        return waiting & self._shares.keys()

    # --- taking over -----------------------------------------------------------------------

    async def _take_assigned(self) -> None:
        for partition in sorted(self._to_take):
            place = self._places.of(partition)
            start = await self._take(partition) if self._is_given(partition) else 0
            if self._is_given(partition):
                self._consumer.seek(place, start)
                self._consumer.resume(place)
            else:
                self._forget(partition)  # it went elsewhere meanwhile
            self._to_take.discard(partition)

    def _is_given(self, partition: int) -> bool:
        """Return whether a partition is to be taken, and still this worker's."""
        place = self._places.of(partition)
        return partition in self._to_take and place in self._consumer.assignment()

    async def _take(self, partition: int) -> int:
        """Own a partition and return where reading it goes on."""
        if partition == REFERENCE_PARTITION:
            with translated():
                upto: int = await self._platform.pool.fetchval(
                    sql("mirrored_upto"), self._generation, partition
                )
            self._reference_upto = upto
            return upto
        owner = PartitionOwner(
            partition,
            self._projections,
            self._platform.pool,
            self._platform.log,
            self._platform.dossiers,
            self._generation,
            self._memory,
            self._mirror,
            self._audience,
        )
        await owner.take()
        self._shares[partition] = Share(owner)
        return owner.next
