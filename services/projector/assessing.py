"""Takes in events and judges customers again, of one partition or several in one transaction.

Whatever differs is written with the checkpoints, or nothing of it is: then what was remembered of
the customers is forgotten, and the same events are taken in again.
"""

from __future__ import annotations

import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, Protocol

from events.envelope import CustomerId
from events.partitioning import partition_of
from events.policy import Reference
from projections.protocol import Projection
from services import metrics, tracing
from services.errors import Unavailable
from services.ports import Dossiers, Portion, StoredEvent
from services.postgres.pool import Connection, Pool, translated
from services.projector.bringing_back import BringingBack
from services.projector.collecting import collect_if_many
from services.projector.following import Written, follow, written
from services.projector.groups import Beside, GroupWork
from services.projector.identities import Identities, IdentitiesMoved, Merge, merges_in
from services.projector.lane import Batch, Lane
from services.projector.pieces import Piece
from services.projector.recalling import Broken, Recall
from services.projector.team import Undone, Work
from services.projector.teams import Teams
from services.rows.changes import Changes, Parked
from services.rows.uses import UseSets
from services.rows.writing import Share, Writer

_KEEPING_S = 5.0  # for snapshots after a batch: long enough for many, or for one that is very long

_TRIES = 5  # of a batch whose customers are being connected meanwhile

Parts = Collection[int]  # partitions


class StillMoving(Unavailable):
    """A batch's customers were connected with others again and again; the next try may do."""


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


