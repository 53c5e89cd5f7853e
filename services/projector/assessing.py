"""Takes in events and judges customers again, of one partition or several in one transaction.

Whatever differs is written with the checkpoints, or nothing of it is: then what was remembered of
the customers is forgotten, and the same events are taken in again.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple, Protocol

from events.envelope import CustomerId
from events.policy import Reference
from projections.protocol import Projection
from services.ports import Dossiers, Portion, StoredEvent
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.bringing_back import BringingBack
from services.projector.collecting import collect_if_many
from services.projector.lane import Batch, Lane
from services.projector.recalling import Recall
from services.rows.changes import Changes, Parked
from services.rows.uses import UseSets
from services.rows.writing import Share, Writer

_KEEPING_S = 5.0  # for snapshots after a batch: long enough for many, or for one that is very long

Parts = Collection[int]  # partitions


class Mirror(Protocol):
    """Keeps in the events table what another log holds, each event once."""

    async def keep(self, connection: Connection, stored: Sequence[StoredEvent]) -> None:
        """Store a batch inside the transaction that moves the checkpoints past it."""
        ...


class Audience(Protocol):
    """Hears of changes after they were committed; it may be told late, and must not fail."""

    def changed(
        self, projection: Projection, partition: int, change_no: int, customers: list[CustomerId]
    ) -> None:
        """Take note that rows or alerts of these customers are new."""
        ...


class Piece(NamedTuple):
    """What one lane takes in, or whom it judges again: customers, with their events if any."""

    lane: Lane
    batch: Batch
    upto: int  # where its checkpoint stands afterwards
    at: datetime  # the instant to be judged


class Part(NamedTuple):
    """The next events of a partition, and the lanes that take them in."""

    lanes: Sequence[Lane]
    portion: Portion
    stored: Sequence[StoredEvent] = ()  # as they came from another log


Before = Callable[[Connection], Awaitable[Parts]]
"""What is done in the transaction before anything is written; returns whose pieces are given up."""


class Assessor:
    """Does pieces of work together."""

    def __init__(
        self,
        pool: Pool,
        dossiers: Dossiers,
        generation: int,
        writer: Writer,
        mirror: Mirror | None,
        audience: Audience | None,
    ) -> None:
        self._pool = pool
        self._mirror = mirror
        self._writer = writer
        self._audience = audience
        self._uses = UseSets(pool)
        self._bringing_back = BringingBack(pool, Recall(generation, pool, dossiers))

    async def take_in(self, parts: Sequence[Part], reference: Reference) -> None:
        """Take in the next events of partitions. Raises: StaleCheckpoint, Unavailable."""
        pieces = [
            Piece(lane, lane.of_interest(facts), upto, at)
            for lanes, (facts, _, _, upto, at), _ in parts
            for lane in lanes
        ]
        unreadable = {
            customer: Parked(customer, reason, event_id)
            for one in parts
            for customer, (event_id, reason) in one.portion.unreadable.items()
        }

        async def mirrored(connection: Connection) -> Parts:
            if self._mirror is not None:
                for one in parts:
                    await self._mirror.keep(connection, one.stored)
            return ()

        await self.do(pieces, unreadable, reference, mirrored)

    async def do(
        self,
        pieces: Sequence[Piece],
        unreadable: Mapping[CustomerId, Parked],
        reference: Reference,
        before: Before,
    ) -> int:
        """Do pieces of work in one transaction; return how many customers were judged.

        Lanes of one partition stand side by side. Raises: StaleCheckpoint, Unavailable.
        """
        async with all_or_nothing([piece.lane for piece in pieces]):
            broken = dict(unreadable)
            await self._bringing_back.recall(pieces, broken, reference)
            work = [(one, await self._assessed(one, broken, reference)) for one in pieces]
            await self._uses.keep(head.uses for _, changes in work for head in changes.heads)
            async with writing(self._pool) as connection:
                given_up = await before(connection)
                work = [(one, it) for one, it in work if one.lane.partition not in given_up]
                numbers = await self._written(connection, work, reference)
        for piece in pieces:
            if piece.lane.partition in given_up:
                piece.lane.memory.drop(piece.batch)
        for (piece, changes), change_no in zip(work, numbers, strict=True):
            piece.lane.parked.difference_update(piece.batch)
            piece.lane.committed(piece.upto, changes)
            self._tell(piece.lane, changes, change_no)
        keep_until = time.monotonic() + _KEEPING_S
        for piece, changes in work:
            await piece.lane.release(changes, piece.at, reference, keep_until)
        collect_if_many()
        return sum(len(piece.batch) for piece, _ in work)

    async def _written(
        self,
        connection: Connection,
        work: Sequence[tuple[Piece, Changes]],
        reference: Reference,
    ) -> list[int]:
        if not work:
            return []
        shares = [
            Share(
                one.lane.store, one.lane.partition, one.lane.checkpoint, one.upto, changes, one.at
            )
            for one, changes in work
        ]
        return await self._writer.write(connection, shares, reference.count)

    async def _assessed(
        self, piece: Piece, broken: Mapping[CustomerId, Parked], reference: Reference
    ) -> Changes:
        """Return what differs once a batch is remembered; who is in it was brought back."""
        lane, batch, _, at = piece
        mine = {customer: broken[customer] for customer in batch if customer in broken}
        changes = await lane.assess(batch, mine, at, reference)
        if changes.incomplete:
            again = {customer: batch[customer] for customer in changes.incomplete}
            await self._bringing_back.recall_whole(lane, [*again], mine)
            await lane.assess(again, mine, at, reference, changes)
            assert not changes.incomplete, "nothing is left out of what was read whole"
        changes.parked.extend(mine.values())
        return changes

    def _tell(self, lane: Lane, changes: Changes, change_no: int) -> None:
        if self._audience is not None and changes.visible:
            customers = [head.customer for head in changes.heads]
            self._audience.changed(lane.projection, lane.partition, change_no, customers)


@asynccontextmanager
async def writing(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection in a transaction that ends soon should this process freeze.

    Who takes the partition over waits for it meanwhile, and whoever publishes waits for them.
    """
    with translated():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("end_when_idle"))
            yield connection


@asynccontextmanager
async def all_or_nothing(lanes: Sequence[Lane]) -> AsyncIterator[None]:
    """Forget what was remembered of a batch that was not written."""
    try:
        yield
    except BaseException:
        for lane in lanes:
            lane.memory.clear()
        raise
