"""Customers by what they are worth, what they owe and what is about to change, page by page.

What drifts with the days is shown as of today and sorted as of the customer's last change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

import asyncpg
from msgspec import Struct

from events.touchpoints.policy import TierPolicy
from projections.value_tiers.rows import Figures, StandingRow, figures_on
from services.casework.filters import among
from services.console.shared.cursor import CursorSigner
from services.console.shared.keyset import Key, Order, PlaceValue, walk
from services.console.shared.paging import Page
from services.console.shared.reading import Reader
from services.postgres.question import Question

Sort = Literal["value", "overdue", "purchase", "drop"]
CAP = 10_000
MOST_SUMMED = 10_000
_SAMPLED = 1_000
_NEVER = date.min

_CUSTOMER = Key("s.customer_id", "text")
_ORDERS: Mapping[Sort, tuple[Key, ...]] = {
    "value": (Key("-s.score_minor", "bigint"), _CUSTOMER),
    "overdue": (Key("-s.late_minor", "bigint"), _CUSTOMER),
    "purchase": (Key("coalesce(s.last_purchase_on, DATE '0001-01-01')", "date"), _CUSTOMER),
    "drop": (Key("s.drop_at", "timestamptz"), _CUSTOMER),
}
_STANDINGS = "{standings} s"
_LATE = (
    "(SELECT own.*, a.currency AS late_currency, a.overdue_minor AS late_minor"
    " FROM {accounts} a JOIN {standings} own ON own.customer_id = a.customer_id"
    " WHERE a.overdue_minor > 0) s"
)
_IS_LATE = (
    "EXISTS (SELECT 1 FROM {accounts} a"
    " WHERE a.customer_id = s.customer_id AND a.overdue_minor > 0)"
)


class CustomerFilter(Struct, frozen=True):
    """Which customers, in which order: of what is empty any, of several either.

    Sorted by what is overdue come those who are, in one currency; by the day on which the tier
    drops, those whose tier is about to.
    """

    sort: Sort = "value"
    reverse: bool = False
    tiers: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    overdue: bool = False
    warning: bool = False  # the tier is about to drop
    currency: str | None = None  # of what is overdue; None: the company's

    @property
    def is_about(self) -> bool:
        """Return whether less than all customers are asked for."""
        return bool(
            self.tiers or self.branches or self.segments or self.overdue or self.warning
        ) or self.sort in ("overdue", "drop")


class Owed(Struct, frozen=True):
    """What is owed in one currency; interest that runs comes on top."""

    currency: str
    outstanding_minor: int
    overdue_minor: int


class Listed(Struct, frozen=True):
    """A customer of the list: its standing, its worth today, and what it owes."""

    customer_id: str
    row: StandingRow
    figures: Figures
    owed: tuple[Owed, ...]
    late_minor: int | None  # by which the list is sorted


class CustomerSums(Struct, frozen=True):
    """What all customers whom a filter finds are worth and owe; capped, there are more."""

    customers: int
    is_capped: bool
    worth: tuple[tuple[str, int], ...]  # by the tiers' currency
    owed: tuple[Owed, ...]


async def listed(
    reader: Reader, wanted: CustomerFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[Listed]:
    """Return a page of customers. Raises: BadCursor."""
    order = Order(_ORDERS[wanted.sort], wanted.reverse)
    way = walk(order, limit, signer, repr(wanted), cursor)
    question = _question(reader, wanted)
    way.go_on(question)
    shown = question.add(limit + 1)
    branches = reader.branches_of(wanted.branches)
    arms = [f"s.branch_id = {question.add(one)}" for one in branches] or ["true"]
    of = _source(reader, wanted)
    read = [
        f"(SELECT s.* FROM {of} WHERE {question.where} AND {one}"
        f" ORDER BY {way.sorting} LIMIT {shown})"
        for one in arms
    ]
    statement = reader.statements.sql(
        "customers/listed", arms=" UNION ALL ".join(read), order=way.sorting, limit=shown
    )
    rows = await reader.fetch(statement, *question.parameters)
    owed = await _owed(reader, [row["customer_id"] for row in rows])
    entries = [_entry(reader, row, owed) for row in rows]
    return way.page(entries, lambda one: _place(wanted.sort, one))


async def count_customers(reader: Reader, wanted: CustomerFilter, cap: int = CAP) -> int:
    """Return how many customers the filter finds, counted up to one above a cap."""
    question = _within_branches(reader, wanted)
    statement = reader.statements.sql(
        "customers/count_listed",
        source=_source(reader, wanted),
        conditions=question.where,
        limit=question.add(cap + 1),
    )
    return await reader.count(statement, *question.parameters)


async def sums_of(reader: Reader, wanted: CustomerFilter) -> CustomerSums:
    """Return what the customers whom the filter finds are worth and owe."""
    question = _within_branches(reader, wanted)
    statement = reader.statements.sql(
        "customers/sum_listed",
        source=_source(reader, wanted),
        conditions=question.where,
        limit=question.add(MOST_SUMMED + 1),
    )
    rows = await reader.fetch(statement, *question.parameters)
    worth = [row for row in rows if row["what"] == "value"]
    owed = [row for row in rows if row["what"] == "owed"]
    customers = sum(row["customers"] for row in worth)
    own = _own(reader)
    return CustomerSums(
        customers,
        customers > MOST_SUMMED,
        tuple(sorted((row["currency"], row["amount_minor"]) for row in worth)),
        tuple(
            Owed(row["currency"], row["amount_minor"], row["overdue_minor"])
            for row in sorted(owed, key=lambda row: (row["currency"] != own, row["currency"]))
        ),
    )


async def segments(reader: Reader) -> tuple[str, ...]:
    """Return segments to choose from, as far as some of the customers tell."""
    return tuple(row["segment"] for row in await reader.ask("customers/segments", _SAMPLED))


def _source(reader: Reader, wanted: CustomerFilter) -> str:
    return reader.statements.filled(_LATE if wanted.sort == "overdue" else _STANDINGS)


def _question(reader: Reader, wanted: CustomerFilter) -> Question:
    """Return the conditions on customers, but for that of branches."""
    question = Question()
    for column, values in (("s.tier", wanted.tiers), ("s.segment", wanted.segments)):
        if values:
            question.conditions.append(among(question, column, "text", values))
    if wanted.sort == "overdue":
        currency = question.add(wanted.currency or _own(reader) or "CNY")
        question.conditions.append(f"s.late_currency = {currency}")
    elif wanted.overdue:
        question.conditions.append(reader.statements.filled(_IS_LATE))
    if wanted.warning or wanted.sort == "drop":
        question.conditions.append("s.drop_at IS NOT NULL")
    return question


def _within_branches(reader: Reader, wanted: CustomerFilter) -> Question:
    question = _question(reader, wanted)
    if wanted.branches:
        question.conditions.append(among(question, "s.branch_id", "text", wanted.branches))
    return question


def _own(reader: Reader) -> str | None:
    company = reader.reference.company
    return company.currency if company else None


async def _owed(reader: Reader, customers: Sequence[str]) -> Mapping[str, list[Owed]]:
    found: dict[str, list[Owed]] = defaultdict(list)
    for row in await reader.ask("customers/accounts_of", list(customers)):
        owed = Owed(row["currency"], row["outstanding_minor"], row["overdue_minor"])
        found[row["customer_id"]].append(owed)
    return found


def _entry(reader: Reader, record: asyncpg.Record, owed: Mapping[str, list[Owed]]) -> Listed:
    row = StandingRow(**{name: record[name] for name in StandingRow.__struct_fields__})
    policy = reader.reference.in_force(TierPolicy, reader.at)
    customer = record["customer_id"]
    return Listed(
        customer,
        row,
        figures_on(row, reader.today(row.branch_id), policy),
        tuple(owed.get(customer, ())),
        record.get("late_minor"),
    )


def _place(sort: Sort, one: Listed) -> tuple[PlaceValue, ...]:
    match sort:
        case "value":
            return (-one.row.score_minor, one.customer_id)
        case "overdue":
            return (-(one.late_minor or 0), one.customer_id)
        case "purchase":
            return (one.row.last_purchase_on or _NEVER, one.customer_id)
        case "drop":
            assert one.row.drop_at is not None
            return (one.row.drop_at, one.customer_id)
