"""One owned partition: batches and due work as one serial task.

A step takes the next events in: read and decode once, then for each projection remember,
assess each touched customer once, and write all differences with the checkpoints in one
transaction. Due work assesses, in the same way, customers whose rows change by themselves or
were made under older policies.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import structlog

from events.envelope import CustomerId
from events.policy import Reference
from projections.protocol import Projection
from services.errors import TouchstoneError, Unavailable
from services.log.facts import portion_of
from services.ports import Dossiers, EventLog, Portion, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.bringing_back import BringingBack
from services.projector.collecting import collect_if_many
from services.projector.groups import Beside, GroupWork, Judged
from services.projector.identities import Identities, IdentitiesMoved, Merge, merges_in
from services.projector.lane import Batch, Connection, Lane
from services.projector.memory import Memory
from services.projector.recalling import Broken, Recall
from services.projector.snapshots import Snapshots
from services.rows.changes import Changes, Parked
from services.rows.projection_store import ProjectionStore
from services.rows.uses import UseSets

_LOG = structlog.get_logger(__name__)

BATCH_EVENTS = 4000
"""Events taken in by one step."""

DUE_LIMIT = 500
"""Customers that are assessed by one piece of due work at the most."""

_NOBODY = 2**62  # the place of a lane ahead, where there is none

_TRIES = 5  # of a batch whose customers are being connected meanwhile

_KEEPING_S = 5.0  # for snapshots after a batch: long enough for many, or for one that is very long


class StillMoving(Unavailable):
    """A batch's customers were connected with others again and again; the next try may do."""


class NothingLive(TouchstoneError):
    """Other versions than this program's are live: it must not write."""

    def __init__(self, ours: Mapping[str, int], live: Mapping[str, int]) -> None:
        named = ", ".join(
            f"{name} version {live[name]} is live, this program's is {version}"
            for name, version in ours.items()
        )
        super().__init__(
            f"{named}. A newer version is built beside the live one by `touchstone rebuild`; "
            "an older program must be replaced by the new one."
        )


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


