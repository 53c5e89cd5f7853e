"""What a rebuild does with a part of the walk: assess its customers, write their rows by COPY.

Every event is read and decoded once for all builds. A customer that one projection cannot assess
is parked in its build alone; one with an event that cannot be decoded in all of them, as in the
projector, since nobody knows what the event would have meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module

import structlog
from msgspec import Struct

from events.envelope import CustomerId
from events.errors import EventError
from events.partitioning import partition_of
from events.policy import Reference
from projections.merged import Merged
from projections.protocol import Projection
from projections.together import Together
from services.ports import Dossier
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.rebuild.builds import Build
from services.rebuild.gathering import ALERT_COLUMNS, HEAD_COLUMNS, Gathered, Record
from services.rows.build_store import TOTAL_COLUMNS
from services.rows.changes import Parked
from services.rows.uses import UseSets
from services.walk.groups import Groups, group_dossiers, groups_of
from services.walk.parts import Extent, Part, copied_dossiers

_LOG = structlog.get_logger(__name__)


class BuildOf(Struct, frozen=True):
    """One of the builds that are filled: what it is of, as a process can be told."""

    projection: str  # module:class
    live_version: int

    @classmethod
    def told(cls, build: Build) -> BuildOf:
        """Return what to tell of a build."""
        made = type(build.projection)
        return cls(f"{made.__module__}:{made.__qualname__}", build.live_version)

    def build(self, generation: int) -> Build:
        """Return the build that was told of."""
        module, _, name = self.projection.partition(":")
        projection: Projection = getattr(import_module(module), name)()
        return Build(projection, self.live_version, generation)


class BuildWalk(Struct, frozen=True):
    """What all parts of a rebuild have in common."""

    walk_id: int
    builds: tuple[BuildOf, ...]
    extent: Extent
    instants: tuple[datetime, ...]
    events: str  # the table that is read


class Walked(Struct, frozen=True):
    """A part that is done; nothing was done if another process had done it."""

    customers: int
    events: int


class BuildWriter:
    """Does parts of a rebuild, each in a transaction of its own."""

    def __init__(self, argument: BuildWalk, pool: Pool) -> None:
        self._walk = argument
        self._builds = [one.build(argument.extent.generation) for one in argument.builds]
        self._pool = pool
        self._feed = ReferenceFeed(pool)
        self._uses = UseSets(pool)

    async def walk(self, part: Part) -> Walked:
        """Read a part's events, assess each customer once, write. Raises: Unavailable."""
        reference = await self._feed.refresh()
        assessing = _Assessing(self._builds, self._walk.instants, reference)
        mine = (self._walk.walk_id, part.part)
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                # A crash of the server empties the builds whether this part is durable or not.
                await connection.execute("SET LOCAL synchronous_commit = off")
                if await connection.fetchval(sql("rebuild_claim_part"), *mine) is None:
                    return Walked(0, 0)
                groups = await groups_of(connection, part)
                assessing.groups = groups
                await copied_dossiers(
                    connection, part, self._walk.extent, assessing.take, self._walk.events
                )
                for customer, members in groups.items():
                    dossiers = await group_dossiers(connection, members, self._walk.extent)
                    assessing.take_merged(customer, dossiers)
                await self._uses.keep(uses for one in assessing.gathered for uses in one.uses)
                await _write(connection, assessing.gathered)
                walked = Walked(assessing.customers, assessing.events)
                await connection.execute(
                    sql("rebuild_count_part"), *mine, walked.customers, walked.events
                )
        return walked


class _Assessing:
    """Assesses the customers of a part, each once under every projection that is built."""

    def __init__(
        self, builds: Sequence[Build], instants: Sequence[datetime], reference: Reference
    ) -> None:
        self.gathered = [Gathered(build, reference.count) for build in builds]
        self.customers = self.events = 0
        self.groups: Groups = {}
        self._together = Together(build.projection for build in builds)
        self._instants = instants
        self._reference = reference

    def take(self, dossier: Dossier) -> None:
        """Assess one customer, unless it is to be assessed with others."""
        self.customers += 1
        self.events += len(dossier.facts) + len(dossier.unreadable)
        if dossier.customer in self.groups:
            return
        partition = partition_of(dossier.customer)
        at = self._instants[partition]
        for event_id, reason in dossier.unreadable[:1]:
            for one in self.gathered:
                one.park(Parked(dossier.customer, reason, event_id), partition, at)
            return
        for place, projection, facts in self._together.asked(dossier.facts):
            one = self.gathered[place]
            # As in the projector: whatever a projection raises stops this customer and no other.
            try:
                assessment = projection.assess(dossier.customer, facts, at, self._reference)
                one.add(dossier.customer, partition, assessment, at)
            except Exception as error:  # noqa: BLE001 - see above
                _LOG.exception("customer_parked", partition=partition)
                named = "" if isinstance(error, EventError) else f"{type(error).__name__}: "
                parked = Parked(dossier.customer, f"{named}{error}", dossier.facts[-1].id)
                one.park(parked, partition, at)

    def take_merged(self, customer: CustomerId, dossiers: Mapping[CustomerId, Dossier]) -> None:
        """Assess one customer with all whom merges connect with it.

        As of the earliest instant of any of their partitions: no later one may be judged.
        """
        partition = partition_of(customer)
        at = min(self._instants[partition_of(one)] for one in dossiers)
        for one in dossiers.values():
            for event_id, reason in one.unreadable[:1]:
                for gathered in self.gathered:
                    gathered.park(Parked(customer, reason, event_id), partition, at)
                return
        group = Merged({one: dossier.facts for one, dossier in dossiers.items()})
        for gathered in self.gathered:
            projection = gathered.build.projection
            if not group.concerns(projection, customer, at):
                continue
            try:
                assessment = group.assessed(projection, customer, at, self._reference)
                gathered.add(customer, partition, assessment, at)
            except Exception as error:  # noqa: BLE001 - as above
                _LOG.exception("customer_parked", partition=partition)
                parked = Parked(customer, f"{type(error).__name__}: {error}", None)
                gathered.park(parked, partition, at)


async def _write(connection: Connection, gathered: Sequence[Gathered]) -> None:
    """Write what builds get of a part: one COPY per table, whatever the customers' partitions."""
    for one in gathered:
        for name, table in one.build.tables.items():
            await _copy(connection, table.name, table.names, one.rows[name])
    shared = (
        ("projection_heads", HEAD_COLUMNS, [record for one in gathered for record in one.heads]),
        ("rebuild_alerts", ALERT_COLUMNS, [record for one in gathered for record in one.alerts]),
        ("rebuild_totals", TOTAL_COLUMNS, [record for one in gathered for record in one.totals]),
    )
    for name, columns, records in shared:
        await _copy(connection, name, columns, records)


async def _copy(
    connection: Connection, table: str, columns: Sequence[str], records: Sequence[Record]
) -> None:
    if records:
        await connection.copy_records_to_table(table, records=records, columns=columns)
