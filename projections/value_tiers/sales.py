"""What was bought, and given back: kept by day and month while it comes, changes and goes.

A purchase is an order that is not cancelled; where no order is known, an invoice that is not
cancelled, or a payment that is itself the sale (contributions.py, rule 3). It makes a purchase
day whatever its amount: something given away for nothing, or returned whole later, was bought on
its day all the same. Amounts are net of tax and less credit notes, whether there is an invoice or
not; a credit note has the tax of the invoice or order that it names, and that of a cancelled order
takes nothing away, since the order does not count.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from events.touchpoints.order import OrderPlaced
from projections.books.days import Days
from projections.books.records import Invoice, Source
from projections.value_tiers.collected import CollectedLedger
from projections.value_tiers.shares import share
from projections.value_tiers.tills import OrderParts, Subject

MONTHS_OF_YEAR = 12


class Sale(NamedTuple):
    """Something bought, or given back, on an instant's day."""

    at: datetime
    currency: str
    net: int
    purchase: bool  # it makes a buying day
    bought: bool  # it is part of what was bought: orders, else invoices, else payments
    sold: bool  # it is part of what was invoiced, or paid without an invoice


def sales_of(ledger: CollectedLedger, subject: Subject) -> tuple[Sale, ...]:
    """Return what an order, an invoice, a payment or a credit note amounts to now."""
    if isinstance(subject, OrderParts):
        return _of_order(ledger, subject)
    if isinstance(subject, Invoice):
        if subject.cancelled or not subject.sold:
            return ()
        net, known = _net(ledger, subject, subject.amount), subject.order_id in ledger.orders
        return (Sale(subject.issued_at, subject.currency, net, not known, not known, True),)
    if subject.kind == "credit_note":
        if subject.state != "live":
            return ()
        net = -_net_of_note(ledger, subject)
        return (Sale(subject.at, subject.currency, net, False, True, True),)
    cash = ledger.cash.get(subject)
    return () if cash is None else (Sale(cash.on, cash.currency, cash.amount, True, True, True),)


def _of_order(ledger: CollectedLedger, parts: OrderParts) -> tuple[Sale, ...]:
    """Return the order and what pays it directly."""
    data = parts.data
    found: tuple[Sale, ...] = ()
    if data is not None and not ledger.orders[data.order_id].cancelled:
        net = _net_of_tax(data)
        found = (Sale(parts.placed_at, data.amount.currency, net, True, True, False),)
    claim = parts.claim
    if claim is not None:
        settled = {s: parts.parts.get(s, 0) + parts.kept.get(s, 0) for s in parts.citing}
        for source, amount in {**settled, **parts.own}.items():
            if amount:
                paid = claim.live.get(source.serial)
                on = source.at if paid is None else paid.on
                net = share(amount, claim.net, claim.gross)
                found += (Sale(on, claim.currency, net, False, False, True),)
    return found


def _net_of_tax(data: OrderPlaced) -> int:
    tax = data.tax.minor if data.tax and data.tax.currency == data.amount.currency else 0
    return max(0, data.amount.minor - tax)


def _net(ledger: CollectedLedger, invoice: Invoice, amount: int) -> int:
    claim = ledger.claims[invoice]
    return share(amount, claim.net, claim.gross)


def _net_of_note(ledger: CollectedLedger, note: Source) -> int:
    """What a note gave back of the sales that count: of a cancelled order nothing does."""
    net = note.amount - ledger.cash_notes.get(note, 0)
    for ref in note.invoice_refs:
        items = ledger.items_of(ref)  # of an invoice, or one instalment
        if items and items[0].invoice.sold:
            net = _net(ledger, items[0].invoice, note.amount)
    for ref in note.order_refs:
        placed = ledger.parts[ref].data if ref in ledger.parts else None
        if placed is not None:
            net = share(note.amount, _net_of_tax(placed), placed.amount.minor)
            net = 0 if ledger.orders[ref].cancelled else net
    return net


class Buying(NamedTuple):
    """Recency, frequency and amount: the three measures of RFM, for all time."""

    last_on: int | None  # proleptic ordinal
    purchase_days: int
    net_amount: int  # in the currency asked for


class Purchases:
    """When something was bought in a currency, sorted."""

    __slots__ = ("instants",)

    def __init__(self) -> None:
        self.instants: list[datetime] = []


class Bought:
    """The sales of a customer as they are now, summed by day and month."""

    def __init__(self, days: Days) -> None:
        self._days = days
        self.sales: dict[Subject, tuple[Sale, ...]] = {}
        self.purchases: dict[str, Purchases] = {}  # by currency
        self.days_bought: Counter[int] = Counter()  # purchases by day
        self.last_on: int | None = None
        self.amounts: Counter[str] = Counter()  # by currency
        self.months: Counter[tuple[str, int]] | None = None  # what was sold; None: not asked yet

    @property
    def subjects(self) -> list[Subject]:
        """Return all that was ever bought, or given back."""
        return list(self.sales)

    def take(self, ledger: CollectedLedger, subjects: Iterable[Subject]) -> None:
        """Take in what some subjects amount to now."""
        known = self.sales
        for subject in subjects:
            now = sales_of(ledger, subject)
            before = known.get(subject, ())
            if now != before:
                for sale in before:
                    self._count(sale, -1)
                for sale in now:
                    self._count(sale, 1)
                known[subject] = now

    def _count(self, sale: Sale, sign: int) -> None:
        if sale.bought:
            self.amounts[sale.currency] += sign * sale.net
        if sale.sold and self.months is not None:
            self.months[sale.currency, month(self._days.of(sale.at))] += sign * sale.net
        if sale.purchase:
            self._purchase(sale, sign)

    def _purchase(self, sale: Sale, sign: int) -> None:
        day = self._days.of(sale.at)
        instants = self.purchases.setdefault(sale.currency, Purchases()).instants
        self.days_bought[day] += sign
        if sign > 0:
            insort(instants, sale.at)
            if self.last_on is None or day > self.last_on:
                self.last_on = day
            return
        del instants[bisect_left(instants, sale.at)]
        if not self.days_bought[day]:
            del self.days_bought[day]
            if day == self.last_on:
                self.last_on = max(self.days_bought, default=None)

    def buying(self, currency: str) -> Buying:
        """Return the measures of RFM; several purchases of a day are one buying day."""
        return Buying(self.last_on, len(self.days_bought), self.amounts[currency])

    def first_purchase(self, since: datetime, currency: str) -> datetime | None:
        """Return the first purchase in a currency since an instant."""
        found = self.purchases.get(currency)
        instants = found.instants if found is not None else ()
        i = bisect_left(instants, since)
        return instants[i] if i < len(instants) else None

    def sold(self, months: range, currency: str) -> int:
        """Return what was sold in some months, less credit notes."""
        if self.months is None:
            self.months = Counter()
            for sales in self.sales.values():
                for sale in sales:
                    if sale.sold:
                        self.months[sale.currency, month(self._days.of(sale.at))] += sale.net
        return sum(self.months[currency, k] for k in months)


def month(day: int) -> int:
    """Return the number of a day's month."""
    found = date.fromordinal(day)
    return found.year * MONTHS_OF_YEAR + found.month
