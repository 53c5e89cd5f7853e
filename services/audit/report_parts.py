"""What a report adds up of a part of the company: sums by day, counts by kind, and no customers.

Each answer is as large as there are currencies, days and kinds of alerts, whatever the number of
customers; only episodes that were asked for one by one are as many as there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import partial

from msgspec import Struct, field

from events.calendars import local_day
from events.envelope import CustomerId
from projections.facts import Facts
from projections.protocol import Alert, Episode, Total
from projections.receivables.alerts import AlertBook
from projections.receivables.projection import Receivables
from projections.receivables.reading import ReceivablesAt
from projections.receivables.reports import accrued_by
from projections.receivables.rows import (
    ACCOUNTS,
    CHARGES,
    ITEMS,
    AccountRow,
    ChargeRow,
    ItemRow,
)
from services.postgres.pool import Pool
from services.walk.known import Asking, EverybodyKnown, Told
from services.walk.parts import Part

_RECEIVABLES = Receivables()

Sums = dict[str, dict[int, tuple[int, int]]]
"""Items and amount by measure and day, as in the company's totals."""


class CurrencySums(Struct):
    """What one currency adds up to while customers are walked."""

    totals: Sums = field(default_factory=dict)
    customers_overdue: int = 0
    disputed: int = 0
    settled: int = 0
    days_late: int = 0
    credit: int = 0
    reserved: int = 0

    def charge(self, row: ChargeRow, own: date, behind: int) -> None:
        """Add the interest on an item as of its customer's own day."""
        for total in accrued_by(row, own):
            self._add(total.measure, total.day + behind, total.items, total.amount_minor)

    def item(self, row: ItemRow, behind: int) -> None:
        """Add an item; the days of its totals lie `behind` those of the report."""
        for total in _RECEIVABLES.totals(row):
            self._add(total.measure, total.day + behind, total.items, total.amount_minor)
        self.disputed += row.status == "open" and row.disputed

    def account(self, row: AccountRow) -> None:
        """Add a customer's account."""
        self.customers_overdue += row.overdue_items > 0
        self.settled += row.settled_items
        self.days_late += row.days_late_sum
        self.credit += row.credit_minor
        self.reserved += row.reserved_minor

    def take_in(self, other: CurrencySums) -> None:
        """Add what another part of the company comes to."""
        for measure, days in other.totals.items():
            for day, (items, amount) in days.items():
                self._add(measure, day, items, amount)
        self.customers_overdue += other.customers_overdue
        self.disputed += other.disputed
        self.settled += other.settled
        self.days_late += other.days_late
        self.credit += other.credit
        self.reserved += other.reserved

    def company_totals(self, currency: str) -> Iterator[Total]:
        """Yield the sums as totals of the currency, of all branches that were asked for."""
        for measure, days in self.totals.items():
            for day, (items, amount) in days.items():
                yield Total(measure, currency, "", day, items, amount)

    def _add(self, measure: str, day: int, items: int, amount: int) -> None:
        days = self.totals.setdefault(measure, {})
        before = days.get(day, (0, 0))
        days[day] = (before[0] + items, before[1] + amount)


class AgeingOf(Struct, frozen=True):
    """What all parts of an ageing report have in common."""

    asking: Asking
    day: date
    branch_id: str | None


class PartAgeing(Struct):
    """A part's share of an ageing report."""

    customers: int = 0
    branches: set[str] = field(default_factory=set)  # of facts and rows, where one is asked for
    currencies: dict[str, CurrencySums] = field(default_factory=dict)

    def take_in(self, part: PartAgeing) -> None:
        """Add another part's share."""
        self.customers += part.customers
        self.branches |= part.branches
        for currency, sums in part.currencies.items():
            self.currencies.setdefault(currency, CurrencySums()).take_in(sums)


