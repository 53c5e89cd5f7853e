"""How branches chase money: notices, letters, promises, disputes, collection, write-off."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from events.calendars import local_day
from events.money import Money
from events.touchpoints.payment import (
    CreditNoteIssued,
    DebtWrittenOff,
    DisputeSettled,
    DunningHeld,
    DunningNoticeSent,
    HandedToCollection,
    InvoiceDisputed,
    PromiseMade,
)
from services.simulator.customers import Customer, Invoice
from services.simulator.paying import pay
from services.simulator.people import person
from services.simulator.world import World

# Days past due from which each level may go out, as the default dunning policy has it.
_FROM_DAYS_PAST_DUE = {0: -3, 1: 10, 2: 30, 3: 40}
_LEVEL_3_AFTER_LEVEL_2 = 10
_CHANNELS = ("letter", "sms", "mail", "phone")


def chase_from(
    world: World, customer: Customer, invoice: Invoice, due: date, when: datetime
) -> None:
    """Let the branch remind of an invoice and, should it stay open, dun it."""
    for level in (0, 1):
        day = due + timedelta(days=_FROM_DAYS_PAST_DUE[level])
        after = when + timedelta(minutes=30)
        world.on(customer, day, after, partial(_chase, world, customer, invoice, level))


def _chase(world: World, customer: Customer, invoice: Invoice, level: int, when: datetime) -> None:
    """Send a level if it is due and nothing holds it; then let the next one follow."""
    if invoice.open_minor <= 0 or invoice.closed:
        return
    dice = customer.dice
    today = world.told_today(customer, when)
    past_due = (today - invoice.due_on).days
    if (level == 0 and past_due > 0) or (invoice.level is not None and invoice.level >= level):
        return
    held = invoice.disputed or (invoice.promised_on is not None and invoice.promised_on >= today)
    if past_due < _FROM_DAYS_PAST_DUE[level] or held or dice.random() > customer.branch.diligence:
        if level and not world.live:
            wait = dice.uniform(3.0, 9.0)
            world.in_days(customer, when, wait, partial(_chase, world, customer, invoice, level))
        return
    sent = DunningNoticeSent(
        invoice_id=invoice.invoice_id, level=level, channel=dice.choice(_CHANNELS)
    )
    world.tell(customer, "finance", when, sent)
    invoice.level = level
    if level > 0:
        _after_letter(world, customer, invoice, level, past_due, when)


def _after_letter(
    world: World, customer: Customer, invoice: Invoice, level: int, past_due: int, when: datetime
) -> None:
    dice = customer.dice
    if level < 3:
        wait = max(_FROM_DAYS_PAST_DUE[2] - past_due, 1) if level == 1 else _LEVEL_3_AFTER_LEVEL_2
        step = partial(_chase, world, customer, invoice, level + 1)
    else:
        wait, step = dice.randrange(30, 70), partial(_collect, world, customer, invoice)
    world.in_days(customer, when, wait, step)
    if dice.random() < 0.25:
        world.in_days(customer, when, 1.0, partial(_promise, world, customer, invoice))
    elif dice.random() < 0.01:
        held = DunningHeld(
            invoice_id=invoice.invoice_id,
            until=world.told_today(customer, when) + timedelta(days=14),
            reason="goodwill",
        )
        world.tell(customer, "finance", when + timedelta(minutes=3), held)


def _promise(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    if invoice.open_minor <= 0 or invoice.closed:
        return
    dice = customer.dice
    days = dice.randrange(3, 13)
    invoice.promised_on = world.told_today(customer, when) + timedelta(days=days)
    promised = PromiseMade(
        promise_id=world.number(f"{customer.branch.branch_id}-V"),
        amount=Money(invoice.open_minor, customer.branch.currency),
        promised_on=invoice.promised_on,
        invoice_ids=(invoice.invoice_id,),
    )
    world.tell(customer, "finance", when, promised, {"spoken_to": person(dice)})
    keeps = 0.25 if customer.habit in ("slow", "fails") else 0.75
    if dice.random() < keeps:
        day = local_day(when, customer.tz) + timedelta(days=dice.randrange(1, days + 1))
        world.on(customer, day, when, partial(pay, world, customer, invoice))


def dispute(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    """Let the customer contest an invoice, and mostly settle it weeks later."""
    if invoice.open_minor <= 0 or invoice.closed or invoice.disputed:
        return
    dice = customer.dice
    invoice.disputed = True
    dispute_id = world.number(f"{customer.branch.branch_id}-D")
    disputed = InvoiceDisputed(
        dispute_id=dispute_id,
        invoice_id=invoice.invoice_id,
        reason=dice.choice(("quantity", "price", "quality", "not_delivered")),
    )
    world.tell(customer, "service", when, disputed, {"note": "客户对账单有异议，等待核对"})
    wait = dice.uniform(5.0, 45.0) if dice.random() < 0.85 else dice.uniform(90.0, 240.0)
    world.in_days(customer, when, wait, partial(_settle, world, customer, invoice, dispute_id))


def _settle(
    world: World, customer: Customer, invoice: Invoice, dispute_id: str, when: datetime
) -> None:
    dice = customer.dice
    granted = dice.random() < 0.55
    invoice.disputed = False
    settled = DisputeSettled(
        dispute_id=dispute_id,
        invoice_id=invoice.invoice_id,
        outcome="granted" if granted else "rejected",
    )
    world.tell(customer, "finance", when, settled)
    minor = min(invoice.open_minor, invoice.amount_minor * dice.randrange(8, 45) // 100)
    if granted and minor > 0:
        note = CreditNoteIssued(
            credit_note_id=world.number(f"{customer.branch.branch_id}-N"),
            amount=Money(minor, customer.branch.currency),
            invoice_id=invoice.invoice_id,
            reason="dispute_granted",
        )
        world.tell(customer, "finance", when + timedelta(minutes=5), note)
        invoice.open_minor -= minor
    world.in_days(customer, when, dice.uniform(2.0, 12.0), partial(pay, world, customer, invoice))


def _collect(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    if invoice.open_minor <= 0 or invoice.closed or invoice.disputed:
        return
    handed = HandedToCollection(invoice_id=invoice.invoice_id, agency="正信商账")
    world.tell(customer, "finance", when, handed)
    wait = customer.dice.uniform(60.0, 240.0)
    world.in_days(customer, when, wait, partial(_give_up, world, customer, invoice))


def _give_up(world: World, customer: Customer, invoice: Invoice, when: datetime) -> None:
    """Write off what neither the branch nor the agency could collect."""
    if invoice.open_minor <= 0 or invoice.closed:
        return
    written_off = DebtWrittenOff(
        invoice_id=invoice.invoice_id,
        amount=Money(invoice.open_minor, customer.branch.currency),
        reason="uncollectable",
    )
    invoice.open_minor, invoice.closed = 0, True
    world.tell(customer, "finance", when, written_off)
