"""The books of one customer: invoices, their items, and the sources that settle them.

A source is a payment, a credit note or a write-off; an entry is what it settled of an item.
Entries are never removed: one that was taken back, or that gave way to another source, carries
the instant of its undoing, so that every balance of the past can be explained.
Source of the rules: domain rules, section 4; decisions 22, 23, 31, 34.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, NamedTuple

SourceKind = Literal["payment", "credit_note", "write_off"]
SourceState = Literal["waiting", "live", "suspect", "rejected", "reversed", "cancelled"]
StepReason = Literal[
    "issued", "paid", "credited", "written_off", "reversed", "amended", "cancelled", "owed_back",
    "charged",
]  # fmt: skip
ChargeKind = Literal["fee", "interest"]


class Step(NamedTuple):
    """How an item stood from an instant on, and the event that made it so."""

    at: datetime
    balance: int
    due_on: date
    reason: StepReason
    event_id: str


class Spell(NamedTuple):
    """A stretch of time [start, end) with the events at its ends; no end: it lasts."""

    start: datetime
    end: datetime | None
    event_id: str
    ended_by: str | None = None
    label: str = ""  # a dispute's id, or the word for why it ended


class Notice(NamedTuple):
    """A dunning notice that went out; `shared` if it named an invoice with several items."""

    level: int
    at: datetime
    event_id: str
    shared: bool


class Hold(NamedTuple):
    """No dunning through the local day `until`; the latest of its scope counts."""

    at: datetime
    until: date | None
    event_id: str


class Asked:
    """What a customer asked for before anything is owed of it: an order, or a credit check."""

    __slots__ = ()


class Invoice:
    """An invoice as it stands; what is owed of it stands on its items.

    What a refund paid back and nothing covered is kept as one too, with `owed_back` set, and so is
    a reminder fee, or interest that was charged, with `charge` set: they are owed like an invoice,
    and were never sold.
    """

    __slots__ = (
        "amount", "cancelled", "charge", "charges", "currency", "event_id", "invoice_id",
        "issued_at", "items", "order_id", "owed_back",
    )  # fmt: skip

    def __init__(self, invoice_id: str, currency: str, amount: int, order_id: str | None) -> None:
        self.invoice_id = invoice_id
        self.currency = currency
        self.amount = amount
        self.charges = 0
        self.order_id = order_id
        self.cancelled = False
        self.owed_back = False
        self.charge: ChargeKind | None = None
        self.items: list[Item] = []
        self.event_id = ""
        self.issued_at: datetime

    @property
    def sold(self) -> bool:
        """Return whether it asks for something that was sold."""
        return not self.owed_back and self.charge is None

    @property
    def billed(self) -> int:
        """Return how much of its order it bills: charges are no part of the order."""
        return 0 if self.cancelled else self.amount


class Item:
    """What is owed by one due date: amount = credited + paid + written off + balance.

    A fee, or interest that was charged, is `on` the item that gave rise to it, whose `charges`
    are both; in a dispute they are part of that one.
    """

    __slots__ = (
        "amount", "balance", "charges", "collection", "counted_late", "credited", "disputed",
        "disputes", "due_on", "entries", "holds", "invoice", "item_id", "notices", "on", "paid",
        "steps", "written_off",
    )  # fmt: skip

    def __init__(self, item_id: str, invoice: Invoice, amount: int, due_on: date) -> None:
        self.item_id = item_id
        self.invoice = invoice
        self.amount = self.balance = amount
        self.due_on = due_on
        self.paid = self.credited = self.written_off = 0
        self.disputed = 0  # how many disputes about it are open
        self.on: Item | None = None
        self.charges: tuple[Item, ...] = ()
        self.entries: tuple[Entry, ...] = ()
        self.steps: list[Step] = []
        self.disputes: tuple[Spell, ...] = ()
        self.notices: tuple[Notice, ...] = ()
        self.holds: tuple[Hold, ...] = ()
        self.collection: Spell | None = None
        self.counted_late: int | None = None  # days late as a settled item was last tallied

    @property
    def contested(self) -> bool:
        """Return whether a dispute about it, or about what it is on, is open."""
        return self.disputed > 0 or (self.on is not None and self.on.disputed > 0)

    def mark(self, at: datetime, reason: StepReason, event_id: str) -> None:
        """Note how it stands; of several changes at one instant only the last counts."""
        step = Step(at, self.balance, self.due_on, reason, event_id)
        steps = self.steps
        if steps and steps[-1].at == at:
            steps[-1] = step
        else:
            steps.append(step)

    def closing(self) -> Step:
        """Return the step since which nothing is owed; the item must be closed."""
        i = len(self.steps) - 1
        while i and not self.steps[i - 1].balance:
            i -= 1
        return self.steps[i]


class Source:
    """Money or a concession that settles items; `free` is what it has not settled yet."""

    __slots__ = (
        "amount", "at", "currency", "entries", "event_id", "free", "invoice_refs",
        "kind", "order_refs", "pooled", "reference", "refunds", "release_at", "reserved", "serial",
        "source_id", "state",
    )  # fmt: skip

    def __init__(
        self,
        kind: SourceKind,
        source_id: str,
        event_id: str,
        at: datetime,
        currency: str,
        amount: int,
        serial: int,
    ) -> None:
        self.currency = currency
        self.kind = kind
        self.source_id = source_id
        self.event_id = event_id
        self.at = at
        self.amount = self.free = amount
        self.state: SourceState = "live"
        self.pooled = False  # its free part is customer credit
        self.reserved = False  # its free part waits for an invoice or order not yet seen
        self.release_at: datetime | None = None
        self.invoice_refs: tuple[str, ...] = ()
        self.order_refs: tuple[str, ...] = ()
        self.entries: tuple[Entry, ...] = ()
        self.refunds: tuple[tuple[Refund, int], ...] = ()
        self.reference: str | None = None  # the bank's, of a payment
        self.serial = serial  # its number within the account

    @property
    def reported_as(self) -> tuple[str, str, int]:
        """Return what a payment has in common with a second report of it; it has a reference."""
        assert self.reference is not None
        return self.reference, self.currency, self.amount

    @property
    def paid_back(self) -> int:
        """Return how much of it went to refunds, at once or to what was owed back."""
        later = (e for e in self.entries if e.item.invoice.owed_back and e.undone_at is None)
        return sum(amount for _, amount in self.refunds) + sum(entry.amount for entry in later)


NOTHING: dict[Source, int] = {}
"""No amounts of any source: most orders never have one. Nobody adds to it but by `more_of`."""


def more_of(amounts: dict[Source, int], source: Source, amount: int) -> dict[Source, int]:
    """Return amounts with more (or less) of a source; the same ones, if there were any."""
    if not amounts:
        return {source: amount}
    amounts[source] = amounts.get(source, 0) + amount
    return amounts


class Entry:
    """What a source settled of an item, when, and when it was taken back.

    `instead_of` is the entry whose place it took: the item owed nothing more or less by that.
    """

    __slots__ = (
        "amount", "at", "instead_of", "item", "serial", "source", "undone_at", "undone_by",
    )  # fmt: skip

    def __init__(
        self,
        source: Source,
        item: Item,
        amount: int,
        at: datetime,
        serial: int,
        instead_of: Entry | None = None,
    ) -> None:
        self.source = source
        self.item = item
        self.amount = amount
        self.at = at
        self.serial = serial
        self.instead_of = instead_of
        self.undone_at: datetime | None = None
        self.undone_by: str | None = None

    @property
    def standing(self) -> int:
        """Return how much is settled by it, or by what took its place."""
        if self.undone_at is None:
            return self.amount
        others = (e for e in self.item.entries if e.instead_of is self and e.undone_at is None)
        return sum(other.amount for other in others)

    @property
    def recovery(self) -> bool:
        """Return whether it is a payment of what had been written off."""
        gave_way = self.instead_of
        return (
            self.source.kind == "payment"
            and gave_way is not None
            and gave_way.source.kind == "write_off"
        )


class Refund:
    """Money paid back; what no money of the customer's covered is owed back, as an item."""

    __slots__ = (
        "amount", "at", "currency", "event_id", "item", "owed_at", "owed_by", "payers",
        "refund_id",
    )  # fmt: skip

    def __init__(
        self, refund_id: str, event_id: str, at: datetime, currency: str, amount: int
    ) -> None:
        self.currency = currency
        self.refund_id = refund_id
        self.event_id = event_id
        self.at = at
        self.amount = amount
        self.item: Item | None = None  # what of it was ever owed back
        self.owed_at, self.owed_by = at, event_id  # since when the latest of it is, and by what
        self.payers: tuple[Source, ...] = ()  # what paid for it at once, in this order
