"""What invoices, write-offs and disputes do to the books.

Rules where the rule book is silent, for an invoice in instalments: its items are
"<invoice>#1", "<invoice>#2" ... by due date; a single instalment is the invoice itself, due on
the instalment's day. A reference to the invoice goes to its items by
due date. A change of its amount or charges falls on the last instalment, and on those before
it once that one is used up. A new due date is the last instalment's; no earlier one falls
due after it. Charges, like the amount, are replaced when an amendment gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import (
    CreditNoteIssued,
    DebtWrittenOff,
    DisputeSettled,
    DunningHeld,
    DunningNoticeSent,
    HandedToCollection,
    InvoiceAmended,
    InvoiceCancelled,
    InvoiceDisputed,
    InvoiceIssued,
)
from projections.books.account import Account
from projections.books.credit_notes import (
    credit_note_issued,
    follow_invoice,
    meet,
    place_again,
)
from projections.books.ledger import Ledger
from projections.books.owed_back import is_used
from projections.books.payments import settle_items, withdraw
from projections.books.records import Hold, Invoice, Item, Notice, Source, Spell


def invoice_issued(book: Ledger, data: InvoiceIssued) -> None:
    """Open the invoice's items, then let what waited for them and credit meet them.

    In this order: credit notes on its order; facts that cited the invoice before it was seen,
    in fact order; payments reserved for it or its order; unapplied credit.
    """
    invoice_id = data.invoice_id
    if is_used(book, invoice_id):
        book.ignore("repeated_invoice")
        return
    account = book.account(data.amount.currency)
    invoice = Invoice(invoice_id, account.currency, data.amount.minor, data.order_id)
    invoice.event_id = book.event.id
    invoice.issued_at = book.now
    book.invoices[invoice_id] = invoice
    for item in _items(book, invoice, data):
        invoice.items.append(item)
        book.items[item.item_id] = item
        account.issue(item, book.now, invoice.event_id)
    if data.order_id is not None:
        book.by_order[data.order_id] = (*book.by_order.get(data.order_id, ()), invoice)
        book.bill(invoice, invoice.amount)
    if book.open_checks or book.refusals:
        book.use_checks(("invoice", "shipment"), account, data.order_id, invoice.amount)
    order = book.orders.get(data.order_id) if data.order_id is not None else None
    if book.unseen or book.awaited or (order is not None and order.credits):
        account.settling_later = True  # what has a better claim to new items takes its turn
        follow_invoice(book, invoice)
        _apply_unseen(book, invoice)
        _apply_reserved(book, invoice)
        account.settling_later = False
    account.settle(book.now)


def _items(book: Ledger, invoice: Invoice, data: InvoiceIssued) -> list[Item]:
    """One item, or one per instalment where the instalments make up the invoice."""
    if not data.instalments:
        return [Item(invoice.invoice_id, invoice, invoice.amount, data.due_on)]
    parts = sorted(data.instalments, key=lambda part: part.due_on)
    ids = [f"{invoice.invoice_id}#{k}" for k in range(1, len(parts) + 1)]
    sound = (
        sum(part.amount.minor for part in parts) == invoice.amount
        and all(part.amount.currency == invoice.currency for part in parts)
        and not any(i in book.items or i in book.invoices for i in ids)
    )
    if sound and len(parts) == 1:
        ids = [invoice.invoice_id]
    if sound:
        return [
            Item(i, invoice, part.amount.minor, part.due_on)
            for i, part in zip(ids, parts, strict=True)
        ]
    return [Item(invoice.invoice_id, invoice, invoice.amount, data.due_on)]


def _apply_unseen(book: Ledger, invoice: Invoice) -> None:
    if not book.unseen:
        return
    keys = [("invoice", invoice.invoice_id)]
    keys += [("invoice", item.item_id) for item in invoice.items if len(invoice.items) > 1]
    if invoice.order_id is not None:
        keys.append(("order", invoice.order_id))
    events = [event for key in keys for event in book.unseen.pop(key, ())]
    if not events:
        return
    current = book.event
    for event in sorted(events, key=lambda event: event.fact_key):
        book.event = event
        apply_cited(book, event.data)
    book.event = current


def _apply_reserved(book: Ledger, invoice: Invoice) -> None:
    if not book.awaited:
        return
    refs = [invoice.invoice_id, *(item.item_id for item in invoice.items)]
    keys = dict.fromkeys([("invoice", ref) for ref in refs])
    if invoice.order_id is not None:
        keys[("order", invoice.order_id)] = None
    sources = {s.serial: s for key in keys for s in book.awaited.pop(key, ()) if s.reserved}
    account = book.account(invoice.currency)
    for _, source in sorted(sources.items()):
        if source.currency == account.currency:
            settle_items(book, source, _cited_by(source, invoice))
        if not source.free or not book.still_awaits(source):
            book.release(source)


def _cited_by(source: Source, invoice: Invoice) -> Sequence[Item]:
    whole = invoice.invoice_id in source.invoice_refs or invoice.order_id in source.order_refs
    if whole:
        return invoice.items
    return [item for item in invoice.items if item.item_id in source.invoice_refs]


def invoice_amended(book: Ledger, data: InvoiceAmended) -> None:
    """Give an invoice another amount, charges or due date; allocations and level stay."""
    if book.cited(data.invoice_id) is None:
        return
    invoice = book.invoices.get(data.invoice_id)
    if invoice is None:
        book.ignore("amends_one_instalment")
        return
    if invoice.cancelled:
        book.ignore("cancelled_invoice")
        return
    account = book.account(invoice.currency)
    before = invoice.amount + invoice.charges
    billed = invoice.amount
    for money in (data.amount, data.charges):
        if money is not None and money.currency != invoice.currency:
            book.ignore("other_currency")
            return
    if data.amount is not None:
        invoice.amount = data.amount.minor
    if data.charges is not None:
        invoice.charges = data.charges.minor
    if data.due_on is not None:
        _move_due(invoice, data.due_on)
    book.bill(invoice, invoice.amount - billed)
    _change_amount(book, account, invoice, invoice.amount + invoice.charges - before)
    if invoice.amount > billed:
        follow_invoice(book, invoice)
    for item in invoice.items:
        account.mark(item, book.now, "amended", book.event_id)
        account.queue_debt(item)
    if invoice.amount < billed:
        place_again(book, invoice)
    account.settle(book.now)


def _move_due(invoice: Invoice, due_on: date) -> None:
    for item in invoice.items[:-1]:
        item.due_on = min(item.due_on, due_on)
    invoice.items[-1].due_on = due_on


def _change_amount(book: Ledger, account: Account, invoice: Invoice, change: int) -> None:
    for item in reversed(invoice.items):
        amount = max(0, item.amount + change)
        change -= amount - item.amount
        account.resize(item, amount, book.now, book.event_id)


def invoice_cancelled(book: Ledger, data: InvoiceCancelled) -> None:
    """Take an invoice back whole: what paid it is credit; credit notes on it fall with it.

    So do the fees and the interest that were charged on it; a fee may be cancelled by itself.
    """
    if book.cited(data.invoice_id) is None:
        return
    invoice = book.invoices.get(data.invoice_id) or _fee(book, data.invoice_id)
    if invoice is None or invoice.cancelled:
        book.ignore("cancels_one_instalment" if invoice is None else "repeated_cancellation")
        return
    account = book.account(invoice.currency)
    book.bill(invoice, -invoice.amount)
    fallen: dict[Source, None] = {}
    for item in [*invoice.items, *(one for part in invoice.items for one in part.charges)]:
        item.invoice.cancelled = True
        for source in (entry.source for entry in item.entries):
            own = invoice.invoice_id in source.invoice_refs or item.item_id in source.invoice_refs
            if source.kind == "credit_note" and own:
                fallen[source] = None
        account.resize(item, 0, book.now, book.event_id)
        account.mark(item, book.now, "cancelled", book.event_id)
    for note in fallen:
        note.state = "cancelled"
        withdraw(book, note)
    place_again(book, invoice)
    account.settle(book.now)


def _fee(book: Ledger, item_id: str) -> Invoice | None:
    item = book.items.get(item_id)
    return item.invoice if item is not None and item.invoice.charge == "fee" else None


def debt_written_off(book: Ledger, data: DebtWrittenOff) -> None:
    """Give up what is open of an invoice, at most the amount; more than is owed is ignored."""
    items = book.cited(data.invoice_id)
    if items is None:
        return
    account = book.account(data.amount.currency)
    source = account.receive(
        "write_off", data.invoice_id, book.event_id, book.now, data.amount.minor
    )
    for item in items:
        if item.invoice.currency == account.currency:
            account.allocate(source, item, book.now)
    if book.charges is not None:
        for item in items if source.free else ():
            for part in book.charges.parts_given_up(item, book.now, book.event_id):
                if part.invoice.currency == account.currency:
                    account.allocate(source, part, book.now)
        account.settle(book.now)
    if source.free:
        source.free = 0
        book.ignore("written_off_more_than_open")


def handed_to_collection(book: Ledger, data: HandedToCollection) -> None:
    """End our dunning of an invoice for good; it stays open."""
    for item in book.cited(data.invoice_id) or ():
        if item.collection is None:
            item.collection = Spell(book.now, None, book.event_id)
            book.moved(item)


def invoice_disputed(book: Ledger, data: InvoiceDisputed) -> None:
    """Keep credit and unreferenced payments off an invoice, and hold its dunning."""
    items = book.cited(data.invoice_id)
    key = (data.dispute_id, data.invoice_id)
    if items is None or not book.take("dispute", "\x1f".join(key)):
        return
    if key in book.settled_disputes:
        book.ignore("already_settled")
        return
    for item in items:
        item.disputes += (Spell(book.now, None, book.event_id, label=data.dispute_id),)
        item.disputed += 1
        book.moved(item)


def dispute_settled(book: Ledger, data: DisputeSettled) -> None:
    """End a dispute: credit may meet the invoice again. One not yet seen never begins."""
    book.settled_disputes.add((data.dispute_id, data.invoice_id))
    for item in book.items_of(data.invoice_id) or ():
        for k, spell in enumerate(item.disputes):
            if spell.label == data.dispute_id and spell.end is None:
                ended = spell._replace(end=book.now, ended_by=book.event_id)
                item.disputes = (*item.disputes[:k], ended, *item.disputes[k + 1 :])
                item.disputed -= 1
                book.moved(item)
                account = book.account(item.invoice.currency)
                account.queue_debt(item)
                account.settle(book.now)


def dunning_notice_sent(book: Ledger, data: DunningNoticeSent) -> None:
    """Note the level that went out; it stays with the invoice whatever is paid or reversed.

    The first notice of a level may carry a fee.
    """
    items = book.cited(data.invoice_id) or []
    at = book.event.effective_at
    first = not any(notice.level == data.level for item in items for notice in item.notices)
    for item in items:
        item.notices += (Notice(data.level, at, book.event_id, len(items) > 1),)
        book.moved(item)
    if book.charges is not None and first:
        why = book.charges.notice(items, data.invoice_id, data.level, book.event_id)
        if why is not None:
            book.ignore(why)


def dunning_held(book: Ledger, data: DunningHeld) -> None:
    """Hold the dunning of an invoice, or of the customer; the latest of a scope counts."""
    hold = Hold(book.now, data.until, book.event_id)
    if data.invoice_id is None:
        book.customer_holds.append(hold)
        return
    for item in book.cited(data.invoice_id) or ():
        item.holds += (hold,)
        book.moved(item)


def apply_cited(book: Ledger, data: Touchpoint) -> None:
    """Apply a fact that cited what is only seen now."""
    if isinstance(data, CreditNoteIssued):
        meet(book, data)
    else:
        _CITING[type(data)](book, data)


_CITING: dict[type[Touchpoint], Callable[[Ledger, Any], None]] = {
    InvoiceAmended: invoice_amended,
    InvoiceCancelled: invoice_cancelled,
    DebtWrittenOff: debt_written_off,
    HandedToCollection: handed_to_collection,
    InvoiceDisputed: invoice_disputed,
    DunningNoticeSent: dunning_notice_sent,
    DunningHeld: dunning_held,
}

HANDLERS: dict[type[Touchpoint], Callable[[Ledger, Any], None]] = {
    **_CITING,
    InvoiceIssued: invoice_issued,
    CreditNoteIssued: credit_note_issued,
    DisputeSettled: dispute_settled,
}
