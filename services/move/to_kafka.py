"""Takes the log from PostgreSQL to Kafka: copies every event, then switches.

While events are copied the platform goes on; only the last few are copied while appends wait.
A copy that did not come to its end is worth nothing: it is deleted and begun again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from aiokafka.structs import TopicPartition

from events.codec import written_version
from events.errors import EventError
from events.lineage import Lineage
from services.errors import TouchstoneError, UnreadableEvent
from services.log.kafka.cluster import Cluster
from services.log.kafka.producing import LARGEST_RECORD_BYTES, Appender
from services.log.kafka.reading import Readers
from services.log.kafka.topics import (
    TopicPartitions,
    create,
    delete,
    describe,
    log_topics,
    refuse_other_partitions,
)
from services.log.kafka.wire import Record, largest_size, to_record
from services.log.lineage import kept_events, load_lineage
from services.move.switching import ALL_PARTITIONS, hold_still, open_next
from services.ports import Clock, StoredEvent
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql

_PAGE = 500
"""Events of a partition copied at once."""

_SHORT_TAIL = 2_000
"""Events that may be left to copy while appends wait: well under a second's work."""

_ROUNDS = 20
"""Then the tail is copied however long it is: it does not get shorter by waiting."""

Advance = Callable[[int], None]


class CopyRefused(TouchstoneError):
    """The topics that the log would be copied to cannot be used for it."""


class _Copy:
    """A copy of the log in new topics, as far as it got."""

    def __init__(self, pool: Pool, cluster: Cluster, lineage: Lineage) -> None:
        self._pool = pool
        self._lineage = lineage
        self.cluster = cluster
        self.generation = lineage.generation
        self.topics = log_topics(cluster.prefix, lineage.generation + 1)
        self.places = TopicPartitions(cluster.prefix, lineage.generation + 1)
        self._appender = Appender(cluster)
        self._readers = Readers(cluster)
        self.copied = [0 for _ in ALL_PARTITIONS]

    async def close(self) -> None:
        await self._appender.close()
        await self._readers.close()

    async def bring_to(self, heads: Sequence[int], advance: Advance) -> None:
        """Copy up to these heads. Raises: CopyRefused, UnreadableEvent, Unavailable, ..."""
        while any(done < head for done, head in zip(self.copied, heads, strict=True)):
            pages = {
                partition: await kept_events(
                    self._pool, self._lineage, partition, done, min(_PAGE, heads[partition] - done)
                )
                for partition, done in enumerate(self.copied)
                if done < heads[partition]
            }
            records = {self.places.of(p): [_record(e) for e in own] for p, own in pages.items()}
            offsets = await self._appender.append(records)
            for partition, own in pages.items():
                place = self.places.of(partition)
                if not own or [*offsets[place]] != [event.position.n for event in own]:
                    raise _disturbed(place)
                self.copied[partition] += len(own)
            advance(sum(map(len, pages.values())))

    async def is_empty(self, names: Collection[str]) -> bool:
        """Return whether these of its topics hold nothing. Raises: Unavailable, KafkaRefused."""
        places = [place for place in self.places.all if place.topic in names]
        return not any((await self._readers.ends(places)).values())

    async def check(self) -> None:
        """Refuse topics that hold more or less than the copy, or are not those it made.

        Raises: CopyRefused, Unavailable, KafkaRefused.
        """
        ends = await self._readers.ends(self.places.all)
        for place, end in zip(self.places.all, self.copied, strict=True):
            if ends[place] != end:
                raise _disturbed(place)
        found = (await describe(self.cluster, self.topics)).topics
        known = await _known(self._pool, [topic.name for topic in self.topics])
        for name, topic_id in known.items():
            if name not in found or found[name].topic_id != topic_id:
                raise _disturbed(TopicPartition(name, 0))


async def to_kafka(
    pool: Pool,
    connection: Connection,
    cluster: Cluster,
    generation: int,
    clock: Clock,
    advance: Advance,
) -> int:
    """Copy a generation that PostgreSQL keeps to new topics and switch; return its events.

    `connection` holds the lock on moves and makes the switch.
    Raises: CopyRefused, UnreadableEvent, LogMoved, Unavailable, KafkaRefused.
    """
    async with _empty_copy(pool, cluster, generation) as copy:
        for _ in range(_ROUNDS):
            heads = await _heads(pool, generation)
            if sum(heads) - sum(copy.copied) <= _SHORT_TAIL:
                break
            await copy.bring_to(heads, advance)
        with translated():
            async with connection.transaction():
                ends = await hold_still(connection, generation, "embedded", clock)
                await copy.bring_to(ends, advance)
                await copy.check()
                return await open_next(connection, generation, "kafka", ends)


@asynccontextmanager
async def _empty_copy(pool: Pool, cluster: Cluster, generation: int) -> AsyncIterator[_Copy]:
    """Make new, empty topics for the next generation; delete what a broken copy left."""
    copy = _Copy(pool, cluster, await load_lineage(pool, generation))
    try:
        await _discard(pool, copy)
        await create(cluster, copy.topics)
        found = (await describe(cluster, copy.topics)).topics
        with translated():
            ids = [found[topic.name].topic_id for topic in copy.topics]
            names = [topic.name for topic in copy.topics]
            await pool.execute(sql("move_know_topics"), names, ids)
        yield copy
    finally:
        await copy.close()


async def _discard(pool: Pool, copy: _Copy) -> None:
    """Delete a broken copy. Raises: CopyRefused, where topics of that name are no such thing."""
    found = (await describe(copy.cluster, copy.topics)).topics
    for topic in copy.topics:
        if topic.name in found:
            refuse_other_partitions(topic, found[topic.name])
    known = await _known(pool, [*found])
    foreign = [name for name, topic in found.items() if known.get(name) != topic.topic_id]
    if foreign and not await copy.is_empty(foreign):
        raise CopyRefused(
            f"topic {foreign[0]} exists and holds events that are not of this database: another "
            "company's, perhaps. Set another TOUCHSTONE_KAFKA_PREFIX, or delete it with Kafka's "
            "own tool if it is of no use to anybody"
        )
    if found:
        await delete(copy.cluster, [topic for topic in copy.topics if topic.name in found])


async def _known(pool: Pool, names: Sequence[str]) -> dict[str, str]:
    """Return the ids of topics that this database filled, by name."""
    with translated():
        rows = await pool.fetch(sql("kafka_known_topics"), names)
    return {row["name"]: row["topic_id"] for row in rows}


async def _heads(pool: Pool, generation: int) -> tuple[int, ...]:
    with translated():
        rows = await pool.fetch(sql("log_heads"), generation)
    return tuple(row["next_n"] for row in rows)


def _record(event: StoredEvent) -> Record:
    """Return an event as the gateway would have appended it. Raises: UnreadableEvent, ..."""
    envelope = event.envelope
    try:
        version = written_version(event.payload)
    except EventError as error:
        raise UnreadableEvent(
            f"event {envelope.id} cannot be read and so not be moved: {error}. Either its bytes "
            "were altered, or a newer version of the platform wrote it; nothing was moved"
        ) from error
    if largest_size(envelope, event.payload) > LARGEST_RECORD_BYTES:
        raise CopyRefused(f"event {envelope.id} is larger than Kafka's topics take")
    return to_record(envelope, version, event.payload, event.recorded_at)


def _disturbed(place: TopicPartition) -> CopyRefused:
    return CopyRefused(
        f"partition {place.partition} of topic {place.topic} does not hold just what was copied: "
        "somebody else writes to it or has changed it. Nothing was moved; run the command again"
    )
