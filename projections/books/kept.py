"""The form in which books are kept: who owns what, everything else by its number.

Accounts are numbered in the books' order; sources, invoices, items and entries as they stand
one after the other in what owns them. Tuples stand for what has names where it is used: a compiled
class does not tell msgspec all about its types, which is why this module is never compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from events.alert_care import Care
from events.touchpoints.order import OrderLine
from events.touchpoints.payment import GatePurpose
from projections.books.commitments import Ignored
from projections.books.records import (
    ChargeKind,
    Notice,
    SourceKind,
    SourceState,
    StepReason,
)
from projections.keeping import Kept, KeptFact

KeptStep = tuple[datetime, int, date, StepReason, str]
KeptSpell = tuple[datetime, datetime | None, str, str | None, str]
KeptHold = tuple[datetime, date | None, str]
KeptOverride = tuple[
    str, str, datetime, str, str, int | None, str | None, str | None, date | None
]  # fmt: skip


KeptRefusal = tuple[int, str | None, int, int | None, int | None]


class KeptEntry(Kept):
    """What a source settled of the item that owns it."""

    source: int
    amount: int
    at: datetime | None  # None: the source's instant
    serial: int
    instead_of: int | None = None  # which of the item's entries
    undone_at: datetime | None = None
    undone_by: str | None = None


class KeptItem(Kept):
    """An item of the invoice that owns it."""

    item_id: str | None  # None: the invoice's id
    amount: int
    balance: int
    due_on: date
    paid: int
    credited: int
    written_off: int
    disputed: int
    entries: tuple[KeptEntry, ...]
    steps: Sequence[KeptStep] | None  # None: as its invoice and entries tell
    disputes: tuple[KeptSpell, ...]
    notices: tuple[Notice, ...]
    holds: tuple[KeptHold, ...]
    collection: KeptSpell | None
    counted_late: int | None
    charges: tuple[int, ...] = ()  # which items are on it


class KeptInvoice(Kept):
    """An invoice, or what is owed back, with its items."""

    invoice_id: str
    currency: str
    amount: int
    charges: int
    order_id: str | None
    cancelled: bool
    owed_back: bool
    charge: ChargeKind | None
    event_id: str
    issued_at: datetime
    items: tuple[KeptItem, ...]


class KeptSource(Kept):
    """A source of the account that owns it."""

    kind: SourceKind
    source_id: str
    event_id: str
    at: datetime
    amount: int
    free: int
    state: SourceState
    pooled: bool
    reserved: bool
    release_at: datetime | None
    invoice_refs: tuple[str, ...]
    order_refs: tuple[str, ...]
    entries: tuple[int, ...] | None  # None: in the order of their numbers
    refunds: tuple[tuple[int, int], ...]  # which of the account's, how much
    serial: int


class KeptRefund(Kept):
    """A refund of the account that owns it."""

    refund_id: str
    event_id: str
    at: datetime
    amount: int
    item: int | None
    owed_at: datetime
    owed_by: str
    payers: tuple[int, ...]


class KeptAccount(Kept):
    """The books in one currency."""

    currency: str
    outstanding: int
    credit: int
    reserved: int
    suspect: int
    unbilled: int
    checks: int
    invoiced: int
    paid: int
    credited: int
    written_off: int
    owed_back: int
    refunded: int
    seen_exposure: int
    crosses_at: datetime | None
    serial: int
    limit: int | None
    items: Sequence[int]
    open_items: Sequence[int]
    moved: Sequence[int]
    asked: Sequence[tuple[bool, int]]  # whether it is an order, and which
    promised: int | None  # which of the books' owings
    sources: Sequence[KeptSource]
    refunds: Sequence[KeptRefund]
    over: Sequence[KeptSpell]
    relief: tuple[str, str | None] | None
    queued: Sequence[tuple[int, date, int, str, int, int]]
    offered: Sequence[tuple[bool, int, int, int]]


class KeptOrder(Kept):
    """An order."""

    order_id: str
    event_id: str
    at: datetime
    delivered_at: datetime | None
    account: int
    amount: int
    lines: tuple[OrderLine, ...]
    returned: int
    credits: tuple[tuple[int, int], ...]  # by which source, how much
    credited: int
    cancelled: bool
    unbilled: int


class KeptCheck(Kept):
    """A credit check."""

    check_id: str
    event_id: str
    at: datetime
    account: int
    purpose: GatePurpose
    order_id: str | None
    room: int
    until: datetime
    refusal: KeptRefusal | None


class KeptOwing(Kept):
    """All that may have been open at an instant at which something was promised."""

    at: datetime
    items: Sequence[int]


class KeptPromise(Kept):
    """A promise as it was made."""

    promise_id: str
    event_id: str
    at: datetime
    account: int
    serial: int
    amount: int
    promised_on: date
    invoice_ids: tuple[str, ...]
    owing: int | None


class KeptDeadline(Kept):
    """A deadline, of a source or a check."""

    at: datetime
    serial: int
    source: int | None
    check: int | None


class KeptBooks(Kept):
    """The state of one customer's receivables."""

    accounts: Sequence[KeptAccount]
    invoices: Sequence[KeptInvoice]
    items: Sequence[int]  # in their order
    orders: Sequence[KeptOrder]
    by_order: Sequence[int]  # invoices, those of an order in their order
    billed: dict[tuple[str, str], int]
    cancelled_orders: set[str]
    delivered_orders: dict[str, datetime]
    payments: Sequence[int]  # sources, those of an id in their order
    doubles: Sequence[tuple[str, str, int, tuple[int, ...]]]
    verdicts: dict[str, str]
    reversed_ids: set[str]
    taken: set[tuple[str, str]]
    settled_disputes: set[tuple[str, str]]
    unseen: Sequence[tuple[str, str, Sequence[KeptFact]]]
    awaited: Sequence[tuple[str, str, tuple[int, ...]]]
    owings: Sequence[KeptOwing]
    promises: Sequence[KeptPromise]
    checks: Sequence[KeptCheck]
    open_checks: Sequence[int]
    refusals: Sequence[int]
    overrides: Sequence[KeptOverride]
    customer_holds: Sequence[KeptHold]
    credit_notes: Sequence[int]
    loose_notes: Sequence[int]
    ignored: list[Ignored]
    cares: dict[str, Care]
    deadlines: Sequence[KeptDeadline]
    announced: Sequence[tuple[int, int, int, datetime, str]]  # the item by its number
    scheduled: int
    days_of: list[tuple[datetime, str | None]]
    limited: bool
    next_fact_at: datetime | None
    walked: int
    walked_at: datetime
    passed_at: datetime
    now: datetime
