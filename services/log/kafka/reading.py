"""Reads the log's topics from any position on, by a few consumers that are lent and kept.

A consumer that ended where the next read begins has the following records at hand already, so
it is preferred. Offsets are positions of the database's making: no group, nothing committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord, TopicPartition

from events.envelope import Position
from services.log.clocks import LATEST_AHEAD
from services.log.kafka.cluster import REQUEST_TIMEOUT_S, Cluster, away, reached
from services.log.kafka.identity import TopicTruncated
from services.log.kafka.stopping import stop
from services.log.kafka.wire import ForeignRecord, from_headers
from services.ports import StoredEvent

_LOG = structlog.get_logger(__name__)

_CONSUMERS = 4
_FETCH_BYTES = 4 * 1024 * 1024
_FETCH_WAIT_MS = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATIENCE_S = 2 * REQUEST_TIMEOUT_S
_STAMPS = 64

Record: TypeAlias = "ConsumerRecord[bytes, bytes]"
"""A record as aiokafka hands it out."""


class _Reader:
    """One consumer, and where it would go on."""

    def __init__(self, cluster: Cluster) -> None:
        self.consumer = AIOKafkaConsumer(
            **cluster.options,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
        )
        self.place: TopicPartition | None = None
        self.next = 0
        self._paused = False

    async def read(self, place: TopicPartition, start: int, limit: int) -> list[Record]:
        """Return the next records; fewer than `limit` only where the partition ends."""
        end: int | None = None
        if (self.place, self.next) != (place, start) or self._paused:
            end = await self._end(place)
            if start >= end:
                return []
            self._go_to(place, start)
        records: list[Record] = []
        deadline = time.monotonic() + _PATIENCE_S
        while len(records) < limit and (end is None or self.next < end):
            wait_ms = 0 if end is None else _FETCH_WAIT_MS
            got = await self.consumer.getmany(
                place, timeout_ms=wait_ms, max_records=limit - len(records)
            )
            records += got.get(place, ())
            self.next = await self.consumer.position(place)
            if end is None and not got:
                end = await self._end(place)
            if time.monotonic() > deadline:
                raise away(f"partition {place.partition} of {place.topic} cannot be read")
        if len(records) < limit:
            # A fetch at the end is held by the broker, and what is asked meanwhile waits for it.
            self.consumer.pause(place)
            self._paused = True
        return records

    def _go_to(self, place: TopicPartition, start: int) -> None:
        if self.place != place:
            self.consumer.assign([place])
        elif self._paused:
            self.consumer.resume(place)
        self._paused = False
        if (self.place, self.next) != (place, start):
            self.consumer.seek(place, start)
        self.place, self.next = place, start

    async def _end(self, place: TopicPartition) -> int:
        ends: dict[TopicPartition, int] = await self.consumer.end_offsets([place])
        return ends[place]


class Readers:
    """A small pool of consumers, made when they are needed; `close` stops them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._free = asyncio.Semaphore(_CONSUMERS)
        self._idle: list[_Reader] = []
        self._closed = False

    async def close(self) -> None:
        """Stop every consumer; one that is lent just now, when it comes back."""
        self._closed = True
        while self._idle:
            await stop(self._idle.pop().consumer)

    async def read(self, place: TopicPartition, start: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` records of a partition from the offset `start` on.

        Raises: Unavailable, KafkaRefused, TopicTruncated.
        """
        async with self._lend(place, start) as reader:
            try:
                return await reader.read(place, start, limit)
            except OffsetOutOfRangeError as error:
                raise TopicTruncated(place, f"{start} is not in it any more") from error

    async def ends(self, places: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return where each partition ends. Raises: Unavailable, KafkaRefused."""
        async with self._lend(None, 0) as reader:
            ends: dict[TopicPartition, int] = await reader.consumer.end_offsets(list(places))
            return ends

    async def begins(self, places: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return where each partition begins. Raises: Unavailable, KafkaRefused."""
        async with self._lend(None, 0) as reader:
            begins: dict[TopicPartition, int] = await reader.consumer.beginning_offsets(
                list(places)
            )
            return begins

    @asynccontextmanager
    async def _lend(self, place: TopicPartition | None, start: int) -> AsyncIterator[_Reader]:
        """Lend the consumer that suits best; one that failed is not lent again."""
        async with self._free:
            with reached():
                reader = await self._best(place, start)
                try:
                    yield reader
                except BaseException:
                    await stop(reader.consumer)
                    raise
            self._idle.append(reader)
            if self._closed:
                await self.close()

    async def _best(self, place: TopicPartition | None, start: int) -> _Reader:
        for fits in ((place, start), (place,), (None,)):
            for reader in self._idle:
                if (reader.place, reader.next)[: len(fits)] == fits:
                    self._idle.remove(reader)
                    return reader
        if len(self._idle) == _CONSUMERS or (self._idle and place is None):
            return self._idle.pop(0)  # the one that was lent longest ago
        reader = _Reader(self._cluster)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await reader.consumer.start()
        except BaseException:
            await stop(reader.consumer)
            raise
        return reader


@lru_cache(_STAMPS)
def _latest(timestamp: int) -> datetime:
    """Return what no record was recorded after that a broker took in at an instant of its clock.

    The broker gives one instant to all that it takes in at once.
    """
    return _EPOCH + timedelta(milliseconds=timestamp) + LATEST_AHEAD


def stored_events(
    records: Sequence[Record], generation: int, partition: int
) -> Sequence[StoredEvent]:
    """Return records as events; one that no gateway wrote is left out, and said so."""
    events = []
    for record in records:
        try:
            envelope, recorded_at = from_headers(record.headers)
            if record.value is None:
                raise ForeignRecord("no value")
            if recorded_at > _latest(record.timestamp):
                raise ForeignRecord("recorded after it came here")
        except ForeignRecord as error:
            _LOG.error(
                "foreign_record", topic=record.topic, partition=record.partition,
                offset=record.offset, reason=str(error),
            )  # fmt: skip
            continue
        position = Position(generation, partition, record.offset)
        events.append(StoredEvent(envelope, position, recorded_at, record.value))
    return events
