"""What is charged beside what was sold: rows of items, and the sums of an account on a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from projections.books.charges import interest_charged
from projections.books.interest import UNIT
from projections.books.records import Item
from projections.receivables.reading import ReceivablesAt
from projections.receivables.rows import AccountRow, ChargeRow, ItemRow, interest_on


def charge_row(reading: ReceivablesAt, item: Item) -> ChargeRow | None:
    """Return what is charged on an item beside items of their own; None: nothing is yet."""
    if not item.invoice.sold or item.invoice.cancelled or reading.fees is None:
        return None
    announced = sum(fee.amount for fee in reading.announced(item))
    term = reading.interest(item)
    runs = term.rate > 0 and term.day < reading.today
    exact = term.owed if item.balance else 0  # of what is closed it was charged whole
    if not (announced or term.announced or runs or exact):
        return None
    known = interest_charged(item) if item.balance else None
    owed, owed_parts = divmod(exact, UNIT)
    told, told_parts = divmod(term.announced, UNIT)
    return ChargeRow(
        item_id=item.item_id,
        branch_id=reading.branch_id,
        currency=item.invoice.currency,
        due_on=item.due_on,
        fees_announced_minor=announced,
        interest_minor=owed,
        interest_parts=owed_parts,
        charged_minor=0 if known is None else known.amount,
        announced_minor=told,
        announced_parts=told_parts,
        interest_from=date.fromordinal(term.day),
        principal_minor=term.principal if runs else 0,
        rate_ppm=term.rate if runs else 0,
        day_count=term.day_count,
        is_owed=term.is_owed,
    )


class AccountCharges(Struct, frozen=True, kw_only=True):
    """An account's fees and interest on a day, with what is owed and risked in all.

    Fees and interest are parts of what is outstanding; what is announced is part of nothing.
    """

    currency: str
    fees_minor: int
    interest_minor: int  # what runs included
    running_minor: int  # of that, what is no item
    fees_announced_minor: int
    interest_announced_minor: int
    outstanding_minor: int
    overdue_minor: int
    exposure_minor: int


def account_charges(
    account: AccountRow, items: Iterable[ItemRow], charges: Iterable[ChargeRow], today: date
) -> AccountCharges:
    """Return what the rows of one currency come to on a day while they hold."""
    charged: Counter[str] = Counter()
    for row in items:
        charged[row.kind] += row.balance_minor
    running = overdue = fees = announced = 0
    for one in charges:
        interest = interest_on(one, today)
        running += interest.owed_minor
        overdue += interest.owed_minor if one.due_on < today else 0
        announced += interest.announced_minor
        fees += one.fees_announced_minor
    return AccountCharges(
        currency=account.currency,
        fees_minor=charged["fee"],
        interest_minor=charged["interest"] + running,
        running_minor=running,
        fees_announced_minor=fees,
        interest_announced_minor=announced,
        outstanding_minor=account.outstanding_minor + running,
        overdue_minor=account.overdue_minor + overdue,
        exposure_minor=account.exposure_minor + running,
    )


def charge_rows(reading: ReceivablesAt, items: Sequence[Item]) -> list[ChargeRow]:
    """Return the rows of those items that have one."""
    if reading.fees is None:
        return []
    found = [charge_row(reading, item) for item in items]
    return [row for row in found if row is not None]
