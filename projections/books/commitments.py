"""What is agreed with a customer beside invoices: orders, credit checks, promises, overrides."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from events.touchpoints.order import OrderLine
from events.touchpoints.payment import GatePurpose
from projections.books.account import Account, Owing
from projections.books.records import NOTHING, Asked, Source


class Order(Asked):
    """An order; what is neither billed, returned nor credited of it is still to be invoiced.

    `credits` are the credit notes that settled some of what is not billed: what was paid of an
    order without an invoice is given back by them.
    """

    __slots__ = (
        "account", "amount", "at", "cancelled", "credited", "credits", "delivered_at", "event_id",
        "lines", "order_id", "returned", "unbilled",
    )  # fmt: skip

    def __init__(
        self, order_id: str, event_id: str, at: datetime, account: Account, amount: int
    ) -> None:
        self.order_id = order_id
        self.event_id = event_id
        self.at = at
        self.delivered_at: datetime | None = None
        self.account = account
        self.amount = amount
        self.lines: tuple[OrderLine, ...] = ()
        self.returned = 0
        self.credits: dict[Source, int] = NOTHING
        self.credited = 0
        self.cancelled = False
        self.unbilled = 0

    def refresh(self, billed: int) -> None:
        """Set what is unbilled: 0 once cancelled, never below 0.

        The note of a return is no second return: the larger of both counts.
        """
        gone = max(self.returned, self.credited)
        left = 0 if self.cancelled else max(0, self.amount - gone - billed)
        self.account.unbilled += left - self.unbilled
        self.unbilled = left
        self.account.asked[self] = None

    def deliver(self, at: datetime) -> None:
        """Note that the goods reached the customer, once."""
        if self.delivered_at is None:
            self.delivered_at = at
            self.account.asked[self] = None


class Refusal(NamedTuple):
    """What a credit check was refused, and what the gate saw."""

    amount: int
    reason: str | None
    exposure: int
    limit: int | None
    days_overdue: int | None


class Check(Asked):
    """A credit check: room reserved until an instant, or a refusal until it is over."""

    __slots__ = (
        "account", "at", "check_id", "event_id", "order_id", "purpose", "refusal", "room", "until",
    )  # fmt: skip

    def __init__(
        self, check_id: str, event_id: str, at: datetime, account: Account, purpose: GatePurpose,
        order_id: str | None, room: int, until: datetime,
    ) -> None:  # fmt: skip
        self.check_id = check_id
        self.event_id = event_id
        self.at = at
        self.account = account
        self.purpose = purpose
        self.order_id = order_id
        self.room = room
        self.until = until
        self.refusal: Refusal | None = None
        account.asked[self] = None

    def may_be_for(self, order_id: str | None) -> bool:
        """Return whether it may be about an order; one that names none may be about any."""
        return self.order_id is None or order_id is None or self.order_id == order_id

    def use(self, amount: int) -> int:
        """Give up room for what the check was asked for; return how much."""
        used = min(self.room, amount)
        self.room -= used
        self.account.checks -= used
        self.account.asked[self] = None
        return used

    def forget_refusal(self) -> None:
        """Let a refusal be over."""
        self.refusal = None
        self.account.asked[self] = None


class PromiseNote(NamedTuple):
    """A promise to pay as it was made; `serial` tells which entries came before it.

    `owing` is, of one that names no invoice, all that may have been open at its instant.
    """

    promise_id: str
    event_id: str
    at: datetime
    account: Account
    serial: int
    amount: int
    promised_on: date
    invoice_ids: tuple[str, ...]
    owing: Owing | None


class Override(NamedTuple):
    """Somebody with the right to do so let something pass the credit gate."""

    override_id: str
    event_id: str
    at: datetime
    role: str
    reason: str
    amount: int | None
    currency: str | None
    order_id: str | None
    until: date | None


class Ignored(NamedTuple):
    """A fact, or part of it, that has no effect, and why."""

    event_id: str
    reason: str


class Deadline(NamedTuple):
    """An instant at which the books change by themselves; facts of that instant go first."""

    at: datetime
    serial: int
    target: Source | Check | None  # None: another credit policy begins
