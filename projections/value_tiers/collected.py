"""Works out collected margin and open balances while the books are walked.

The rules are those of contributions.py. Everything is dated with instants; local days are
looked up later, in the zone of the home branch as of the asked instant.
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice

from events.envelope import RecordedEvent
from events.touchpoints.base import Touchpoint
from events.touchpoints.order import GoodsReturned, OrderCancelled, OrderPlaced
from events.touchpoints.payment import (
    CreditNoteIssued,
    InvoiceIssued,
    PaymentConfirmedGenuine,
    PaymentReceived,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
)
from projections.books.records import Entry, Invoice, Item, Source
from projections.value_tiers.contributions import (
    BalanceChange,
    Claim,
    Contribution,
    Contributions,
    Settlement,
)
from projections.value_tiers.journal import JournalLedger
from projections.value_tiers.rules import ValueRules
from projections.value_tiers.shares import share


class OrderParts:
    """How an order's cost is split: over its invoices, and over what pays it directly."""

    __slots__ = (
        "billed", "citing", "claim", "data", "notes", "paid", "parts", "placed_at", "split",
    )  # fmt: skip

    def __init__(self) -> None:
        self.data: OrderPlaced | None = None  # None: not placed yet
        self.placed_at: datetime
        self.notes: tuple[Source, ...] = ()  # the credit notes that name it
        self.split = 0  # how many of its invoices have been given their part of the cost
        self.billed = 0  # by these, as issued
        self.citing: list[Source] = []
        self.parts: dict[Source, int] = {}
        self.paid = 0
        self.claim: Claim | None = None


Subject = OrderParts | Invoice | Source
"""What is bought, or given back: an order, an invoice, a payment or credit note."""


