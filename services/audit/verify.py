"""Refolds everything from the events and compares it with the live rows, difference by difference.

Each customer is assessed again at the instant, and under the policies, that its row names, in
one consistent picture of the database; so it must agree to the last column while the
platform goes on working.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec
from asyncpg import Record
from msgspec import Struct

from events.envelope import CustomerId, Envelope, PositionVector, RecordedEvent
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Alert, Assessment, Facts, Projection, Row
from services.audit.mirror import check_mirror
from services.errors import UnreadableEvent
from services.platform import Platform
from services.postgres.statements import sql
from services.rows.projection_store import ProjectionStore
from services.rows.written import Written
from services.walk.by_customer import Picture, picture

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
    mirrored: int = 0  # records of Kafka's topics that were compared with the events table
    duplicates: int = 0  # of them, those dropped since their event had come before
    differences: int = 0
    named: list[Difference] = []

    def differ(self, difference: Difference) -> None:
        """Count a difference, and name it while the list is short."""
        self.differences += 1
        if self.differences <= _NAMED:
            self.named.append(difference)

    def cannot_read(self, envelope: Envelope, why: UnreadableEvent) -> None:
        """Name an event that the log holds and nobody can read."""
        self.differ(
            Difference("log", envelope.subject, "event", envelope.id, "unreadable", str(why))
        )


async def verify(platform: Platform, advance: Callable[[int], None]) -> Verification:
    """Refold every customer of every projection and compare; so, too, the mirror of Kafka's log.

    `advance` is told how many customers were done.
    Raises: Unavailable; TopicTruncated, where Kafka lacks what was mirrored.
    """
    async with picture(platform) as seen:
        found = Verification(position=seen.heads.token())
        comparisons = [await _Comparison.begin(seen, p, found) for p in PROJECTIONS]
        chunk: list[tuple[CustomerId, list[RecordedEvent]]] = []
        async for customer, events in seen.dossiers(unreadable=found.cannot_read):
            found.customers += 1
            found.events += len(events)
            chunk.append((customer, events))
            if len(chunk) == _CHUNK:
                for comparison in comparisons:
                    await comparison.compare(chunk)
                advance(len(chunk))
                chunk = []
        for comparison in comparisons:
            await comparison.compare(chunk)
            await comparison.finish()
        advance(len(chunk))
    mirror = await check_mirror(platform.pool, platform.log, seen.lineage)
    found.mirrored, found.duplicates = mirror.records, mirror.duplicates
    for one in mirror.misplaced:
        place = f"{one.partition}/{one.n}"
        found.differ(Difference("log", None, "events", place, one.table, one.topic))
    return found


class _Comparison:
    """One projection's live rows against its refold."""

    def __init__(
        self,
        seen: Picture,
        projection: Projection,
        reference: Reference,
        found: Verification,
        taken_in: PositionVector,
    ) -> None:
        self._connection = seen.connection
        self._lineage = seen.lineage
        self._projection = projection
        self._store = ProjectionStore(projection, seen.heads.generation)
        self._references = {reference.count: reference}
        self._all_reference = reference
        self._found = found
        self._taken_in = taken_in
        self._totals: Counter[tuple[TotalKey, str]] = Counter()

    @classmethod
    async def begin(cls, seen: Picture, projection: Projection, found: Verification) -> _Comparison:
        rows = await seen.connection.fetch(
            sql("checkpoints_of"), projection.name, projection.version, seen.heads.generation
        )
        counts = list(PositionVector.start(seen.heads.generation).counts)
        for row in rows:
            counts[row["partition"]] = row["next"]
        taken_in = PositionVector(seen.heads.generation, tuple(counts))
        return cls(seen, projection, await seen.reference(), found, taken_in)

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
        handles = self._projection.handles
        facts = Facts(
            e
            for e in events
            if self._lineage.covers(self._taken_in, e.position) and type(e.data) in handles
        )
        if head is None:
            if len(facts):
                self._differ(customer, "head", "", "not assessed", f"{len(facts)} facts")
            return
        if head["parked_reason"] is not None:
            self._found.parked += 1
            for table in self._projection.tables:
                self._add_totals(live.rows.get(table.name, {}).values())
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
            self._add_totals(refolded.values())
            for row_key in refolded.keys() | stored.keys():
                one, other = stored.get(row_key), refolded.get(row_key)
                if one != other:
                    self._differ(customer, table.name, "/".join(row_key), *_changed(one, other))

    def _add_totals(self, rows: Iterable[Row]) -> None:
        """Add up what rows share in; those of a parked customer count as they stand."""
        for row in rows:
            for total in self._projection.totals(row):
                key = (total.measure, total.currency, total.branch_id, total.day)
                self._totals[key, "items"] += total.items
                self._totals[key, "amount"] += total.amount_minor

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

    async def finish(self) -> None:
        """Compare the company's sums, and look for rows that no event explains."""
        name, version = self._projection.name, self._projection.version
        live: Counter[tuple[TotalKey, str]] = Counter()
        for row in await self._connection.fetch(sql("totals_of"), name, version):
            key = (row["measure"], row["currency"], row["branch_id"], row["day"])
            live[key, "items"] = row["items"]
            live[key, "amount"] = row["amount_minor"]
        for total in sorted(self._totals.keys() | live.keys()):
            if self._totals[total] != live[total]:
                self._differ(None, "totals", str(total), str(live[total]), str(self._totals[total]))
        for row in await self._connection.fetch(sql("rows_without_events"), name, version):
            self._differ(row["customer_id"], "head", "", "assessed", "no event")

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
