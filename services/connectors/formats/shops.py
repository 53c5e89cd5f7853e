"""Messages of WooCommerce, Shopify and Stripe, as their webhooks bring them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from events.money import Money, UnknownCurrency, minor_digits
from events.texts import worded
from events.touchpoints.payment import PaymentReceived
from services.connectors.amounts import money
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.formats.orders import (
    Fact,
    Order,
    Refund,
    ShopReading,
    ShopSettings,
    refunded,
)

S = TypeVar("S", bound=Struct)

_TWO_DIGITS_AT_STRIPE = frozenset({"ISK", "UGX"})
"""Have none by ISO 4217; Stripe writes two, which are always 00."""


class _WooRefund(Struct):
    id: int
    total: str
    reason: str | None = None


class _WooOrder(Struct):
    id: int
    status: str
    currency: str
    total: str
    total_tax: str
    date_created_gmt: datetime
    date_modified_gmt: datetime
    date_paid_gmt: datetime | None = None
    customer_id: int = 0
    transaction_id: str = ""
    refunds: list[_WooRefund] = []


_DRAFTS_AT_WOO = frozenset({"checkout-draft", "auto-draft", "draft"})
"""Baskets that nobody has ordered yet."""


class WooCommerce:
    """Reads WooCommerce's order webhooks; instants are UTC, and a refund has none of its own."""

    format = "woocommerce"
    title = worded("orders of a WooCommerce shop, by webhook")
    settings: type[Struct] = ShopSettings

    def read(self, document: Document, feed: Feed) -> ShopReading:
        """Return what an order's message proves. Raises: DocumentRefused, UsageError."""
        settings = feed.settings_as(ShopSettings)
        topic = document.headers.get("x-wc-webhook-topic", "")
        if not topic.startswith("order.") or topic == "order.deleted":
            return ShopReading(feed, (), None, topic)
        one = _read(document, _WooOrder)
        if one.status in _DRAFTS_AT_WOO:
            return ShopReading(feed, (), None, topic)
        changed = _utc(one.date_modified_gmt)
        order = Order(
            shop=self.format,
            prefix="woo",
            order_id=str(one.id),
            amount=money(one.total, one.currency, "total"),
            tax=money(one.total_tax, one.currency, "total_tax"),
            placed_at=_utc(one.date_created_gmt),
            paid_at=None if one.date_paid_gmt is None else _utc(one.date_paid_gmt),
            reference=one.transaction_id,
            cancelled_at=changed if one.status == "cancelled" else None,
            cancelled_why="woocommerce: cancelled",
            refunds=tuple(
                Refund(
                    str(refund.id),
                    money(refund.total.removeprefix("-"), one.currency, "refunds.total"),
                    changed,
                    refund.reason or None,
                )
                for refund in one.refunds
            ),
        )
        return ShopReading(feed, order.facts(), settings.customer(str(one.customer_id)))


class _ShopifyCustomer(Struct):
    id: int


class _ShopifyTransaction(Struct):
    amount: str
    kind: str = ""
    status: str = ""
    currency: str = ""


class _ShopifyRefund(Struct):
    id: int
    created_at: datetime
    order_id: int | None = None
    note: str | None = None
    transactions: list[_ShopifyTransaction] = []


class _ShopifyOrder(Struct):
    id: int
    currency: str
    total_price: str
    created_at: datetime
    total_tax: str | None = None
    processed_at: datetime | None = None
    financial_status: str | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    customer: _ShopifyCustomer | None = None
    refunds: list[_ShopifyRefund] = []


_PAID_AT_SHOPIFY = frozenset({"paid", "partially_refunded", "refunded"})


class Shopify:
    """Reads Shopify's order webhooks; each bears the order whole, its refunds included."""

    format = "shopify"
    title = worded("orders of a Shopify shop, by webhook")
    settings: type[Struct] = ShopSettings

    def read(self, document: Document, feed: Feed) -> ShopReading:
        """Return what an order's message proves. Raises: DocumentRefused, UsageError."""
        settings = feed.settings_as(ShopSettings)
        topic = document.headers.get("x-shopify-topic", "")
        if not topic.startswith("orders/") or topic == "orders/delete":
            return ShopReading(feed, (), None, topic)
        one = _read(document, _ShopifyOrder)
        is_paid = one.financial_status in _PAID_AT_SHOPIFY
        order = Order(
            shop=self.format,
            prefix="shopify",
            order_id=str(one.id),
            amount=money(one.total_price, one.currency, "total_price"),
            tax=None if one.total_tax is None else money(one.total_tax, one.currency, "total_tax"),
            placed_at=_utc(one.created_at),
            paid_at=_utc(one.processed_at or one.created_at) if is_paid else None,
            cancelled_at=None if one.cancelled_at is None else _utc(one.cancelled_at),
            cancelled_why=f"shopify: {one.cancel_reason or 'cancelled'}",
            refunds=tuple(
                found
                for refund in one.refunds
                if (found := _of_shopify(refund, one.currency)) is not None
            ),
        )
        number = None if one.customer is None else str(one.customer.id)
        return ShopReading(feed, order.facts(), settings.customer(number))


