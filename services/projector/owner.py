"""One owned partition: batches and due work as one serial task.

A step takes the next events in: read and decode once, then for each projection remember,
assess each touched customer once, and write all differences with the checkpoints in one
transaction. Due work assesses, in the same way, customers whose rows change by themselves or
were made under older policies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from events.envelope import CustomerId
from events.policy import Reference
from projections.protocol import Projection
from services import metrics
from services.errors import TouchstoneError
from services.log.facts import portion_of
from services.ports import Dossiers, EventLog, StoredEvent
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.assessing import (
    Assessor,
    Audience,
    Mirror,
    Part,
    Parts,
    all_or_nothing,
    writing,
)
from services.projector.identities import Identities
from services.projector.lane import Lane, Listeners
from services.projector.memory import Memory
from services.projector.pieces import Piece
from services.projector.snapshots import Snapshots
from services.projector.team import Team
from services.projector.teams import Teams
from services.rows.projection_store import ProjectionStore
from services.rows.writing import Writer

_LOG = structlog.get_logger(__name__)

BATCH_EVENTS = 4000
"""Events taken in by one step."""

DUE_LIMIT = 500
"""Customers that are assessed by one piece of due work at the most."""

_NOBODY = 2**62  # the place of a lane ahead, where there is none


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
        self._pool = pool
        self._log = log
        self._generation = generation
        known = Identities() if identities is None else identities
        self.assessor = Assessor(pool, dossiers, generation, self.writer(), mirror, audience, known)
        self._memory = memory
        self._known = [self._lane(projection) for projection in projections]
        self._lanes = self._known  # those of versions that are live
        self._teams = Teams(self._team)

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
                await self.assessor.identities.refresh(connection)
                for lane in self._lanes:
                    await lane.take(connection)
        self._teams.begin(self._lanes)

    def _lane(self, projection: Projection) -> Lane:
        return Lane(projection, self.partition, self.store_of(projection, self._generation))

    def _team(self, lanes: Sequence[Lane]) -> Team:
        told = Listeners(lanes)
        return Team(told, Snapshots(self._pool, told, self._generation), self._memory)

    def store_of(self, projection: Projection, generation: int) -> ProjectionStore:
        """Return where a projection's rows are kept."""
        return ProjectionStore(projection, generation)

    def writer(self) -> Writer:
        """Return what writes the rows."""
        return Writer()

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
        return await step_together([self], reference, limit)

    async def read(self, limit: int) -> Part | None:
        """Return up to `limit` events that lanes furthest behind take in next, if there are any."""
        lanes, stop = self._behind()
        portion = await self._log.facts(self.partition, self.next, limit, stop)
        return None if portion is None else Part(self._teams, lanes, portion)

    async def take_in(self, reference: Reference, stored: Sequence[StoredEvent]) -> None:
        """Take in a batch that begins at `next`, of events that were read whole."""
        await take_in_together([(self, stored)], reference)

    def part_of(self, stored: Sequence[StoredEvent]) -> Part:
        """Return the first of these events, up to where lanes that stand further on join."""
        lanes, stop = self._behind()
        stop = min(stop, stored[-1].position.n + 1)
        batch = [one for one in stored if one.position.n < stop]
        portion = portion_of(batch, stop, at=stored[max(len(batch) - 1, 0)].recorded_at)
        return Part(self._teams, lanes, portion, batch)

    def _behind(self) -> tuple[list[Lane], int]:
        """Return the lanes that are furthest behind, and where the next ones stand."""
        start = self.next
        ahead = [lane.checkpoint.next for lane in self._lanes if lane.checkpoint.next > start]
        lanes = [lane for lane in self._lanes if lane.checkpoint.next == start]
        return lanes, min(ahead, default=_NOBODY)

    async def due(
        self, reference: Reference, at: datetime, *, caught_up: bool, limit: int = DUE_LIMIT
    ) -> int:
        """Assess up to `limit` customers that change by `at`; return how many.

        With `caught_up`, `at` is now: the work is given up where an event arrived meanwhile,
        so that nobody is dunned whose payment waits unread.
        """
        done = 0
        found: list[tuple[Lane, Sequence[CustomerId]]] = []
        async with self._reading() as connection:
            for lane in self._lanes:
                customers = await lane.store.due(
                    connection, self.partition, at, limit - done, caught_up=caught_up
                )
                found.append((lane, customers))
                done += len(customers)
                if done == limit:
                    break
        return await self._again(found, reference, at, caught_up=caught_up)

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
        found: list[tuple[Lane, Sequence[CustomerId]]] = []
        settled: list[Lane] = []
        async with self._reading() as connection:
            for lane in self._lanes:
                if done == limit or lane.checkpoint.settled >= reference.count:
                    continue
                place = (self.partition, lane.checkpoint.settled, reference, at)
                customers = await lane.store.outdated(
                    connection, *place, limit - done, caught_up=caught_up
                )
                found.append((lane, customers))
                done += len(customers)
                # Perhaps some were assessed later than at `at`.
                if not customers and (
                    caught_up
                    or not await lane.store.outdated(connection, *place, 1, caught_up=True)
                ):
                    settled.append(lane)
        await self._settle(settled, reference)
        return await self._again(found, reference, at, caught_up=caught_up)

    async def _settle(self, lanes: Sequence[Lane], reference: Reference) -> None:
        if not lanes:
            return
        known, teams = self.assessor.identities, [(self._teams, lanes)]
        async with all_or_nothing(teams), writing(self._pool, known) as connection:
            for lane in lanes:
                await lane.store.settle(
                    connection, self.partition, lane.checkpoint, reference.count
                )
            await connection.execute("NOTIFY touchstone_changed")
        for lane in lanes:
            lane.checkpoint = lane.checkpoint._replace(settled=reference.count)

    async def _again(
        self,
        found: Sequence[tuple[Lane, Sequence[CustomerId]]],
        reference: Reference,
        at: datetime,
        *,
        caught_up: bool,
    ) -> int:
        """Assess customers as of `at` to whom nothing happened; return how many."""
        pieces = [
            Piece(
                self._teams,
                [lane],
                self._teams.again(lane, customers),
                lane.checkpoint.next,
                at,
                due=True,
            )
            for lane, customers in found
            if customers
        ]
        done = 0
        # Those at one place together: their dossiers end there.
        for place in sorted({piece.upto for piece in pieces}):
            here = [piece for piece in pieces if piece.upto == place]

            async def unless_news(connection: Connection, place: int = place) -> Parts:
                quiet = not caught_up or await connection.fetchval(
                    sql("log_is_quiet"), self._generation, self.partition, place
                )
                return () if quiet else (self.partition,)

            with metrics.timed_batch("due"):
                done += await self.assessor.do(here, {}, reference, unless_news)
        return done

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        with translated():
            async with self._pool.acquire() as connection:
                yield connection


