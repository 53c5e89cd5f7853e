"""Open items to work on: filtered, sorted, page by page, never by offset.

Ages are counted from each branch's own local today. Sorted by age means by due day: branches
in different zones may be a day apart at the same instant.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, assert_never

import asyncpg
from msgspec import Struct

from events.calendars import DAY
from events.touchpoints.policy import AgeingPolicy
from projections.receivables.rows import ItemRow
from services.casework.filters import ItemFilter, items_meant
from services.console.receivables.ageing import bucket_ends
from services.console.receivables.interest import interest_of
from services.console.shared.cursor import CursorSigner, CursorValue
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader
from services.console.shared.refusals import BadParameter
from services.postgres.question import Question

Sort = Literal["overdue", "amount", "level"]
CAP = 10_000

_ORDERS: dict[Sort, str] = {
    "overdue": "i.due_on, i.customer_id, i.item_id",
    "amount": "-i.balance_minor, i.customer_id, i.item_id",
    "level": "-coalesce(i.dunning_level, -1), i.due_on, i.customer_id, i.item_id",
}
_SHAPES: dict[Sort, tuple[type[CursorValue], ...]] = {
    "overdue": (str, str, str),
    "amount": (int, str, str),
    "level": (int, str, str, str),
}


class NoSuchBucket(BadParameter):
    """The ageing policy in force has fewer buckets."""

    def __init__(self, buckets: int) -> None:
        super().__init__("bucket", f"the ageing policy in force has buckets 0 to {buckets - 1}")


class WorkFilter(Struct, frozen=True):
    """Which open items, in which order: None means any.

    Amounts compare within a currency only, so sorting by amount needs one.
    """

    sort: Sort = "overdue"
    bucket: int | None = None
    branch_id: str | None = None
    currency: str | None = None
    level: int | None = None
    disputed: bool | None = None
    held: bool | None = None
    promised: bool | None = None

    def __post_init__(self) -> None:
        if self.sort == "amount" and self.currency is None:
            raise BadParameter("currency", "sorting by amount needs a currency")


class WorkItem(Struct, frozen=True):
    """An open item, whose it is, how old it is today, and the interest that runs on it."""

    customer_id: str
    row: ItemRow
    days_past_due: int
    interest_minor: int  # owed, and no item itself


async def open_items(
    reader: Reader, wanted: WorkFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[WorkItem]:
    """Return a page of open items. Raises: BadCursor, NoSuchBucket."""
    query = repr(wanted)
    question = _question(reader, wanted)
    if cursor is not None:
        _continue(question, wanted.sort, signer.open(query, cursor, _SHAPES[wanted.sort]))
    statement = reader.statements.sql(
        "receivables/open_items",
        joins=question.joins,
        conditions=question.where,
        order=_ORDERS[wanted.sort],
        limit=question.add(limit + 1),
    )
    rows = await reader.fetch(statement, *question.parameters)
    interest = await interest_of(reader, [(row["customer_id"], row["item_id"]) for row in rows])
    return page_of(
        [_item(reader, row, interest) for row in rows],
        limit,
        lambda last: signer.seal(query, _place(wanted.sort, last)),
    )


async def count_open_items(reader: Reader, wanted: WorkFilter) -> int:
    """Return how many items the filter finds, counted up to CAP + 1. Raises: NoSuchBucket."""
    question = _question(reader, wanted)
    statement = reader.statements.sql(
        "receivables/count_open_items",
        joins=question.joins,
        conditions=question.where,
        limit=question.add(CAP + 1),
    )
    return await reader.count(statement, *question.parameters)


async def currencies(reader: Reader) -> tuple[str, ...]:
    """Return the currencies in which anything is open, the company's own first."""
    found = [row["currency"] for row in await reader.ask("receivables/open_currencies")]
    company = reader.reference.company
    own = company.currency if company else None
    return tuple(sorted(found, key=lambda currency: (currency != own, currency)))


def _question(reader: Reader, wanted: WorkFilter) -> Question:
    question = items_meant(
        ItemFilter(
            branch_id=wanted.branch_id,
            currency=wanted.currency,
            level=wanted.level,
            disputed=wanted.disputed,
            held=wanted.held,
            promised=wanted.promised,
        )
    )
    if wanted.bucket is not None:
        _within_bucket(reader, wanted.bucket, question)
    return question


def _within_bucket(reader: Reader, bucket: int, question: Question) -> None:
    """Keep one bucket: a range of due days for the index, then each branch's own today."""
    ends = bucket_ends(reader.reference.in_force(AgeingPolicy, reader.at))
    if not 0 <= bucket < len(ends):
        raise NoSuchBucket(len(ends))
    low, high = ends[bucket]
    branches, days, elsewhere = reader.todays()
    question.joins = (
        f"LEFT JOIN unnest({question.add(branches)}::text[], {question.add(days)}::integer[])"
        " AS b (branch_id, today) ON b.branch_id = i.branch_id"
    )
    today = f"coalesce(b.today, {question.add(elsewhere)}::integer)"
    age = f"({today} - (i.due_on - DATE '0001-01-01' + 1))"
    if high is not None:
        oldest = date.fromordinal(min([elsewhere, *days])) - DAY * high
        question.conditions.append(f"i.due_on >= {question.add(oldest)}")
        question.conditions.append(f"{age} <= {question.add(high)}::integer")
    if low is not None:
        newest = date.fromordinal(max([elsewhere, *days])) - DAY * low
        question.conditions.append(f"i.due_on <= {question.add(newest)}")
        question.conditions.append(f"{age} >= {question.add(low)}::integer")


def _continue(question: Question, sort: Sort, place: tuple[CursorValue, ...]) -> None:
    """Go on behind a place of the order."""
    values: list[object] = list(place)
    types: tuple[str, ...]
    match sort:
        case "overdue":
            values[0] = date.fromisoformat(str(values[0]))
            types = ("date", "text", "text")
        case "amount":
            types = ("bigint", "text", "text")
        case "level":
            values[1] = date.fromisoformat(str(values[1]))
            types = ("bigint", "date", "text", "text")
        case _:
            assert_never(sort)
    written = [f"{question.add(v)}::{t}" for v, t in zip(values, types, strict=True)]
    question.conditions.append(f"({_ORDERS[sort]}) > ({', '.join(written)})")


def _place(sort: Sort, item: WorkItem) -> tuple[CursorValue, ...]:
    row = item.row
    match sort:
        case "overdue":
            return (row.due_on.isoformat(), item.customer_id, row.item_id)
        case "amount":
            return (-row.balance_minor, item.customer_id, row.item_id)
        case "level":
            level = -1 if row.dunning_level is None else row.dunning_level
            return (-level, row.due_on.isoformat(), item.customer_id, row.item_id)
        case _:
            assert_never(sort)


def _item(
    reader: Reader, record: asyncpg.Record, interest: Mapping[tuple[str, str], int]
) -> WorkItem:
    row = ItemRow(**{name: record[name] for name in ItemRow.__struct_fields__})
    customer = record["customer_id"]
    past = (reader.today(row.branch_id) - row.due_on).days
    return WorkItem(customer, row, past, interest.get((customer, row.item_id), 0))
