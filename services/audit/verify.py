"""Refolds everything from the events and compares it with the live rows, difference by difference.

Each customer is assessed again at the instant, and under the policies, that its row names, in
one consistent picture of the database; so it must agree to the last column while the
platform goes on working. The sums of the company must be those of its rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec
from asyncpg import Record
from msgspec import Struct

from events.envelope import CustomerId, Envelope, PositionVector, RecordedEvent
from events.facts import fact_of
from events.lineage import Lineage
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Alert, Assessment, Facts, Projection, Row
from services.audit.mirror import check_mirror
from services.errors import UnreadableEvent
from services.log.lineage import lineage_of
from services.platform import Platform
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.rows.projection_store import ProjectionStore
from services.rows.row_tables import tables_of
from services.rows.written import Written
from services.walk.company import extent_in, extent_now, recorded_dossiers, walk_company
from services.walk.parts import Part

_CHUNK = 500
_NAMED = 200
"""Differences named in a report; beyond that they are only counted."""

TotalKey = tuple[str, str, str, int]


class Difference(Struct, frozen=True):
    """One place where the live rows are not what the events say."""

    projection: str
    customer_id: str | None
    where: str  # table, alerts, totals or head
    key: str
    live: str
    refolded: str


class Verification(Struct, kw_only=True):
    """What a verification found; it agrees when there is no difference."""

    position: str
    customers: int = 0
    events: int = 0
    rows: int = 0
    alerts: int = 0
    parked: int = 0
    waiting: int = 0  # events that the projection furthest behind has not taken in: not compared
    mirrored: int = 0  # records of Kafka's topics that were compared with the events table
    duplicates: int = 0  # of them, those dropped since their event had come before
    differences: int = 0
    named: list[Difference] = []

    def differ(self, difference: Difference) -> None:
        """Count a difference, and name it while the list is short."""
        self.differences += 1
        if self.differences <= _NAMED:
            self.named.append(difference)

    def take_in(self, part: Verification) -> None:
        """Add what was found in a part of the company."""
        counts = ("customers", "events", "rows", "alerts", "parked", "waiting", "differences")
        for counted in counts:
            setattr(self, counted, getattr(self, counted) + getattr(part, counted))
        self.named += part.named[: _NAMED - len(self.named)]

    def cannot_read(self, envelope: Envelope, why: UnreadableEvent) -> None:
        """Name an event that the log holds and nobody can read."""
        self.differ(
            Difference("log", envelope.subject, "event", envelope.id, "unreadable", str(why))
        )


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
                extent = await extent_in(connection)
                found = Verification(position="")
                # Read after the picture was taken: it holds all rules that a row in it names.
                reference = await self._feed.refresh()
                comparisons = [
                    await _Comparison.begin(connection, extent.generation, p, reference, found)
                    for p in PROJECTIONS
                ]
                chunk: list[tuple[CustomerId, list[RecordedEvent]]] = []
                async for customer, events in recorded_dossiers(
                    connection, part, extent, found.cannot_read
                ):
                    found.customers += 1
                    found.events += len(events)
                    chunk.append((customer, events))
                    if len(chunk) == _CHUNK:
                        await _compare(comparisons, chunk)
                        chunk = []
                await _compare(comparisons, chunk)
                found.waiting = max(one.waiting for one in comparisons)
                return found


async def _compare(
    comparisons: Sequence[_Comparison], chunk: Sequence[tuple[CustomerId, list[RecordedEvent]]]
) -> None:
    for comparison in comparisons:
        await comparison.compare(chunk)


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
        async for record in connection.cursor(f"SELECT {columns} FROM {table.name}"):
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


class _Comparison:
    """One projection's live rows against its refold, in one picture of the database.

    Events that the projection has yet to take in, `waiting` in number, are left out.
    """

    def __init__(
        self,
        connection: Connection,
        projection: Projection,
        reference: Reference,
        found: Verification,
        taken_in: PositionVector,
        lineage: Lineage,
    ) -> None:
        self._connection = connection
        self._lineage = lineage
        self._projection = projection
        self._store = ProjectionStore(projection, taken_in.generation)
        self._references = {reference.count: reference}
        self._all_reference = reference
        self._found = found
        self._taken_in = taken_in
        self.waiting = 0

    @classmethod
    async def begin(
        cls,
        connection: Connection,
        generation: int,
        projection: Projection,
        reference: Reference,
        found: Verification,
    ) -> _Comparison:
        rows = await connection.fetch(
            sql("checkpoints_of"), projection.name, projection.version, generation
        )
        counts = list(PositionVector.start(generation).counts)
        for row in rows:
            counts[row["partition"]] = row["next"]
        taken_in = PositionVector(generation, tuple(counts))
        lineage = await lineage_of(connection, generation)
        return cls(connection, projection, reference, found, taken_in, lineage)

    async def compare(self, chunk: Sequence[tuple[CustomerId, list[RecordedEvent]]]) -> None:
        """Compare some customers."""
        customers = [customer for customer, _ in chunk]
        if not customers:
            return
        name, version = self._projection.name, self._projection.version
        heads: dict[str, Record] = {
            row["customer_id"]: row
            for row in await self._connection.fetch(sql("heads_of"), name, version, customers)
        }
        written = await self._store.written(self._connection, customers)
        for customer, events in chunk:
            self._customer(customer, events, heads.get(customer), written[customer])

    def _customer(
        self, customer: CustomerId, events: list[RecordedEvent], head: Record | None, live: Written
    ) -> None:
        taken_in = [e for e in events if self._lineage.covers(self._taken_in, e.position)]
        self.waiting += len(events) - len(taken_in)
        facts = Facts(map(fact_of, taken_in), self._projection.handles)
        if head is None:
            if len(facts):
                self._differ(customer, "head", "", "not assessed", f"{len(facts)} facts")
            return
        if head["parked_reason"] is not None:
            self._found.parked += 1
            return
        assessment = self._projection.assess(
            customer, facts, head["assessed_at"], self._reference(head["policy_count"])
        )
        self._rows(customer, live, assessment)
        self._alerts(customer, live, assessment)

    def _reference(self, count: int) -> Reference:
        if count not in self._references:
            self._references[count] = Reference(islice(self._all_reference.events, count))
        return self._references[count]

    def _rows(self, customer: CustomerId, live: Written, assessment: Assessment) -> None:
        for table in self._projection.tables:
            refolded = {table.key_of(row): row for row in assessment.rows.get(table.name, ())}
            stored = live.rows.get(table.name, {})
            self._found.rows += len(refolded)
            for row_key in refolded.keys() | stored.keys():
                one, other = stored.get(row_key), refolded.get(row_key)
                if one != other:
                    self._differ(customer, table.name, "/".join(row_key), *_changed(one, other))

    def _alerts(self, customer: CustomerId, live: Written, assessment: Assessment) -> None:
        refolded = {alert.alert_id: alert for alert in assessment.alerts}
        self._found.alerts += len(refolded)
        for alert_id in refolded.keys() | live.alerts.keys():
            one, other = live.alerts.get(alert_id), refolded.get(alert_id)
            if one != other:
                key = (one or other).key  # type: ignore[union-attr]
                self._differ(
                    customer, "alerts", "/".join(map(str, key)), _standing(one), _standing(other)
                )

    def _differ(self, customer: str | None, where: str, key: str, live: str, refolded: str) -> None:
        self._found.differ(Difference(self._projection.name, customer, where, key, live, refolded))


def _standing(alert: Alert | None) -> str:
    """Return whether an alert stands, and what it says beyond its identity."""
    if alert is None:
        return "does not stand"
    return f"stands, {alert.amount_minor} {alert.currency} of branch {alert.branch_id}"


def _changed(live: Row | None, refolded: Row | None) -> tuple[str, str]:
    """Return the columns in which two rows differ, as text, from either side."""
    if live is None or refolded is None:
        return ("no row" if live is None else "a row", "no row" if refolded is None else "a row")
    one, other = msgspec.to_builtins(live), msgspec.to_builtins(refolded)
    names = [name for name in one if one[name] != other[name]]
    return (
        ", ".join(f"{name}={one[name]}" for name in names),
        ", ".join(f"{name}={other[name]}" for name in names),
    )
