"""After the walk: the projector's own machinery brings a build to where the live rows are."""

from __future__ import annotations

from collections.abc import Sequence

from asyncpg.pool import PoolConnectionProxy

from events.partitioning import PARTITIONS
from events.policy import Reference
from projections.protocol import Projection
from services.log.stored import stored_event
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.projector.collecting import collecting_seldom
from services.projector.identities import Identities
from services.projector.lane import Lane
from services.projector.memory import Memory
from services.projector.owner import BATCH_EVENTS, PartitionOwner
from services.projector.reference_feed import ReferenceFeed
from services.rebuild.builds import Build, live_positions, safe_instant
from services.rows.build_store import BuildStore, BuildWriter
from services.rows.projection_store import ProjectionStore
from services.rows.writing import Writer


class BuildOwner(PartitionOwner):
    """A partition of a build; its events are those that the live rows have taken in."""

    def __init__(
        self,
        build: Build,
        partition: int,
        platform: Platform,
        memory: Memory,
        identities: Identities,
    ) -> None:
        self._build = build
        super().__init__(
            partition,
            [build.projection],
            platform.pool,
            platform.log,
            platform.dossiers,
            build.generation,
            memory,
            identities=identities,
        )

    def store_of(self, projection: Projection, generation: int) -> ProjectionStore:
        """Return where the build is kept."""
        return BuildStore(projection, generation, self._build.stored_as)

    def writer(self) -> Writer:
        """Return what writes the build."""
        return BuildWriter()

    async def live(self, connection: PoolConnectionProxy, lanes: list[Lane]) -> list[Lane]:
        """Return all lanes: a build is written although it is not live."""
        return lanes


class Chase:
    """Brings every partition of a build to where the live rows are."""

    def __init__(self, build: Build, platform: Platform) -> None:
        self._build = build
        self._platform = platform
        self._feed = ReferenceFeed(platform.pool)
        memory, identities = Memory(platform.max_facts), Identities()
        self._owners = [
            BuildOwner(build, p, platform, memory, identities) for p in range(PARTITIONS)
        ]
        self.taken = 0  # events

    async def begin(self) -> None:
        """Own every partition of the build."""
        for owner in self._owners:
            await owner.take()

    async def live_positions(self) -> Sequence[int]:
        """Return how far the live rows are, by partition."""
        with translated():
            async with self._platform.pool.acquire() as connection:
                return await live_positions(connection, self._build)

    async def behind(self) -> int:
        """Return how many positions the build is behind the live rows."""
        live = await self.live_positions()
        return sum(max(0, live[owner.partition] - owner.next) for owner in self._owners)

    async def reach(self, live: Sequence[int]) -> None:
        """Take in what the live rows have taken in, then judge what is due by now.

        Raises: StaleCheckpoint, when another rebuild took the build over; Unavailable.
        """
        reference = await self._feed.refresh()
        with collecting_seldom():
            for owner in self._owners:
                upto = live[owner.partition]
                await self._take_in(owner, upto, reference)
                await self._due(owner, upto, reference)

    async def _take_in(self, owner: BuildOwner, upto: int, reference: Reference) -> None:
        place = (self._build.generation, owner.partition)
        while owner.next < upto:
            # From the table, in both modes: what the live rows took in lies there.
            with translated():
                rows = await self._platform.pool.fetch(
                    sql("log_read"), *place, owner.next, BATCH_EVENTS
                )
            stored = [stored_event(row) for row in rows if row["n"] < upto]
            if not stored:
                return  # a topic's repeated records count for positions alone
            await owner.take_in(reference, stored)
            self.taken += len(stored)

    async def _due(self, owner: BuildOwner, upto: int, reference: Reference) -> None:
        with translated():
            async with self._platform.pool.acquire() as connection:
                at = await safe_instant(
                    connection, self._build, owner.partition, upto, self._platform.clock
                )
        while await owner.due(reference, at, caught_up=False):
            pass
        while await owner.sweep(reference, at, caught_up=False):
            pass
