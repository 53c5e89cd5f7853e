"""Reports of the whole company on a day, recomputed from the events themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from events.calendars import day_end
from events.envelope import CustomerId, RecordedEvent
from events.policy import Reference
from events.touchpoints.policy import AgeingPolicy
from projections.books.ageing import Ageing, ageing
from projections.books.replay import HANDLED
from projections.protocol import Assessment, Episode, Facts, Total
from projections.receivables.alerts import AlertBook
from projections.receivables.projection import Receivables
from projections.receivables.reading import Reading
from projections.receivables.reports import dso, invoiced_in_window, mean_days_late, open_balances
from projections.receivables.rows import ACCOUNTS, ITEMS, AccountRow, ItemRow
from services.errors import UsageError
from services.platform import Platform
from services.walk.by_customer import picture
from services.wording import nearest

Advance = Callable[[int], None]

_RECEIVABLES = Receivables()


class CurrencyAgeing(Struct, frozen=True, kw_only=True):
    """One currency's receivables at the end of a day."""

    currency: str
    ageing: Ageing
    customers_overdue: int
    disputed_items: int
    invoiced_90_days_minor: int
    dso_90_days: Decimal | None
    settled_items: int
    mean_days_late: Decimal | None
    credit_minor: int
    reserved_minor: int


class AgeingReport(Struct, frozen=True, kw_only=True):
    """Receivables at the end of a local day, by currency."""

    day: date
    branch_id: str | None
    known_at: datetime | None
    position: str
    currencies: list[CurrencyAgeing]


class _Sums:
    """What one currency adds up to while customers are walked."""

    def __init__(self) -> None:
        self.totals: list[Total] = []
        self.customers_overdue = self.disputed = self.settled = self.days_late = 0
        self.credit = self.reserved = 0

    def item(self, row: ItemRow, totals: list[Total]) -> None:
        self.totals += totals
        self.disputed += row.status == "open" and row.disputed

    def account(self, row: AccountRow) -> None:
        self.customers_overdue += row.overdue_items > 0
        self.settled += row.settled_items
        self.days_late += row.days_late_sum
        self.credit += row.credit_minor
        self.reserved += row.reserved_minor

    def result(self, currency: str, day: date, policy: AgeingPolicy) -> CurrencyAgeing:
        aged = ageing(open_balances(self.totals, currency), day, policy)
        invoiced = invoiced_in_window(self.totals, currency, day)
        return CurrencyAgeing(
            currency=currency,
            ageing=aged,
            customers_overdue=self.customers_overdue,
            disputed_items=self.disputed,
            invoiced_90_days_minor=invoiced,
            dso_90_days=dso(aged.outstanding_minor, invoiced),
            settled_items=self.settled,
            mean_days_late=mean_days_late(self.days_late, self.settled),
            credit_minor=self.credit,
            reserved_minor=self.reserved,
        )


def _assessed(
    customer: CustomerId, events: list[RecordedEvent], day: date, reference: Reference
) -> Assessment:
    """Return a customer's receivables at the end of its own local day."""
    facts = Facts(event for event in events if type(event.data) in HANDLED)
    reading = Reading(facts, day_end(day, reference.zone_of(None)), reference)
    return _RECEIVABLES.assess(customer, facts, day_end(day, reading.days.tz), reference)


async def report_ageing(
    platform: Platform,
    day: date,
    branch_id: str | None,
    known_at: datetime | None,
    advance: Advance,
) -> AgeingReport:
    """Return the ageing at the end of a day: what was true, with what was known by then or is
    known now. Raises: UsageError, for a branch that nothing names; Unavailable.
    """
    sums: dict[str, _Sums] = defaultdict(_Sums)
    async with picture(platform) as seen:
        reference = await seen.reference(known_at)
        branches: set[str | None] = set(reference.branches)
        async for customer, events in seen.dossiers(known_at):
            branches.update(event.envelope.branch_id for event in events)
            rows = _assessed(customer, events, day, reference).rows
            for row in rows[ITEMS.name]:
                assert isinstance(row, ItemRow)
                branches.add(row.branch_id)  # a home branch may publish nothing itself
                if branch_id is None or row.branch_id == branch_id:
                    sums[row.currency].item(row, list(_RECEIVABLES.totals(row)))
            for row in rows[ACCOUNTS.name]:
                assert isinstance(row, AccountRow)
                branches.add(row.branch_id)
                if branch_id is None or row.branch_id == branch_id:
                    sums[row.currency].account(row)
            advance(1)
        if branch_id is not None and branch_id not in branches:
            hint = nearest(branch_id, filter(None, branches))
            raise UsageError(f"--branch: no event names the branch {branch_id!r}{hint}")
        policy = reference.in_force(AgeingPolicy, day_end(day, reference.zone_of(None)))
        return AgeingReport(
            day=day,
            branch_id=branch_id,
            known_at=known_at,
            position=seen.heads.token(),
            currencies=[sums[c].result(c, day, policy) for c in sorted(sums)],
        )


class AlertCount(Struct, frozen=True, kw_only=True):
    """The alerts of one kind, threshold and currency: every episode of history."""

    kind: str
    threshold: int
    currency: str
    raised: int
    standing: int
    customers: int
    amount_minor: int
    first: datetime
    last: datetime
    cleared_by: dict[str, int]


class AlertsReport(Struct, frozen=True, kw_only=True):
    """All alerts up to an instant as today's rules have them, counted, and listed if asked."""

    at: datetime
    known_at: datetime | None
    position: str
    counts: list[AlertCount]
    episodes: list[Episode]


async def report_alerts(
    platform: Platform,
    at: datetime,
    known_at: datetime | None,
    advance: Advance,
    *,
    listed: bool,
) -> AlertsReport:
    """Return every alert that was true up to `at`, with its cause of ending.

    Raises: Unavailable.
    """
    groups: dict[tuple[str, int, str], list[Episode]] = defaultdict(list)
    async with picture(platform) as seen:
        reference = await seen.reference(known_at)
        async for customer, events in seen.dossiers(known_at):
            for episode in _episodes(customer, events, at, reference):
                alert = episode.alert
                groups[alert.kind, alert.threshold, alert.currency].append(episode)
            advance(1)
        return AlertsReport(
            at=at,
            known_at=known_at,
            position=seen.heads.token(),
            counts=[_count(*key, groups[key]) for key in sorted(groups)],
            episodes=[e for key in sorted(groups) for e in groups[key]] if listed else [],
        )


def _episodes(
    customer: CustomerId, events: list[RecordedEvent], at: datetime, reference: Reference
) -> list[Episode]:
    facts = Facts(event for event in events if type(event.data) in HANDLED)
    return list(AlertBook(customer, Reading(facts, at, reference)).episodes())


def _count(kind: str, threshold: int, currency: str, episodes: list[Episode]) -> AlertCount:
    alerts = [episode.alert for episode in episodes]
    return AlertCount(
        kind=kind,
        threshold=threshold,
        currency=currency,
        raised=len(alerts),
        standing=sum(episode.until is None for episode in episodes),
        customers=len({alert.customer_id for alert in alerts}),
        amount_minor=sum(alert.amount_minor for alert in alerts),
        first=min(alert.since for alert in alerts),
        last=max(alert.since for alert in alerts),
        cleared_by=dict(Counter(e.cause.reason for e in episodes if e.cause is not None)),
    )
