"""Refolds everything from the events and compares it with the live rows, difference by difference.

Each customer is assessed again at the instant, and under the policies, that its row names, in
one consistent picture of the database; so it must agree to the last column while the
platform goes on working. The sums of the company must be those of its rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from events.envelope import CustomerId, Position, PositionVector
from events.lineage import Lineage
from projections import PROJECTIONS
from projections.protocol import Projection
from services.audit.comparison import Comparison, Difference, Taken, Verification
from services.audit.mirror import check_mirror
from services.log.lineage import lineage_of
from services.platform import Platform
from services.ports import Dossier
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.rows.row_tables import tables_of
from services.walk.company import extent_in, extent_now, walk_company
from services.walk.parts import Extent, Part, copied_dossiers

_CHUNK = 500  # customers whose rows are read together
_ROWS = 2_000  # of a table, read together
TotalKey = tuple[str, str, str, int]


async def verify(
    platform: Platform, advance: Callable[[int], None], *, processes: int | None = None
) -> Verification:
    """Refold every customer of every projection and compare; so, too, the mirror of Kafka's log.

    `advance` is told how many customers were done. Each part of the customers is compared in a
    picture of the database of its own, and the company's sums with the rows in one of theirs: so
    no transaction lasts as long as the walk.
    Raises: Unavailable; TopicTruncated, where Kafka lacks what was mirrored.
    """
    extent = await extent_now(platform)
    position = PositionVector(extent.generation, extent.positions).token()
    found = Verification(position=position)

    def done(part: Verification) -> None:
        found.take_in(part)
        advance(part.customers)

    await walk_company(platform, extent, Verifying, None, Verification, done, processes=processes)
    await _company_sums(platform, found)
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
    """Compares parts of the company, each in one consistent picture of the database."""

    def __init__(self, argument: None, pool: Pool) -> None:
        self._feed = ReferenceFeed(pool)
        self._pool = pool

    async def walk(self, part: Part) -> Verification:
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
                everybody = await _read(connection, part, whole)
                found.take_note(everybody.values())
                names = list(everybody)
                taking_in: dict[Extent, list[Projection]] = {}
                for projection in PROJECTIONS:
                    extent = await _taken_in(connection, lineage, projection)
                    taking_in.setdefault(extent, []).append(projection)
                for extent, projections in taking_in.items():
                    some = everybody
                    if extent != whole:
                        some = await _read(connection, part, extent)
                    found.waiting = max(found.waiting, found.events - _events(some))
                    comparison = Comparison(
                        connection, projections, whole.generation, reference, found
                    )
                    for start in range(0, len(names), _CHUNK):
                        chunk = names[start : start + _CHUNK]
                        await comparison.compare(
                            [some.get(name) or Taken(name, (), ()) for name in chunk]
                        )
                return found


async def _read(connection: Connection, part: Part, extent: Extent) -> dict[CustomerId, Taken]:
    """Return the customers of a part with the events of an extent, in the database's order."""
    found: dict[CustomerId, Taken] = {}

    def take(dossier: Dossier) -> None:
        customer = dossier.customer
        found[customer] = Taken(customer, dossier.facts, dossier.unreadable)

    await copied_dossiers(connection, part, extent, take)
    return found


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


async def _company_sums(platform: Platform, found: Verification) -> None:
    """Compare the company's sums with its rows, and look for rows that no event explains."""
    with translated():
        async with platform.pool.acquire() as connection:
            for projection in PROJECTIONS:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await _sums_of(connection, projection, found)


async def _sums_of(connection: Connection, projection: Projection, found: Verification) -> None:
    told: Counter[tuple[TotalKey, str]] = Counter()
    for row in await connection.fetch(sql("totals_of"), projection.name, projection.version):
        key = (row["measure"], row["currency"], row["branch_id"], row["day"])
        told[key, "items"] = row["items"]
        told[key, "amount"] = row["amount_minor"]
    summed: Counter[tuple[TotalKey, str]] = Counter()
    for table in tables_of(projection).values():
        columns = ", ".join(column.name for column in table.columns)
        rows = connection.cursor(f"SELECT {columns} FROM {table.name}", prefetch=_ROWS)
        async for record in rows:
            for total in projection.totals(table.table.row(**record)):
                key = (total.measure, total.currency, total.branch_id, total.day)
                summed[key, "items"] += total.items
                summed[key, "amount"] += total.amount_minor
    for total_key in sorted(summed.keys() | told.keys()):
        one, other = told[total_key], summed[total_key]
        if one != other:
            where = (projection.name, None, "totals", str(total_key))
            found.differ(Difference(*where, str(one), str(other)))
    for row in await connection.fetch(
        sql("rows_without_events"), projection.name, projection.version
    ):
        where = (projection.name, row["customer_id"], "head", "")
        found.differ(Difference(*where, "assessed", "no event"))
