"""Brings a company's books up to what earlier live sessions have told the platform."""

from __future__ import annotations

from datetime import datetime

from events.codec import decode
from events.partitioning import PARTITIONS
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import (
    CreditNoteIssued,
    DebtWrittenOff,
    DunningNoticeSent,
    InvoiceCancelled,
    InvoiceIssued,
    PaymentReceived,
)
from services.ports import EventLog
from services.simulator.chasing import chase_from
from services.simulator.customers import Customer, Invoice
from services.simulator.devices import LIVE
from services.simulator.paying import plan_payment
from services.simulator.world import World

_READ = 5_000


async def recall(world: World, log: EventLog) -> int:
    """Take in what live sessions recorded, so that nothing is paid twice; return how much.

    Raises: Unavailable.
    """
    recalled = 0
    for partition in range(PARTITIONS):
        start = 0
        while batch := await log.read(partition, start, _READ):
            start = batch[-1].position.n + 1
            for event in batch:
                customer = world.customers.get(event.envelope.subject or "")
                if customer is not None and event.envelope.source.endswith(LIVE):
                    _take_in(world, customer, decode(event.payload), world.plan.until)
                    recalled += 1
    return recalled


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
