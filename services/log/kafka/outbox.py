"""What the gateway writes to the database around an append to Kafka.

First, in one transaction, events are admitted and stamped, and their records kept as pending:
under the locks of the heads, so that stamps rise with the order of ordinals. Then, alone on
the partitions, everything pending there is appended in that order, whoever left it, and
confirmed in the same transaction that holds the partitions. So an event's first copy in a
topic never comes before a copy of one stamped earlier, whatever crashed in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import asyncpg

from events.envelope import Position
from services.log.heads import lock_heads
from services.log.kafka.identity import TopicTruncated
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.log.kafka.wire import Record, pack_headers, to_record, unpack_headers
from services.log.units import Admission, Call, Overrun, Place, admit_calls, locks_for
from services.ports import Clock
from services.postgres.pool import Connection, Pool
from services.postgres.statements import sql

_PAGE = 4_000
"""Pending records appended and confirmed together."""

_LOCK_CLASS = 0x6B_61_66  # any constant that no other application of the same database uses


class Admitted(NamedTuple):
    """What one group's transaction let in, and where something must be appended for it."""

    admission: Admission
    records: Mapping[Place, Record]  # of what was let in
    partitions: frozenset[int]  # where something must be appended before all have positions


class Outbox:
    """The pending records of one generation."""

    def __init__(self, pool: Pool, generation: int, places: TopicPartitions) -> None:
        self._pool = pool
        self._generation = generation
        self._places = places

    async def admit(self, calls: Sequence[Call], clock: Clock) -> Admitted:
        """Admit and stamp what is new, and keep its records until they are confirmed.

        Raises: LogMoved.
        """
        now = clock.now()  # of records made before anybody waits for us; they are stamped later
        drafts = {
            (number, i): to_record(event.envelope, event.schema_version, event.payload, now)
            for number, call in enumerate(calls)
            for i, event in enumerate(call.events)
        }
        suspects: frozenset[int] = frozenset()
        while True:
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    return await self._admit(connection, calls, drafts, clock, suspects)
            except Overrun as overrun:
                suspects = overrun.calls

    async def _admit(
        self,
        connection: Connection,
        calls: Sequence[Call],
        drafts: Mapping[Place, Record],
        clock: Clock,
        suspects: frozenset[int],
    ) -> Admitted:
        heads = await lock_heads(connection, self._generation, "kafka", clock, locks_for(calls))

        def stamped(place: Place) -> Record:
            number, i = place
            return drafts[place].stamped(heads.stamps[calls[number].events[i].partition])

        async def admitted(places: Sequence[Place]) -> Collection[str]:
            return await self._let_in(connection, calls, {one: stamped(one) for one in places})

        admission = await admit_calls(connection, calls, heads.versions, suspects, admitted)
        records = {place: stamped(place) for place in admission.let_in}
        partitions = {calls[number].events[i].partition for number, i in records}
        left = {holder["pending_partition"] for holder in admission.holders.values()} - {None}
        return Admitted(admission, records, frozenset(partitions | left))

    async def _let_in(
        self, connection: Connection, calls: Sequence[Call], records: Mapping[Place, Record]
    ) -> Collection[str]:
        """Admit what nobody holds, and keep its records as pending; return the ids let in."""
        events = [calls[number].events[i] for number, i in records]
        rows = await connection.fetch(
            sql("kafka_admit"),
            self._generation,
            [event.partition for event in events],
            [event.envelope.id for event in events],
            [event.envelope.source for event in events],
            [event.envelope.epoch for event in events],
            [event.envelope.sequence for event in events],
            [event.digest for event in events],
            [record.recorded_at for record in records.values()],
            [record.key for record in records.values()],
            [pack_headers(record.headers) for record in records.values()],
            [record.value for record in records.values()],
            [calls[number].whole for number, _ in records],
        )
        return {row["event_id"] for row in rows}

    async def waiting(self) -> frozenset[int]:
        """Return the partitions in which something is pending."""
        rows = await self._pool.fetch(sql("kafka_pending_partitions"), self._generation)
        return frozenset(row["partition"] for row in rows)

    async def deliver(
        self, partitions: frozenset[int], appender: Appender, at_hand: Mapping[str, Record]
    ) -> Mapping[str, Position]:
        """Append all that is pending in these partitions, in order; return where it lies now.

        `at_hand` saves reading records that this process has just written.
        Raises: Unavailable, KafkaRefused; then what was not confirmed is still pending.
        TopicTruncated.
        """
        delivered: dict[str, Position] = {}
        owned = sorted(partitions)
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(
                    sql("kafka_take"), _LOCK_CLASS, self._keys(owned), self._generation, owned,
                    _PAGE,
                )  # fmt: skip
                written = await self._deliver(connection, rows, appender, at_hand)
            delivered |= written
            if len(written) < _PAGE:
                return delivered

    async def own(self, connection: Connection, partitions: Iterable[int]) -> None:
        """Keep everybody else from appending to these partitions until the transaction ends."""
        await connection.execute(sql("kafka_own"), _LOCK_CLASS, self._keys(sorted(partitions)))

    def _keys(self, partitions: Iterable[int]) -> list[int]:
        return [self._generation * 16 + partition for partition in partitions]

    async def deliver_page(
        self,
        connection: Connection,
        partitions: Iterable[int],
        appender: Appender,
        at_hand: Mapping[str, Record],
    ) -> Mapping[str, Position]:
        """Append a page of what is pending in partitions that the caller's transaction owns.

        Nothing is returned once nothing is pending. Raises: as `deliver`.
        """
        owned = sorted(partitions)
        rows = await connection.fetch(sql("kafka_pending"), self._generation, owned, _PAGE)
        return await self._deliver(connection, rows, appender, at_hand)

    async def _deliver(
        self,
        connection: Connection,
        rows: Sequence[asyncpg.Record],
        appender: Appender,
        at_hand: Mapping[str, Record],
    ) -> Mapping[str, Position]:
        """Append these pending records, confirm them and return where they lie."""
        if not rows:
            return {}
        records = await self._records([row["event_id"] for row in rows], connection, at_hand)
        ids: dict[int, list[str]] = {}
        for row in rows:
            ids.setdefault(row["partition"], []).append(row["event_id"])
        written = await appender.append(
            {self._places.of(p): [records[i] for i in own] for p, own in ids.items()}
        )
        placed = {
            event_id: Position(self._generation, partition, n)
            for partition, own in ids.items()
            for event_id, n in zip(own, written[self._places.of(partition)], strict=True)
        }
        lost = await connection.fetch(
            sql("kafka_confirm"),
            self._generation,
            [position.partition for position in placed.values()],
            [*placed],
            [position.n for position in placed.values()],
        )
        for row in lost:
            raise TopicTruncated(
                self._places.of(row["partition"]),
                f"an append was given offset {row['given']} after {row['expected']} had been "
                "reached",
            )
        return placed

    async def _records(
        self, ids: Sequence[str], connection: Connection, at_hand: Mapping[str, Record]
    ) -> Mapping[str, Record]:
        """Return the records of these events; those that a crash left are read."""
        found = {event_id: at_hand[event_id] for event_id in ids if event_id in at_hand}
        left = [event_id for event_id in ids if event_id not in found]
        if left:
            for row in await connection.fetch(sql("kafka_pending_records"), left):
                headers = unpack_headers(row["headers"])
                record = Record(row["record_key"], headers, row["data"], row["recorded_at"])
                found[row["event_id"]] = record
        return found

    async def positions(self, ids: Sequence[str]) -> Mapping[str, Position]:
        """Return where these events lie; those still pending are left out."""
        rows = await self._pool.fetch(sql("kafka_positions"), ids)
        return {
            row["event_id"]: Position(row["generation"], row["partition"], row["n"]) for row in rows
        }
