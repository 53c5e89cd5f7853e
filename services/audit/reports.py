"""Reports of the whole company on a day, recomputed from the events themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from events.calendars import local_day
from events.envelope import CustomerId
from events.home import Asked, Known, known
from events.touchpoints.policy import AgeingPolicy
from projections.books.ageing import Ageing, ageing
from projections.protocol import Episode, Facts, Row, Total
from projections.receivables.alerts import AlertBook
from projections.receivables.projection import Receivables
from projections.receivables.reading import ReceivablesAt
from projections.receivables.reports import (
    dso,
    invoiced_in_window,
    mean_days_late,
    open_balances,
)
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
    """Receivables at the end of each customer's local day, by currency.

    Asked as of an instant, days past due are those of each customer's day; `day` is then the
    company's.
    """

    day: date
    at: Asked
    branch_id: str | None
    known_at: Asked | None
    position: str
    currencies: list[CurrencyAgeing]


class _Sums:
    """What one currency adds up to while customers are walked."""

    def __init__(self) -> None:
        self.totals: list[Total] = []
        self.customers_overdue = self.disputed = self.settled = self.days_late = 0
        self.credit = self.reserved = 0

    def item(self, row: ItemRow, totals: Iterable[Total]) -> None:
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


class _Owed(NamedTuple):
    """What a customer owes, and how many days its own day lies before the report's."""

    rows: Mapping[str, Sequence[Row]]
    behind: int

    def totals(self, row: Row) -> Iterator[Total]:
        """Yield the row's shares under days that are as far from the report's as from its own."""
        for total in _RECEIVABLES.totals(row):
            yield total._replace(day=total.day + self.behind)


def _owed(customer: CustomerId, known: Known, day: date) -> _Owed:
    facts = Facts(known.facts, _RECEIVABLES.handles)
    rows = _RECEIVABLES.assess(customer, facts, known.at, known.reference).rows
    own = local_day(known.at, facts.home.zone_at(known.at, known.reference))
    return _Owed(rows, (day - own).days)


async def report_ageing(
    platform: Platform,
    at: Asked,
    branch_id: str | None,
    known_at: Asked | None,
    advance: Advance,
) -> AgeingReport:
    """Return the ageing as of a day's end, each customer's own, or of an instant: what was true,
    with what was known by then or is known now.

    Raises: UsageError, for a branch that nothing names; Unavailable.
    """
    sums: dict[str, _Sums] = defaultdict(_Sums)
    async with picture(platform) as seen:
        company = known((), await seen.reference(), at, known_at)
        tz = company.reference.zone_of(None)
        day = local_day(company.at, tz)
        branches: set[str | None] = set(company.reference.branches)
        async for customer, told in seen.known(at, known_at):
            branches.update(event.envelope.branch_id for event in told.events)
            owed = _owed(customer, told, day)
            for row in owed.rows[ITEMS.name]:
                assert isinstance(row, ItemRow)
                branches.add(row.branch_id)  # a home branch may publish nothing itself
                if branch_id is None or row.branch_id == branch_id:
                    sums[row.currency].item(row, owed.totals(row))
            for row in owed.rows[ACCOUNTS.name]:
                assert isinstance(row, AccountRow)
                branches.add(row.branch_id)
                if branch_id is None or row.branch_id == branch_id:
                    sums[row.currency].account(row)
            advance(1)
        if branch_id is not None and branch_id not in branches:
            hint = nearest(branch_id, filter(None, branches))
            raise UsageError(f"--branch: no event names the branch {branch_id!r}{hint}")
        policy = company.reference.in_force(AgeingPolicy, company.at)
        return AgeingReport(
            day=day,
            at=at,
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

    at: Asked
    known_at: Asked | None
    position: str
    counts: list[AlertCount]
    episodes: list[Episode]


async def report_alerts(
    platform: Platform,
    at: Asked,
    known_at: Asked | None,
    advance: Advance,
    *,
    listed: bool,
) -> AlertsReport:
    """Return every alert that was true up to `at`, with its cause of ending.

    Raises: Unavailable.
    """
    groups: dict[tuple[str, int, str], list[Episode]] = defaultdict(list)
    async with picture(platform) as seen:
        async for customer, told in seen.known(at, known_at):
            for episode in _episodes(customer, told):
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


def _episodes(customer: CustomerId, told: Known) -> list[Episode]:
    facts = Facts(told.facts, _RECEIVABLES.handles)
    return list(AlertBook(customer, ReceivablesAt(facts, told.at, told.reference)).episodes())


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
