"""Company-wide figures from terms: DSO, days late, open balances. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import get_args

from events.touchpoints.policy import DayCount
from projections.books.ageing import Ageing, Balance
from projections.books.day_counts import year_parts
from projections.books.interest import UNIT
from projections.protocol import Total
from projections.receivables.rows import (
    ACCRUED,
    ACCRUED_PARTS,
    FEES,
    INTEREST,
    INVOICED,
    OPEN,
    OWED_BACK,
    RUNNING,
    ChargeRow,
    term_of,
)

DSO_DAYS = 90
_DSO_STEP = Decimal("0.0001")

DAY_COUNTS: dict[str, DayCount] = {one: one for one in get_args(DayCount)}


def accrued(row: ChargeRow) -> list[Total]:
    """Return the terms of the interest on an item that is owed and is no item itself."""
    term, due = term_of(row), row.due_on.toordinal()
    exact = term.owed - row.charged_minor * UNIT
    found = []
    if term.rate and term.is_owed:
        before = year_parts(term.day, term.day_count) - year_parts(due, term.day_count)
        exact -= term.principal * term.rate * before
        measure = f"{RUNNING}{term.day_count}:{term.rate}"
        found.append(_total(row, measure, due, term.principal))
    if exact:
        minor, parts = divmod(exact, UNIT)
        found.append(_total(row, ACCRUED, due, minor))
        found.append(_total(row, ACCRUED_PARTS, due, parts))
    return found


def accrued_by(row: ChargeRow, day: date) -> list[Total]:
    """Return what has accrued by a day as terms that stand still."""
    exact = term_of(row).on(day.toordinal()).owed - row.charged_minor * UNIT
    if not exact:
        return []
    minor, parts = divmod(exact, UNIT)
    due = row.due_on.toordinal()
    return [_total(row, ACCRUED, due, minor), _total(row, ACCRUED_PARTS, due, parts)]


def _total(row: ChargeRow, measure: str, due: int, amount: int) -> Total:
    return Total(measure, row.currency, row.branch_id or "", due, 1, amount)


def exact_interest(total: Total, today: int) -> int:
    """Return what a term of interest comes to on a day, in exact parts."""
    if total.measure == ACCRUED:
        return total.amount_minor * UNIT
    if total.measure == ACCRUED_PARTS:
        return total.amount_minor
    if not total.measure.startswith(RUNNING):
        return 0
    convention, _, rate = total.measure.removeprefix(RUNNING).rpartition(":")
    day_count = DAY_COUNTS[convention]
    span = year_parts(today, day_count) - year_parts(total.day, day_count)
    return total.amount_minor * int(rate) * span


def invoices_open(aged: Ageing, totals: Iterable[Total], currency: str) -> int:
    """Return how much of what is open was invoiced: no refund, no fee and no interest was."""
    back = sum(t.amount_minor for t in totals if (t.measure, t.currency) == (OWED_BACK, currency))
    return aged.outstanding_minor - back - aged.fees_minor - aged.interest_minor


def dso(open_minor: int, invoiced_minor: int, days: int = DSO_DAYS) -> Decimal | None:
    """Return days of sales outstanding to four digits: open / invoiced in the window * days.

    `open_minor` is what is open of invoices: what is owed back of refunds was never a sale.
    `invoiced_minor` is what was invoiced on the `days` local days that end with the asked day.
    None: nothing was invoiced. Source: domain rules, section 4 (DSO over 90 days).
    """
    if not invoiced_minor:
        return None
    return (Decimal(open_minor) / invoiced_minor * days).quantize(_DSO_STEP, ROUND_HALF_EVEN)


def open_balances(totals: Iterable[Total], currency: str, on: date) -> list[Balance]:
    """Return the open balances of a currency on a day from company totals."""
    return [
        balance
        for total in totals
        if total.currency == currency and (balance := _balance(total, on.toordinal())) is not None
    ]


def _balance(total: Total, today: int) -> Balance | None:
    amount = total.amount_minor
    if total.measure == OPEN:
        return Balance(total.day, amount, total.items)
    if total.measure == FEES:
        return Balance(total.day, 0, 0, fees_minor=amount)
    if total.measure == INTEREST:
        return Balance(total.day, 0, 0, interest_minor=amount)
    exact = exact_interest(total, today)
    return Balance(total.day, 0, 0, running=exact) if exact else None


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
