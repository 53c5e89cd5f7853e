"""What credit notes do to the books.

A credit note settles what is open of what it names, then takes the place of write-offs, then of
payments, the latest allocated first (domain rules, section 11.1). An order counts as an item as
far as it is not billed. A note that names only the customer goes over all items that are not
disputed, open ones first, and then over orders that are paid without an invoice. What is left
of it is customer credit, which covers what is owed back of refunds first. A note whose invoice
comes to owe less goes over what it names again.

What the displaced payments had paid goes to what else they cite or are reserved for, then is
customer credit. What a write-off gave up never becomes credit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from events.touchpoints.payment import CreditNoteIssued
from projections.books.commitments import Order
from projections.books.giving_way import take_places
from projections.books.ledger import Ledger
from projections.books.payments import spend_free
from projections.books.records import Invoice, Item, Source


def credit_note_issued(book: Ledger, data: CreditNoteIssued) -> None:
    """Take in a credit note; one that names what nobody has seen waits for it."""
    if not book.take("credit_note", data.credit_note_id):
        return
    account = book.account(data.amount.currency)
    note = account.receive(
        "credit_note", data.credit_note_id, book.event_id, book.now, data.amount.minor
    )
    note.state = "waiting"
    note.invoice_refs = () if data.invoice_id is None else (data.invoice_id,)
    note.order_refs = () if data.order_id is None else (data.order_id,)
    book.credit_notes[data.credit_note_id] = note
    meet(book, data)


def meet(book: Ledger, data: CreditNoteIssued) -> None:
    """Let a credit note settle what it names, if that was seen."""
    note = book.credit_notes[data.credit_note_id]
    if data.invoice_id is not None:
        items = book.cited(data.invoice_id)
        if items is not None:
            _on_named(book, note, items, None)
    elif data.order_id is not None:
        order = book.orders.get(data.order_id)
        invoices = book.by_order.get(data.order_id, ())
        if order is None and not invoices:
            book.unseen.setdefault(("order", data.order_id), []).append(book.event)
        else:
            _on_named(book, note, [i for invoice in invoices for i in invoice.items], order)
    else:
        note.state = "live"
        _on_customer(book, note)


def _on_named(book: Ledger, note: Source, items: Sequence[Item], order: Order | None) -> None:
    if order is None and all(item.invoice.cancelled for item in items):
        note.state = "cancelled"
        book.ignore("cancelled_invoice")
        return
    note.state = "live"
    account = book.account(note.currency)
    mine = [item for item in items if item.invoice.currency == note.currency]
    for item in sorted(mine, key=lambda item: (item.due_on, item.item_id)):
        account.allocate(note, item, book.now)
    _displace(book, note, mine)
    if order is not None:
        book.credit_order(order, note, note.free)
    account.pool(note)
    account.settle(book.now)


def _on_customer(book: Ledger, note: Source) -> None:
    account = book.account(note.currency)
    found = [i for i in account.open_items if not i.contested and not i.invoice.owed_back]
    for item in sorted(found, key=lambda item: (item.due_on, item.balance, item.item_id)):
        account.allocate(note, item, book.now)
    if note.free:
        invoiced = [item for item in account.items if item.invoice.sold]
        _displace(book, note, [item for item in invoiced if not item.disputed])
    account.pool(note)
    account.settle(book.now)
    book.loose_notes[note] = None


def _displace(book: Ledger, note: Source, items: Sequence[Item]) -> None:
    """Take the place of write-offs, then of payments, and give these back what they had paid."""
    if not note.free:
        return
    account = book.account(note.currency)
    take_places(account, note, items, "write_off", book.now)
    gone = take_places(account, note, items, "payment", book.now)
    for payment in sorted(gone, key=lambda payment: payment.serial):
        account.give_back(payment, gone[payment])
        spend_free(book, payment)


# --- orders ---


def follow_invoice(book: Ledger, invoice: Invoice) -> None:
    """Let the credit notes on an order go to its invoice as far as it bills what they settled."""
    order = book.orders.get(invoice.order_id) if invoice.order_id is not None else None
    if order is None or not order.credits:
        return
    account = order.account
    for note in sorted(book.uncredit_order(order), key=lambda note: note.serial):
        if invoice.currency == account.currency:
            for item in invoice.items:
                account.allocate(note, item, book.now)
        _stay_on(book, order, note)


def follow_cancellation(book: Ledger, order: Order) -> None:
    """Free what notes that name only the customer had settled of an order, now cancelled."""
    if order.credits:
        for note in sorted(book.uncredit_order(order), key=lambda note: note.serial):
            _stay_on(book, order, note)
        order.account.settle(book.now)


def _stay_on(book: Ledger, order: Order, note: Source) -> None:
    """Let a note that names an order settle it as before; another looks for what is paid."""
    if order.order_id in note.order_refs:
        book.credit_order(order, note, note.free)
    else:
        book.loose_notes[note] = None
    order.account.pool(note)


def place_again(book: Ledger, invoice: Invoice) -> None:
    """Let the credit notes that an invoice has freed go over what else they name."""
    freed = {entry.source: None for item in invoice.items for entry in item.entries}
    for note in sorted(freed, key=lambda note: note.serial):
        if note.kind != "credit_note" or not note.free or not note.pooled:
            continue
        if note.order_refs:
            for ref in note.order_refs:
                order = book.orders.get(ref)
                if order is not None:
                    items = [item for one in book.by_order.get(ref, ()) for item in one.items]
                    _on_named(book, note, items, order)
        elif not note.invoice_refs:
            book.loose_notes[note] = None


def settle_unbilled(book: Ledger) -> None:
    """Let notes that name only the customer settle orders that are paid without an invoice.

    The order paid last goes first: as far as money that cites it could pay it, then, since that
    money pays what else is left of the order, as far as anything is left.
    """
    for note in sorted(book.loose_notes, key=lambda note: note.serial):
        if note.free and note.pooled:
            paid = list(_paid_without_invoice(book, note.currency))
            for order, amount in paid:
                book.credit_order(order, note, amount)
            for order, amount in paid:
                book.credit_order(order, note, note.free if amount else 0)
        if not note.free and not note.paid_back:
            del book.loose_notes[note]


def _paid_without_invoice(book: Ledger, currency: str) -> Iterator[tuple[Order, int]]:
    paid: dict[Order, int] = {}
    for source in reversed(book.account(currency).sources):
        free = source.free if source.kind == "payment" and source.state == "live" else 0
        for ref in source.order_refs:
            order = book.orders.get(ref)
            if free and order is not None and order.account.currency == currency:
                amount = min(free, book.payable(order) - paid.get(order, 0))
                free -= amount
                paid[order] = paid.get(order, 0) + amount
    yield from paid.items()
