"""The embedded host of the projector: owns every partition, one worker at a time.

A session lock of the database decides which process projects; others stand by and take over
when it is gone. The checkpoint's epoch makes that safe also where the lock deceives: whoever
took a partition later wins, and the former owner writes nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from projections.protocol import Projection
from services.casework.by_itself import CaseworkByItself
from services.errors import (
    LogMoved,
    StaleCheckpoint,
    TouchstoneError,
    Unavailable,
    UnreadableEvent,
    first_of,
)
from services.hosts.bootstrap import open_platform
from services.hosts.log_directory import logging_to_directory
from services.hosts.telling import telling
from services.notify.deliveries import Deliveries
from services.notify.webhook import Webhook
from services.platform import Platform
from services.postgres.pool import lent_for_locks, translated
from services.postgres.statements import sql
from services.postgres.waiting import patiently
from services.projector.collecting import collecting_seldom
from services.projector.identities import Identities
from services.projector.memory import Memory
from services.projector.owner import BATCH_EVENTS, PartitionOwner, step_together
from services.projector.reference_feed import ReferenceFeed
from services.projector.schedule import Schedule, joined
from services.search.follower import SearchFollower
from services.settings import Settings
from services.tracing import traced

_LOG = structlog.get_logger(__name__)

_IDLE_S = 1.0
_STANDBY_S = 1.0
_LONGEST_PAUSE_S = 10.0


async def somebody_projects(platform: Platform) -> bool:
    """Return whether any process on this database holds the projector's lock."""
    with translated():
        return bool(await platform.pool.fetchval(sql("somebody_projects")))


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
        self._schedule = Schedule(platform.pool, projections, platform.clock)

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
        self._schedule.look_for_due_s = 0.0
        async with self._ownership():
            before = sum(owner.next for owner in self._owners)
            while await self._round():
                pass
            return sum(owner.next for owner in self._owners) - before

    async def _round(self) -> int:
        """Take in a batch of what is new and do a slice of what is due; return how much."""
        reference = await self._feed.refresh()
        counts = (await self._platform.log.heads()).counts
        waiting = {o.partition: counts[o.partition] - o.next for o in self._owners}

        most = self._batch_events

        def batch(owners: Sequence[PartitionOwner]) -> Callable[[], Awaitable[int]]:
            return lambda: step_together(owners, reference, most)

        fitting = {p: min(events, most) for p, events in waiting.items() if events > 0}
        owners = {owner.partition: owner for owner in self._owners}
        batches = {some[0]: batch([owners[p] for p in some]) for some in joined(fitting)}
        behind = {p for p, events in waiting.items() if events > self._batch_events}
        return await self._schedule.round(self._owners, reference, batches, behind)

    @asynccontextmanager
    async def _ownership(self) -> AsyncIterator[None]:
        """Hold the lock and own every partition; wait for the lock where another has it."""
        with translated():
            async with lent_for_locks(self._platform.pool) as connection:
                told = False
                while not await connection.fetchval(sql("try_projector_lock")):
                    if not told:
                        _LOG.info("standing_by", reason="another process projects")
                        told = True
                    await asyncio.sleep(_STANDBY_S)
                try:
                    heads = await self._platform.log.heads()
                    with collecting_seldom():
                        try:
                            self._owners = self._owners_of(heads.generation)
                            await self._take_all()
                            _LOG.info("projecting", partitions=PARTITIONS, since=heads.token())
                            yield
                        finally:
                            # What they remember goes before the collector would walk all of it.
                            self._owners = []
                finally:
                    if not connection.is_closed():
                        await connection.execute(sql("release_projector_lock"))

    async def _take_all(self) -> None:
        for owner in self._owners:
            await owner.take()

    def _owners_of(self, generation: int) -> list[PartitionOwner]:
        memory, identities = Memory(self._platform.max_facts), Identities()
        return [
            PartitionOwner(
                partition,
                self._projections,
                self._platform.pool,
                self._platform.log,
                self._platform.dossiers,
                generation,
                memory,
                identities=identities,
            )
            for partition in range(PARTITIONS)
        ]


async def project_for_ever(settings: Settings) -> None:
    """Project, open cases and escalate, keep the search index, and deliver alerts if told where.

    Until cancelled.

    Waits for a database that is away. Raises: LogMoved.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(logging_to_directory(settings, "projector"))
        stack.enter_context(traced("touchstone-projector"))
        platform = await patiently(lambda: stack.enter_async_context(open_platform(settings)))
        await stack.enter_async_context(telling(settings, platform))
        projector = Projector(platform)
        webhook = None if settings.alert_webhook is None else Webhook(settings.alert_webhook)
        if webhook is not None:
            stack.push_async_callback(webhook.close)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(CaseworkByItself(platform).run())
                tasks.create_task(SearchFollower(platform).run())
                if webhook is not None:
                    tasks.create_task(Deliveries(platform.pool, webhook).run())
                await projector.run()
        except ExceptionGroup as failed:
            raise first_of(TouchstoneError, failed) from None
