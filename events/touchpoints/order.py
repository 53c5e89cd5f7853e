"""Touchpoints of an order's life."""

from typing import ClassVar

from msgspec import Struct

from events.money import Money
from events.touchpoints.base import Count, Key, Text, Touchpoint


class OrderLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Part of an order: what, how many, for how much."""

    line_id: Key
    quantity: Count
    amount: Money


class OrderPlaced(Touchpoint, frozen=True, kw_only=True):
    """The customer ordered. `amount` is what will be invoiced, tax included.

    An unknown cost of goods counts as 0 in the customer's value.
    """

    event_type: ClassVar[str] = "order.placed"
    order_id: Key
    amount: Money
    tax: Money | None = None
    cost_of_goods: Money | None = None
    discount: Money | None = None
    freight_borne: Money | None = None
    channel: Text | None = None
    category: Text | None = None
    quantity: Count | None = None
    lines: tuple[OrderLine, ...] = ()


class OrderDelivered(Touchpoint, frozen=True, kw_only=True):
    """The goods reached the customer."""

    event_type: ClassVar[str] = "order.delivered"
    order_id: Key


class OrderCancelled(Touchpoint, frozen=True, kw_only=True):
    """The order will not be carried out."""

    event_type: ClassVar[str] = "order.cancelled"
    order_id: Key
    reason: Text | None = None


class GoodsReturned(Touchpoint, frozen=True, kw_only=True):
    """Goods came back: all of the order, some lines, or goods of an amount."""

    event_type: ClassVar[str] = "order.goods_returned"
    return_id: Key
    order_id: Key
    amount: Money | None = None
    line_ids: tuple[Key, ...] = ()
    reason: Text | None = None


TYPES = (OrderPlaced, OrderDelivered, OrderCancelled, GoodsReturned)
