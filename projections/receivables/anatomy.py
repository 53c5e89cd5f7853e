"""What the memo of receivables is made of, so that a long one can be kept outside of memory."""

from projections.protocol import Anatomy
from projections.receivables.account import Account, Owing
from projections.receivables.books import Entry, Invoice, Item, Refund, Reports, Source
from projections.receivables.ledger import Check, Ledger, Order
from projections.receivables.promises import Promises

BOOKS = (Account, Check, Entry, Invoice, Item, Order, Owing, Refund, Reports, Source)
"""What the books are made of, with an identity of its own."""

LONG_BOOKS = (
    "awaited", "billed", "by_order", "cancelled_orders", "checks", "credit_notes",
    "customer_holds", "doubles", "ignored", "invoices", "items", "orders", "overrides",
    "payments", "promises", "reversed_ids", "settled_disputes", "taken", "unseen", "verdicts",
)  # fmt: skip
LONG_ACCOUNT = ("items", "over", "refunds", "sources")

ANATOMY = Anatomy(
    parts=BOOKS,
    long={
        Account: LONG_ACCOUNT,
        Ledger: LONG_BOOKS,
        Promises: ("_about", "states"),
    },
)
