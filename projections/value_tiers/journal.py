"""The books of receivables, kept with a note of what each fact touched.

Value follows money, and where money went is decided by the ledger of receivables alone. This
ledger is that one; it only notes which items, sources and orders a fact touched, so that what
they are worth is worked out anew for these and no others.
"""

from __future__ import annotations

from datetime import datetime

from events.facts import Fact
from projections.books.account import Account, Clearing
from projections.books.commitments import Order
from projections.books.ledger import Ledger
from projections.books.records import Entry, Invoice, Item, Source
from projections.books.rules import BookRules


class Touched:
    """What a fact, or a deadline, touched; dictionaries for their order."""

    __slots__ = ("added", "items", "orders", "sources", "undone")

    def __init__(self) -> None:
        self.added: list[Entry] = []
        self.undone: dict[Invoice, None] = {}  # invoices that lost or changed an entry
        self.items: dict[Item, None] = {}
        self.sources: dict[Source, None] = {}
        self.orders: dict[str, bool] = {}  # True: its invoices changed

    def clear(self) -> None:
        """Forget it all."""
        self.added.clear()
        self.undone.clear()
        self.items.clear()
        self.sources.clear()
        self.orders.clear()


class JournalAccount(Account):
    """The books in one currency; whatever moves is noted."""

    __slots__ = ("touched",)

    def __init__(self, currency: str, touched: Touched, clearing: Clearing | None) -> None:
        super().__init__(currency, clearing)
        self.touched = touched

    def allocate(self, source: Source, item: Item, now: datetime) -> None:
        """Settle an item and note the entry."""
        entries = len(source.entries)
        super().allocate(source, item, now)
        if len(source.entries) > entries:
            self.touched.items[item] = None
            self.touched.sources[source] = None
            if source.kind == "credit_note":  # it may say that goods came back
                self.touched.undone[item.invoice] = None
            else:
                self.touched.added.append(source.entries[-1])

    def undo(self, entry: Entry, now: datetime, by: str) -> None:
        """Take an entry back and note it."""
        super().undo(entry, now, by)
        self.touched.undone[entry.item.invoice] = None
        self.touched.items[entry.item] = None
        self.touched.sources[entry.source] = None

    def resize(self, item: Item, amount: int, now: datetime, by: str) -> None:
        """Give an item another amount and note it: every share of the invoice may change."""
        super().resize(item, amount, now, by)
        self.touched.items[item] = None
        self.touched.undone[item.invoice] = None
        if item.invoice.order_id is not None:
            self.touched.orders[item.invoice.order_id] = True

    def issue(self, item: Item, now: datetime, event_id: str) -> None:
        """Open an item and note it."""
        super().issue(item, now, event_id)
        self.touched.items[item] = None

    def use(self, source: Source, amount: int) -> None:
        """Take something from a source and note it."""
        super().use(source, amount)
        self.touched.sources[source] = None

    def give_back(self, source: Source, amount: int) -> None:
        """Give something back to a source and note it."""
        super().give_back(source, amount)
        self.touched.sources[source] = None

    def pool(self, source: Source) -> None:
        """Make a source credit and note it."""
        super().pool(source)
        self.touched.sources[source] = None

    def unpool(self, source: Source) -> None:
        """Take a source out of credit and note it."""
        super().unpool(source)
        self.touched.sources[source] = None


class JournalLedger(Ledger):
    """Receivables of one customer, with notes.

    Limits say nothing about value: they are watched for receivables alone.
    """

    def __init__(self, rules: BookRules, limits: bool) -> None:
        super().__init__(rules)
        self.touched = Touched()
        self.limited = self.limited and limits
        self._passing = False

    def account(self, currency: str) -> Account:
        """Return the books in a currency, opened when first asked for."""
        account = self.accounts.get(currency)
        if account is None:
            account = self.accounts[currency] = JournalAccount(currency, self.touched, self.charges)
        return account

    def bill(self, invoice: Invoice, change: int) -> None:
        """Note how much of its order an invoice bills."""
        super().bill(invoice, change)
        if invoice.order_id is not None:
            self.touched.orders.setdefault(invoice.order_id, False)

    def credit_order(self, order: Order, note: Source, amount: int) -> int:
        """Let a credit note settle what is not billed of an order, and note it."""
        self.touched.orders.setdefault(order.order_id, False)
        return super().credit_order(order, note, amount)

    def uncredit_order(self, order: Order) -> dict[Source, int]:
        """Take back what credit notes settled of an order, and note it."""
        self.touched.orders.setdefault(order.order_id, False)
        return super().uncredit_order(order)

    def reserve(self, source: Source) -> None:
        """Keep or pool what is left of a payment, and note it."""
        super().reserve(source)
        self.touched.sources[source] = None

    def release(self, source: Source) -> None:
        """End a reservation; one that time ended is taken in at its own instant."""
        super().release(source)
        if self._passing:
            self.taken_in(None)

    def pass_time(self, until: datetime) -> None:
        """Let every deadline before `until` take effect at its own instant."""
        self._passing = True
        super().pass_time(until)
        self._passing = False

    def taken_in(self, event: Fact | None) -> None:
        """Act on what a fact touched, or a deadline (None)."""
        self.touched.clear()
