"""The projector over Kafka: a group consumer hands out partitions, the database keeps truth.

Kafka's group decides which worker works on which partition; nothing else is asked of it. When
a partition is assigned its checkpoints are taken, which raises their epoch, and reading begins
where they stand. A worker that lost a partition without noticing fails at its next commit and
writes nothing, due work included. Whatever fails, the partition is read again from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from events.partitioning import PARTITIONS, REFERENCE_PARTITION
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Projection
from services.errors import LogMoved, StaleCheckpoint, Unavailable, UnreadableEvent
from services.log.kafka.cluster import Cluster, reached
from services.log.kafka.identity import TopicTruncated, distrust
from services.log.kafka.mirror import EventsMirror
from services.log.kafka.reading import Record, stored_events
from services.log.kafka.stopping import stop
from services.log.kafka.topics import TopicPartitions
from services.platform import Platform
from services.ports import StoredEvent
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.projector.assessing import Audience, Mirror
from services.projector.collecting import collecting_seldom
from services.projector.identities import Identities
from services.projector.memory import Memory
from services.projector.owner import BATCH_EVENTS, PartitionOwner, take_in_together
from services.projector.reference_feed import ReferenceFeed
from services.projector.schedule import Schedule, joined

_LOG = structlog.get_logger(__name__)

_FETCH_MS = 250
_FETCH_BYTES = 4 * 1024 * 1024  # of each partition at once
_RETAKE_S = 1.0
_UNREADABLE_S = 10.0
_SESSION_MS = 10_000
_POLL_MS = 300_000
_MIRROR = EventsMirror()


@dataclass(slots=True)
class Share:
    """A partition that this worker has, and how far it got in the topic."""

    owner: PartitionOwner
    upto: int
    taken: int = 0  # events


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
        self._places = TopicPartitions(cluster.prefix, generation)
        self._projections = projections
        self._mirror = mirror
        self._audience = audience
        self._feed = ReferenceFeed(platform.pool)
        self._memory = Memory(platform.max_facts)
        self._identities = Identities()
        self._shares: dict[int, Share] = {}
        self._reference_upto: int | None = None  # where mirroring it goes on, if it is ours
        self._to_take: set[int] = set()
        self._schedule = Schedule(platform.pool, projections, platform.clock, self._lost)
        self._idle = True
        self._lost_some = False
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
            await stop(self._consumer)

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
        self._schedule.look_for_due_s = 0.0
        while True:
            taken += await self._patient_round()
            got = self.reached()
            behind = any(upto < heads[partition] for partition, upto in got.items())
            if got and not behind and self._schedule.idle:
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
        """Take what was assigned, what came and a slice of what is due; return how many events."""
        await self._take_assigned()
        fetched = await self._fetch()
        await self._mirror_reference(fetched.pop(REFERENCE_PARTITION, ()))
        reference = await self._feed.refresh()
        mine = {p: self._shares[p] for p in fetched if p in self._shares}
        before = sum(share.taken for share in mine.values())
        waiting = self._waiting(fetched)
        self._lost_some = False

        def batch(some: Sequence[int]) -> Callable[[], Awaitable[int]]:
            batches = [(mine[p], fetched[p]) for p in some]
            return lambda: self._take_in(batches, reference)

        owners = [share.owner for share in self._shares.values()]
        waits = {p: min(len(fetched[p]), self._batch_events) for p in mine}
        batches = {some[0]: batch(some) for some in joined(waits)}
        self._idle = not await self._schedule.round(owners, reference, batches, waiting)
        if self._lost_some:
            await asyncio.sleep(_RETAKE_S)
        return sum(share.taken for share in mine.values()) - before

    def _waiting(self, fetched: Mapping[int, Sequence[Record]]) -> set[int]:
        """Return where more waits in the topics than was fetched."""
        found = set()
        for partition, share in self._shares.items():
            records = fetched.get(partition)
            end = self._consumer.highwater(self._places.of(partition))
            if end is not None and end > (records[-1].offset + 1 if records else share.upto):
                found.add(partition)
        return found

    def _lost(self, partition: int) -> None:
        """Let go of a partition that another worker owns."""
        _LOG.warning("partition_lost", partition=partition)
        self._let_go(partition)
        self._lost_some = True

    async def _fetch(self) -> dict[int, Sequence[Record]]:
        """Return what came, by partition. Raises: Unavailable, KafkaRefused, TopicTruncated."""
        with reached():
            try:
                fetched = await self._consumer.getmany(
                    timeout_ms=_FETCH_MS if self._idle else 0,
                    max_records=self._batch_events * PARTITIONS,
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

    async def _take_in(
        self, batches: Sequence[tuple[Share, Sequence[Record]]], reference: Reference
    ) -> int:
        """Take in records, of several partitions together. Raises: StaleCheckpoint."""
        try:
            return await self._take_in_together(batches, reference)
        except StaleCheckpoint:
            if len(batches) == 1:
                raise
        # Nothing of any was written, and their records are fetched no second time.
        taken = 0
        stale: StaleCheckpoint | None = None
        for one in batches:
            try:
                taken += await self._take_in_together([one], reference)
            except StaleCheckpoint as error:
                stale = error
        if stale is not None:
            raise stale
        return taken

    async def _take_in_together(
        self, batches: Sequence[tuple[Share, Sequence[Record]]], reference: Reference
    ) -> int:
        taken = 0
        most = max(len(records) for _, records in batches)
        for start in range(0, most, self._batch_events):
            some: list[tuple[Share, Record, Sequence[StoredEvent]]] = []
            for share, records in batches:
                batch = records[start : start + self._batch_events]
                batch = [record for record in batch if record.offset >= share.upto]
                partition = share.owner.partition
                # It may have gone elsewhere meanwhile.
                if batch and self._shares.get(partition) is share:
                    stored = stored_events(batch, self._generation, partition)
                    some.append((share, batch[-1], stored))
            await take_in_together([(share.owner, stored) for share, _, stored in some], reference)
            for share, last, stored in some:
                share.upto = last.offset + 1
                share.taken += len(stored)
                taken += len(stored)
        return taken

    async def _mirror_reference(self, records: Sequence[Record]) -> None:
        if not records or self._mirror is None:
            return
        stored = stored_events(records, self._generation, REFERENCE_PARTITION)
        with translated():
            async with self._platform.pool.acquire() as connection, connection.transaction():
                await self._mirror.keep(connection, stored)
        if self._reference_upto is not None:
            self._reference_upto = records[-1].offset + 1

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
            self._identities,
        )
        await owner.take()
        self._shares[partition] = Share(owner, owner.next)
        return owner.next
