"""Refolds everything from the events and compares it with the live rows, difference by difference.

Each customer is assessed again at the instant, and under the policies, that its row names, in
one consistent picture of the database; so it must agree to the last column while the
platform goes on working. The sums of the company must be those of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from events.envelope import CustomerId, Position, PositionVector
from events.lineage import Lineage
from projections import PROJECTIONS
from projections.merged import Merged
from projections.protocol import Projection
from services.audit.company_sums import CompanySums
from services.audit.comparison import Comparison, Difference, Taken, Verification
from services.audit.live_rows import live_rows
from services.audit.mirror import check_mirror
from services.audit.sums import SumOf, Sums
from services.log.lineage import lineage_of
from services.platform import Platform
from services.ports import Dossier
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.walk.company import extent_in, extent_now, walk_company
from services.walk.groups import group_dossiers, groups_of
from services.walk.parts import Extent, Part, copied_customers, copied_dossiers
from services.walk.spool import EVENTS


class PartVerified(Struct, frozen=True):
    """What was found in a part of the company, and what its live rows come to."""

    found: Verification
    sums: list[SumOf]


async def verify(
    platform: Platform, advance: Callable[[int], None], *, processes: int | None = None
) -> Verification:
    """Refold every customer of every projection and compare; so, too, the mirror of Kafka's log.

    `advance` is told how many customers were done. Each part of the customers is compared in a
    picture of the database of its own, so no transaction lasts as long as the walk.
    Raises: Unavailable; TopicTruncated, where Kafka lacks what was mirrored.
    """
    extent = await extent_now(platform)
    position = PositionVector(extent.generation, extent.positions).token()
    found = Verification(position=position)

    company = CompanySums(platform)
    await company.begin()

    def done(part: PartVerified) -> None:
        found.take_in(part.found)
        company.sums.add(part.sums)
        advance(part.found.customers)

    await walk_company(platform, extent, Verifying, extent, PartVerified, done, processes=processes)
    await company.compare(found)
    with translated():
        async with platform.pool.acquire() as connection:
            lineage = await lineage_of(connection, extent.generation)
    mirror = await check_mirror(platform.pool, platform.log, lineage)
    found.mirrored, found.duplicates = mirror.records, mirror.duplicates
    for one in mirror.misplaced:
        place = f"{one.partition}/{one.n}"
        found.differ(Difference("log", None, "events", place, one.table, one.topic))
    return found


class Verifying:
    """Compares parts of the company, each in one consistent picture of the database.

    The argument is how far a sorted copy of the events goes, where parts are read in one.
    """

    def __init__(self, argument: Extent, pool: Pool) -> None:
        self._feed = ReferenceFeed(pool)
        self._pool = pool
        self._later = Later(argument)

    async def walk(self, part: Part) -> PartVerified:
        """Compare a part. Raises: Unavailable, UnreadableEvent."""
        with translated():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                whole = await extent_in(connection)
                found = Verification(position="")
                # Read after the picture was taken: it holds all rules that a row in it names.
                reference = await self._feed.refresh()
                lineage = await lineage_of(connection, whole.generation)
                groups = await groups_of(connection, part)
                if part.table != EVENTS:
                    await self._later.take_note(connection, whole)
                everybody = await self._read(connection, part, whole)
                found.take_note(everybody.values())
                sums = Sums()
                taking_in: dict[Extent, list[Projection]] = {}
                for projection in PROJECTIONS:
                    extent = await _taken_in(connection, lineage, projection)
                    taking_in.setdefault(extent, []).append(projection)
                for extent, projections in taking_in.items():
                    some = everybody
                    if extent != whole:
                        some = await self._read(connection, part, extent)
                    found.waiting = max(found.waiting, found.events - _events(some))
                    live = [await live_rows(connection, one, part) for one in projections]
                    comparison = Comparison(projections, live, reference, found, sums)
                    for name in everybody:
                        if name not in groups:
                            comparison.compare(some.get(name) or Taken(name, (), ()))
                    for name, members in groups.items():
                        comparison.compare_merged(name, await _merged(connection, members, extent))
                    comparison.end()
                return PartVerified(found, sums.told())

    async def _read(
        self, connection: Connection, part: Part, extent: Extent
    ) -> dict[CustomerId, Taken]:
        """Return the customers of a part with the events of an extent."""
        found: dict[CustomerId, Taken] = {}

        def take(dossier: Dossier) -> None:
            customer = dossier.customer
            found[customer] = Taken(customer, dossier.facts, dossier.unreadable)

        await copied_dossiers(connection, part, extent, take)
        if part.table != EVENTS:
            later = await self._later.of(connection, part)
            await copied_customers(connection, later, extent, take)
        return found


class Later:
    """Who has events that came after a sorted copy of them was made: they are read by index.

    As many as were heard of while the walk lasts, whatever the number of all customers.
    """

    def __init__(self, copied: Extent) -> None:
        self._upto = copied.places
        self._customers: set[CustomerId] = set()

    async def take_note(self, connection: Connection, seen: Extent) -> None:
        """Take note of whom the log has heard since it was last looked at, in a picture of it."""
        rows = await connection.fetch(sql("customers_since"), *self._upto)
        self._customers.update(CustomerId(row["customer_id"]) for row in rows)
        self._upto = seen.places

    async def of(self, connection: Connection, part: Part) -> list[CustomerId]:
        """Return those in a part; the database says what lies between its bounds."""
        rows = await connection.fetch(
            sql("among_customers"), list(self._customers), part.first, part.upto
        )
        return [CustomerId(row["customer_id"]) for row in rows]


async def _merged(
    connection: Connection, customers: Sequence[CustomerId], extent: Extent
) -> Merged:
    """Return a group by what can be read of it: what cannot be is named where it is counted."""
    dossiers = await group_dossiers(connection, customers, extent)
    return Merged({customer: dossier.facts for customer, dossier in dossiers.items()})


def _events(some: Mapping[CustomerId, Taken]) -> int:
    return sum(one.events for one in some.values())


async def _taken_in(connection: Connection, lineage: Lineage, projection: Projection) -> Extent:
    """Return which events a projection has taken in, by the places where the table keeps them."""
    generation = lineage.generation
    rows = await connection.fetch(
        sql("checkpoints_of"), projection.name, projection.version, generation
    )
    counts = list(PositionVector.start(generation).counts)
    for row in rows:
        counts[row["partition"]] = row["next"]
    firsts = [lineage.kept(Position(generation, p, n)) for p, n in enumerate(counts)]
    generations = tuple(first.generation for first in firsts)
    return Extent(
        generation,
        tuple(first.n for first in firsts),
        generations=None if set(generations) == {generation} else generations,
    )