class CollectedLedger(JournalLedger):
    """The books with what has been collected by whom, when, and at what cost of goods.

    `resold` are the subjects whose sales may be others since somebody last emptied it.
    """

    def __init__(self, rules: ValueRules, contributions: Contributions) -> None:
        super().__init__(rules.ledger)
        self.contributions = contributions
        self.resold: dict[Subject, None] = {}
        self.claims: dict[Invoice, Claim] = {}
        self.parts: dict[str, OrderParts] = {}
        self.cash: dict[Source, Contribution | None] = {}  # sales that nobody described
        self._stood: dict[Item, tuple[int, date]] = {}  # open items as they were last
        self._by = ""
        self._correcting = False

    def taken_in(self, event: RecordedEvent | None) -> None:
        """Work out anew whatever a fact or deadline touched."""
        self._by = event.envelope.id if event is not None else ""
        data = event.data if event is not None else None
        self._correcting = isinstance(data, PaymentReversed | PaymentRejectedAsDuplicate)
        self._note(data)
        touched = self.touched
        for order_id, anew in touched.orders.items():
            self._split(order_id, anew)
        for item in touched.items:
            self._balance(item)
        self._settlements()
        for source in touched.sources:
            self._fit_source(source)
        for order_id in touched.orders:
            self._fit_order(self.parts[order_id])
        for source in touched.sources:
            self._fit_cash(source)
            if source.kind == "credit_note":
                self.resold[source] = None
        for invoice in touched.undone:
            self.resold[invoice] = None
        for order_id in touched.orders:
            self.resold[self.parts[order_id]] = None
        touched.clear()

    def _note(self, data: Touchpoint | None) -> None:
        touched = self.touched
        match data:
            case InvoiceIssued():
                invoice = self.invoices.get(data.invoice_id)
                if invoice is not None and invoice not in self.claims:
                    self._open_claim(invoice, data)
                    self.resold[invoice] = None
                    for item in invoice.items:
                        touched.items[item] = None
            case CreditNoteIssued() if data.order_id is not None:
                parts = self._parts(data.order_id)
                parts.notes += (self.credit_notes[data.credit_note_id],)
            case PaymentReceived():
                source = self.payments[data.payment_id][-1]
                touched.sources[source] = None
                for ref in source.order_refs:
                    self._parts(ref).citing.append(source)
                if not self.invoices and not self.orders:
                    self.cash[source] = None
            case PaymentConfirmedGenuine() | PaymentRejectedAsDuplicate() | PaymentReversed():
                touched.sources.update(dict.fromkeys(self.payments.get(data.payment_id, ())))
            case OrderPlaced():
                parts = self._parts(data.order_id)
                if parts.data is None:
                    parts.data = data
                    parts.placed_at = self.now
                    self.resold.update(dict.fromkeys(self.by_order.get(data.order_id, ())))
                    self.resold.update(dict.fromkeys(parts.notes))
                touched.orders[data.order_id] = True
            case OrderCancelled() | GoodsReturned():
                self._parts(data.order_id)
                touched.orders.setdefault(data.order_id, False)
            case _:
                pass

    def _parts(self, order_id: str) -> OrderParts:
        parts = self.parts.get(order_id)
        if parts is None:
            parts = self.parts[order_id] = OrderParts()
        return parts

    # --- invoices ---

    def _open_claim(self, invoice: Invoice, data: InvoiceIssued) -> None:
        tax = 0
        if data.tax is not None and data.tax.currency == invoice.currency:
            tax = data.tax.minor
        elif data.tax is None and data.order_id is not None:
            placed = self._parts(data.order_id).data
            if placed is not None and placed.tax and placed.tax.currency == placed.amount.currency:
                tax = share(data.amount.minor, placed.tax.minor, placed.amount.minor)
        claim = Claim(invoice.invoice_id, invoice.currency, data.amount.minor, tax)
        claim.total = sum(item.amount for item in invoice.items)
        self.claims[invoice] = claim

    def _split(self, order_id: str, anew: bool) -> None:
        """Give each invoice of an order its part of the order's cost of goods."""
        parts = self._parts(order_id)
        placed = parts.data
        if placed is None:
            return
        if anew:
            parts.split = parts.billed = 0
        whole = placed.amount.minor
        cost = placed.cost_of_goods
        known = cost.minor if cost and cost.currency == placed.amount.currency else 0
        invoices = self.by_order.get(order_id, [])
        for invoice in islice(invoices, parts.split, None):
            if invoice.currency != placed.amount.currency:
                continue
            claim = self.claims[invoice]
            part = 0
            if any(item.amount for item in invoice.items):
                low, high = min(whole, parts.billed), min(whole, parts.billed + claim.gross)
                parts.billed += claim.gross
                part = share(known, high, whole) - share(known, low, whole)
            if claim.cost != part:
                claim.cost = part
                self.touched.undone[invoice] = None
        parts.split = len(invoices)

    def _balance(self, item: Item) -> None:
        before, due = self._stood.get(item, (0, item.due_on))
        if (item.balance, item.due_on) == (before, due):
            return
        if item.balance:
            self._stood[item] = (item.balance, item.due_on)
        else:
            self._stood.pop(item, None)
        currency = item.invoice.currency
        if due != item.due_on:
            moved = BalanceChange(self.now, currency, due.toordinal(), -before)
            self.contributions.owe(moved)
            before = 0
        if item.balance != before:
            due_day, change = item.due_on.toordinal(), item.balance - before
            self.contributions.owe(BalanceChange(self.now, currency, due_day, change))

    def _settlements(self) -> None:
        touched = self.touched
        for invoice in touched.undone:
            claim = self.claims[invoice]
            claim.total = sum(item.amount for item in invoice.items)
            entries = [e for item in invoice.items for e in item.entries if e.undone_at is None]
            entries.sort(key=lambda entry: entry.serial)
            settlements = [_settlement(entry) for entry in entries]
            claim.rebuild(settlements, self.now, self._by, self._correcting, self.contributions)
        for entry in touched.added:
            invoice = entry.item.invoice
            if invoice not in touched.undone:
                claim = self.claims[invoice]
                claim.add(_settlement(entry), self.now, self.contributions)

    # --- money that no invoice was settled with ---

    def _fit_source(self, source: Source) -> None:
        """Let what a payment has left pay the orders it cites, or no longer."""
        if not source.order_refs:
            return
        orders = [self.parts[ref] for ref in source.order_refs if ref in self.parts]
        used = sum(parts.parts.get(source, 0) for parts in orders)
        free = _free(source)
        for parts in reversed(orders):
            if used <= free:
                break
            change = min(used - free, parts.parts.get(source, 0))
            used -= change
            self._pay(parts, source, -change)
        for parts in orders:
            room = self._room(parts, source)
            if room and used < free:
                change = min(room, free - used)
                used += change
                self._pay(parts, source, change)

    def _fit_order(self, parts: OrderParts) -> None:
        """Let an order be paid directly by no more than is neither invoiced nor returned."""
        if parts.data is None:
            return
        over = parts.paid - self.orders[parts.data.order_id].unbilled
        for source in reversed(parts.citing):
            if over > 0:
                change = min(over, parts.parts.get(source, 0))
                over -= change
                self._pay(parts, source, -change)
        if over < 0:
            for source in parts.citing:
                self._fit_source(source)
                self._fit_cash(source)

    def _room(self, parts: OrderParts, source: Source) -> int:
        order = self.orders.get(parts.data.order_id) if parts.data is not None else None
        if order is None or order.account.currency != source.currency:
            return 0
        return max(0, order.unbilled - parts.paid)

    def _pay(self, parts: OrderParts, source: Source, change: int) -> None:
        if not change:
            return
        data = parts.data
        assert data is not None
        claim = parts.claim
        if claim is None:
            amount = data.amount
            tax = data.tax.minor if data.tax and data.tax.currency == amount.currency else 0
            claim = parts.claim = Claim(data.order_id, amount.currency, amount.minor, tax)
            cost = data.cost_of_goods
            claim.cost = cost.minor if cost and cost.currency == amount.currency else 0
            claim.total = amount.minor
        appended = source not in parts.parts
        parts.paid += change
        parts.parts[source] = parts.parts.get(source, 0) + change
        if not parts.parts[source]:
            del parts.parts[source]
        if appended:
            claim.add(_direct(source, change, self.now), self.now, self.contributions)
        else:
            paid = [_direct(s, amount, self.now) for s, amount in parts.parts.items()]
            withdrawn = self._correcting and source.state != "live"
            claim.rebuild(paid, self.now, self._by, withdrawn, self.contributions)
        self.resold[parts] = None

    def _fit_cash(self, source: Source) -> None:
        """Let a sale that nobody described count as far as nothing has used its money."""
        if source not in self.cash:
            return
        free = _free(source) if source.pooled else 0
        for ref in source.order_refs:
            if ref in self.parts:
                free -= self.parts[ref].parts.get(source, 0)
        known = self.cash[source]
        if known is not None:
            if known.amount == free:
                return
            withdrawn = self._correcting and source.state != "live"
            self.contributions.end(known, self.now, self._by, withdrawn)
        elif free <= 0:
            return
        self.resold[source] = None
        if free <= 0:
            self.cash[source] = None
            return
        new = Contribution(
            "margin", source.currency, free, self.now, source.at, source.event_id,
            source.source_id,
        )  # fmt: skip
        self.cash[source] = new
        self.contributions.add(new)


def _free(source: Source) -> int:
    return source.free if source.state == "live" and source.kind == "payment" else 0


def _settlement(entry: Entry) -> Settlement:
    paid = entry.amount if entry.source.kind == "payment" else 0
    return Settlement(entry.serial, paid, entry.amount, entry.at, entry.source.event_id)


def _direct(source: Source, amount: int, now: datetime) -> Settlement:
    return Settlement(source.serial, amount, amount, now, source.event_id)
