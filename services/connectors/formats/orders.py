"""Orders of shops: each message shows a state, and all that the state proves is made.

Messages come in any order and again. From whichever shows it first comes that the order was placed,
paid, cancelled or refunded; nothing waits for an earlier message, and no later one undoes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from events.derived_ids import derived_id
from events.money import Money
from events.texts import worded
from events.touchpoints.base import Touchpoint
from events.touchpoints.order import OrderCancelled, OrderPlaced
from events.touchpoints.payment import CreditNoteIssued, PaymentReceived, RefundPaid
from services.connectors.document import Feed
from services.connectors.identity import event_of
from services.connectors.ports import Directory, Made, MadeEvent, NotMade, Questions
from services.connectors.texts import plain

SAYS_IT = worded("the message shows it")
SEEN = worded("recorded before")
OTHER_TOPIC = worded("a kind of message that nothing is made of")
NO_CUSTOMER = worded(
    "the shop's customer is nobody's here: give it in the feed's setting customers, or a "
    "customer_prefix for all"
)


class ShopSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose the shop's customers are: each by name, or all by the shop's number behind a prefix."""

    customers: Mapping[str, str] = {}
    customer_prefix: str = ""

    def customer(self, number: str | None) -> str | None:
        """Return the customer of a shop's number; None: a guest, or nobody known."""
        if not number or number == "0":
            return None
        known = self.customers.get(number)
        return known or (f"{self.customer_prefix}{number}" if self.customer_prefix else None)


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that a message proves."""

    key: tuple[str, ...]
    block: str
    at: datetime
    data: Touchpoint


class Refund(Struct, frozen=True):
    """Money that a shop paid back on an order."""

    refund_id: str
    amount: Money
    at: datetime
    reason: str | None = None


class Order(Struct, frozen=True, kw_only=True):
    """An order as a message shows it; None: it has not come to that."""

    shop: str  # woocommerce, shopify
    prefix: str  # before its number, in ids of payments and refunds
    order_id: str
    amount: Money
    tax: Money | None
    placed_at: datetime
    paid_at: datetime | None = None
    paid: Money | None = None
    reference: str | None = None
    cancelled_at: datetime | None = None
    cancelled_why: str | None = None
    refunds: tuple[Refund, ...] = ()

    def facts(self) -> Sequence[Fact]:
        """Return all that the state proves."""
        key = (self.order_id,)
        placed = OrderPlaced(
            order_id=self.order_id, amount=self.amount, tax=self.tax, channel=self.shop
        )
        found = [Fact(key=key, block="placed", at=self.placed_at, data=placed)]
        if self.paid_at is not None:
            payment = PaymentReceived(
                payment_id=f"{self.prefix}:{self.order_id}",
                amount=self.paid or self.amount,
                order_ids=(self.order_id,),
                bank_reference=self.reference or None,
                method=self.shop,
            )
            found.append(Fact(key=key, block="paid", at=self.paid_at, data=payment))
        if self.cancelled_at is not None:
            cancelled = OrderCancelled(order_id=self.order_id, reason=self.cancelled_why)
            found.append(Fact(key=key, block="cancelled", at=self.cancelled_at, data=cancelled))
        for refund in self.refunds:
            found += refunded(self.prefix, self.order_id, refund)
        return found


def refunded(prefix: str, order_id: str, refund: Refund) -> list[Fact]:
    """Return what a refund proves: the order is owed less, and the money went back."""
    key, named = (order_id, refund.refund_id), f"{prefix}:{order_id}:{refund.refund_id}"
    note = CreditNoteIssued(
        credit_note_id=named, amount=refund.amount, order_id=order_id, reason=refund.reason
    )
    paid = RefundPaid(refund_id=named, amount=refund.amount)
    return [
        Fact(key=key, block="credited", at=refund.at, data=note),
        Fact(key=key, block="refunded", at=refund.at, data=paid),
    ]


class ShopReading:
    """What one message of a shop proves of one customer; nothing, where nobody reads its topic."""

    controls: Sequence[str] = ()

    def __init__(
        self,
        feed: Feed,
        facts: Sequence[Fact],
        customer: str | None,
        topic: str = "",
        payment: str | None = None,
    ) -> None:
        """Take facts of a customer; without one, of whoever made a payment that they name."""
        self._feed = feed
        self._facts = facts
        self._customer = customer
        self._topic = topic
        self._payment = payment if customer is None else None

    @property
    def lines(self) -> int:
        """Return how many facts there are; one, where there is none to say so."""
        return len(self._facts) or 1

    def asks(self, start: int, stop: int) -> Questions:
        """Return the ids that may have been recorded before, and whose payment it is about."""
        return Questions(
            ids=frozenset(self._id(one) for one in self._facts[start:stop]),
            references=frozenset() if self._payment is None else frozenset({plain(self._payment)}),
        )

    def made(self, start: int, stop: int, directory: Directory) -> Made:
        """Return the touchpoints of these facts."""
        if not self._facts:
            return Made(ignored=[NotMade(key=(self._topic or "-",), why=OTHER_TOPIC)])
        customer = self._whose(directory)
        events, seen, refused = [], [], []
        for one in self._facts[start:stop]:
            if self._id(one) in directory.seen:
                seen.append(NotMade(key=one.key, why=SEEN))
            elif customer is None and not isinstance(one.data, OrderPlaced | OrderCancelled):
                refused.append(NotMade(key=one.key, why=NO_CUSTOMER))
            else:
                events.append(self._made(one, customer))
        return Made(events=events, seen=seen, refused=refused)

    def _whose(self, directory: Directory) -> str | None:
        if self._payment is None:
            return self._customer
        named = directory.named.get(plain(self._payment), ())
        payers = [one for one in named if one.kind == "payment"]
        return payers[0].customer if len({one.head for one in payers}) == 1 else None

    def _made(self, one: Fact, customer: str | None) -> MadeEvent:
        event = event_of(self._feed, one.key, one.block, one.data, at=one.at, subject=customer)
        return MadeEvent(key=one.key, block=one.block, event=event, because=SAYS_IT)

    def _id(self, one: Fact) -> str:
        return derived_id(self._feed.source, one.key, one.block)