class AgeingParts:
    """Ages the receivables of parts of the company."""

    def __init__(self, argument: AgeingOf, pool: Pool) -> None:
        self._day = argument.day
        self._branch_id = argument.branch_id
        self._everybody = EverybodyKnown(argument.asking, pool)

    async def walk(self, part: Part) -> PartAgeing:
        """Age a part. Raises: Unavailable, UnreadableEvent."""
        found = PartAgeing()
        await self._everybody.each(part, partial(self.add, found))
        return found

    def add(self, found: PartAgeing, customer: CustomerId, told: Told) -> None:
        """Add what a customer owes."""
        found.customers += 1
        facts = Facts(told.facts, _RECEIVABLES.handles)
        rows = _RECEIVABLES.assess(customer, facts, told.at, told.reference).rows
        own = local_day(told.at, facts.home.zone_at(told.at, told.reference))
        behind = (self._day - own).days
        if self._branch_id is not None:
            found.branches.update(fact.branch_id for fact in told.facts)
        for row in (*rows[ITEMS.name], *rows[ACCOUNTS.name], *rows.get(CHARGES.name, ())):
            assert isinstance(row, ItemRow | AccountRow | ChargeRow)
            if self._branch_id is not None:
                found.branches.add(row.branch_id or "")  # a home may publish nothing itself
                if row.branch_id != self._branch_id:
                    continue
            sums = found.currencies.setdefault(row.currency, CurrencySums())
            if isinstance(row, ItemRow):
                sums.item(row, behind)
            elif isinstance(row, ChargeRow):
                sums.charge(row, own, behind)
            else:
                sums.account(row)


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

    def with_others(self, other: AlertCount) -> AlertCount:
        """Return the count of these alerts and of other customers' of the same group."""
        reasons = sorted({*self.cleared_by, *other.cleared_by})
        return AlertCount(
            kind=self.kind,
            threshold=self.threshold,
            currency=self.currency,
            raised=self.raised + other.raised,
            standing=self.standing + other.standing,
            customers=self.customers + other.customers,
            amount_minor=self.amount_minor + other.amount_minor,
            first=min(self.first, other.first),
            last=max(self.last, other.last),
            cleared_by={
                reason: self.cleared_by.get(reason, 0) + other.cleared_by.get(reason, 0)
                for reason in reasons
            },
        )


class AlertsOf(Struct, frozen=True):
    """What all parts of an alerts report have in common."""

    asking: Asking
    listed: bool


class PartAlerts(Struct):
    """A part's share of an alerts report."""

    part: int = 0
    customers: int = 0
    counts: dict[str, AlertCount] = field(default_factory=dict)  # by kind, threshold and currency
    episodes: list[Episode] = field(default_factory=list)  # where they are to be listed

    def count(self, one: AlertCount) -> None:
        """Add a count of other customers' alerts to those of its group."""
        group = f"{one.kind}/{one.threshold}/{one.currency}"
        other = self.counts.get(group)
        self.counts[group] = one if other is None else one.with_others(other)


class Tally:
    """Counts the alerts of one kind, threshold and currency, one customer after the other."""

    def __init__(self, first: Alert) -> None:
        self._named = first
        self._raised = self._standing = self._customers = self._amount = 0
        self._first = self._last = first.since
        self._latest: CustomerId | None = None
        self._cleared: Counter[str] = Counter()

    def add(self, episode: Episode) -> None:
        """Count an episode; those of one customer follow each other."""
        alert = episode.alert
        self._raised += 1
        self._amount += alert.amount_minor
        if alert.customer_id != self._latest:
            self._latest = alert.customer_id
            self._customers += 1
        if alert.since < self._first:
            self._first = alert.since
        if alert.since > self._last:
            self._last = alert.since
        if episode.until is None:
            self._standing += 1
        elif episode.cause is not None:
            self._cleared[episode.cause.reason] += 1

    def count(self) -> AlertCount:
        """Return what was counted."""
        return AlertCount(
            kind=self._named.kind,
            threshold=self._named.threshold,
            currency=self._named.currency,
            raised=self._raised,
            standing=self._standing,
            customers=self._customers,
            amount_minor=self._amount,
            first=self._first,
            last=self._last,
            cleared_by=dict(sorted(self._cleared.items())),
        )


class Tallies:
    """Counts alerts by kind, threshold and currency."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, int, str], Tally] = {}

    def add(self, episodes: Iterable[Episode]) -> None:
        """Count episodes; those of one customer follow each other."""
        groups = self._groups
        for episode in episodes:
            alert = episode.alert
            group = alert.kind, alert.threshold, alert.currency
            tally = groups.get(group)
            if tally is None:
                tally = groups[group] = Tally(alert)
            tally.add(episode)

    def counts(self) -> Iterator[AlertCount]:
        """Yield what was counted."""
        return (tally.count() for tally in self._groups.values())


class AlertsParts:
    """Counts the alerts of parts of the company."""

    def __init__(self, argument: AlertsOf, pool: Pool) -> None:
        self._listed = argument.listed
        self._everybody = EverybodyKnown(argument.asking, pool)

    async def walk(self, part: Part) -> PartAlerts:
        """Count a part's alerts. Raises: Unavailable, UnreadableEvent."""
        found = PartAlerts(part.part)
        tallies = Tallies()
        await self._everybody.each(part, partial(self.add, found, tallies))
        for one in tallies.counts():
            found.count(one)
        return found

    def add(self, found: PartAlerts, tallies: Tallies, customer: CustomerId, told: Told) -> None:
        """Add a customer's alerts."""
        found.customers += 1
        facts = Facts(told.facts, _RECEIVABLES.handles)
        episodes = AlertBook(customer, ReceivablesAt(facts, told.at, told.reference)).episodes()
        tallies.add(episodes)
        if self._listed:
            found.episodes += episodes
