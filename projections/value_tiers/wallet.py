"""What the customer buys from us and elsewhere: purchases, share of wallet, model value.

A purchase is an order that is not cancelled; where no order is known, an invoice that is not
cancelled, or a payment that is itself the sale (contributions.py, rule 3). Amounts are net of
tax and less credit notes; a credit note has the tax of the invoice or order that it names.

**Share of wallet** (decision 28) compares a month here with a month elsewhere: ours is what
was invoiced, or paid without an invoice, from the month of the first purchase in the window
through the month of the visit, divided by those months. The latest visit in the window that
saw a spend counts; where none did, nothing is known to be bought elsewhere, and a customer
who bought in the window is wholly ours.

**Model value** is what the customer is seen to buy elsewhere, a year, times the margin rate
times the win rate of its segment (both policy); none where nothing was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from events.money import Money
from events.touchpoints.order import OrderPlaced
from projections.receivables.rules import Days
from projections.value_tiers.books import Sighting, ValueBooks
from projections.value_tiers.shares import BASIS, divided, share

MONTHS_OF_YEAR = 12


class Sale(NamedTuple):
    """Something bought, or given back, on an instant's day; `purchase`: it makes a buying day."""

    at: datetime
    currency: str
    net: int
    purchase: bool


def purchases(books: ValueBooks) -> Iterator[Sale]:
    """Yield what was bought: orders, else invoices, else payments; and credit notes."""
    ledger = books.ledger
    for order_id, parts in ledger.parts.items():
        if parts.data is not None and not ledger.orders[order_id].cancelled:
            amount = parts.data.amount
            net = _net_of_tax(parts.data)
            yield Sale(books.placed_at[order_id], amount.currency, net, True)
    for invoice in ledger.invoices.values():
        if not invoice.cancelled and invoice.order_id not in ledger.orders:
            yield Sale(invoice.issued_at, invoice.currency, _net(books, invoice.invoice_id), True)
    for cash in ledger.cash.values():
        if cash is not None:
            yield Sale(cash.on, cash.currency, cash.amount, True)
    yield from _credit_notes(books)


def sales(books: ValueBooks) -> Iterator[Sale]:
    """Yield what was invoiced or paid without an invoice, and credit notes."""
    ledger = books.ledger
    for invoice in ledger.invoices.values():
        if not invoice.cancelled:
            yield Sale(invoice.issued_at, invoice.currency, _net(books, invoice.invoice_id), False)
    for parts in ledger.parts.values():
        if parts.claim is not None:
            for source, amount in parts.parts.items():
                paid = parts.claim.live[source.serial]
                net = share(amount, parts.claim.net, parts.claim.gross)
                yield Sale(paid.on, paid.currency, net, False)
    for cash in ledger.cash.values():
        if cash is not None:
            yield Sale(cash.on, cash.currency, cash.amount, False)
    yield from _credit_notes(books)


def _net_of_tax(data: OrderPlaced) -> int:
    tax = data.tax.minor if data.tax and data.tax.currency == data.amount.currency else 0
    return max(0, data.amount.minor - tax)


def _net(books: ValueBooks, invoice_id: str) -> int:
    invoice = books.ledger.invoices[invoice_id]
    claim = books.ledger.claims[invoice]
    return share(invoice.amount, claim.net, claim.gross)


def _credit_notes(books: ValueBooks) -> Iterator[Sale]:
    ledger = books.ledger
    for note in ledger.credit_notes.values():
        if note.state != "live":
            continue
        net = note.amount
        for ref in note.invoice_refs:
            invoice = ledger.invoices.get(ref)
            if invoice is not None:
                claim = ledger.claims[invoice]
                net = share(note.amount, claim.net, claim.gross)
        for ref in note.order_refs:
            placed = ledger.parts[ref].data if ref in ledger.parts else None
            if placed is not None:
                net = share(note.amount, _net_of_tax(placed), placed.amount.minor)
        yield Sale(note.at, note.account.currency, -net, False)


class Buying(NamedTuple):
    """Recency, frequency and amount: the three measures of RFM, for all time."""

    last_on: int | None  # proleptic ordinal
    purchase_days: int
    net_amount: int  # in the currency of the tiers


def buying(found: Sequence[Sale], day_of: Callable[[datetime], int], currency: str) -> Buying:
    """Return the measures of RFM of all purchases; several of a day are one buying day."""
    bought = {day_of(sale.at) for sale in found if sale.purchase}
    amount = sum(sale.net for sale in found if sale.currency == currency)
    return Buying(max(bought, default=None), len(bought), amount)


class Wallet(NamedTuple):
    """What share of the customer's spending is ours, and until when that is so."""

    share_bp: int | None
    until_day: int | None  # the first day on which it may be another, if nothing happens
    seen: Sighting | None


def latest_sighting(
    books: ValueBooks, days: Days, at: datetime, window: int, currency: str
) -> Sighting | None:
    """Return the latest visit in the window that saw what the customer buys elsewhere."""
    first = days.today(at) - window + 1
    for sighting in reversed(books.sightings):
        if sighting.at <= at and sighting.spend.currency == currency:
            return sighting if days.of(sighting.at) >= first else None
    return None


def wallet(
    books: ValueBooks,
    days: Days,
    at: datetime,
    window: int,
    currency: str,
    found: Sequence[Sale],
) -> Wallet:
    """Return the share of wallet at an instant, in basis points; None: nothing is known.

    `found` are the purchases up to `at`.
    """
    begins = days.start(days.today(at) - window + 1)
    bought = min(
        (s.at for s in found if s.purchase and s.at >= begins and s.currency == currency),
        default=None,
    )
    seen = latest_sighting(books, days, at, window, currency)
    ends = [days.of(bought) + window] if bought is not None else []
    if seen is not None:
        ends.append(days.of(seen.at) + window)
    until = min(ends, default=None)
    if seen is None:
        return Wallet(BASIS if bought is not None else None, until, None)
    last = _month(days.of(seen.at))
    begin = _month(days.of(bought)) if bought is not None else last + 1
    months = max(1, last - begin + 1)
    ours = sum(
        sale.net
        for sale in sales(books)
        if sale.currency == currency and begin <= _month(days.of(sale.at)) <= last
    )
    ours = max(0, ours)
    whole = ours + seen.spend.minor * months
    return Wallet(divided(BASIS * ours, whole) if whole else None, until, seen)


def _month(day: int) -> int:
    found = date.fromordinal(day)
    return found.year * MONTHS_OF_YEAR + found.month


def model_value(
    books: ValueBooks, days: Days, at: datetime, window: int, currency: str
) -> int | None:
    """Return what could be won over in a year, in minor units; None: nothing was seen."""
    seen = latest_sighting(books, days, at, window, currency)
    if seen is None:
        return None
    policy = books.rules.cost_policy(at)
    segment = books.segment_at(at)
    win_rate = next((r.win_rate for r in policy.win_rates if r.segment == segment), 0)
    yearly: Money = seen.spend
    return divided(yearly.minor * MONTHS_OF_YEAR * policy.margin_rate * win_rate, BASIS * BASIS)
