"""What a credit controller has to look after, in the three phases of a debt, page by page.

Before delivery: orders asked for, and credit checks that were approved or refused. Delivered: what
is still to be invoiced, and items not yet due. Overdue: the others. A day is each branch's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import asyncpg
from msgspec import Struct

from events.calendars import DAY
from events.texts import worded
from projections.receivables.rows import HoldReason, ItemKind, RequestStage
from services.casework.filters import among
from services.console.receivables.interest import interest_of
from services.console.shared.cursor import CursorSigner
from services.console.shared.keyset import Key, Order, PlaceValue, walk
from services.console.shared.paging import Page
from services.console.shared.reading import Reader
from services.console.shared.refusals import BadParameter
from services.postgres.question import Question

Phase = Literal["before", "delivered", "overdue"]
PHASES: tuple[Phase, ...] = ("before", "delivered", "overdue")
Sort = Literal["day", "amount"]
CAP = 10_000

REFUSED_DAYS = 30
"""For how many days a refusal that nobody answered is followed: after that nobody asks any more."""


class WorkFilter(Struct, frozen=True):
    """Which work, in which order: of what is empty or None any, of several either.

    Amounts compare within a currency only.
    """

    phases: tuple[Phase, ...] = ()
    branches: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    least_minor: int | None = None
    most_minor: int | None = None
    sort: Sort = "day"

    def __post_init__(self) -> None:
        if len(self.currencies) != 1 and (
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
    """Return a page of work: by day the oldest first, by amount the largest. Raises: BadCursor.

    Of several branches each is read in the list's order as far as the page.
    """
    way = walk(Order(_ORDERS[wanted.sort]), limit, signer, repr(wanted), cursor)
    halves = _Halves(reader, wanted)
    question = halves.question
    shown = question.add(limit + 1)
    branches = [question.add(one) for one in wanted.branches]
    parts = {}
    for half, alias in (("items", "i"), ("requests", "r")):
        part = way.over(_HALVES[half][wanted.sort])
        where = " AND ".join([halves.parts[f"{half}_where"], *part.beyond(question)])
        parts[f"{half}_arms"] = _arms(alias, halves, where, part.sorting, branches, shown)
        parts[f"{half}_order"] = part.sorting
    statement = reader.statements.sql(
        "credit/work",
        limit=shown,
        order=way.sorting,
        **{k: reader.statements.filled(v) for k, v in parts.items()},
    )
    rows = await reader.fetch(statement, *question.parameters)
    items = [(row["customer_id"], row["ref"]) for row in rows if row["source"] == "item"]
    interest = await interest_of(reader, items)
    found = [_work(reader, row, interest) for row in rows]
    return way.page(found, lambda one: _place(wanted, one))


def _arms(
    alias: str, halves: _Halves, where: str, order: str, branches: Sequence[str], limit: str
) -> str:
    """Return the rows of a half as far as a page: of all, or of each branch that is asked for."""
    table = "{items} i " + halves.parts["items_joins"] if alias == "i" else "{requests} r"
    status = "i.status = 'open' AND " if alias == "i" else ""
    each = [f"{alias}.branch_id = {one}" for one in branches] or ["true"]
    read = [
        f"(SELECT {alias}.* FROM {table} WHERE {status}{where} AND {one}"
        f" ORDER BY {order} LIMIT {limit})"
        for one in each
    ]
    return " UNION ALL ".join(read)


async def count_work(reader: Reader, wanted: WorkFilter, cap: int = CAP) -> int:
    """Return how much the filter finds; of items and of requests each up to one above a cap."""
    asked = _Halves(reader, wanted).of_branches(wanted)
    limit = asked.question.add(cap + 1)
    statement = reader.statements.sql("credit/count_work", limit=limit, **asked.parts)
    return await reader.count(statement, *asked.question.parameters)


async def customers_with_work(reader: Reader, wanted: WorkFilter, most: int) -> list[str]:
    """Return who has work that the filter finds, all of them up to a number."""
    asked = _Halves(reader, wanted).of_branches(wanted)
    limit = asked.question.add(most)
    statement = reader.statements.sql("credit/customers_with_work", limit=limit, **asked.parts)
    rows = await reader.fetch(statement, *asked.question.parameters)
    return [row["customer_id"] for row in rows]


_DAY, _AMOUNT = Key("w.day", "date"), Key("-w.amount_minor", "bigint")
_LAST = (Key("w.customer_id", "text"), Key("w.ref", "text"), Key("w.source", "text"))
_ORDERS: Mapping[Sort, tuple[Key, ...]] = {"day": (_DAY, *_LAST), "amount": (_AMOUNT, *_LAST)}

_ITEM = (Key("i.customer_id", "text"), Key("i.item_id", "text"), Key("'item'::text", "text"))
_REQUEST = (Key("r.customer_id", "text"), Key("r.request_id", "text"), Key("r.kind", "text"))
_HALVES: Mapping[str, Mapping[Sort, tuple[Key, ...]]] = {
    "items": {
        "day": (Key("i.due_on", "date"), *_ITEM),
        "amount": (Key("-i.balance_minor", "bigint"), *_ITEM),
    },
    "requests": {
        "day": (Key("r.since_on", "date"), *_REQUEST),
        "amount": (Key("-r.amount_minor", "bigint"), *_REQUEST),
    },
}
"""The keys of the list as either half writes them."""


def refused_since(reader: Reader) -> date:
    """Return the day from which on refusals are still followed."""
    return reader.today(None) - DAY * REFUSED_DAYS


class _Halves:
    """The conditions on items and those on requests, with their parameters numbered as one.

    Those on branches are not among them where a page is read.
    """

    def __init__(self, reader: Reader, wanted: WorkFilter) -> None:
        self.question = Question()
        self._joins = ""
        self._items = ["true"]
        since = self.question.add(refused_since(reader))
        self._requests = [f"(r.stage <> 'refused' OR r.since_on > {since})"]
        if wanted.currencies:
            for alias, conditions in (("i", self._items), ("r", self._requests)):
                column = f"{alias}.currency"
                conditions.append(among(self.question, column, "text", wanted.currencies))
        self._compare("<=", wanted.least_minor)
        self._compare(">=", wanted.most_minor)
        if wanted.phases and set(wanted.phases) != set(PHASES):
            self._within(reader, frozenset(wanted.phases))

    @property
    def parts(self) -> dict[str, str]:
        """Return what fills the statements in."""
        return {
            "items_joins": self._joins,
            "items_where": " AND ".join(self._items),
            "requests_where": " AND ".join(self._requests),
        }

    def of_branches(self, wanted: WorkFilter) -> _Halves:
        """Keep the branches that are asked for."""
        if wanted.branches:
            for alias, conditions in (("i", self._items), ("r", self._requests)):
                column = f"{alias}.branch_id"
                conditions.append(among(self.question, column, "text", wanted.branches))
        return self

    def _compare(self, sign: str, minor: int | None) -> None:
        """Keep amounts by their negatives, by which the index has them: the largest come first."""
        if minor is None:
            return
        written = self.question.add(minor)
        self._items.append(f"-i.balance_minor {sign} -{written}::bigint")
        self._requests.append(f"-r.amount_minor {sign} -{written}::bigint")

    def _within(self, reader: Reader, phases: frozenset[Phase]) -> None:
        """Keep some phases, not all: a range of due days for the index, then each own today."""
        if phases.isdisjoint(("delivered", "overdue")):
            self._items.append("false")
        elif not phases.issuperset(("delivered", "overdue")):
            self._due(reader, overdue="overdue" in phases)
        stages = []
        if "before" in phases:
            stages.append("r.stage <> 'delivered'")
        if "delivered" in phases:
            stages.append("r.stage = 'delivered'")
        self._requests.append(f"({' OR '.join(stages or ['false'])})")

    def _due(self, reader: Reader, *, overdue: bool) -> None:
        now, add = reader.todays(), self.question.add
        self._joins = (
            f"LEFT JOIN unnest({add(now.branches)}::text[], {add(now.days)}::integer[])"
            " AS b (branch_id, today) ON b.branch_id = i.branch_id"
        )
        today = f"(DATE '0001-01-01' + coalesce(b.today, {add(now.elsewhere)}::integer) - 1)"
        if overdue:
            self._items.append(f"i.due_on < {add(now.latest)} AND i.due_on < {today}")
        else:
            self._items.append(f"i.due_on >= {add(now.earliest)} AND i.due_on >= {today}")


def _place(wanted: WorkFilter, one: Work) -> tuple[PlaceValue, ...]:
    first: PlaceValue = one.day if wanted.sort == "day" else -one.amount_minor
    return (first, one.customer_id, one.ref, one.source)


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
