"""What nothing covers of a refund: owed like an invoice, and never sold."""

from __future__ import annotations

from projections.books.charges import free_id
from projections.books.ledger import Ledger
from projections.books.records import Invoice, Item, Refund


def owe_back(book: Ledger, refund: Refund, amount: int) -> None:
    """Let what nothing covers of a refund be owed: an item, due on the day it became so."""
    account = book.account(refund.currency)
    today = book.local_day(book.now)
    item = refund.item
    refund.owed_at, refund.owed_by = book.now, book.event_id
    if item is not None:
        if not item.balance:
            item.due_on = today
        account.resize(item, item.amount + amount, book.now, book.event_id)
        account.mark(item, book.now, "owed_back", book.event_id)
        account.queue(item)
        return
    item_id = free_id(book, f"refund:{refund.refund_id}")
    debt = Invoice(item_id, account.currency, amount, None)
    debt.owed_back = True
    debt.event_id = refund.event_id
    debt.issued_at = book.now
    item = refund.item = Item(item_id, debt, amount, today)
    debt.items.append(item)
    book.items[item_id] = item
    account.issue(item, book.now, book.event_id)


def is_used(book: Ledger, invoice_id: str) -> bool:
    """Return whether an invoice or item has the id; what was never sold gives its own up."""
    item = book.items.get(invoice_id)
    if item is not None and not item.invoice.sold:
        del book.items[invoice_id]
        item.item_id = item.invoice.invoice_id = free_id(book, f"{invoice_id}'")
        book.items[item.item_id] = item
        book.moved(item)
        return False
    return item is not None or invoice_id in book.invoices
