"""How a customer stands, as whoever answers the telephone must know it in one look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from projections.case_board.explain import CaseExplanation
from projections.case_board.rows import CallbackRow, CaseRow
from projections.receivables.lines import PromiseLine, Statement
from projections.receivables.nearness import NearItem, near_items
from projections.receivables.rows import AccountRow
from projections.value_tiers.explain import ValueExplained
from services.console.shared.countdown import Countdown, countdown
from services.console.shared.customer_at import CustomerAt

NEAR_DAYS = 7
"""What comes by itself within so many days is told beforehand."""

FULL = Decimal("0.8")
"""From which part of it on a credit limit is told as nearly used up."""

_ENDED = ("closed",)

Weight = Literal["bad", "warn"]
What = Literal[
    "gate", "limit", "disputed", "held", "collection", "dunning_due", "dunning", "broken",
    "promised_today", "late_cases", "owed_back", "suspect", "tier", "near_dunning", "near_gate",
    "callback",
]  # fmt: skip


class Owed(Struct, frozen=True, kw_only=True):
    """What is owed in one currency, what of it is late, and what comes."""

    currency: str
    outstanding_minor: int
    overdue_minor: int
    oldest_days: int  # past due, of what is overdue; 0: nothing is
    due_today_minor: int
    promised_minor: int  # of promises that are neither kept nor broken yet
    promised_today_minor: int
    next_promise_on: date | None
    exposure_minor: int
    limit_minor: int | None

    @property
    def use(self) -> Decimal | None:
        """Return which part of the limit is used; None: there is none."""
        if self.limit_minor is None:
            return None
        return Decimal(max(0, self.exposure_minor)) / self.limit_minor if self.limit_minor else None


class OpenCase(Struct, frozen=True, kw_only=True):
    """A case that is not closed, and the clock of it that ends first."""

    case: CaseRow
    clock: Literal["response", "solution", "callback"]
    due_at: datetime | None
    left: Countdown | None  # None: no clock of business time


class Heed(Struct, frozen=True, kw_only=True):
    """Something that whoever speaks with the customer must know."""

    what: What
    weight: Weight
    subject: str | None = None  # a reason, a level's item, a purpose
    amount_minor: int | None = None
    currency: str = ""
    level: int | None = None
    count: int = 0
    share: Decimal | None = None
    on: date | None = None
    at: datetime | None = None


class Standing(Struct, frozen=True, kw_only=True):
    """All of that."""

    owed: Sequence[Owed]
    cases: Sequence[OpenCase]
    heeds: Sequence[Heed]


def standing_of(
    found: CustomerAt,
    statement: Statement,
    value: ValueExplained | None,
    cases: Iterable[CaseExplanation],
    callbacks: Iterable[CallbackRow],
) -> Standing:
    """Return how a customer stands; what weighs most comes first."""
    owed = [_owed(statement, place) for place in range(len(statement.accounts))]
    near = near_items(statement, found.reference, NEAR_DAYS)
    under_way = _open_cases(found, cases)
    heeds = [
        *_about_cases(under_way),
        *_about_accounts(statement, owed),
        *_about_promises(statement),
        *_about_value(value),
        *_about_calls(callbacks, found.at),
        *_about_days(near),
    ]
    return Standing(
        owed=owed,
        cases=under_way,
        heeds=sorted(heeds, key=lambda one: one.weight != "bad"),
    )


def _owed(statement: Statement, place: int) -> Owed:
    account, charges = statement.accounts[place], statement.charges[place]
    currency, today = account.currency, statement.today
    mine = [one.row for one in statement.items if one.row.currency == currency]
    live = [one for one in statement.promises if _is_live(one, currency)]
    ages = [(today - row.due_on).days for row in mine if row.status == "open"]
    return Owed(
        currency=currency,
        outstanding_minor=charges.outstanding_minor,
        overdue_minor=charges.overdue_minor,
        oldest_days=max([0, *ages]),
        due_today_minor=sum(row.balance_minor for row in mine if row.due_on == today),
        promised_minor=sum(map(_still_promised, live)),
        promised_today_minor=sum(_still_promised(p) for p in live if p.promised_on == today),
        next_promise_on=min((one.promised_on for one in live), default=None),
        exposure_minor=charges.exposure_minor,
        limit_minor=account.limit_minor,
    )


def _is_live(promise: PromiseLine, currency: str) -> bool:
    return promise.currency == currency and promise.verdict == "live"


def _still_promised(promise: PromiseLine) -> int:
    return max(0, promise.amount_minor - promise.received_minor)


def _open_cases(found: CustomerAt, cases: Iterable[CaseExplanation]) -> list[OpenCase]:
    """Return the cases that go on, what is due first first; what stands still comes last."""
    still = datetime.max.replace(tzinfo=found.at.tzinfo)
    told = [_open_case(found, one.case) for one in cases if one.case.status not in _ENDED]
    return sorted(told, key=lambda one: (one.due_at or still, one.case.case_id))


def _open_case(found: CustomerAt, row: CaseRow) -> OpenCase:
    if row.status == "resolved":
        return OpenCase(case=row, clock="callback", due_at=row.callback_due_at, left=None)
    answered = row.response_met_at is not None or row.response_due_at is None
    due_at = row.solution_due_at if answered else row.response_due_at
    left = countdown(
        found.reference, row.branch_id, found.at, due_at, row.solution_left_s if answered else None
    )
    clock: Literal["response", "solution"] = "solution" if answered else "response"
    return OpenCase(case=row, clock=clock, due_at=due_at, left=left)


def _about_cases(cases: Sequence[OpenCase]) -> Iterator[Heed]:
    late = [one for one in cases if one.left is not None and one.left.is_over]
    if late:
        yield Heed(what="late_cases", weight="bad", count=len(late))


def _about_accounts(statement: Statement, owed: Sequence[Owed]) -> Iterator[Heed]:
    for account, sums in zip(statement.accounts, owed, strict=True):
        yield from _about_gate(account, sums)
        currency = account.currency
        collected = _sum_of(statement, currency, "collection")
        amounts: tuple[tuple[What, Weight, int], ...] = (
            ("disputed", "warn", account.disputed_minor),
            ("held", "warn", _sum_of(statement, currency, "held")),
            ("collection", "bad", collected),
            ("owed_back", "warn", account.owed_back_minor),
            ("suspect", "warn", account.suspect_minor),
        )
        for what, weight, minor in amounts:
            if minor:
                yield Heed(what=what, weight=weight, amount_minor=minor, currency=currency)
        if account.dunning_level:
            yield Heed(what="dunning", weight="warn", level=account.dunning_level)
        rows = [one.row for one in statement.items if one.row.currency == currency]
        due = [row.dunning_due for row in rows if row.dunning_due]
        if due:
            yield Heed(what="dunning_due", weight="warn", level=max(due), count=len(due))


def _about_gate(account: AccountRow, sums: Owed) -> Iterator[Heed]:
    if account.gate_refusal is not None:
        yield Heed(
            what="gate", weight="bad", subject=account.gate_refusal, currency=account.currency
        )
    if sums.use is not None and sums.use >= FULL:
        yield Heed(
            what="limit",
            weight="bad" if sums.use > 1 else "warn",
            share=sums.use,
            amount_minor=account.limit_minor,
            currency=account.currency,
        )


def _sum_of(statement: Statement, currency: str, hold: str) -> int:
    rows = (one.row for one in statement.items if one.row.hold == hold)
    return sum(row.balance_minor for row in rows if row.currency == currency)


def _about_promises(statement: Statement) -> Iterator[Heed]:
    open_ = {one.row.item_id for one in statement.items if one.row.status == "open"}
    broken = [
        one
        for one in statement.promises
        if one.verdict == "broken" and open_.intersection(one.item_ids)
    ]
    if broken:
        yield Heed(
            what="broken",
            weight="bad",
            count=len(broken),
            on=max(one.promised_on for one in broken),
        )
    for one in statement.promises:
        if one.verdict == "live" and one.promised_on == statement.today:
            yield Heed(
                what="promised_today",
                weight="warn",
                amount_minor=_still_promised(one),
                currency=one.currency,
            )


def _about_value(value: ValueExplained | None) -> Iterator[Heed]:
    if value is not None and value.row.warning_since is not None:
        yield Heed(what="tier", weight="warn", subject=value.row.tier, at=value.row.drop_at)


def _about_calls(callbacks: Iterable[CallbackRow], at: datetime) -> Iterator[Heed]:
    for call in callbacks:
        if call.status == "open":
            weight: Weight = "bad" if call.due_at <= at else "warn"
            yield Heed(what="callback", weight=weight, subject=call.purpose, at=call.due_at)


def _about_days(near: Sequence[NearItem]) -> Iterator[Heed]:
    """Yield the first notice that will be due, and what will shut the gate first."""
    for what in ("dunning", "gate"):
        first = next((one for one in near if one.what == what), None)
        if first is not None:
            yield Heed(
                what="near_dunning" if what == "dunning" else "near_gate",
                weight="warn",
                subject=first.item_id,
                amount_minor=first.amount_minor,
                currency=first.currency,
                level=first.level,
                on=first.on,
            )
