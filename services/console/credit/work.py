"""What a credit controller has to look after, in the three phases of a debt, page by page.

Before delivery: orders asked for, and credit checks that were approved or refused. Delivered: what
is still to be invoiced, and items not yet due. Overdue: the others. A day is each branch's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import asyncpg
from msgspec import Struct

from events.calendars import DAY
from events.texts import worded
from projections.receivables.rows import HoldReason, ItemKind, RequestStage
from services.console.receivables.interest import interest_of
from services.console.shared.cursor import CursorSigner, CursorValue
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader
from services.console.shared.refusals import BadParameter
from services.postgres.question import Question

Phase = Literal["before", "delivered", "overdue"]
PHASES: tuple[Phase, ...] = ("before", "delivered", "overdue")
Sort = Literal["day", "amount"]
CAP = 10_000

REFUSED_DAYS = 30
"""For how many days a refusal that nobody answered is followed: after that nobody asks any more."""

_DAY_ORDER = "day, customer_id, ref, source"
_AMOUNT_ORDER = "-amount_minor, customer_id, ref, source"


class WorkFilter(Struct, frozen=True):
    """Which work, in which order: None means any. Amounts compare within a currency only."""

    phase: Phase | None = None
    branch_id: str | None = None
    currency: str | None = None
    least_minor: int | None = None
    most_minor: int | None = None
    sort: Sort = "day"

    def __post_init__(self) -> None:
        if self.currency is None and (
            self.sort == "amount" or self.least_minor is not None or self.most_minor is not None
        ):
            raise BadParameter("currency", worded("amounts compare within a currency: name one"))


class Work(Struct, frozen=True, kw_only=True):
    """An open item, an order or a credit check that somebody has to look after."""

    day: date  # due, delivered, or asked for
    customer_id: str
    ref: str
    source: Literal["item", "order", "check"]
    branch_id: str | None
    currency: str
    amount_minor: int
    gate_refusal: str | None  # why the customer's gate is shut today
    today: date  # where the customer is at home
    interest_minor: int  # that runs on an item, beside the amount
    item_kind: ItemKind | None
    disputed: bool | None
    hold: HoldReason | None
    dunning_level: int | None
    dunning_due: int | None
    promised_on: date | None
    purpose: str | None
    stage: RequestStage | None
    asked_at: datetime | None
    until: datetime | None
    refused_for: str | None
    exposure_minor: int | None
    limit_minor: int | None
    days_overdue: int | None
    override_role: str | None  # of an override that lets it pass today
    override_until: date | None

    @property
    def phase(self) -> Phase:
        """Return the phase that it is in today."""
        if self.source != "item":
            return "delivered" if self.stage == "delivered" else "before"
        return "overdue" if self.day < self.today else "delivered"

    @property
    def days_past_due(self) -> int | None:
        """Return the days past due of an item, below 1 before."""
        return (self.today - self.day).days if self.source == "item" else None

    @property
    def is_let_pass(self) -> bool:
        """Return whether an override lets it pass today."""
        return self.override_role is not None


async def work(
    reader: Reader, wanted: WorkFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[Work]:
    """Return a page of work: by day the oldest first, by amount the largest. Raises: BadCursor."""
    query = repr(wanted)
    asked = _Halves(reader, wanted)
    if cursor is not None:
        asked.go_on_behind(signer.open(query, cursor, _shape(wanted)))
    shown = asked.question.add(limit + 1)
    order = _DAY_ORDER if wanted.sort == "day" else _AMOUNT_ORDER
    statement = reader.statements.sql(
        "credit/work",
        limit=shown,
        order=", ".join(_of("w", order)),
        items_order=_ITEMS[wanted.sort],
        requests_order=_REQUESTS[wanted.sort],
        **asked.parts,
    )
    rows = await reader.fetch(statement, *asked.question.parameters)
    items = [(row["customer_id"], row["ref"]) for row in rows if row["source"] == "item"]
    interest = await interest_of(reader, items)
    return page_of(
        [_work(reader, row, interest) for row in rows],
        limit,
        lambda last: signer.seal(query, _place(wanted, last)),
    )


async def count_work(reader: Reader, wanted: WorkFilter, cap: int = CAP) -> int:
    """Return how much the filter finds; of items and of requests each up to one above a cap."""
    asked = _Halves(reader, wanted)
    limit = asked.question.add(cap + 1)
    statement = reader.statements.sql("credit/count_work", limit=limit, **asked.parts)
    return await reader.count(statement, *asked.question.parameters)


async def customers_with_work(reader: Reader, wanted: WorkFilter, most: int) -> list[str]:
    """Return who has work that the filter finds, all of them up to a number."""
    asked = _Halves(reader, wanted)
    limit = asked.question.add(most)
    statement = reader.statements.sql("credit/customers_with_work", limit=limit, **asked.parts)
    rows = await reader.fetch(statement, *asked.question.parameters)
    return [row["customer_id"] for row in rows]


_ITEMS: Mapping[Sort, str] = {
    "day": "i.due_on, i.customer_id, i.item_id",
    "amount": "-i.balance_minor, i.customer_id, i.item_id",
}
_REQUESTS: Mapping[Sort, str] = {
    "day": "r.since_on, r.customer_id, r.request_id, r.kind",
    "amount": "-r.amount_minor, r.customer_id, r.request_id, r.kind",
}


def refused_since(reader: Reader) -> date:
    """Return the day from which on refusals are still followed."""
    return reader.today(None) - DAY * REFUSED_DAYS


class _Halves:
    """The conditions on items and those on requests, with their parameters numbered as one."""

    def __init__(self, reader: Reader, wanted: WorkFilter) -> None:
        self.question = Question()
        self._sort = wanted.sort
        self._joins = ""
        self._items = ["true"]
        since = self.question.add(refused_since(reader))
        self._requests = [f"(r.stage <> 'refused' OR r.since_on > {since})"]
        self._compare("branch_id", "=", wanted.branch_id)
        self._compare("currency", "=", wanted.currency)
        self._compare("amount_minor", ">=", wanted.least_minor)
        self._compare("amount_minor", "<=", wanted.most_minor)
        if wanted.phase is not None:
            self._within(reader, wanted.phase)

    @property
    def parts(self) -> dict[str, str]:
        """Return what fills the statements in."""
        return {
            "items_joins": self._joins,
            "items_where": " AND ".join(self._items),
            "requests_where": " AND ".join(self._requests),
        }

    def go_on_behind(self, place: tuple[CursorValue, ...]) -> None:
        """Go on behind a place of the order."""
        first, *others = place
        kind = "date" if self._sort == "day" else "bigint"
        value = date.fromisoformat(str(first)) if self._sort == "day" else first
        written = [f"{self.question.add(value)}::{kind}"]
        written += [f"{self.question.add(other)}::text" for other in others]
        behind = ", ".join(written)
        self._items.append(f"({_ITEMS[self._sort]}, 'item') > ({behind})")
        self._requests.append(f"({_REQUESTS[self._sort]}) > ({behind})")

    def _compare(self, column: str, sign: str, value: object) -> None:
        if value is None:
            return
        written = self.question.add(value)
        # By amount the index is on the negative: the largest come first.
        other = {">=": "<=", "<=": ">="}.get(sign, sign)
        for alias, conditions, amount in (
            ("i", self._items, "balance_minor"),
            ("r", self._requests, "amount_minor"),
        ):
            if column == "amount_minor":
                conditions.append(f"-{alias}.{amount} {other} -{written}::bigint")
            else:
                conditions.append(f"{alias}.{column} {sign} {written}")

    def _within(self, reader: Reader, phase: Phase) -> None:
        """Keep one phase: a range of due days for the index, then each branch's own today."""
        match phase:
            case "before":
                self._items.append("false")
                self._requests.append("r.stage <> 'delivered'")
            case "delivered":
                self._due(reader, overdue=False)
                self._requests.append("r.stage = 'delivered'")
            case "overdue":
                self._due(reader, overdue=True)
                self._requests.append("false")

    def _due(self, reader: Reader, *, overdue: bool) -> None:
        branches, days, elsewhere = reader.todays()
        add = self.question.add
        self._joins = (
            f"LEFT JOIN unnest({add(branches)}::text[], {add(days)}::integer[])"
            " AS b (branch_id, today) ON b.branch_id = i.branch_id"
        )
        today = f"(DATE '0001-01-01' + coalesce(b.today, {add(elsewhere)}::integer) - 1)"
        if overdue:
            latest = date.fromordinal(max([elsewhere, *days]))
            self._items.append(f"i.due_on < {add(latest)} AND i.due_on < {today}")
        else:
            earliest = date.fromordinal(min([elsewhere, *days]))
            self._items.append(f"i.due_on >= {add(earliest)} AND i.due_on >= {today}")


def _of(alias: str, order: str) -> list[str]:
    columns = order.split(", ")
    return [f"-{alias}.{one[1:]}" if one.startswith("-") else f"{alias}.{one}" for one in columns]


def _shape(wanted: WorkFilter) -> tuple[type[CursorValue], ...]:
    return (str if wanted.sort == "day" else int, str, str, str)


def _place(wanted: WorkFilter, last: Work) -> tuple[CursorValue, ...]:
    first: CursorValue = last.day.isoformat() if wanted.sort == "day" else -last.amount_minor
    return (first, last.customer_id, last.ref, last.source)


def _work(reader: Reader, record: asyncpg.Record, interest: Mapping[tuple[str, str], int]) -> Work:
    key, today = (record["customer_id"], record["ref"]), reader.today(record["branch_id"])
    told = dict(record.items())
    if told["override_until"] is not None and told["override_until"] < today:
        told |= {"override_role": None, "override_until": None}  # it is over
    return Work(
        **told,
        today=today,
        interest_minor=interest.get(key, 0) if record["source"] == "item" else 0,
    )
