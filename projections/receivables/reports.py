"""Company-wide figures from terms: DSO, days late, open balances. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from projections.books.ageing import Balance
from projections.protocol import Total
from projections.receivables.rows import INVOICED, OPEN, OWED_BACK

DSO_DAYS = 90
_DSO_STEP = Decimal("0.0001")


def owed_back(totals: Iterable[Total], currency: str) -> int:
    """Return how much of what is open was paid back as a refund, and never invoiced."""
    return sum(t.amount_minor for t in totals if (t.measure, t.currency) == (OWED_BACK, currency))


def dso(open_minor: int, invoiced_minor: int, days: int = DSO_DAYS) -> Decimal | None:
    """Return days of sales outstanding to four digits: open / invoiced in the window * days.

    `open_minor` is what is open of invoices: what is owed back of refunds was never a sale.
    `invoiced_minor` is what was invoiced on the `days` local days that end with the asked day.
    None: nothing was invoiced. Source: domain rules, section 4 (DSO over 90 days).
    """
    if not invoiced_minor:
        return None
    return (Decimal(open_minor) / invoiced_minor * days).quantize(_DSO_STEP, ROUND_HALF_EVEN)


def open_balances(totals: Iterable[Total], currency: str) -> list[Balance]:
    """Return the open balances of a currency from company totals."""
    return [
        Balance(total.day, total.amount_minor, total.items)
        for total in totals
        if total.measure == OPEN and total.currency == currency
    ]


def invoiced_in_window(
    totals: Iterable[Total], currency: str, on: date, days: int = DSO_DAYS
) -> int:
    """Return what was invoiced on the `days` days that end with `on`."""
    last = on.toordinal()
    return sum(
        total.amount_minor
        for total in totals
        if total.measure == INVOICED
        and total.currency == currency
        and last - days < total.day <= last
    )


def mean_days_late(days_late_sum: int, settled_items: int) -> Decimal | None:
    """Return the average days late of settled items, to four digits; None: none settled."""
    if not settled_items:
        return None
    return (Decimal(days_late_sum) / settled_items).quantize(_DSO_STEP, ROUND_HALF_EVEN)