class Part(NamedTuple):
    """The next events of a partition, and the lanes that take them in."""

    teams: Teams
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
        identities: Identities,
    ) -> None:
        self.identities = identities
        self._generation = generation
        self._written_rows: Written = {}  # by the last batch, where somebody follows
        self._pool = pool
        self._mirror = mirror
        self._writer = writer
        self._audience = audience
        self._uses = UseSets(pool)
        self._groups = GroupWork(generation, self._uses)
        self._bringing_back = BringingBack(pool, Recall(generation, pool, dossiers))

    async def take_in(self, parts: Sequence[Part], reference: Reference) -> None:
        """Take in the next events of partitions. Raises: StaleCheckpoint, Unavailable."""
        pieces = [
            Piece(teams, lanes, teams.told(lanes, facts), upto, at, facts, merges_in(facts))
            for teams, lanes, (facts, _, _, upto, at), _ in parts
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

        begun_ns = tracing.now_ns()
        self._written_rows = {}
        with metrics.timed_batch("events", sum(one.portion.events for one in parts)):
            await self.do(pieces, unreadable, reference, mirrored)
        if tracing.is_on():
            portions = [(one.lanes[0].partition, one.portion) for one in parts]
            rows = self._written_rows
            await follow(self._pool, self._generation, portions, rows, begun_ns)

    async def do(
        self,
        pieces: Sequence[Piece],
        unreadable: Mapping[CustomerId, Parked],
        reference: Reference,
        before: Before,
    ) -> int:
        """Do pieces of work in one transaction; return how many customers were judged.

        Pieces of one partition stand side by side. Raises: StaleCheckpoint, Unavailable.
        """
        for _ in range(_TRIES):
            try:
                return await self._do(
                    self._apart(pieces, unreadable), unreadable, reference, before
                )
            except IdentitiesMoved:
                continue
        raise StillMoving("customers of a batch are merged all the time; the next try may do")

    def _apart(
        self, pieces: Sequence[Piece], unreadable: Mapping[CustomerId, Parked]
    ) -> Sequence[Piece]:
        """Return pieces with those set apart whom merges connect with others, as far as known.

        Whom a merge connects now may lie in another piece than the merge.
        """
        merged = frozenset(chain.from_iterable(chain.from_iterable(p.merges for p in pieces)))
        if not merged and not self.identities.anybody:
            return pieces
        found = []
        for piece in pieces:
            cannot_be_read = (one for one in unreadable if partition_of(one) == piece.partition)
            concerned = {*piece.everybody(), *piece.heard_of, *cannot_be_read}
            own = frozenset(chain.from_iterable(piece.merges))
            groups = own | (merged & concerned) | self.identities.connected(concerned)
            found.append(piece.apart(groups))
        return found

    async def _do(
        self,
        pieces: Sequence[Piece],
        unreadable: Mapping[CustomerId, Parked],
        reference: Reference,
        before: Before,
    ) -> int:
        """Do pieces of work. Raises: IdentitiesMoved; nothing was done then."""
        merges = self.identities.new(merge for piece in pieces for merge in piece.merges)
        async with all_or_nothing([(piece.teams, piece.lanes) for piece in pieces]):
            broken = dict(unreadable)
            needed = [told for piece in pieces for told in piece.told]
            await self._bringing_back.recall(needed, broken, reference)
            work = [(one, await self._assessed(one, broken, reference)) for one in pieces]
            await self._uses.keep(
                head.uses
                for _, found in work
                for changes in found.values()
                for head in changes.heads
            )
            alone = chain.from_iterable(piece.everybody() for piece in pieces)
            async with writing(self._pool, self.identities, alone, merges) as connection:
                locked = await self._groups.lock(connection, pieces)
                given_up = await before(connection)
                work = [(one, it) for one, it in work if one.partition not in given_up]
                done = [piece for piece, _ in work]
                beside = await self._groups.assess(connection, locked, done, reference)
                numbers = await self._written(connection, work, beside, reference)
        if merges:
            with translated():
                async with self._pool.acquire() as connection:
                    await self.identities.refresh(connection)
        for piece in pieces:
            if piece.partition in given_up:
                for lane in piece.lanes:
                    piece.teams.drop(lane, [*piece.customers(lane)])
        self._committed(work, beside, numbers)
        keep_until = time.monotonic() + _KEEPING_S
        for piece, found in work:
            for team, _ in piece.told:
                await team.release(found, piece.at, reference, keep_until)
            piece.teams.join()
        collect_if_many()
        return sum(piece.size for piece, _ in work)

    async def _written(
        self,
        connection: Connection,
        work: Sequence[tuple[Piece, Work]],
        beside: Sequence[Beside],
        reference: Reference,
    ) -> list[int]:
        for other in beside:
            mine = [
                (lane.partition != other.partition, turn, changes)
                for turn, (lane, changes) in enumerate(
                    (lane, changes) for _, found in work for lane, changes in found.items()
                )
                if lane.store.id == other.store.id
            ]
            min(mine, key=itemgetter(0, 1))[2].take_in_sums(other.changes)
        shares = [
            Share(lane.store, lane.partition, lane.checkpoint, one.upto, changes, one.at)
            for one, found in work
            for lane, changes in found.items()
        ]
        if not shares:
            return []
        return await self._writer.write(connection, shares, reference.count, beside)

    def _committed(
        self,
        work: Sequence[tuple[Piece, Work]],
        beside: Sequence[Beside],
        numbers: Iterable[int],
    ) -> None:
        """Take note that all of it is durable; whom a lane parked the others go on with."""
        for other in beside:
            _count_alerts(other.changes)
        if tracing.is_on():
            mine = [(lane.projection.name, it) for _, each in work for lane, it in each.items()]
            others = [(other.store.id[0], other.changes) for other in beside]
            self._written_rows = written([*mine, *others])
        of_each = iter(numbers)
        for piece, found in work:
            for lane, changes in found.items():
                lane.parked.difference_update(piece.customers(lane))
                lane.committed(piece.upto, changes)
                _count_alerts(changes)
                piece.teams.part(parked.customer for parked in changes.parked)
                self._tell(lane, changes, beside, next(of_each))

    async def _assessed(self, piece: Piece, broken: Broken, reference: Reference) -> Work:
        """Return what differs once a batch is remembered; who is in it was brought back."""
        work = {lane: Changes() for lane in piece.lanes}
        for team, batch in piece.told:
            undone = await team.assess(batch, broken, piece.at, reference, work)
            if undone.incomplete:
                again = {customer: batch[customer] for customer in undone.incomplete}
                await self._bringing_back.recall_whole(team, undone.incomplete, broken)
                left = await team.assess(again, broken, piece.at, reference, work)
                assert not left.incomplete, "nothing is left out of what was read whole"
                undone.apart.update(left.apart)
            if undone.apart:
                piece.teams.part(undone.apart)
                for lane in piece.lanes:
                    await self._assess_apart(piece, lane, batch, undone, broken, reference, work)
        return work

    async def _assess_apart(
        self,
        piece: Piece,
        lane: Lane,
        batch: Batch,
        undone: Undone,
        broken: Broken,
        reference: Reference,
        work: Work,
    ) -> None:
        """Have a lane assess for itself who could not be assessed together."""
        lengths = {c: length for c, (length, lanes) in undone.apart.items() if lane in lanes}
        if lengths:
            alone = piece.teams.alone(lane)
            await self._bringing_back.recall_whole(alone, lengths, broken)
            mine = {customer: batch[customer] for customer in lengths}
            left = await alone.assess(mine, broken, piece.at, reference, work)
            assert not left.incomplete, "nothing is left out of what was read whole"

    def _tell(self, lane: Lane, changes: Changes, beside: Sequence[Beside], change_no: int) -> None:
        if self._audience is not None and changes.visible:
            customers = [head.customer for head in changes.heads]
            if changes.moves_others:
                mine = (one for one in beside if one.store.id == lane.store.id)
                customers += [head.customer for one in mine for head in one.changes.heads]
            self._audience.changed(lane.projection, lane.partition, change_no, customers)


def _count_alerts(changes: Changes) -> None:
    for alert in changes.raised:
        metrics.raised_alert(alert.kind, alert.threshold)


@asynccontextmanager
async def writing(
    pool: Pool,
    identities: Identities,
    alone: Iterable[CustomerId] = (),
    merges: Sequence[Merge] = (),
) -> AsyncIterator[Connection]:
    """Yield a connection in a transaction that ends soon should this process freeze.

    Who takes the partition over waits for it meanwhile, and whoever publishes waits for them.
    `alone` were assessed each by itself. Raises: IdentitiesMoved.
    """
    with translated():
        async with pool.acquire() as connection, connection.transaction():
            await identities.begin(connection, alone, merges)
            yield connection


@asynccontextmanager
async def all_or_nothing(of: Sequence[tuple[Teams, Sequence[Lane]]]) -> AsyncIterator[None]:
    """Forget what was remembered of a batch that was not written."""
    try:
        yield
    except BaseException:
        for teams, lanes in of:
            teams.clear(lanes)
        raise
