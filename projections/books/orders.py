"""What orders, credit limits, checks and overrides do to the exposure.

An approved check reserves room until the instant it names, else for the hours of the policy in
force when it was made. The room is given up when what was asked for happens, so that nothing
is counted twice: a check for an order by the next order placed, one for a shipment by the next
delivery or invoice, one for an invoice by the next invoice, each up to its amount. One that names
its order is given up for that order alone, by whichever of them comes first, and reserves only
what the order is not exposure for already. A newer check of the same order replaces the older.

A refusal reserves nothing. It stands until another check for the same purpose, and of no other
order, decides about as much or more, or until what was asked for happens all the same. Of an
order that both name, the newer check is the answer, whatever its purpose and amount.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from events.touchpoints.base import Touchpoint
from events.touchpoints.order import GoodsReturned, OrderCancelled, OrderDelivered, OrderPlaced
from events.touchpoints.payment import (
    CreditChecked,
    CreditLimitSet,
    CreditNoteIssued,
    CreditOverrideGranted,
)
from projections.books.account import Account
from projections.books.commitments import Check, Order, Override, Refusal
from projections.books.credit_notes import follow_cancellation, meet
from projections.books.ledger import Ledger


def order_placed(book: Ledger, data: OrderPlaced) -> None:
    """Count an order as exposure until it is invoiced, returned or cancelled."""
    order_id = data.order_id
    if not book.take("order", order_id):
        return
    account = book.account(data.amount.currency)
    order = Order(order_id, book.event_id, book.now, account, data.amount.minor)
    order.lines = data.lines
    order.cancelled = order_id in book.cancelled_orders
    book.orders[order_id] = order
    for event in book.unseen.pop(("return", order_id), ()):
        assert isinstance(event.data, GoodsReturned)
        order.returned += _returned(book, order, event.data)
    order.refresh(book.billed_of(order))
    if order_id in book.delivered_orders:
        order.deliver(book.delivered_orders.pop(order_id))
    if book.open_checks or book.refusals:
        book.use_checks(("order",), account, order_id, order.amount)
    current = book.event
    for event in book.unseen.pop(("order", order_id), ()):
        assert isinstance(event.data, CreditNoteIssued)
        book.event = event
        meet(book, event.data)
    book.event = current


def order_delivered(book: Ledger, data: OrderDelivered) -> None:
    """End the room reserved for the shipment: the order itself is already exposure."""
    order = book.orders.get(data.order_id)
    if order is None:
        book.delivered_orders.setdefault(data.order_id, book.now)
        return
    order.deliver(book.now)
    if book.open_checks or book.refusals:
        book.use_checks(("shipment",), order.account, data.order_id, order.amount)


def order_cancelled(book: Ledger, data: OrderCancelled) -> None:
    """Let an order be exposure no more, and release what was reserved for its invoice."""
    book.cancelled_orders.add(data.order_id)
    order = book.orders.get(data.order_id)
    if order is not None:
        order.cancelled = True
        order.refresh(book.billed_of(order))
        follow_cancellation(book, order)
    for source in book.awaited.pop(("order", data.order_id), ()):
        if source.reserved and not book.still_awaits(source):
            book.release(source)


def goods_returned(book: Ledger, data: GoodsReturned) -> None:
    """Lower what is still to be invoiced of an order; money back is a credit note's matter."""
    if not book.take("return", data.return_id):
        return
    order = book.orders.get(data.order_id)
    if order is None:
        book.unseen.setdefault(("return", data.order_id), []).append(book.event)
        return
    order.returned += _returned(book, order, data)
    order.refresh(book.billed_of(order))


def _returned(book: Ledger, order: Order, data: GoodsReturned) -> int:
    """The amount given, else that of the lines named, else all of the order."""
    currency = order.account.currency
    if data.amount is not None:
        if data.amount.currency == currency:
            return data.amount.minor
        book.ignore("other_currency")
        return 0
    if data.line_ids:
        named = set(data.line_ids)
        return sum(
            line.amount.minor
            for line in order.lines
            if line.line_id in named and line.amount.currency == currency
        )
    return order.amount


def credit_limit_set(book: Ledger, data: CreditLimitSet) -> None:
    """Limit the exposure in the limit's currency from now on."""
    book.account(data.limit.currency).limit = data.limit.minor
    book.limited = True


def credit_checked(book: Ledger, data: CreditChecked) -> None:
    """Reserve room for what the gate approved; a refusal reserves nothing and waits."""
    if not book.take("check", data.check_id):
        return
    account = book.account(data.amount.currency)
    if data.order_id is not None:
        _replace_checks(book, data.order_id)
    _answer_refusals(book, account, data)
    until = data.reserved_until
    if until is None:
        hours = book.rules.credit_policy(book.now).check_reservation_hours
        until = book.now + timedelta(hours=hours)
    room = _added(book, account, data) if data.approved and until >= book.now else 0
    check = Check(
        data.check_id, book.event_id, book.now, account, data.purpose, data.order_id, room, until
    )
    book.checks.append(check)
    if not data.approved:
        check.refusal = Refusal(
            amount=data.amount.minor,
            reason=data.reason,
            exposure=data.exposure.minor,
            limit=data.limit.minor if data.limit else None,
            days_overdue=data.days_overdue,
        )
        book.refusals.append(check)
    elif room:
        account.checks += room
        book.open_checks.append(check)
        book.schedule(until, check)


def _replace_checks(book: Ledger, order_id: str) -> None:
    """Let what earlier checks of an order reserved or refused be over."""
    for check in book.open_checks:
        if check.order_id == order_id:
            check.use(check.room)
    for check in book.refusals:
        if check.order_id == order_id:
            check.forget_refusal()
    book.forget_closed_checks()


def _added(book: Ledger, account: Account, data: CreditChecked) -> int:
    """Return what comes on top of what the order that a check names is exposure for already."""
    order = book.orders.get(data.order_id) if data.order_id is not None else None
    known = order.unbilled if order is not None and order.account is account else 0
    return max(0, data.amount.minor - known)


def _answer_refusals(book: Ledger, account: Account, data: CreditChecked) -> None:
    """Let refusals of no more than is asked for now be over: this check decides."""
    for check in book.refusals:
        refusal = check.refusal
        assert refusal is not None
        alike = check.account is account and check.purpose == data.purpose
        alike = alike and check.may_be_for(data.order_id)
        if alike and refusal.amount <= data.amount.minor:
            check.forget_refusal()
    book.forget_closed_checks()


def credit_override_granted(book: Ledger, data: CreditOverrideGranted) -> None:
    """Note that somebody let something pass the gate, in which role and why."""
    if not book.take("override", data.override_id):
        return
    book.overrides.append(
        Override(
            override_id=data.override_id,
            event_id=book.event_id,
            at=book.now,
            role=data.role,
            reason=data.reason,
            amount=data.amount.minor if data.amount else None,
            currency=data.amount.currency if data.amount else None,
            order_id=data.order_id,
            until=data.until,
        )
    )
    for order in book.orders.values():
        if order.unbilled:
            order.account.asked[order] = None
    for check in (*book.refusals, *book.open_checks):
        check.account.asked[check] = None


HANDLERS: dict[type[Touchpoint], Callable[[Ledger, Any], None]] = {
    OrderPlaced: order_placed,
    OrderDelivered: order_delivered,
    OrderCancelled: order_cancelled,
    GoodsReturned: goods_returned,
    CreditLimitSet: credit_limit_set,
    CreditChecked: credit_checked,
    CreditOverrideGranted: credit_override_granted,
}