def _of_shopify(refund: _ShopifyRefund, currency: str) -> Refund | None:
    """Return a refund by which money went back; None: goods alone."""
    paid = [
        money(one.amount, one.currency or currency, "refunds.transactions.amount")
        for one in refund.transactions
        if one.kind == "refund" and one.status == "success"
    ]
    if not paid:
        return None
    if len({one.currency for one in paid}) > 1:
        raise DocumentRefused("refunds.transactions: are in several currencies")
    total = Money(sum(one.minor for one in paid), paid[0].currency)
    return Refund(str(refund.id), total, _utc(refund.created_at), refund.note or None)


class _StripeObject(Struct):
    id: str
    amount: int
    currency: str
    created: int
    status: str = ""
    captured: bool = True  # false: the money is only reserved, and may never come
    amount_captured: int | None = None
    customer: str | None = None
    charge: str | None = None
    metadata: dict[str, str] = {}


class _StripeData(Struct):
    object: _StripeObject


class _StripeEvent(Struct):
    data: _StripeData


class Stripe:
    """Reads Stripe's events of charges and refunds; an order is the charge's metadata order_id."""

    format = "stripe"
    title = worded("charges and refunds of Stripe, by webhook")
    settings: type[Struct] = ShopSettings

    def read(self, document: Document, feed: Feed) -> ShopReading:
        """Return what an event proves. Raises: DocumentRefused, UsageError."""
        settings = feed.settings_as(ShopSettings)
        topic = _read(document, _StripeTopic).type
        if topic not in _STRIPE_TOPICS:
            return ShopReading(feed, (), None, topic)
        one = _read(document, _StripeEvent).data.object
        if one.status != "succeeded" or not one.captured:
            return ShopReading(feed, (), None, topic)
        charge = None if one.charge is None else f"stripe:{one.charge}"  # a refund names no payer
        customer = settings.customer(_payer(one))
        return ShopReading(feed, _of_stripe(topic, one), customer, topic, payment=charge)


class _StripeTopic(Struct):
    type: str


_STRIPE_TOPICS = frozenset(
    {"charge.succeeded", "charge.captured", "refund.created", "refund.updated"}
)


def _payer(one: _StripeObject) -> str | None:
    return one.customer or one.metadata.get("customer")


def _of_stripe(topic: str, one: _StripeObject) -> Sequence[Fact]:
    at, amount = datetime.fromtimestamp(one.created, UTC), _stripe_money(one)
    order = one.metadata.get("order_id")
    if topic.startswith("refund."):
        return refunded("stripe", order or one.charge or one.id, Refund(one.id, amount, at))[1:]
    payment = PaymentReceived(
        payment_id=f"stripe:{one.id}",
        amount=amount,
        order_ids=(order,) if order else (),
        bank_reference=one.id,
        method="stripe",
    )
    return [Fact(key=(one.id,), block="paid", at=at, data=payment)]


def _stripe_money(one: _StripeObject) -> Money:
    """Return an amount in the smallest unit of its currency. Raises: DocumentRefused."""
    currency = one.currency.upper()
    try:
        minor_digits(currency)
    except UnknownCurrency as error:
        raise DocumentRefused(f"data.object.currency: {error}") from error
    amount = one.amount if one.amount_captured is None else one.amount_captured
    if amount < 0:
        raise DocumentRefused("data.object.amount: is negative")
    if currency in _TWO_DIGITS_AT_STRIPE:
        if amount % 100:
            raise DocumentRefused(f"data.object.amount: {amount} is no whole {currency}")
        return Money(amount // 100, currency)
    return Money(amount, currency)


def _read(document: Document, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(document.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DocumentRefused(f"{document.name}: {error}") from error


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
