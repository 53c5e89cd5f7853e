"""What the gateway writes to the database around an append to Kafka.

First, in one transaction, events are admitted and stamped, and their records kept as pending:
under the locks of the heads, so that stamps rise with the order of ordinals. Then, alone on
the partitions, everything pending there is appended in that order, whoever left it, and
confirmed in the same transaction that holds the partitions. So an event's first copy in a
topic never comes before a copy of one stamped earlier, whatever crashed in between. Where nobody
is on the partitions and nothing is pending there, the first transaction comes to own them, and
the second need not ask.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
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
from services.postgres.pool import Connection, Pool, reset_when_given_back, retried
from services.postgres.statements import sql

_PAGE = 4_000
"""Pending records appended and confirmed together."""

_LOCK_CLASS = 0x6B_61_66  # any constant that no other application of the same database uses


class Next(NamedTuple):
    """A pending record that is to be appended."""

    partition: int
    event_id: str


class Admitted(NamedTuple):
    """What one group's transaction let in, and the next one, which is to deliver it."""

    admission: Admission
    records: Mapping[Place, Record]  # of what was let in
    partitions: frozenset[int]  # where something must be appended before all have positions
    connection: Connection
    held: Sequence[int]  # keys of partitions that the connection owns already
    next: Sequence[Next] | None  # what is to be appended; None: others' come first, or may


class _Owning:
    """What an admission came to own on its way."""

    def __init__(self) -> None:
        self.held: list[int] = []
        self.next: list[Next] = []
        self.rounds = 0
        self.others_wait = False


