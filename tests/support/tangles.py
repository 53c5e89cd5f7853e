"""Streams in which notes, write-offs, refunds, returns and reversals meet on a few debts.

Few identifiers and amounts, drawn so that most facts have something to act on: what random
streams of everything seldom do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from hypothesis import strategies as st

from events.facts import Fact, fact_of
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.order import GoodsReturned, OrderCancelled, OrderPlaced
from events.touchpoints.payment import (
    CreditNoteIssued,
    DebtWrittenOff,
    DisputeSettled,
    InvoiceAmended,
    InvoiceCancelled,
    InvoiceDisputed,
    InvoiceIssued,
    PaymentReceived,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
    RefundPaid,
)
from tests.support.given import Told, instant, recorded_events

FIRST = instant("2026-02-02 09:00")
ORDERS = ("O1", "O2")
INVOICES = ("I1", "I2")


def _money(dice: Random) -> Money:
    return Money(25 * dice.choice([0, 1, 2, 3, 4, 4, 6, 8]), "CNY")


def _numbered(dice: Random, kind: str) -> str:
    return f"{kind}{dice.randint(1, 12)}"


def _debt(dice: Random) -> Touchpoint:
    order_id = dice.choice(ORDERS)
    if dice.random() < 0.4:
        return OrderPlaced(order_id=order_id, amount=_money(dice), cost_of_goods=_money(dice))
    return InvoiceIssued(
        invoice_id=dice.choice(INVOICES),
        amount=_money(dice),
        due_on=date(2026, 2, dice.randint(3, 28)),
        order_id=dice.choice([None, order_id]),
    )


def _payment(dice: Random) -> Touchpoint:
    return PaymentReceived(
        payment_id=_numbered(dice, "P"),
        amount=_money(dice),
        invoice_ids=dice.choice([(), (dice.choice(INVOICES),), INVOICES]),
        order_ids=dice.choice([(), (dice.choice(ORDERS),), ORDERS]),
    )


def _note(dice: Random) -> Touchpoint:
    named = dice.choice(["customer", "invoice", "order"])
    return CreditNoteIssued(
        credit_note_id=_numbered(dice, "N"),
        amount=_money(dice),
        invoice_id=dice.choice(INVOICES) if named == "invoice" else None,
        order_id=dice.choice(ORDERS) if named == "order" else None,
    )


def _other(dice: Random) -> Touchpoint:
    invoice_id = dice.choice(INVOICES)
    order_id = dice.choice(ORDERS)
    payment_id = _numbered(dice, "P")
    return dice.choice(
        [
            GoodsReturned(return_id=_numbered(dice, "G"), order_id=order_id, amount=_money(dice)),
            PaymentReversed(payment_id=payment_id),
            PaymentReversed(payment_id=payment_id),
            PaymentRejectedAsDuplicate(payment_id=payment_id),
            InvoiceAmended(invoice_id=invoice_id, amount=_money(dice)),
            InvoiceCancelled(invoice_id=invoice_id),
            OrderCancelled(order_id=order_id),
            InvoiceDisputed(dispute_id="D", invoice_id=invoice_id),
            DisputeSettled(dispute_id="D", invoice_id=invoice_id),
        ]
    )


def _fact(dice: Random) -> Touchpoint:
    """Draw what happens next, as often as it takes to get into a tangle."""
    kind = dice.choices(
        ["debt", "payment", "note", "write_off", "refund", "other"], [20, 25, 18, 10, 9, 25]
    )[0]
    match kind:
        case "debt":
            return _debt(dice)
        case "payment":
            return _payment(dice)
        case "note":
            return _note(dice)
        case "write_off":
            return DebtWrittenOff(invoice_id=dice.choice(INVOICES), amount=_money(dice))
        case "refund":
            return RefundPaid(refund_id=_numbered(dice, "R"), amount=_money(dice))
        case _:
            return _other(dice)


def _cash_fact(dice: Random) -> Touchpoint:
    """Draw what happens to a customer of whom hardly more than payments is told."""
    payment_id = _numbered(dice, "P")
    match dice.choices(["payment", "note", "refund", "reversal", "order"], [45, 25, 15, 10, 5])[0]:
        case "payment":
            order_ids = dice.choice([(), (), ORDERS[:1]])
            return PaymentReceived(payment_id=payment_id, amount=_money(dice), order_ids=order_ids)
        case "note":
            return CreditNoteIssued(credit_note_id=_numbered(dice, "N"), amount=_money(dice))
        case "refund":
            return RefundPaid(refund_id=_numbered(dice, "R"), amount=_money(dice))
        case "reversal":
            return PaymentReversed(payment_id=payment_id)
        case _:
            return OrderPlaced(order_id=ORDERS[0], amount=_money(dice), cost_of_goods=_money(dice))


def tangled(dice: Random) -> Sequence[Fact]:
    """Return facts in turn, some of one instant, over a few days."""
    facts = []
    draw = _cash_fact if dice.random() < 0.25 else _fact
    at = FIRST
    for n in range(dice.randint(6, 20)):
        at += timedelta(hours=dice.choice([0, 1, 1, 5, 30]))
        facts.append(Told(draw(dice), at, event=f"fact {n}"))
    return [fact_of(event) for event in recorded_events(facts)]


tangles = st.integers(0, 2**32).map(lambda seed: tangled(Random(seed)))
