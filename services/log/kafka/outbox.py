"""What the gateway writes to the database around an append to Kafka.

First, in one transaction, events are admitted and stamped, and their records kept as pending:
under the locks of the heads, so that stamps rise with the order of ordinals. Then, alone on
the partitions, everything pending there is appended in that order, whoever left it, and
confirmed in the same transaction that holds the partitions. So an event's first copy in a
topic never comes before a copy of one stamped earlier, whatever crashed in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
        admission = await admit_calls(connection, calls, heads.versions, suspects)
        partitions = {(c, i): calls[c].events[i].partition for c, i in admission.let_in}
        records = {
            place: drafts[place].stamped(heads.stamps[partition])
            for place, partition in partitions.items()
        }
        if records:
            await self._pend(connection, calls, records)
        left = {holder["pending_partition"] for holder in admission.holders.values()} - {None}
        return Admitted(admission, records, frozenset({*partitions.values()} | left))

    async def _pend(
        self, connection: Connection, calls: Sequence[Call], records: Mapping[Place, Record]
    ) -> None:
        events = [calls[number].events[i] for number, i in records]
        await connection.execute(
            sql("kafka_pend"),
            self._generation,
            [event.partition for event in events],
            [event.envelope.id for event in events],
            [record.recorded_at for record in records.values()],
            [record.key for record in records.values()],
            [pack_headers(record.headers) for record in records.values()],
            [record.value for record in records.values()],
            [calls[number].whole for number, _ in records],
        )

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
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                await self.own(connection, partitions)
                written = await self.deliver_page(connection, partitions, appender, at_hand)
            delivered |= written
            if len(written) < _PAGE:
                return delivered

    async def own(self, connection: Connection, partitions: Iterable[int]) -> None:
        """Keep everybody else from appending to these partitions until the transaction ends."""
        keys = [self._generation * 16 + partition for partition in sorted(partitions)]
        await connection.execute(sql("kafka_own"), _LOCK_CLASS, keys)

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
        return await self._deliver(connection, rows, appender, at_hand) if rows else {}

    async def _deliver(
        self,
        connection: Connection,
        rows: Sequence[asyncpg.Record],
        appender: Appender,
        at_hand: Mapping[str, Record],
    ) -> Mapping[str, Position]:
        """Append these pending records, confirm them and return where they lie."""
        records = await self._records([row["event_id"] for row in rows], connection, at_hand)
        ids: dict[int, list[str]] = {}
        for row in rows:
            ids.setdefault(row["partition"], []).append(row["event_id"])
        written = await appender.append(
            {self._places.of(p): [records[i] for i in own] for p, own in ids.items()}
        )
        offsets = {p: written[self._places.of(p)] for p in ids}
        heads = await connection.fetch(sql("kafka_lock_heads"), self._generation, sorted(ids))
        for head in heads:
            partition, expected = head["partition"], head["next_n"]
            if offsets[partition][0] < expected:
                raise TopicTruncated(
                    self._places.of(partition),
                    f"an append was given offset {offsets[partition][0]} after "
                    f"{expected} had been reached",
                )
        placed = {
            event_id: Position(self._generation, partition, n)
            for partition, own in ids.items()
            for event_id, n in zip(own, offsets[partition], strict=True)
        }
        await connection.execute(
            sql("kafka_confirm"),
            self._generation,
            [position.partition for position in placed.values()],
            [*placed],
            [position.n for position in placed.values()],
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
