"""The rows of what a customer asked for and was not invoiced: orders and credit checks.

An order is there as long as something of it is unbilled, before its delivery and after; an
approved check while it reserves room; a refused one until it is answered. Source: domain rules,
section 4: before delivery, and delivered but not yet due.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from projections.books.account import Account
from projections.books.commitments import Check, Order, Override
from projections.books.records import Asked
from projections.protocol import Row, RowKey, Total
from projections.receivables.reading import ReceivablesAt
from projections.receivables.rows import ASKED, REFUSED, REQUESTS, UNBILLED, RequestRow


def changed_requests(
    reading: ReceivablesAt, account: Account, *, whole: bool
) -> dict[RowKey, Row | None]:
    """Return the rows that may differ, None where there is none now; of all that is, if whole."""
    found: dict[RowKey, Row | None] = {}
    for asked in _all_asked(reading, account) if whole else account.asked:
        row = _row(reading, asked)
        if row is not None:
            found[REQUESTS.key_of(row)] = row
        elif not whole:
            found[_key(asked)] = None
    account.asked.clear()
    return found


def request_rows(reading: ReceivablesAt) -> list[Row]:
    """Return the rows of everything that was asked for."""
    accounts = reading.book.accounts.values()
    found = (_row(reading, one) for account in accounts for one in _all_asked(reading, account))
    return [row for row in found if row is not None]


def request_totals(row: RequestRow) -> list[Total]:
    """Return a request's shares in the company-wide sums, by the day since when it waits."""
    day, amount = row.since_on.toordinal(), row.amount_minor

    def total(measure: str) -> Total:
        return Total(measure, row.currency, row.branch_id or "", day, 1, amount)

    if row.stage == "delivered":
        return [total(UNBILLED)]
    return [total(ASKED), total(REFUSED)] if row.stage == "refused" else [total(ASKED)]


def _all_asked(reading: ReceivablesAt, account: Account) -> Iterator[Asked]:
    book = reading.book
    for order in book.orders.values():
        if order.account is account and order.unbilled:
            yield order
    for check in (*book.refusals, *book.open_checks):
        if check.account is account:
            yield check


def _key(asked: Asked) -> RowKey:
    if isinstance(asked, Order):
        return "order", asked.order_id
    assert isinstance(asked, Check)
    return "check", asked.check_id


def _row(reading: ReceivablesAt, asked: Asked) -> RequestRow | None:
    if isinstance(asked, Order):
        return _order_row(reading, asked) if asked.unbilled else None
    assert isinstance(asked, Check)
    return _check_row(reading, asked) if asked.room or asked.refusal is not None else None


def _order_row(reading: ReceivablesAt, order: Order) -> RequestRow:
    since = order.at if order.delivered_at is None else order.delivered_at
    currency = order.account.currency
    found = _override(reading, order.at, order.order_id, currency, order.amount)
    return RequestRow(
        kind="order",
        request_id=order.order_id,
        purpose="order",
        stage="ordered" if order.delivered_at is None else "delivered",
        branch_id=reading.branch_id,
        currency=currency,
        asked_at=order.at,
        since_on=date.fromordinal(reading.days.of(since)),
        amount_minor=order.unbilled,
        until=None,
        refused_for=None,
        exposure_minor=None,
        limit_minor=None,
        days_overdue=None,
        override_role=found.role if found is not None else None,
        override_until=_last_day(reading, found),
    )


def _check_row(reading: ReceivablesAt, check: Check) -> RequestRow:
    refusal, currency = check.refusal, check.account.currency
    found = None
    if refusal is not None:
        found = _override(reading, check.at, check.order_id, currency, refusal.amount)
    return RequestRow(
        kind="check",
        request_id=check.check_id,
        purpose=check.purpose,
        stage="approved" if refusal is None else "refused",
        branch_id=reading.branch_id,
        currency=currency,
        asked_at=check.at,
        since_on=date.fromordinal(reading.days.of(check.at)),
        amount_minor=check.room if refusal is None else refusal.amount,
        until=check.until if refusal is None else None,
        refused_for=None if refusal is None else refusal.reason or "",
        exposure_minor=None if refusal is None else refusal.exposure,
        limit_minor=None if refusal is None else refusal.limit,
        days_overdue=None if refusal is None else refusal.days_overdue,
        override_role=found.role if found is not None else None,
        override_until=_last_day(reading, found),
    )


def _override(
    reading: ReceivablesAt, asked_at: datetime, order_id: str | None, currency: str, amount: int
) -> Override | None:
    """Return the override that lets what was asked for pass for longest; None: there is none.

    One that names an order is for that order; one of an amount is for no more than it. For a
    check that does not say its order, one for any order may be meant.
    """
    best: Override | None = None
    asked_on = date.fromordinal(reading.days.of(asked_at))
    for one in reading.book.overrides:
        if _lasts(reading, one) < asked_on:
            continue
        if one.order_id is not None and one.order_id != order_id and order_id is not None:
            continue
        if one.amount is not None and (one.currency != currency or one.amount < amount):
            continue
        if best is None or _lasts(reading, one) >= _lasts(reading, best):
            best = one
    return best


def _lasts(reading: ReceivablesAt, override: Override) -> date:
    return _last_day(reading, override) or date.max


def _last_day(reading: ReceivablesAt, override: Override | None) -> date | None:
    """Return the last local day of an override; None: it holds as long as its order."""
    if override is None or override.until is not None or override.order_id is not None:
        return None if override is None else override.until
    return date.fromordinal(reading.days.of(override.at))
