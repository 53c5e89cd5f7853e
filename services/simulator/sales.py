"""Orders, deliveries and invoices; what is cancelled, sent back, amended or contested."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from math import exp, log

from events.calendars import local_day
from events.money import Money
from events.touchpoints.order import GoodsReturned, OrderCancelled, OrderDelivered, OrderPlaced
from events.touchpoints.payment import (
    CreditChecked,
    CreditNoteIssued,
    CreditOverrideGranted,
    InvoiceAmended,
    InvoiceCancelled,
    InvoiceIssued,
)
from services.simulator.chasing import chase_from, dispute
from services.simulator.company import COSTS
from services.simulator.customers import Customer, Invoice, Margin
from services.simulator.paying import pay_order_ahead, plan_payment
from services.simulator.seasons import PEAK, demand
from services.simulator.service import complain
from services.simulator.world import World

CATEGORIES = ("空调", "电视", "冰箱", "洗衣机", "厨电", "热水器", "配件")
CHANNELS = ("store", "phone", "web", "field")
_TAX_SHARE = 13  # per cent value-added tax, included in every price


def next_order(world: World, customer: Customer, after: datetime) -> None:
    """Let the customer order when its need, the season and its luck want it."""
    dice = customer.dice
    days = 0.0
    while True:
        days -= log(1.0 - dice.random()) * 365.0 / (customer.orders_a_year * PEAK)
        day = local_day(after + timedelta(days=days), customer.tz)
        if dice.random() * PEAK < demand(day):
            break
    world.on(customer, day, after + timedelta(hours=1), partial(order, world, customer))


def order(world: World, customer: Customer, when: datetime) -> None:
    """Place an order and let what follows from it happen."""
    dice = customer.dice
    if customer.fails_from is not None and when > customer.fails_from + timedelta(days=45):
        return  # the branch delivers no more
    next_order(world, customer, when)
    code, currency = customer.branch.branch_id, customer.branch.currency
    minor = max(5_000, int(customer.typical_minor * exp(dice.gauss(0.0, 0.5))) // 100 * 100)
    order_id = world.number(f"{code}-O")
    kept_back = _kept_back(world, customer)
    if minor > 2 * customer.typical_minor and customer.segment.kind == "company":
        _check_credit(world, customer, when, minor)
        when += timedelta(minutes=4)
    tax, goods = minor * _TAX_SHARE // (100 + _TAX_SHARE), int(minor * dice.uniform(0.55, 0.82))
    placed = OrderPlaced(
        order_id=order_id,
        amount=Money(minor, currency),
        tax=Money(tax, currency),
        cost_of_goods=Money(goods, currency),
        freight_borne=Money(int(minor * 0.012), currency) if dice.random() < 0.4 else None,
        channel=dice.choice(CHANNELS),
        category=dice.choice(CATEGORIES),
    )
    world.tell(customer, "sales", when, placed, kept_back=kept_back)
    customer.unbilled_minor += minor
    customer.margins[order_id] = Margin(minor, minor - tax - goods)
    customer.earn(when, COSTS.per_order, -1)
    customer.earn(when, placed.freight_borne, -1)
    if dice.random() < 0.02:
        world.in_days(customer, when, 1.0, partial(_cancel, world, customer, order_id, minor))
        return
    if customer.habit == "prepays" and not kept_back:
        pay_order_ahead(world, customer, order_id, minor, when)
    wait = dice.uniform(1.0, 6.0)
    world.in_days(
        customer, when, wait, partial(_deliver, world, customer, order_id, minor, kept_back)
    )


def _kept_back(world: World, customer: Customer) -> timedelta:
    """Return how long ago a paper order keyed in only now was made; only live, now and then."""
    if not world.live or customer.dice.random() > 0.10:
        return timedelta(0)
    return timedelta(days=customer.dice.randrange(20, 95))


def _cancel(world: World, customer: Customer, order_id: str, minor: int, when: datetime) -> None:
    customer.unbilled_minor -= minor
    world.tell(customer, "sales", when, OrderCancelled(order_id=order_id, reason="customer_wish"))


def _deliver(
    world: World,
    customer: Customer,
    order_id: str,
    minor: int,
    kept_back: timedelta,
    when: datetime,
) -> None:
    world.tell(customer, "logistics", when, OrderDelivered(order_id=order_id), kept_back=kept_back)
    wait = 0.0 if customer.dice.random() < 0.7 else 1.0
    world.in_days(
        customer, when, wait, partial(_invoice, world, customer, order_id, minor, kept_back)
    )
    if customer.dice.random() < 0.19 * (1.15 - customer.branch.care):
        world.in_days(customer, when, 2.0, partial(complain, world, customer, order_id))


def _invoice(
    world: World,
    customer: Customer,
    order_id: str,
    minor: int,
    kept_back: timedelta,
    when: datetime,
) -> None:
    if any(known.order_id == order_id for known in customer.invoices.values()):
        return  # an earlier live session has invoiced it
    dice, currency = customer.dice, customer.branch.currency
    terms = timedelta(days=dice.choice(customer.segment.terms_days))
    due = local_day(when, customer.tz) + terms
    invoice = Invoice(
        invoice_id=world.number(f"{customer.branch.branch_id}-I"),
        order_id=order_id,
        amount_minor=minor,
        open_minor=minor,
        due_on=world.told(due) - kept_back,
    )
    customer.invoices[invoice.invoice_id] = invoice
    customer.unbilled_minor -= minor
    issued = InvoiceIssued(
        invoice_id=invoice.invoice_id,
        amount=Money(minor, currency),
        due_on=invoice.due_on,
        order_id=order_id,
        tax=Money(minor * _TAX_SHARE // (100 + _TAX_SHARE), currency),
    )
    world.tell(customer, "finance", when, issued, kept_back=kept_back)
    chase_from(world, customer, invoice, due, when)
    plan_payment(world, customer, invoice, due, when)
    _second_thoughts(world, customer, invoice, when)


def _second_thoughts(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    """Let some invoices be contested, credited, amended or cancelled."""
    dice, chance = customer.dice, customer.dice.random()
    if chance < 0.020:
        after, action = dice.uniform(3.0, 20.0), partial(dispute, world, customer, invoice)
    elif chance < 0.045:
        after, action = dice.uniform(2.0, 15.0), partial(_credit, world, customer, invoice)
    elif chance < 0.051:
        after, action = dice.uniform(2.0, 10.0), partial(_amend, world, customer, invoice)
    elif chance < 0.055:
        after, action = dice.uniform(0.1, 3.0), partial(_cancel_invoice, world, customer, invoice)
    else:
        return
    world.in_days(customer, when, after, action)


def _credit(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    minor = min(invoice.open_minor, invoice.amount_minor * customer.dice.randrange(5, 35) // 100)
    if minor <= 0:
        return
    amount, returned = Money(minor, customer.branch.currency), customer.dice.random() < 0.5
    if returned:
        goods = GoodsReturned(
            return_id=world.number(f"{customer.branch.branch_id}-R"),
            order_id=invoice.order_id,
            amount=amount,
            reason="damaged",
        )
        world.tell(customer, "logistics", when, goods)
    note = CreditNoteIssued(
        credit_note_id=world.number(f"{customer.branch.branch_id}-N"),
        amount=amount,
        invoice_id=invoice.invoice_id,
        reason="goods_returned" if returned else "price_adjustment",
    )
    world.tell(customer, "finance", when + timedelta(minutes=20), note)
    invoice.open_minor -= minor


def _amend(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    if invoice.open_minor <= 0:
        return
    invoice.due_on += timedelta(days=15)
    amended = InvoiceAmended(
        invoice_id=invoice.invoice_id, due_on=invoice.due_on, reason="late_delivery"
    )
    world.tell(customer, "finance", when, amended)


def _cancel_invoice(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    if invoice.open_minor < invoice.amount_minor:
        return
    invoice.open_minor, invoice.closed = 0, True
    world.tell(
        customer, "finance", when,
        InvoiceCancelled(invoice_id=invoice.invoice_id, reason="wrong_recipient"),
    )  # fmt: skip


def _check_credit(world: World, customer: Customer, when: datetime, minor: int) -> None:
    """Ask the credit gate for an unusual order, as the branch's books see it."""
    code, currency = customer.branch.branch_id, customer.branch.currency
    owed = sum(invoice.open_minor for invoice in customer.invoices.values())
    exposure = max(0, owed + customer.unbilled_minor - customer.credit_minor)
    approved = customer.limit_minor is None or exposure + minor <= customer.limit_minor
    checked = CreditChecked(
        check_id=world.number(f"{code}-CK"),
        purpose="order",
        amount=Money(minor, currency),
        exposure=Money(exposure, currency),
        approved=approved,
        reason=None if approved else "limit_exceeded",
        reserved_until=world.told_instant(when) + timedelta(hours=24) if approved else None,
    )
    world.tell(customer, "sales", when, checked)
    if not approved:
        override = CreditOverrideGranted(
            override_id=world.number(f"{code}-OV"),
            role="branch_manager",
            reason="long_standing_customer",
            amount=Money(minor, currency),
        )
        world.tell(customer, "finance", when + timedelta(minutes=2), override)
