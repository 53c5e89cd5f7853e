"""Brings a company's books and cases up to what earlier live sessions have told the platform."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from events.codec import decode
from events.partitioning import PARTITIONS
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseClosed, CaseOpened
from events.touchpoints.payment import (
    CreditNoteIssued,
    DebtWrittenOff,
    DunningNoticeSent,
    InvoiceCancelled,
    InvoiceIssued,
    PaymentReceived,
)
from services.ports import EventLog
from services.simulator.cases import Case
from services.simulator.chasing import chase_from
from services.simulator.closing import resolve
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
    under_way: dict[str, Case] = {}
    for partition in range(PARTITIONS):
        start = 0
        while batch := await log.read(partition, start, _READ):
            start = batch[-1].position.n + 1
            for event in batch:
                customer = world.customers.get(event.envelope.subject or "")
                again = event.envelope.id in recalled  # a topic may hold an event twice
                if customer is not None and event.envelope.source.endswith(LIVE) and not again:
                    data = decode(event.payload)
                    _take_in(world, customer, data, world.plan.until)
                    _take_in_case(customer, data, under_way)
                    recalled.add(event.envelope.id)
    for case in under_way.values():
        soon = world.after(case.customer, world.plan.until, case.solution / 4)
        world.at(soon, partial(resolve, world, case))
    return len(recalled)


def _take_in_case(customer: Customer, data: Touchpoint, under_way: dict[str, Case]) -> None:
    """Note the cases that an earlier session left open: somebody must go on with them."""
    match data:
        case CaseOpened():
            under_way[data.case_id] = Case(
                data.case_id, customer, data.priority, data.owner, data.department
            )
        case CaseClosed():
            under_way.pop(data.case_id, None)
        case _:
            pass  # nothing else opens or ends one for good


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
