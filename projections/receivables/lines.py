"""The lines of a statement: what each event did, and what it is worth now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from events.envelope import CustomerId
from events.touchpoints.policy import DayCount
from projections.protocol import Alert, Episode
from projections.receivables.charged import AccountCharges
from projections.receivables.movements import Cover, Movement
from projections.receivables.promises import Verdict
from projections.receivables.rows import AccountRow, HoldReason, ItemRow


class Line(Struct, frozen=True, kw_only=True):
    """A line of a statement: something that one event did, at an instant."""

    event_id: str
    at: datetime


class AllocationLine(Line, frozen=True, kw_only=True):
    """What a payment, credit note or write-off settled of an item, and who took it back."""

    kind: str
    source_id: str
    amount_minor: int
    undone_at: datetime | None
    undone_by: str | None
    in_place_of: str | None  # the event whose settlement gave way to it
    recovery: bool  # a payment of what had been written off


class NoticeLine(Line, frozen=True, kw_only=True):
    """A dunning notice that went out."""

    level: int


class HoldLine(Line, frozen=True, kw_only=True):
    """What holds or held an item's dunning; `at` is its start, no `until`: for good."""

    reason: HoldReason
    until: datetime


class StepLine(Line, frozen=True, kw_only=True):
    """How an item's balance and due date came about."""

    reason: str
    balance_minor: int
    due_on: date


class InterestLine(Struct, frozen=True, kw_only=True):
    """Interest on an item as of the statement's day, and what makes it grow.

    What is owed of it is what ran less what became an item of its own. Each day from `since` adds
    a day's part of the yearly rate of the principal; a rate of 0: nothing.
    """

    owed_minor: int
    announced_minor: int
    charged_minor: int
    since: date
    principal_minor: int
    rate_ppm: int
    day_count: DayCount
    is_owed: bool


class AnnouncedFeeLine(Line, frozen=True, kw_only=True):
    """A reminder fee that was announced and is not owed."""

    level: int
    amount_minor: int


class ItemStatement(Struct, frozen=True, kw_only=True):
    """An item with everything that explains its balance and its dunning."""

    row: ItemRow
    interest: InterestLine | None
    announced_fees: Sequence[AnnouncedFeeLine]
    steps: Sequence[StepLine]
    allocations: Sequence[AllocationLine]
    notices: Sequence[NoticeLine]
    holds: Sequence[HoldLine]


class SourceLine(Line, frozen=True, kw_only=True):
    """A payment or credit note and what became of it.

    `free_minor` is what it has not settled: credit, or, until `release_at`, reserved for what
    it cites. A suspect, rejected or reversed one settles nothing; a waiting credit note has
    not met what it names.
    """

    kind: str
    source_id: str
    currency: str
    amount_minor: int
    free_minor: int
    state: str
    credit: bool
    reserved: bool
    release_at: datetime | None
    invoice_ids: Sequence[str]
    order_ids: Sequence[str]


class RefundLine(Line, frozen=True, kw_only=True):
    """Money paid back, and what covers it; `uncovered_minor` is owed back, as item `item_id`."""

    refund_id: str
    currency: str
    amount_minor: int
    uncovered_minor: int
    item_id: str | None
    covered_by: Sequence[Cover]


class PromiseLine(Line, frozen=True, kw_only=True):
    """A promise with its verdict."""

    promise_id: str
    currency: str
    amount_minor: int
    promised_on: date
    item_ids: Sequence[str]
    verdict: Verdict
    judged_at: datetime
    received_minor: int


class OrderLine(Struct, frozen=True, kw_only=True):
    """An order that is still to be invoiced, in part or whole."""

    order_id: str
    event_id: str
    currency: str
    amount_minor: int
    returned_minor: int
    unbilled_minor: int


class CheckLine(Line, frozen=True, kw_only=True):
    """Room that an approved credit check still reserves."""

    check_id: str
    purpose: str
    order_id: str | None
    currency: str
    room_minor: int
    until: datetime


class OverrideLine(Line, frozen=True, kw_only=True):
    """Somebody let something pass the gate, in which role and why."""

    override_id: str
    role: str
    reason: str
    granted_on: date
    amount_minor: int | None
    currency: str | None
    order_id: str | None
    until: date | None


class IgnoredLine(Struct, frozen=True, kw_only=True):
    """An event, or part of it, without effect; `waits_for` is what it cites and nobody saw."""

    event_id: str
    reason: str
    waits_for: str | None = None


class Statement(Struct, frozen=True, kw_only=True):
    """Everything known of a customer's receivables as of an instant, explained."""

    customer_id: CustomerId
    at: datetime
    today: date
    zone: str
    branch_id: str | None
    accounts: Sequence[AccountRow]
    charges: Sequence[AccountCharges]  # of each account, in the same order
    items: Sequence[ItemStatement]
    sources: Sequence[SourceLine]
    refunds: Sequence[RefundLine]
    movements: Sequence[Movement]  # refunds, credit notes and what gave way, the oldest first
    promises: Sequence[PromiseLine]
    orders: Sequence[OrderLine]
    checks: Sequence[CheckLine]
    overrides: Sequence[OverrideLine]
    alerts: Sequence[Alert]
    episodes: Sequence[Episode]
    ignored: Sequence[IgnoredLine]
    longest_overdue_days: int  # of anything open, in any currency; below 1: nothing overdue
    next_fact_at: datetime | None  # of what is known already and takes effect later
