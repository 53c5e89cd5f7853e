"""One owned partition: batches and due work as one serial task.

A step takes the next events in: read and decode once, then for each projection remember,
assess each touched customer once, and write all differences with the checkpoints in one
transaction. Due work assesses, in the same way, customers whose rows change by themselves or
were made under older policies.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import structlog

from events.envelope import CustomerId
from events.policy import Reference
from projections.protocol import Projection
from services.errors import TouchstoneError
from services.log.facts import portion_of
from services.ports import Dossiers, EventLog, Portion, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.assessing import Assessing
from services.projector.bringing_back import BringingBack
from services.projector.collecting import collect_if_many
from services.projector.lane import Connection, Lane, Told
from services.projector.memory import Memory
from services.projector.recalling import Recall
from services.projector.snapshots import Snapshots
from services.projector.team import Team, Work
from services.projector.teams import Share, Teams
from services.rows.changes import Changes, Parked
from services.rows.projection_store import ProjectionStore
from services.rows.uses import UseSets

_LOG = structlog.get_logger(__name__)

BATCH_EVENTS = 4000
"""Events taken in by one step."""

DUE_LIMIT = 500
"""Customers that are assessed by one piece of due work at the most."""

_NOBODY = 2**62  # the place of a lane ahead, where there is none

_KEEPING_S = 5.0  # for snapshots after a batch: long enough for many, or for one that is very long


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
    ) -> None:
        self.partition = partition
        self.taken_at: datetime | None = None  # when the last event taken in was recorded
        self._uses = UseSets(pool)
        self._mirror = mirror
        self._audience = audience
        self._pool = pool
        self._log = log
        self._generation = generation
        self._memory = memory
        self._known = [self._lane(projection) for projection in projections]
        self._lanes = self._known  # those of versions that are live
        self._teams = Teams(self._team)
        bringing_back = BringingBack(pool, Recall(partition, generation, pool, dossiers))
        self._assessing = Assessing(self._teams, bringing_back)

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
                for lane in self._lanes:
                    await lane.take(connection)
        self._teams.begin(self._lanes)

    def _lane(self, projection: Projection) -> Lane:
        store = self.store_of(projection, self._generation)
        return Lane(projection, self.partition, store)

    def _team(self, lanes: Sequence[Lane]) -> Team:
        told = Told(lanes)
        return Team(told, Snapshots(self._pool, told, self._generation), self._memory)

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
        batch, upto, at = portion.facts, portion.upto, portion.recorded_at
        broken = {
            customer: Parked(customer, reason, event_id)
            for customer, (event_id, reason) in portion.unreadable.items()
        }
        async with self._all_or_nothing(lanes):
            shares = self._teams.shares(lanes, batch)
            work = await self._assessing.assess(lanes, shares, broken, at, reference)
            await self._keep_uses(work.values())
            async with self._writing() as connection:
                if self._mirror is not None:
                    await self._mirror.keep(connection, stored)
                numbers = [
                    await lane.write(connection, upto, changes, reference.count, at)
                    for lane, changes in work.items()
                ]
        for (lane, changes), change_no in zip(work.items(), numbers, strict=True):
            self._committed(lane, upto, changes)
            self._tell(lane, changes, change_no)
        self.taken_at = at
        await self._release(shares, work, at, reference)
        self._teams.join()

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
        if not customers:
            return 0
        upto = lane.checkpoint.next
        broken: dict[CustomerId, Parked] = {}
        async with self._all_or_nothing([lane]):
            shares = self._teams.again(lane, customers)
            work = await self._assessing.assess([lane], shares, broken, at, reference)
            changes = work[lane]
            await self._keep_uses([changes])
            async with self._writing() as connection:
                if caught_up and not await connection.fetchval(
                    sql("log_is_quiet"), self._generation, self.partition, upto
                ):
                    self._teams.drop(lane, customers)
                    return 0
                change_no = await lane.write(connection, upto, changes, reference.count, at)
        lane.parked.difference_update(customers)
        self._committed(lane, upto, changes)
        self._tell(lane, changes, change_no)
        await self._release(shares, work, at, reference)
        return len(customers)

    def _committed(self, lane: Lane, upto: int, changes: Changes) -> None:
        """Take note that a lane's changes are durable; whom it parked the others go on with."""
        lane.committed(upto, changes)
        self._teams.part(parked.customer for parked in changes.parked)

    async def _release(
        self, shares: Sequence[Share], work: Work, at: datetime, reference: Reference
    ) -> None:
        until = time.monotonic() + _KEEPING_S
        for team, _ in shares:
            await team.release(work, at, reference, until)
        collect_if_many()

    async def _keep_uses(self, changes: Iterable[Changes]) -> None:
        await self._uses.keep(head.uses for one in changes for head in one.heads)

    def _tell(self, lane: Lane, changes: Changes, change_no: int) -> None:
        if self._audience is not None and changes.visible:
            customers = [head.customer for head in changes.heads]
            self._audience.changed(lane.projection, self.partition, change_no, customers)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        with translated():
            async with self._pool.acquire() as connection:
                yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Connection]:
        """Yield a connection in a transaction that ends soon should this process freeze.

        Who takes the partition over waits for it meanwhile, and whoever publishes waits for them.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(sql("end_when_idle"))
                yield connection

    @asynccontextmanager
    async def _all_or_nothing(self, lanes: Sequence[Lane]) -> AsyncIterator[None]:
        """Forget what was remembered of a batch that was not written."""
        try:
            yield
        except BaseException:
            self._teams.clear(lanes)
            raise
