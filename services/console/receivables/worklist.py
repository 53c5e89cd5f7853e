"""Open items to work on: filtered, sorted either way, summed up, page by page, never by offset.

Ages are counted from each branch's own local today. Sorted by age means by due day: branches
in different zones may be a day apart at the same instant. Amounts compare within a currency only:
sorted by amount means by currency first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import asyncpg
from msgspec import Struct

from events.texts import worded
from projections.receivables.rows import OPEN, ItemRow
from services.casework.ages import Ends, NoSuchBucket, spans_of
from services.casework.filters import ItemFilter, items_meant
from services.console.receivables.interest import interest_of
from services.console.shared.cursor import CursorSigner
from services.console.shared.keyset import Key, Order, PlaceValue, walk
from services.console.shared.paging import Page
from services.console.shared.reading import RECEIVABLES, Reader
from services.console.shared.refusals import BadParameter
from services.postgres.question import Question

Sort = Literal["overdue", "amount", "level", "promise"]
CAP = 10_000
MOST_SUMMED = 50_000
"""How many items are summed up one by one, where the sums that the projector keeps do not tell."""

_CUSTOMER, _ITEM = Key("i.customer_id", "text"), Key("i.item_id", "text")
_DUE = Key("i.due_on", "date")
_ORDERS: Mapping[Sort, tuple[Key, ...]] = {
    "overdue": (_DUE, _CUSTOMER, _ITEM),
    "amount": (
        Key("i.currency", "text"), Key("-i.balance_minor", "bigint"), _CUSTOMER, _ITEM,
    ),
    "level": (Key("-coalesce(i.dunning_level, -1)", "bigint"), _DUE, _CUSTOMER, _ITEM),
    "promise": (Key("i.promised_on", "date"), _CUSTOMER, _ITEM),
}  # fmt: skip


class WorkFilter(Struct, frozen=True):
    """Which open items, in which order: of what is empty or None any, of several either.

    By promise comes only what somebody promised to pay.
    """

    sort: Sort = "overdue"
    reverse: bool = False
    overdue: bool = False
    buckets: tuple[int, ...] = ()
    branches: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()  # -1: none was sent
    disputed: bool | None = None
    held: bool | None = None
    promised: bool | None = None
    promise_due: bool = False  # promised for today or before

    @property
    def is_in_totals(self) -> bool:
        """Return whether what the projector keeps sums of tells all that is asked about."""
        return (
            not self.levels
            and self.disputed is self.held is self.promised is None
            and not self.promise_due
            and self.sort != "promise"
        )


class WorkItem(Struct, frozen=True):
    """An open item, whose it is, how old it is today, and the interest that runs on it."""

    customer_id: str
    row: ItemRow
    days_past_due: int
    interest_minor: int  # owed, and no item itself


class CurrencySum(Struct, frozen=True):
    """What the items that a filter finds come to in one currency."""

    currency: str
    items: int
    balance_minor: int


class Sums(Struct, frozen=True):
    """What a filter finds, by currency; where it is capped there is more."""

    currencies: tuple[CurrencySum, ...]
    is_capped: bool

    @property
    def items(self) -> int:
        """Return how many items are summed up."""
        return sum(one.items for one in self.currencies)


async def open_items(
    reader: Reader, wanted: WorkFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[WorkItem]:
    """Return a page of open items. Raises: BadCursor, BadParameter.

    Of several branches each is read in the list's order as far as the page: however little of all
    that is open is theirs, no more is looked at.
    """
    order = Order(_ORDERS[wanted.sort], wanted.reverse)
    way = walk(order, limit, signer, repr(wanted), cursor)
    question = _question(reader, wanted)
    way.go_on(question)
    shown = question.add(limit + 1)
    branches = reader.branches_of(wanted.branches)
    arms = [f"i.branch_id = {question.add(one)}" for one in branches] or ["true"]
    arm = reader.statements.filled("SELECT i.* FROM {items} i")
    where = f"{question.joins} WHERE i.status = 'open' AND {question.where}"
    read = [f"({arm} {where} AND {one} ORDER BY {way.sorting} LIMIT {shown})" for one in arms]
    statement = reader.statements.sql(
        "receivables/open_items", arms=" UNION ALL ".join(read), order=way.sorting, limit=shown
    )
    rows = await reader.fetch(statement, *question.parameters)
    interest = await interest_of(reader, [(row["customer_id"], row["item_id"]) for row in rows])
    return way.page(
        [_item(reader, row, interest) for row in rows], lambda item: _place(wanted.sort, item)
    )


async def count_open_items(reader: Reader, wanted: WorkFilter, cap: int = CAP) -> int:
    """Return how many items the filter finds, counted up to one above a cap.

    Raises: BadParameter.
    """
    question = _question(reader, wanted)
    _of_branches(question, wanted)
    statement = reader.statements.sql(
        "receivables/count_open_items",
        joins=question.joins,
        conditions=question.where,
        limit=question.add(cap + 1),
    )
    return await reader.count(statement, *question.parameters)


async def customers_found(reader: Reader, wanted: WorkFilter, most: int) -> list[str]:
    """Return who has an item that the filter finds, all of them up to a number.

    Raises: BadParameter.
    """
    question = _question(reader, wanted)
    _of_branches(question, wanted)
    statement = reader.statements.sql(
        "receivables/customers_found",
        joins=question.joins,
        conditions=question.where,
        limit=question.add(most),
    )
    return [row["customer_id"] for row in await reader.fetch(statement, *question.parameters)]


async def sums_of(reader: Reader, wanted: WorkFilter) -> Sums:
    """Return what the items that the filter finds come to, by currency, the company's own first.

    Interest that runs comes on top of them. Raises: BadParameter.
    """
    if wanted.is_in_totals:
        return await _from_totals(reader, wanted)
    question = _question(reader, wanted)
    _of_branches(question, wanted)
    statement = reader.statements.sql(
        "receivables/sum_open_items",
        joins=question.joins,
        conditions=question.where,
        limit=question.add(MOST_SUMMED + 1),
    )
    rows = await reader.fetch(statement, *question.parameters)
    found = [CurrencySum(row["currency"], row["items"], row["balance_minor"]) for row in rows]
    counted = sum(one.items for one in found)
    return Sums(_own_first(reader, found), counted > MOST_SUMMED)


async def currencies(reader: Reader) -> tuple[str, ...]:
    """Return the currencies in which anything is open, the company's own first.

    Each branch of who sees some is asked for its own: one that owes nothing in a currency has
    nobody look through what all others owe.
    """
    seen = reader.principal.scope.branches
    question = Question()
    if seen is None:
        branches, branch = "(VALUES (NULL))", "true"
    else:
        branches, branch = (
            f"unnest({question.add(sorted(seen))}::text[])",
            "i.branch_id = b.branch_id",
        )
    statement = reader.statements.sql(
        "receivables/open_currencies", branches=branches, branch=branch
    )
    rows = await reader.fetch(statement, *question.parameters)
    found = [row["currency"] for row in rows]
    own = _own(reader)
    return tuple(sorted(found, key=lambda currency: (currency != own, currency)))


async def _from_totals(reader: Reader, wanted: WorkFilter) -> Sums:
    with _bucket_named():
        spans = spans_of(wanted.buckets, reader.reference, reader.at, overdue=wanted.overdue)
    branches, days, elsewhere = reader.todays()
    rows = await reader.ask(
        "receivables/open_by_day",
        *reader.version_of(RECEIVABLES),
        OPEN,
        branches,
        days,
        elsewhere,
        list(wanted.branches) or None,
    )
    items: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for currency, past, count, amount in rows:
        if wanted.currencies and currency not in wanted.currencies:
            continue
        if spans is None or any(_holds(ends, past) for ends in spans):
            items[currency] += count
            amounts[currency] += amount
    found = [CurrencySum(currency, n, amounts[currency]) for currency, n in items.items()]
    return Sums(_own_first(reader, found), is_capped=False)


def _own_first(reader: Reader, found: Sequence[CurrencySum]) -> tuple[CurrencySum, ...]:
    own = _own(reader)
    return tuple(sorted(found, key=lambda one: (one.currency != own, one.currency)))


def _own(reader: Reader) -> str | None:
    company = reader.reference.company
    return company.currency if company else None


def _question(reader: Reader, wanted: WorkFilter) -> Question:
    """Return the conditions on items, but for that of branches."""
    is_promised = True if wanted.promise_due or wanted.sort == "promise" else wanted.promised
    with _bucket_named():
        return items_meant(
            ItemFilter(
                currency=wanted.currencies or None,
                level=wanted.levels or None,
                disputed=wanted.disputed,
                held=wanted.held,
                promised=is_promised,
                overdue=wanted.overdue,
                bucket=wanted.buckets or None,
                promise_due=wanted.promise_due,
            ),
            reader.reference,
            reader.at,
        )


def _of_branches(question: Question, wanted: WorkFilter) -> None:
    if wanted.branches:
        branches = question.add(list(wanted.branches))
        question.conditions.append(f"i.branch_id = ANY({branches}::text[])")


@contextmanager
def _bucket_named() -> Iterator[None]:
    """Say of a bucket that there is not which parameter names it. Raises: BadParameter."""
    try:
        yield
    except NoSuchBucket as why:
        detail = worded("the ageing policy in force has buckets 0 to %(last)s", last=why.last)
        raise BadParameter("bucket", detail) from why


def _holds(ends: Ends, past: int) -> bool:
    low, high = ends
    return (low is None or past >= low) and (high is None or past <= high)


def _place(sort: Sort, item: WorkItem) -> tuple[PlaceValue, ...]:
    row = item.row
    last = (item.customer_id, row.item_id)
    match sort:
        case "overdue":
            return (row.due_on, *last)
        case "amount":
            return (row.currency, -row.balance_minor, *last)
        case "level":
            level = -1 if row.dunning_level is None else row.dunning_level
            return (-level, row.due_on, *last)
        case "promise":
            assert row.promised_on is not None
            return (row.promised_on, *last)


def _item(
    reader: Reader, record: asyncpg.Record, interest: Mapping[tuple[str, str], int]
) -> WorkItem:
    row = ItemRow(**{name: record[name] for name in ItemRow.__struct_fields__})
    customer = record["customer_id"]
    past = (reader.today(row.branch_id) - row.due_on).days
    return WorkItem(customer, row, past, interest.get((customer, row.item_id), 0))