class PartitionOwner:
    """Projects one partition, as long as nobody else takes it.

    Its methods raise StaleCheckpoint and Unavailable. Nothing of the failed call is written
    then, and after `take` the same events are taken in again.
    """

    def __init__(
        self,
        partition: int,
        projections: Sequence[Projection],
        pool: Pool,
        log: EventLog,
        dossiers: Dossiers,
        generation: int,
        memory: Memory,
        mirror: Mirror | None = None,
        audience: Audience | None = None,
        identities: Identities | None = None,
    ) -> None:
        """Project one partition; `identities` are shared by all of a process."""
        self.partition = partition
        self.taken_at: datetime | None = None  # when the last event taken in was recorded
        self._uses = UseSets(pool)
        self._mirror = mirror
        self._audience = audience
        self._pool = pool
        self._log = log
        self._generation = generation
        self._identities = Identities() if identities is None else identities
        self._groups = GroupWork(partition, generation, self._uses)
        recalling = Recall(partition, generation, pool, dossiers)
        self._bringing_back = BringingBack(pool, recalling)
        self._known = [self._lane(projection, memory) for projection in projections]
        self._lanes = self._known  # those of versions that are live

    @property
    def next(self) -> int:
        """Return the first event that not every projection has taken in."""
        return min(lane.checkpoint.next for lane in self._lanes)

    async def take(self) -> None:
        """Become the owner, and go on where the checkpoints stand.

        Versions that are not live are left out: a newer program took their place, or they are
        still to be built beside the live one. Raises: NothingLive, if that is all of them.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                self._lanes = await self.live(connection, self._known)
                await self._identities.refresh(connection)
                for lane in self._lanes:
                    await lane.take(connection)

    def _lane(self, projection: Projection, memory: Memory) -> Lane:
        store = self.store_of(projection, self._generation)
        snapshots = Snapshots(self._pool, projection, store.id, self._generation)
        return Lane(projection, self.partition, store, snapshots, memory)

    def store_of(self, projection: Projection, generation: int) -> ProjectionStore:
        """Return where a projection's rows are kept."""
        return ProjectionStore(projection, generation)

    async def live(self, connection: Connection, lanes: list[Lane]) -> list[Lane]:
        """Return the lanes whose version is live, and keep that so for this transaction."""
        versions = {lane.projection.name: lane.projection.version for lane in lanes}
        await connection.execute(sql("make_live"), list(versions), list(versions.values()))
        rows = await connection.fetch(sql("live_versions"), list(versions))
        live = {row["projection"]: row["version"] for row in rows}
        idle = {name: live[name] for name in versions if live[name] != versions[name]}
        if len(idle) == len(lanes):
            raise NothingLive(versions, live)
        if idle:
            _LOG.warning("left_out", partition=self.partition, live_versions=idle)
        return [lane for lane in lanes if lane.projection.name not in idle]

    async def step(self, reference: Reference, limit: int) -> int:
        """Read and take in up to `limit` events; return how many.

        Projections that stand at different places join where the one behind has caught up.
        """
        lanes, stop = self._behind()
        portion = await self._log.facts(self.partition, self.next, limit, stop)
        if portion is None:
            return 0
        await self._take_in(lanes, reference, portion)
        return portion.events

    async def take_in(self, reference: Reference, stored: Sequence[StoredEvent]) -> None:
        """Take in a batch that begins at `next`, of events that were read whole."""
        while stored:
            lanes, stop = self._behind()
            stop = min(stop, stored[-1].position.n + 1)
            batch = [one for one in stored if one.position.n < stop]
            portion = portion_of(batch, stop, at=stored[max(len(batch) - 1, 0)].recorded_at)
            await self._take_in(lanes, reference, portion, batch)
            stored = stored[len(batch) :]

    def _behind(self) -> tuple[list[Lane], int]:
        """Return the lanes that are furthest behind, and where the next ones stand."""
        start = self.next
        ahead = [lane.checkpoint.next for lane in self._lanes if lane.checkpoint.next > start]
        lanes = [lane for lane in self._lanes if lane.checkpoint.next == start]
        return lanes, min(ahead, default=_NOBODY)

    async def _take_in(
        self,
        lanes: list[Lane],
        reference: Reference,
        portion: Portion,
        stored: Sequence[StoredEvent] = (),
    ) -> None:
        for _ in range(_TRIES):
            try:
                await self._take_in_once(lanes, reference, portion, stored)
            except IdentitiesMoved:
                continue
            return
        raise StillMoving(f"customers of partition {self.partition} are merged all the time")

    async def _take_in_once(
        self,
        lanes: list[Lane],
        reference: Reference,
        portion: Portion,
        stored: Sequence[StoredEvent],
    ) -> None:
        """Take a batch in. Raises: IdentitiesMoved; nothing was taken in then."""
        batch, upto, at = portion.facts, portion.upto, portion.recorded_at
        broken = {
            customer: Parked(customer, reason, event_id)
            for customer, (event_id, reason) in portion.unreadable.items()
        }
        merges = merges_in(batch)
        together = self._together([*batch, *broken], merges)
        if together:
            batch = {
                customer: facts for customer, facts in batch.items() if customer not in together
            }
            broken = {one: parked for one, parked in broken.items() if one not in together}
        async with self._all_or_nothing(lanes):
            shares = [(lane, lane.of_interest(batch)) for lane in lanes]
            await self._bringing_back.recall(shares, broken, reference)
            work = [
                (lane, await self._assess(lane, mine, broken, at, reference))
                for lane, mine in shares
            ]
            await self._keep_uses([changes for _, changes in work])
            async with self._writing(batch, self._identities.new(merges)) as connection:
                if self._mirror is not None:
                    await self._mirror.keep(connection, stored)
                news = frozenset(fact.id for one in together for fact in portion.facts.get(one, ()))
                judged = Judged(upto, at, reference, news)
                beside = await self._assess_groups(connection, lanes, together, judged)
                numbers = [
                    await lane.write(connection, upto, changes, reference.count, at, one)
                    for (lane, changes), one in zip(work, beside, strict=True)
                ]
        if merges:
            async with self._reading() as connection:
                await self._identities.refresh(connection)
        for (lane, changes), one, change_no in zip(work, beside, numbers, strict=True):
            lane.committed(upto, changes)
            self._tell(lane, (changes, *one.values()), change_no)
        self.taken_at = at
        keep_until = time.monotonic() + _KEEPING_S
        for lane, changes in work:
            await lane.release(changes, at, reference, keep_until)
        collect_if_many()

    async def due(
        self, reference: Reference, at: datetime, *, caught_up: bool, limit: int = DUE_LIMIT
    ) -> int:
        """Assess up to `limit` customers that change by `at`; return how many.

        With `caught_up`, `at` is now: the work is given up where an event arrived meanwhile,
        so that nobody is dunned whose payment waits unread.
        """
        done = 0
        for lane in self._lanes:
            if done < limit:
                async with self._reading() as connection:
                    customers = await lane.store.due(
                        connection, self.partition, at, limit - done, caught_up=caught_up
                    )
                done += await self._again(lane, customers, reference, at, caught_up=caught_up)
        return done

    def reflects(self, reference: Reference) -> bool:
        """Return whether every customer was assessed under all that concerns it by now."""
        return all(lane.checkpoint.settled >= reference.count for lane in self._lanes)

    async def sweep(
        self, reference: Reference, at: datetime, *, caught_up: bool, limit: int = DUE_LIMIT
    ) -> int:
        """Assess up to `limit` customers whom later rules concern; return how many.

        Where nobody is left that is noted. `caught_up` means what it does for due work.
        """
        done = 0
        for lane in self._lanes:
            if done < limit and lane.checkpoint.settled < reference.count:
                done += await self._sweep(lane, reference, at, limit - done, caught_up=caught_up)
        return done

    async def _sweep(
        self, lane: Lane, reference: Reference, at: datetime, limit: int, *, caught_up: bool
    ) -> int:
        place = (self.partition, lane.checkpoint.settled, reference, at)
        async with self._reading() as connection:
            customers = await lane.store.outdated(connection, *place, limit, caught_up=caught_up)
            if not customers and not caught_up:  # perhaps some were assessed later than at `at`
                left = await lane.store.outdated(connection, *place, 1, caught_up=True)
                if left:
                    return 0
        if customers:
            return await self._again(lane, customers, reference, at, caught_up=caught_up)
        async with self._all_or_nothing([lane]), self._writing() as connection:
            await lane.store.settle(connection, self.partition, lane.checkpoint, reference.count)
            await connection.execute("NOTIFY touchstone_changed")
        lane.checkpoint = lane.checkpoint._replace(settled=reference.count)
        return 0

    async def _again(
        self,
        lane: Lane,
        customers: Sequence[CustomerId],
        reference: Reference,
        at: datetime,
        *,
        caught_up: bool,
    ) -> int:
        """Assess customers as of `at` to whom nothing happened; return how many."""
        place = (reference, at)
        for _ in range(_TRIES):
            together = self._identities.connected(customers)
            alone = [customer for customer in customers if customer not in together]
            try:
                done = await self._again_alone(lane, alone, *place, caught_up=caught_up)
            except IdentitiesMoved:
                continue
            return done + await self._again_groups(lane, together, *place, caught_up=caught_up)
        return 0

    async def _again_groups(
        self,
        lane: Lane,
        customers: Collection[CustomerId],
        reference: Reference,
        at: datetime,
        *,
        caught_up: bool,
    ) -> int:
        if not customers:
            return 0
        upto, changes = lane.checkpoint.next, Changes()
        judged = Judged(upto, at, reference, due=True)
        async with self._writing() as connection:
            locked = await self._groups.lock(connection, customers, own_head=caught_up)
            if caught_up and not locked.heads[self.partition].is_quiet(upto):
                return 0
            beside = await self._groups.assess(connection, lane, locked, judged)
            change_no = await lane.write(connection, upto, changes, reference.count, at, beside)
        lane.committed(upto, changes)
        self._tell(lane, (changes, *beside.values()), change_no)
        return len(customers)

    async def _again_alone(
        self,
        lane: Lane,
        customers: Sequence[CustomerId],
        reference: Reference,
        at: datetime,
        *,
        caught_up: bool,
    ) -> int:
        if not customers:
            return 0
        upto = lane.checkpoint.next
        broken: dict[CustomerId, Parked] = {}
        async with self._all_or_nothing([lane]):
            await self._bringing_back.recall([(lane, customers)], broken, reference)
            changes = await self._assess(lane, dict.fromkeys(customers, ()), broken, at, reference)
            await self._keep_uses([changes])
            async with self._writing(customers) as connection:
                if caught_up and not await connection.fetchval(
                    sql("log_is_quiet"), self._generation, self.partition, upto
                ):
                    lane.memory.drop(customers)
                    return 0
                change_no = await lane.write(connection, upto, changes, reference.count, at, {})
        lane.parked.difference_update(customers)
        lane.committed(upto, changes)
        self._tell(lane, (changes,), change_no)
        await lane.release(changes, at, reference, time.monotonic() + _KEEPING_S)
        collect_if_many()
        return len(customers)

    async def _assess(
        self, lane: Lane, batch: Batch, broken: Broken, at: datetime, reference: Reference
    ) -> Changes:
        """Return what differs once a batch is remembered; who is in it was brought back."""
        changes = await lane.assess(batch, broken, at, reference)
        if changes.incomplete:
            broken = dict(broken)
            again = {customer: batch[customer] for customer in changes.incomplete}
            await self._bringing_back.recall_whole(lane, [*again], broken)
            await lane.assess(again, broken, at, reference, changes)
            assert not changes.incomplete, "nothing is left out of what was read whole"
        changes.parked.extend(broken.values())
        return changes

    async def _keep_uses(self, changes: Sequence[Changes]) -> None:
        await self._uses.keep(head.uses for one in changes for head in one.heads)

    def _together(
        self, customers: Collection[CustomerId], merges: Sequence[Merge]
    ) -> set[CustomerId]:
        """Return everybody of a batch who is not to be assessed alone, or is merged into."""
        return self._identities.connected(customers).union(*merges)

    async def _assess_groups(
        self,
        connection: Connection,
        lanes: Sequence[Lane],
        customers: Collection[CustomerId],
        judged: Judged,
    ) -> Sequence[Beside]:
        """Return what differs of customers' groups for each lane, before anything is written."""
        if not customers:
            return [{} for _ in lanes]
        locked = await self._groups.lock(connection, customers)
        return [await self._groups.assess(connection, lane, locked, judged) for lane in lanes]

    def _tell(self, lane: Lane, changes: Sequence[Changes], change_no: int) -> None:
        if self._audience is not None and any(one.visible for one in changes):
            customers = [head.customer for one in changes for head in one.heads]
            self._audience.changed(lane.projection, self.partition, change_no, customers)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        with translated():
            async with self._pool.acquire() as connection:
                yield connection

    @asynccontextmanager
    async def _writing(
        self, alone: Collection[CustomerId] = (), merges: Sequence[Merge] = ()
    ) -> AsyncIterator[Connection]:
        """Yield a connection in a transaction that ends soon should this process freeze.

        Who takes the partition over waits for it meanwhile, and whoever publishes waits for them.
        `alone` were assessed each by itself. Raises: IdentitiesMoved.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await self._identities.begin(connection, alone, merges)
                yield connection

    @asynccontextmanager
    async def _all_or_nothing(self, lanes: Sequence[Lane]) -> AsyncIterator[None]:
        """Forget what was remembered of a batch that was not written."""
        try:
            yield
        except BaseException:
            for lane in lanes:
                lane.memory.clear()
            raise