async def step_together(owners: Sequence[PartitionOwner], reference: Reference, limit: int) -> int:
    """Read and take in up to `limit` events of each partition, in one transaction; return all."""
    read = [(owner, await owner.read(limit)) for owner in owners]
    parts = [(owner, part) for owner, part in read if part is not None]
    if not parts:
        return 0
    await owners[0].assessor.take_in([part for _, part in parts], reference)
    for owner, part in parts:
        owner.taken_at = part.portion.recorded_at
    return sum(part.portion.events for _, part in parts)


async def take_in_together(
    batches: Sequence[tuple[PartitionOwner, Sequence[StoredEvent]]], reference: Reference
) -> None:
    """Take in batches of several partitions that were read whole; each begins at `next`.

    In one transaction, but where lanes of a partition stand at different places.
    """
    left = [(owner, stored) for owner, stored in batches if stored]
    while left:
        parts = [owner.part_of(stored) for owner, stored in left]
        await left[0][0].assessor.take_in(parts, reference)
        for (owner, _), part in zip(left, parts, strict=True):
            owner.taken_at = part.portion.recorded_at
        rest = [
            (owner, stored[len(part.stored) :])
            for (owner, stored), part in zip(left, parts, strict=True)
        ]
        left = [(owner, stored) for owner, stored in rest if stored]
