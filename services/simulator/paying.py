"""How customers pay: on time, late, in parts, too much, twice, or not at all."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from events.money import Money
from events.touchpoints.payment import (
    PaymentConfirmedGenuine,
    PaymentReceived,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
    RefundPaid,
)
from services.simulator.customers import Customer, Habit, Invoice
from services.simulator.seasons import workday
from services.simulator.world import World

# Days from the due date to the payment: the earliest, the usual and the latest.
_LATENESS: dict[Habit, tuple[float, float, float]] = {
    "prompt": (-14.0, -2.0, 3.0),
    "late": (1.0, 16.0, 46.0),
    "slow": (15.0, 45.0, 150.0),
    "partial": (-5.0, 4.0, 20.0),
    "overpays": (-10.0, 0.0, 6.0),
    "bounces": (-6.0, 0.0, 8.0),
    "prepays": (-8.0, 0.0, 5.0),
    "fails": (-10.0, 2.0, 15.0),
}
_METHODS = ("bank_transfer", "bank_transfer", "bank_transfer", "cheque", "wechat", "alipay")


def plan_payment(
    world: World, customer: Customer, invoice: Invoice, due: date, when: datetime
) -> None:
    """Let the customer pay an invoice as it is used to."""
    lowest, usual, highest = _LATENESS[customer.habit]
    days = customer.dice.triangular(lowest, highest, usual)
    day = workday(due + timedelta(days=round(days)))
    world.on(customer, day, when + timedelta(hours=2), partial(pay, world, customer, invoice))


def pay_order_ahead(
    world: World, customer: Customer, order_id: str, minor: int, when: datetime
) -> None:
    """Let the customer pay part of an order before anybody has invoiced it."""
    part = minor * customer.dice.choice((30, 50)) // 100
    world.in_days(
        customer, when, 0.5, partial(_receive, world, customer, part, (), (order_id,), None)
    )
    customer.credit_minor += part


def pay(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    """Pay what is open of an invoice, as far as the customer's habit goes."""
    dice = customer.dice
    if invoice.open_minor <= 0 or invoice.closed:
        return
    if customer.fails_from is not None and when > customer.fails_from:
        return
    if invoice.disputed:
        world.in_days(customer, when, 9.0, partial(pay, world, customer, invoice))
        return
    used = min(customer.credit_minor, invoice.open_minor)
    customer.credit_minor -= used
    invoice.open_minor -= used
    minor = invoice.open_minor
    if minor == 0:
        return
    if customer.habit == "partial" and minor > invoice.amount_minor // 2:
        minor = max(1, minor * dice.randrange(40, 75) // 100)
        rest = dice.uniform(10.0, 55.0)
        world.in_days(customer, when, rest, partial(pay, world, customer, invoice))
    invoice.open_minor -= minor
    over = 0
    if customer.habit == "overpays" and dice.random() < 0.5:
        over = max(100, minor * dice.randrange(2, 25) // 100)
        customer.credit_minor += over
        if dice.random() < 0.4:
            world.in_days(
                customer, when, dice.uniform(20.0, 60.0), partial(_refund, world, customer)
            )
    invoice_ids, order_ids = _citation(world, customer, invoice)
    _receive(world, customer, minor + over, invoice_ids, order_ids, invoice, when)


def _citation(
    world: World, customer: Customer, invoice: Invoice
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the invoices and orders that the payer names; a few name one that nobody knows."""
    chance = customer.dice.random()
    if chance < 0.80:
        return (invoice.invoice_id,), ()
    if chance < 0.90:
        return (), ()
    if chance < 0.98:
        return (), (invoice.order_id,)
    return (), (f"{customer.branch.branch_id}-X-{customer.dice.randrange(10**5):05d}",)


def _receive(
    world: World,
    customer: Customer,
    minor: int,
    invoice_ids: tuple[str, ...],
    order_ids: tuple[str, ...],
    invoice: Invoice | None,
    when: datetime,
) -> None:
    dice, code = customer.dice, customer.branch.branch_id
    payment = PaymentReceived(
        payment_id=world.number(f"{code}-P"),
        amount=Money(minor, customer.branch.currency),
        invoice_ids=invoice_ids,
        order_ids=order_ids,
        bank_reference=f"{code}{dice.randrange(10**12):012d}",
        method=dice.choice(_METHODS),
    )
    world.tell(customer, "finance", when, payment)
    paid = invoice.order_id if invoice is not None else next(iter(order_ids), "")
    customer.collect(when, paid, minor)
    if customer.habit == "bounces" and invoice is not None and dice.random() < 0.35:
        world.in_days(
            customer, when, dice.uniform(2.0, 9.0),
            partial(_bounce, world, customer, invoice, payment.payment_id, minor),
        )  # fmt: skip
    elif dice.random() < 0.01:
        world.in_days(customer, when, 0.3, partial(_report_again, world, customer, payment))


def _bounce(
    world: World, customer: Customer, invoice: Invoice, payment_id: str, minor: int, when: datetime
) -> None:
    world.tell(
        customer, "finance", when,
        PaymentReversed(payment_id=payment_id, reason="insufficient_funds"),
    )  # fmt: skip
    customer.collect(when, invoice.order_id, minor, -1)
    if not invoice.closed:
        invoice.open_minor = min(invoice.amount_minor, invoice.open_minor + minor)
        again = customer.dice.uniform(8.0, 35.0)
        world.in_days(customer, when, again, partial(pay, world, customer, invoice))


def _report_again(
    world: World, customer: Customer, payment: PaymentReceived, when: datetime
) -> None:
    """Report a payment a second time under another number; mostly it turns out to be one."""
    again = PaymentReceived(
        payment_id=world.number(f"{customer.branch.branch_id}-P"),
        amount=payment.amount,
        bank_reference=payment.bank_reference,
        method="bank_transfer",
    )
    world.tell(customer, "sales", when, again)
    chance = customer.dice.random()
    if chance < 0.80:
        verdict = partial(_reject, world, customer, again.payment_id)
    elif chance < 0.95:
        verdict = partial(_confirm, world, customer, again)
    else:
        return
    world.in_days(customer, when, customer.dice.uniform(0.5, 6.0), verdict)


def _reject(world: World, customer: Customer, payment_id: str, when: datetime) -> None:
    world.tell(customer, "finance", when, PaymentRejectedAsDuplicate(payment_id=payment_id))


def _confirm(world: World, customer: Customer, payment: PaymentReceived, when: datetime) -> None:
    world.tell(customer, "finance", when, PaymentConfirmedGenuine(payment_id=payment.payment_id))
    customer.credit_minor += payment.amount.minor


def _refund(world: World, customer: Customer, when: datetime) -> None:
    if customer.credit_minor < 10_000:
        return
    refund = RefundPaid(
        refund_id=world.number(f"{customer.branch.branch_id}-F"),
        amount=Money(customer.credit_minor, customer.branch.currency),
    )
    customer.credit_minor = 0
    world.tell(customer, "finance", when, refund)
