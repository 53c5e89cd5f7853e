"""What a process does next with the partitions that it owns, on either log.

Unread events come first, a batch of each partition that has any; then one slice of what has come
due; last, and only where no more than a batch was waiting, one slice of a sweep, which assesses
customers again whom new rules concern. Whoever calls looks for events between rounds: an event
waits for a slice and never for a sweep, or for thousands of deadlines of one instant.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from events.policy import Reference
from projections.protocol import Projection
from services.errors import StaleCheckpoint
from services.ports import Clock
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.owner import BATCH_EVENTS, DUE_LIMIT, PartitionOwner

_AT_ONCE = 2  # partitions in work: one computes while the other waits for the database
_LOOK_FOR_DUE_S = 1.0
_SLICE_S = 0.2
_FIRST_SLICE = 20  # customers
_LEAST_SLICE = 5
_STEADY = timedelta(seconds=5)  # an event in the last so many means that more will come

Work = Mapping[int, Callable[[], Awaitable[int]]]
"""Pieces of work by their partition, or the first of theirs; each returns how much it did."""


def joined(events: Mapping[int, int]) -> Sequence[Sequence[int]]:
    """Return partitions in groups, each of which is taken in together.

    Most of what a small batch costs is its statements, which are the same for several.
    `events` wait in each; together they are no more than one partition's batch may have.
    """
    groups: list[list[int]] = []
    room = 0
    for partition, waiting in events.items():
        if waiting > room:
            groups.append([])
            room = BATCH_EVENTS
        groups[-1].append(partition)
        room -= waiting
    return groups


class Slice:
    """How many customers a slice takes: as many as took about a fifth of a second lately."""

    def __init__(self) -> None:
        self.customers = _FIRST_SLICE

    def took(self, customers: int, seconds: float) -> None:
        """Learn from a slice that was done."""
        if customers:
            fitting = int(customers * _SLICE_S / max(seconds, 0.001))
            self.customers = max(_LEAST_SLICE, min(fitting, 2 * self.customers, DUE_LIMIT))


class Schedule:
    """Rounds of work on the partitions of one process.

    `idle` says after a round that nothing was due any more and no sweep is under way.
    """

    def __init__(
        self,
        pool: Pool,
        projections: Sequence[Projection],
        clock: Clock,
        lost: Callable[[int], None] | None = None,
    ) -> None:
        """Tell `lost` of partitions that another worker owns; without it, that is raised."""
        self._pool = pool
        self._versions = [one.name for one in projections], [one.version for one in projections]
        self._clock = clock
        self._lost = lost
        self._due_slice, self._sweep_slice = Slice(), Slice()
        self._served: Counter[int] = Counter()
        self._looked_at = float("-inf")
        self.look_for_due_s = _LOOK_FOR_DUE_S
        self.idle = False

    async def round(
        self,
        owners: Iterable[PartitionOwner],
        reference: Reference,
        batches: Work,
        behind: Collection[int],
    ) -> int:
        """Take in a batch of each partition that has one, then do slices; return how much.

        `behind` are partitions where events wait beyond that batch: nothing is judged there past
        the last event taken in, and no sweep goes on while there are any.
        Raises: whatever a piece of work raised, once all that began with it have ended.
        """
        mine = {owner.partition: owner for owner in owners}
        done = await self._at_once(batches)
        due, waits = await self._due(mine, reference, behind)
        swept = False
        if not behind and not waits:
            done += await self._sweep(mine, reference)
            swept = all(owner.reflects(reference) for owner in mine.values())
        self.idle = swept and not waits and not due
        return done + due

    async def _due(
        self, owners: Mapping[int, PartitionOwner], reference: Reference, behind: Collection[int]
    ) -> tuple[int, bool]:
        """Do one slice of due work; return how many customers, and whether more may wait."""
        if not owners or time.monotonic() - self._looked_at < self.look_for_due_s:
            return 0, False
        with translated():
            rows = await self._pool.fetch(
                sql("waiting_partitions"), *self._versions, list(owners), self._clock.now()
            )
        waiting = [row["partition"] for row in rows]
        if not waiting:
            self._looked_at = time.monotonic()
            return 0, False
        limit = self._due_slice.customers

        def work(owner: PartitionOwner) -> Callable[[], Awaitable[int]]:
            return lambda: self._due_of(owner, reference, limit, owner.partition in behind)

        done = await self._first_done([owners[p] for p in waiting], work, self._due_slice)
        if not done:  # all of it waits for unread events
            self._looked_at = time.monotonic()
        return done, done > 0

    async def _due_of(
        self, owner: PartitionOwner, reference: Reference, limit: int, behind: bool
    ) -> int:
        for at, caught_up in self._instants(owner, behind):
            done = await owner.due(reference, at, caught_up=caught_up, limit=limit)
            if done:
                return done
        return 0

    async def _sweep(self, owners: Mapping[int, PartitionOwner], reference: Reference) -> int:
        """Do one slice of a sweep; return how many customers were assessed again.

        Partitions where nobody is concerned cost a probe each and no slice.
        """
        limit = self._sweep_slice.customers

        def work(owner: PartitionOwner) -> Callable[[], Awaitable[int]]:
            return lambda: self._sweep_of(owner, reference, limit)

        left = [owner for owner in owners.values() if not owner.reflects(reference)]
        return await self._first_done(left, work, self._sweep_slice)

    async def _first_done(
        self,
        owners: Sequence[PartitionOwner],
        work: Callable[[PartitionOwner], Callable[[], Awaitable[int]]],
        slice_: Slice,
    ) -> int:
        """Do the work of the first partitions that have any; return how many customers.

        Those that were served least come first, so that each has its turn.
        """
        ordered = sorted(owners, key=lambda one: (self._served[one.partition], one.partition))
        for start in range(0, len(ordered), _AT_ONCE):
            some = {owner.partition: work(owner) for owner in ordered[start : start + _AT_ONCE]}
            begun = time.monotonic()
            done = await self._at_once(some)
            if done:
                self._served.update(some.keys())
                slice_.took(done, time.monotonic() - begun)
                return done
        return 0

    async def _sweep_of(self, owner: PartitionOwner, reference: Reference, limit: int) -> int:
        for at, caught_up in self._instants(owner):
            done = await owner.sweep(reference, at, caught_up=caught_up, limit=limit)
            if done or owner.reflects(reference):
                return done
        return 0

    def _instants(
        self, owner: PartitionOwner, behind: bool = False
    ) -> Sequence[tuple[datetime, bool]]:
        """Return as of when to assess, and whether that is now; the second if the first gave none.

        Work as of now is given up for an event that came meanwhile, and under steady traffic one
        always does: what was so by the last event taken in can be done, since any other came later.
        """
        now, taken_at = self._clock.now(), owner.taken_at
        if taken_at is None:
            return () if behind else ((now, True),)
        if behind:
            return ((taken_at, False),)
        if now - taken_at < _STEADY:
            return (taken_at, False), (now, True)
        return (now, True), (taken_at, False)

    async def _at_once(self, work: Work) -> int:
        """Do pieces of work on different partitions, two at once; all end before one raises."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(piece: Callable[[], Awaitable[int]]) -> int:
            async with places:
                return await piece()

        results = await asyncio.gather(*map(one, work.values()), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        for error in failed:
            if self._lost is None or not isinstance(error, StaleCheckpoint):
                raise error
            self._lost(error.partition)
        return sum(result for result in results if isinstance(result, int))
