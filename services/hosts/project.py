"""The embedded host of the projector: owns every partition, one worker at a time.

A session lock of the database decides which process projects; others stand by and take over
when it is gone. The checkpoint's epoch makes that safe also where the lock deceives: whoever
took a partition later wins, and the former owner writes nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from projections.protocol import Projection
from services.errors import LogMoved, StaleCheckpoint, Unavailable, UnreadableEvent
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.projector.collecting import collecting_seldom
from services.projector.memory import Memory
from services.projector.owner import BATCH_EVENTS, DUE_LIMIT, PartitionOwner
from services.projector.reference_feed import ReferenceFeed

_LOG = structlog.get_logger(__name__)

_AT_ONCE = 2  # partitions in work: one computes while the other waits for the database
_DUE_WHILE_BEHIND_S = 5.0
_IDLE_S = 1.0
_STANDBY_S = 1.0
_LONGEST_PAUSE_S = 10.0


class Projector:
    """Every partition of the log, projected by this process while it holds the lock."""

    def __init__(
        self,
        platform: Platform,
        *,
        projections: Sequence[Projection] = PROJECTIONS,
        batch_events: int = BATCH_EVENTS,
    ) -> None:
        self._platform = platform
        self._projections = projections
        self._batch_events = batch_events
        self._feed = ReferenceFeed(platform.pool)
        self._owners: list[PartitionOwner] = []
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Project until cancelled; survive a database that is away and rival workers.

        Raises: LogMoved, once the log goes on elsewhere.
        While a policy or reference event cannot be read nothing is projected: that is said once,
        and looked at again now and then.
        """
        pause_s = 0.1
        told = ""
        while True:
            try:
                await self._feed.refresh()  # before anything is taken
                async with self._ownership():
                    while True:
                        if not await self._round():
                            await self._platform.log.wait(_IDLE_S)
                        pause_s, told = 0.1, ""
            except StaleCheckpoint as error:
                _LOG.warning("partition_lost", partition=error.partition)
            except LogMoved:
                raise  # this process will never be able to go on
            except Unavailable as error:
                _LOG.warning("database_away", reason=str(error), pause_s=round(pause_s, 1))
            except UnreadableEvent as error:
                if told != str(error):
                    told = str(error)
                    _LOG.error("reference_unreadable", reason=told)
                pause_s = _LONGEST_PAUSE_S
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def catch_up(self) -> int:
        """Project all that the log holds now and all that is due; return the events taken in.

        Raises: Unavailable, StaleCheckpoint, UnreadableEvent.
        """
        async with self._ownership():
            before = sum(owner.next for owner in self._owners)
            while await self._round():
                pass
            return sum(owner.next for owner in self._owners) - before

    async def _round(self) -> bool:
        """Take in what is new and do what is due, once; return whether there was anything."""
        log = self._platform.log
        reference = await self._feed.refresh()
        heads = await log.heads()
        now = self._platform.clock.now()
        waiting: set[int] = set()
        for projection in self._projections:
            with translated():
                rows = await self._platform.pool.fetch(
                    sql("waiting_partitions"),
                    projection.name,
                    projection.version,
                    now,
                    reference.count,
                )
            waiting |= {row["partition"] for row in rows}
        busy = [
            owner
            for owner in self._owners
            if owner.next < heads.counts[owner.partition] or owner.partition in waiting
        ]
        results = await asyncio.gather(
            *(self._work(owner, heads.counts[owner.partition]) for owner in busy),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return any(results)

    async def _work(self, owner: PartitionOwner, head: int) -> bool:
        """Bring one partition up to `head`, then do its due work; return whether any was done."""
        async with self._at_once:
            done = 0
            last_due = time.monotonic()
            while owner.next < head:
                done += await owner.step(self._feed.reference, self._batch_events)
                if time.monotonic() - last_due > _DUE_WHILE_BEHIND_S:
                    done += await self._due_while_behind(owner)
                    last_due = time.monotonic()
            while True:
                now = self._platform.clock.now()
                assessed = await owner.due(self._feed.reference, now, caught_up=True)
                if not assessed:
                    # Perhaps given up for an event that came meanwhile. Under steady traffic
                    # one always does: what is due by then is done up to that event.
                    assessed = await self._due_while_behind(owner)
                done += assessed
                if assessed < DUE_LIMIT:
                    return done > 0

    async def _due_while_behind(self, owner: PartitionOwner) -> int:
        """Do what is due by the first unread event; return how many were assessed."""
        unread = await self._platform.log.read(owner.partition, owner.next, 1)
        if not unread:
            return 0
        return await owner.due(self._feed.reference, unread[0].recorded_at, caught_up=False)

    @asynccontextmanager
    async def _ownership(self) -> AsyncIterator[None]:
        """Hold the lock and own every partition; wait for the lock where another has it."""
        with translated():
            async with self._platform.pool.acquire() as connection:
                told = False
                while not await connection.fetchval(sql("try_projector_lock")):
                    if not told:
                        _LOG.info("standing_by", reason="another process projects")
                        told = True
                    await asyncio.sleep(_STANDBY_S)
                try:
                    heads = await self._platform.log.heads()
                    memory = Memory(self._platform.max_facts)
                    self._owners = [
                        PartitionOwner(
                            partition,
                            self._projections,
                            self._platform.pool,
                            self._platform.log,
                            self._platform.dossiers,
                            heads.generation,
                            memory,
                        )
                        for partition in range(PARTITIONS)
                    ]
                    for owner in self._owners:
                        await owner.take()
                    _LOG.info("projecting", partitions=PARTITIONS, since=heads.token())
                    with collecting_seldom():
                        yield
                finally:
                    self._owners = []
                    if not connection.is_closed():
                        await connection.execute(sql("release_projector_lock"))
