"""Appends records so that a partition takes all of a batch or nothing, and in order.

aiokafka's producer is idempotent only while it lives, and while it lives it repeats a batch
for ever. So a batch that is not acknowledged in time ends its producer, and what became of
it is unknown until it is appended again; the copy that may slip in is the mirror's to drop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata, TopicPartition

from services.log.kafka.cluster import REQUEST_TIMEOUT_S, Cluster, away, reached
from services.log.kafka.wire import Record

LARGEST_RECORD_BYTES = 1024 * 1024
"""Half of what the topics take in one batch."""

_BATCH_BYTES = 512 * 1024
_PATIENCE_S = 2 * REQUEST_TIMEOUT_S


class Appender:
    """One producer at a time, made when it is needed and given up when it fails."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End the producer; what became of its batches under way stays unknown."""
        if self._producer is not None:
            self._give_up(self._producer)
        await asyncio.gather(*self._ending)

    async def append(
        self, records: Mapping[TopicPartition, Sequence[Record]]
    ) -> Mapping[TopicPartition, Sequence[int]]:
        """Return the offsets of the records, all acknowledged by all in-sync replicas.

        The caller sees to it that nobody else appends to these partitions meanwhile.
        Raises: Unavailable, KafkaRefused; then any of them may or may not be in the topic.
        """
        producer = await self._ready()
        try:
            offsets = await asyncio.gather(
                *(self._append_to(producer, place, own) for place, own in records.items()),
                return_exceptions=True,
            )
            for one in offsets:
                if isinstance(one, BaseException):
                    with reached():
                        raise one
        except BaseException:
            self._give_up(producer)
            raise
        return {
            place: one
            for place, one in zip(records, offsets, strict=True)
            if not isinstance(one, BaseException)
        }

    async def _append_to(
        self, producer: AIOKafkaProducer, place: TopicPartition, records: Sequence[Record]
    ) -> list[int]:
        """Append to one partition, batch after batch."""
        offsets: list[int] = []
        rest = list(records)
        while rest:
            batch = _fill(producer, rest)
            count = batch.record_count()
            base = await self._send(producer, place, batch)
            offsets += range(base, base + count)
            rest = rest[count:]
        return offsets

    async def _send(
        self, producer: AIOKafkaProducer, place: TopicPartition, batch: BatchBuilder
    ) -> int:
        """Return the offset of a batch's first record, once it is acknowledged."""
        async with asyncio.timeout(_PATIENCE_S):
            sent = await producer.send_batch(batch, place.topic, partition=place.partition)
        # Cancelling this future would break the producer's own book-keeping: it is only waited for.
        done, _ = await asyncio.wait([sent], timeout=_PATIENCE_S)
        if not done:
            sent.add_done_callback(_take_note)
            raise away(f"{place.topic} did not acknowledge within {_PATIENCE_S:.0f} s")
        metadata: RecordMetadata = sent.result()
        if metadata.offset < 0:  # known to be there, but the broker has forgotten where
            raise away(f"{place.topic} acknowledged a repeat without its offset")
        return int(metadata.offset)

    async def _ready(self) -> AIOKafkaProducer:
        """Return the producer, started. Raises: Unavailable, KafkaRefused."""
        async with self._starting:
            if self._producer is not None:
                return self._producer
            producer = AIOKafkaProducer(
                **self._cluster.options,
                acks="all",
                enable_idempotence=True,
                max_batch_size=_BATCH_BYTES,
            )
            with reached():
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        await producer.start()
                except BaseException:
                    await _end(producer)
                    raise
            self._producer = producer
            return producer

    def _give_up(self, producer: AIOKafkaProducer) -> None:
        """End a producer, and with it its repeats, without keeping anybody waiting."""
        if self._producer is not producer:
            return  # another call, which it failed too, was faster
        self._producer = None
        task = asyncio.create_task(_end(producer), name="end of a producer")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _fill(producer: AIOKafkaProducer, records: Sequence[Record]) -> BatchBuilder:
    """Return a batch of as many of the records as one may hold, at least one."""
    batch: BatchBuilder = producer.create_batch()
    for record in records:
        stamp = int(record.recorded_at.timestamp() * 1000)
        headers = list(record.headers)
        fits = batch.append(timestamp=stamp, key=record.key, value=record.value, headers=headers)
        if fits is None:
            break
    batch.close()
    return batch


def _take_note(sent: asyncio.Future[RecordMetadata]) -> None:
    """Look at how a batch ended that nobody waits for any more, as asyncio demands."""
    if not sent.cancelled():
        sent.exception()


async def _end(producer: AIOKafkaProducer) -> None:
    """Stop a producer without waiting for what it cannot deliver.

    Its own `stop` delivers everything first, which takes for ever where the broker is away. Its
    sender ends once the requests under way do; cancelled again, it leaves them as well.
    """
    sender = producer._sender.sender_task
    patience_s = REQUEST_TIMEOUT_S
    while sender is not None and not sender.done():
        sender.cancel()
        await asyncio.wait([sender], timeout=patience_s)
        patience_s = 0.1
    producer._message_accumulator.fail_all(away("the producer was stopped"))
    await producer.stop()