class Outbox:
    """The pending records of one generation."""

    def __init__(self, pool: Pool, generation: int, places: TopicPartitions) -> None:
        self._pool = pool
        self._generation = generation
        self._places = places

    @asynccontextmanager
    async def admitted(self, calls: Sequence[Call], clock: Clock) -> AsyncIterator[Admitted]:
        """Admit and stamp what is new, and keep its records until they are confirmed.

        Within the context `deliver_admitted` may be called, once; what it did not deliver is left
        pending. Raises: LogMoved, Unavailable.
        """
        # Safe to repeat: what an attempt committed unnoticed comes back as a duplicate.
        admitted = await retried(lambda: self.admit(calls, clock))
        try:
            yield admitted
        finally:
            await self._give_back(admitted.connection)

    async def admit(self, calls: Sequence[Call], clock: Clock) -> Admitted:
        """Admit once; whoever takes the answer has to give the connection back."""
        now = clock.now()  # of records made before anybody waits for us; they are stamped later
        drafts = {
            (number, i): to_record(event.envelope, event.schema_version, event.payload, now)
            for number, call in enumerate(calls)
            for i, event in enumerate(call.events)
        }
        suspects: frozenset[int] = frozenset()
        while True:
            connection = await self._pool.acquire()
            try:
                await connection.execute("BEGIN")
                admitted = await self._admit(connection, calls, drafts, clock, suspects)
                # At once into the transaction that delivers: whoever is frozen while it owns
                # partitions is ended by the server, as long as it is within one.
                await connection.execute("COMMIT AND CHAIN" if admitted.partitions else "COMMIT")
            except Overrun as overrun:
                suspects = overrun.calls
                await self._give_back(connection)
            except BaseException:
                await self._give_back(connection)
                raise
            else:
                return admitted

    async def _give_back(self, connection: Connection) -> None:
        """Give a connection back that owns nothing any more."""
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            if connection.is_in_transaction():
                reset_when_given_back(connection)
                await connection.execute("ROLLBACK")
        await self._pool.release(connection)

    async def _admit(
        self,
        connection: Connection,
        calls: Sequence[Call],
        drafts: Mapping[Place, Record],
        clock: Clock,
        suspects: frozenset[int],
    ) -> Admitted:
        heads = await lock_heads(connection, self._generation, "kafka", clock, locks_for(calls))
        owning = _Owning()

        def stamped(place: Place) -> Record:
            number, i = place
            return drafts[place].stamped(heads.stamps[calls[number].events[i].partition])

        async def let_in(places: Sequence[Place]) -> Collection[str]:
            records = {place: stamped(place) for place in places}
            return await self._let_in(connection, calls, records, owning)

        admission = await admit_calls(connection, calls, heads.standing, suspects, let_in)
        records = {place: stamped(place) for place in admission.let_in}
        own = {one.partition for one in owning.next}
        left = {holder["pending_partition"] for holder in admission.holders.values()} - {None}
        are_next = (
            owning.rounds == 1
            and not owning.others_wait
            and left <= own
            and set(owning.held) == set(self._keys(own))
            and len(owning.next) <= _PAGE
        )
        return Admitted(
            admission,
            records,
            frozenset(own | left),
            connection,
            owning.held,
            owning.next if are_next else None,
        )

    async def _let_in(
        self,
        connection: Connection,
        calls: Sequence[Call],
        records: Mapping[Place, Record],
        owning: _Owning,
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
            [calls[number].whole or calls[number].events[i].decided_on for number, i in records],
            [event.merges for event in events],
            _LOCK_CLASS,
        )
        ids = {row["event_id"] for row in rows}
        if rows:
            owning.rounds += 1
            owning.held += rows[0]["held"]
            owning.others_wait |= rows[0]["others_wait"]
            owning.next += [
                Next(event.partition, event.envelope.id)
                for event in events
                if event.envelope.id in ids
            ]
        return ids

    async def deliver_admitted(
        self, admitted: Admitted, appender: Appender, at_hand: Mapping[str, Record]
    ) -> Mapping[str, Position]:
        """Append all that is pending where a group was let in; return where it lies now.

        Raises: as `deliver`.
        """
        if not admitted.partitions:
            return {}
        connection, rows, held = admitted.connection, admitted.next, admitted.held
        if rows is None:
            rows, held = await self._take(connection, sorted(admitted.partitions), held), ()
        delivered = await self._deliver(connection, rows, appender, at_hand, held)
        await connection.execute("COMMIT")
        if len(rows) < _PAGE or admitted.next is not None:
            return delivered
        return {**delivered, **await self.deliver(admitted.partitions, appender, at_hand)}

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
                rows = await self._take(connection, owned)
                written = await self._deliver(connection, rows, appender, at_hand)
            delivered |= written
            if len(written) < _PAGE:
                return delivered

    async def own(self, connection: Connection, partitions: Iterable[int]) -> None:
        """Keep everybody else from appending to these partitions until the transaction ends."""
        await connection.execute(sql("kafka_own"), _LOCK_CLASS, self._keys(sorted(partitions)))

    async def _take(
        self, connection: Connection, partitions: Sequence[int], held: Sequence[int] = ()
    ) -> Sequence[Next]:
        """Own partitions until the transaction ends; return a page of what is pending there.

        What is `held` of them is let go first: it may have been got in any order.
        """
        rows = await connection.fetch(
            sql("kafka_take"), _LOCK_CLASS, held, self._keys(partitions), self._generation,
            partitions, _PAGE,
        )  # fmt: skip
        return [Next(*row) for row in rows]

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
        return await self._deliver(connection, [Next(*row) for row in rows], appender, at_hand)

    async def _deliver(
        self,
        connection: Connection,
        rows: Sequence[Next],
        appender: Appender,
        at_hand: Mapping[str, Record],
        held: Sequence[int] = (),
    ) -> Mapping[str, Position]:
        """Append these pending records, confirm them and return where they lie."""
        if not rows:
            return {}
        records = await self._records([row.event_id for row in rows], connection, at_hand)
        ids: dict[int, list[str]] = {}
        for row in rows:
            ids.setdefault(row.partition, []).append(row.event_id)
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
            _LOCK_CLASS,
            held,
            self._generation,
            [position.partition for position in placed.values()],
            [*placed],
            [position.n for position in placed.values()],
        )
        for partition, expected, given in lost:
            raise TopicTruncated(
                self._places.of(partition),
                f"an append was given offset {given} after {expected} had been reached",
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
