"""What the books are made of, so that long ones can be kept outside of memory."""

from projections.books.account import Account, Owing
from projections.books.commitments import Check, Order
from projections.books.records import Entry, Invoice, Item, Refund, Reports, Source

BOOKS = (Account, Check, Entry, Invoice, Item, Order, Owing, Refund, Reports, Source)
"""What the books are made of, with an identity of its own."""

LONG_BOOKS = (
    "awaited", "billed", "by_order", "cancelled_orders", "checks", "credit_notes",
    "customer_holds", "doubles", "ignored", "invoices", "items", "loose_notes", "orders",
    "overrides", "payments", "promises", "reversed_ids", "settled_disputes", "taken", "unseen",
    "verdicts",
)  # fmt: skip
LONG_ACCOUNT = ("items", "over", "refunds", "sources")
