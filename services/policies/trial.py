"""What would change if a policy were published: customers assessed with and without it.

Nothing is written. Both assessments are of one instant, from the events themselves, so every
difference is the policy's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from events.envelope import BranchId, CustomerId, Envelope, EventId, Position, RecordedEvent
from events.facts import fact_of
from events.home import Asked, Home
from events.partitioning import REFERENCE_PARTITION
from events.policy import Reference
from events.touchpoints.policy import TierPolicy
from projections import PROJECTIONS
from projections.protocol import Assessment, Facts, Projection
from projections.value_tiers.reports import Transitions, transitions
from projections.value_tiers.rows import StandingRow
from services.platform import Platform
from services.policies.candidate import Candidate
from services.policies.kinds import KINDS
from services.policies.listing import Version, follower
from services.policies.publishing import Changed, changes, policy_id
from services.postgres.statements import sql
from services.walk.by_customer import Picture, picture

NO_TIER = "none"
"""Who is in no tier, as none are in force."""


class TableChange(Struct, kw_only=True):
    """Rows of a table that would be new, other than they are, or gone."""

    table: str
    new: int = 0
    changed: int = 0
    gone: int = 0


class AlertChange(Struct, kw_only=True):
    """Alerts of a kind that would be raised, and that would be withdrawn."""

    kind: str
    threshold: int
    raised: int = 0
    cleared: int = 0


class SumChange(Struct, frozen=True, kw_only=True):
    """A company-wide sum that would be another."""

    measure: str
    currency: str
    count_before: int
    count_after: int
    amount_before_minor: int
    amount_after_minor: int


class ProjectionTrial(Struct, frozen=True, kw_only=True):
    """The differences in one projection."""

    projection: str
    customers_changed: int
    tables: list[TableChange]
    alerts: list[AlertChange]
    sums: list[SumChange]


class Trial(Struct, frozen=True, kw_only=True):
    """What a policy would change as things stand, or would stand, at an instant."""

    meant: Candidate
    changes: list[Changed]
    follower: Version | None  # the version that takes its place; before `at`, all stays as it is
    at: Asked
    position: str
    customers: int
    of_customers: int  # more than `customers`: a sample was assessed, and nothing is scaled up
    projections: list[ProjectionTrial]
    tier_moves: Transitions


class _Difference:
    """One projection's differences while customers are walked."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.customers = 0
        self._tables = {table.name: TableChange(table=table.name) for table in projection.tables}
        self._alerts: dict[tuple[str, int], AlertChange] = {}
        self._sums: tuple[Counter[tuple[str, str, str]], ...] = (Counter(), Counter())

    def compare(self, before: Assessment, after: Assessment) -> None:
        found = [self._rows(before, after), self._of_alerts(before, after)]
        self.customers += any(found)
        for sums, assessment in zip(self._sums, (before, after), strict=True):
            for rows in assessment.rows.values():
                for row in rows:
                    for total in self.projection.totals(row):
                        sums[total.measure, total.currency, "count"] += total.items
                        sums[total.measure, total.currency, "amount"] += total.amount_minor

    def _rows(self, before: Assessment, after: Assessment) -> bool:
        found = False
        for table in self.projection.tables:
            one = {table.key_of(row): row for row in before.rows.get(table.name, ())}
            other = {table.key_of(row): row for row in after.rows.get(table.name, ())}
            change = self._tables[table.name]
            new, gone = len(other.keys() - one.keys()), len(one.keys() - other.keys())
            changed = sum(one[key] != other[key] for key in one.keys() & other.keys())
            change.new += new
            change.gone += gone
            change.changed += changed
            found = found or bool(new or gone or changed)
        return found

    def _of_alerts(self, before: Assessment, after: Assessment) -> bool:
        one = {alert.alert_id: alert for alert in before.alerts}
        other = {alert.alert_id: alert for alert in after.alerts}
        for alert_id in other.keys() - one.keys():
            self._alert(other[alert_id].kind, other[alert_id].threshold).raised += 1
        for alert_id in one.keys() - other.keys():
            self._alert(one[alert_id].kind, one[alert_id].threshold).cleared += 1
        return one.keys() != other.keys()

    def _alert(self, kind: str, threshold: int) -> AlertChange:
        key = (kind, threshold)
        return self._alerts.setdefault(key, AlertChange(kind=kind, threshold=threshold))

    def result(self) -> ProjectionTrial:
        return ProjectionTrial(
            projection=self.projection.name,
            customers_changed=self.customers,
            tables=[t for t in self._tables.values() if t.new or t.changed or t.gone],
            alerts=[self._alerts[key] for key in sorted(self._alerts)],
            sums=list(self._changed_sums()),
        )

    def _changed_sums(self) -> Iterator[SumChange]:
        before, after = self._sums
        for measure, currency in sorted({key[:2] for key in before.keys() | after.keys()}):
            counts, amounts = (measure, currency, "count"), (measure, currency, "amount")
            if any(before[key] != after[key] for key in (counts, amounts)):
                yield SumChange(
                    measure=measure,
                    currency=currency,
                    count_before=before[counts],
                    count_after=after[counts],
                    amount_before_minor=before[amounts],
                    amount_after_minor=after[amounts],
                )


