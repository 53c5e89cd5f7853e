"""Brings a company's books and cases up to what earlier live sessions have told the platform."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from events.cases.state import Case as CaseState
from events.codec import decode
from events.partitioning import PARTITIONS
from events.streams import CASES
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import (
    CreditNoteIssued,
    DebtWrittenOff,
    DunningNoticeSent,
    InvoiceCancelled,
    InvoiceIssued,
    PaymentReceived,
)
from services.log.readable import readable
from services.ports import EventLog
from services.simulator.cases import Case
from services.simulator.chasing import chase_from
from services.simulator.closing import take_up
from services.simulator.customers import Customer, Invoice
from services.simulator.devices import LIVE
from services.simulator.paying import plan_payment
from services.simulator.world import World

_READ = 5_000


async def recall(world: World, log: EventLog) -> int:
    """Take in what live sessions recorded; return how much.

    So nothing is paid twice, and no case stays open because its session ended.

    Raises: Unavailable.
    """
    recalled: set[str] = set()
    known = frozenset(world.cases.cases)
    for partition in range(PARTITIONS):
        start = 0
        while batch := await log.read(partition, start, _READ):
            start = batch[-1].position.n + 1
            for event in batch:
                envelope = event.envelope
                customer = world.customers.get(envelope.subject or "")
                if customer is None or envelope.id in recalled:  # a topic may hold an event twice
                    continue
                if envelope.source.endswith(LIVE):
                    _take_in(world, customer, decode(event.payload), world.plan.until)
                    recalled.add(envelope.id)
                elif envelope.source.startswith(CASES) and world.cases.lacks(envelope):
                    world.cases.take_in(readable(event))
                    recalled.add(envelope.id)
    _go_on_with(world, [case for i, case in world.cases.cases.items() if i not in known])
    return len(recalled)


def _go_on_with(world: World, cases: Iterable[CaseState]) -> None:
    """Let cases be finished that an earlier session left open."""
    for state in cases:
        customer = world.customers[world.cases.customer_of(state.case_id)]
        if state.status != "closed":
            case = Case(customer, state)
            soon = world.after(customer, world.plan.until, case.solution / 4)
            world.at(soon, partial(take_up, world, case))


def _take_in(world: World, customer: Customer, data: Touchpoint, when: datetime) -> None:
    match data:
        case InvoiceIssued():
            invoice = Invoice(
                invoice_id=data.invoice_id,
                order_id=data.order_id or "",
                amount_minor=data.amount.minor,
                open_minor=data.amount.minor,
                due_on=data.due_on,
            )
            customer.invoices[invoice.invoice_id] = invoice
            plan_payment(world, customer, invoice, data.due_on, when)
            chase_from(world, customer, invoice, data.due_on, when)
        case PaymentReceived():
            cited = [
                invoice
                for invoice in customer.invoices.values()
                if invoice.invoice_id in data.invoice_ids or invoice.order_id in data.order_ids
            ]
            left = data.amount.minor
            for invoice in cited or list(customer.invoices.values()):
                paid = min(left, invoice.open_minor)
                invoice.open_minor -= paid
                left -= paid
        case CreditNoteIssued() if data.invoice_id in customer.invoices:
            invoice = customer.invoices[data.invoice_id]
            invoice.open_minor = max(0, invoice.open_minor - data.amount.minor)
        case DebtWrittenOff() | InvoiceCancelled() if data.invoice_id in customer.invoices:
            invoice = customer.invoices[data.invoice_id]
            invoice.open_minor, invoice.closed = 0, True
        case DunningNoticeSent() if data.invoice_id in customer.invoices:
            customer.invoices[data.invoice_id].level = data.level
        case _:
            pass  # everything else leaves the books as they are
