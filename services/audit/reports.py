"""Reports of the whole company on a day, recomputed from the events themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from msgspec import Struct

from events.calendars import local_day
from events.home import Asked
from events.touchpoints.policy import AgeingPolicy
from projections.books.ageing import Ageing, ageing
from projections.protocol import Alert, Episode
from projections.receivables.reports import (
    dso,
    invoiced_in_window,
    invoices_open,
    mean_days_late,
    open_balances,
)
from services.audit.report_parts import (
    AgeingOf,
    AgeingParts,
    AlertCount,
    AlertsOf,
    AlertsParts,
    CurrencySums,
    PartAgeing,
    PartAlerts,
)
from services.errors import UsageError
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.walk.company import walk_company
from services.walk.known import Asking, asking, company_known
from services.wording import nearest

Advance = Callable[[int], None]


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


def currency_ageing(
    currency: str, sums: CurrencySums, day: date, policy: AgeingPolicy
) -> CurrencyAgeing:
    """Return what one currency's sums come to at the end of a day."""
    totals = list(sums.company_totals(currency))
    aged = ageing(open_balances(totals, currency, day), day, policy)
    invoiced = invoiced_in_window(totals, currency, day)
    return CurrencyAgeing(
        currency=currency,
        ageing=aged,
        customers_overdue=sums.customers_overdue,
        disputed_items=sums.disputed,
        invoiced_90_days_minor=invoiced,
        dso_90_days=dso(invoices_open(aged, totals, currency), invoiced),
        settled_items=sums.settled,
        mean_days_late=mean_days_late(sums.days_late, sums.settled),
        credit_minor=sums.credit,
        reserved_minor=sums.reserved,
    )


async def report_ageing(
    platform: Platform,
    at: Asked,
    branch_id: str | None,
    known_at: Asked | None,
    advance: Advance,
    *,
    processes: int | None = None,
) -> AgeingReport:
    """Return the ageing as of a day's end, each customer's own, or of an instant: what was true,
    with what was known by then or is known now.

    Raises: UsageError, for a branch that nothing names; Unavailable, UnreadableEvent.
    """
    question = await asking(platform, at, known_at)
    company = await company_known(platform, question)
    day = local_day(company.at, company.reference.zone_of(None))
    found = PartAgeing()

    def done(part: PartAgeing) -> None:
        found.take_in(part)
        advance(part.customers)

    what = AgeingOf(question, day, branch_id)
    await walk_company(
        platform, question.extent, AgeingParts, what, PartAgeing, done,
        processes=processes, whole=question.reads_all,
    )  # fmt: skip
    if branch_id is not None:
        named = found.branches.union(company.reference.branches)
        await _check_branch(platform, branch_id, named, question)
    policy = company.reference.in_force(AgeingPolicy, company.at)
    return AgeingReport(
        day=day,
        at=at,
        branch_id=branch_id,
        known_at=known_at,
        position=question.extent.position,
        currencies=[
            currency_ageing(currency, sums, day, policy)
            for currency, sums in sorted(found.currencies.items())
        ],
    )


async def _check_branch(
    platform: Platform, branch_id: str, named: set[str], question: Asking
) -> None:
    """Refuse a branch that is nobody's home and published nothing. Raises: UsageError."""
    if branch_id in named:
        return
    branches = named - {""}
    if not question.reads_all:
        with translated():
            rows = await platform.pool.fetch(sql("publishing_branches"), question.extent.known_at)
        branches.update(row["branch_id"] for row in rows)
    if branch_id not in branches:
        hint = nearest(branch_id, branches)
        raise UsageError(f"--branch: no event names the branch {branch_id!r}{hint}")


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
    processes: int | None = None,
) -> AlertsReport:
    """Return every alert that was true up to `at`, with its cause of ending.

    Raises: Unavailable, UnreadableEvent.
    """
    question = await asking(platform, at, known_at)
    found = PartAlerts()
    listed_of: dict[int, list[Episode]] = {}

    def done(part: PartAlerts) -> None:
        for one in part.counts.values():
            found.count(one)
        if part.episodes:
            listed_of[part.part] = part.episodes
        advance(part.customers)

    what = AlertsOf(question, listed)
    await walk_company(
        platform, question.extent, AlertsParts, what, PartAlerts, done,
        processes=processes, whole=question.reads_all,
    )  # fmt: skip
    episodes = [episode for part in sorted(listed_of) for episode in listed_of[part]]
    return AlertsReport(
        at=at,
        known_at=known_at,
        position=question.extent.position,
        counts=sorted(found.counts.values(), key=_group),
        episodes=sorted(episodes, key=_listed_under),
    )


def _listed_under(episode: Episode) -> tuple[str, int, str]:
    """Return the group of an alert; sorting by it keeps the customers' order in each."""
    return _group(episode.alert)


def _group(one: AlertCount | Alert) -> tuple[str, int, str]:
    return one.kind, one.threshold, one.currency