async def try_policy(
    platform: Platform,
    meant: Candidate,
    at: Asked,
    sample: int | None,
    begin: Callable[[int], None],
    advance: Callable[[int], None],
) -> Trial:
    """Return what a policy would change as of `at`, for all customers or a sample of them.

    Of a day it is the end where each customer is at home.
    `begin` is told how many will be assessed. Raises: Unavailable.
    """
    async with picture(platform) as seen:
        reference = await seen.reference()
        proposed = reference.remember([_recorded(meant, reference, platform.clock.now())])
        everybody = await seen.customer_count()
        begin(min(sample or everybody, everybody))
        company_at = Home().instant_of(at, reference)
        differences = [_Difference(projection) for projection in PROJECTIONS]
        tiers_before: dict[str, str] = {}
        tiers_after: dict[str, str] = {}
        customers = 0
        async for customer, events in _dossiers(seen, sample):
            customers += 1
            for difference in differences:
                before, after = _assessed(
                    difference.projection, customer, events, at, (reference, proposed)
                )
                difference.compare(before, after)
                tiers_before.update(_tiers(customer, before))
                tiers_after.update(_tiers(customer, after))
            advance(1)
        return Trial(
            meant=meant,
            changes=changes(meant, reference),
            follower=follower(KINDS[meant.kind], meant.effective_from, reference),
            at=at,
            position=seen.heads.token(),
            customers=customers,
            of_customers=everybody,
            projections=[difference.result() for difference in differences],
            tier_moves=transitions(
                tiers_before, tiers_after, _names(company_at, reference, proposed)
            ),
        )


def _recorded(meant: Candidate, reference: Reference, now: datetime) -> RecordedEvent:
    """Return the event that would be recorded; it says the last word of its instant."""
    envelope = Envelope(
        id=EventId(policy_id(meant, reference)),
        source="/branches/headquarters/policies",
        type=KINDS[meant.kind].published.event_type,
        subject=None,
        branch_id=BranchId("headquarters"),
        epoch=0,
        sequence=1,
        created_at=now,
        effective_at=now,
    )
    position = Position(0, REFERENCE_PARTITION, reference.count)
    return RecordedEvent(envelope, position, now, meant.touchpoint)


async def _dossiers(
    seen: Picture, sample: int | None
) -> AsyncIterator[tuple[CustomerId, Sequence[RecordedEvent]]]:
    if sample is None:
        async for customer, events in seen.dossiers():
            yield customer, events
        return
    for row in await seen.connection.fetch(sql("sample_customers"), sample):
        customer = CustomerId(row["customer_id"])
        yield customer, await seen.dossier(customer)


def _assessed(
    projection: Projection,
    customer: CustomerId,
    events: Sequence[RecordedEvent],
    asked: Asked,
    references: tuple[Reference, Reference],
) -> tuple[Assessment, Assessment]:
    facts = Facts(map(fact_of, events), projection.handles)
    before, after = references
    at = facts.home.instant_of(asked, before)
    return (
        projection.assess(customer, facts, at, before),
        projection.assess(customer, facts, at, after),
    )


def _tiers(customer: CustomerId, assessment: Assessment) -> Iterator[tuple[str, str]]:
    for rows in assessment.rows.values():
        for row in rows:
            if isinstance(row, StandingRow):
                yield customer, row.tier or NO_TIER


def _names(at: datetime, *references: Reference) -> list[str]:
    """Return the names of all tiers of the policies in force, the highest first."""
    names: dict[str, None] = {}
    lowest: dict[str, None] = {}
    for reference in references:
        policy = reference.in_force(TierPolicy, at)
        names.update((tier.name, None) for tier in policy.tiers)
        lowest[policy.lowest if policy.tiers else NO_TIER] = None
    return [*names, *(name for name in lowest if name not in names)]
