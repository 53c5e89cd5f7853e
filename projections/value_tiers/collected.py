"""Works out collected margin and open balances while the books are walked.

The rules are those of contributions.py. Everything is dated with instants; local days are
looked up later, in the zone of the home branch as of the asked instant.
"""

from __future__ import annotations

from datetime import date
from itertools import islice

from events.facts import Fact
from events.touchpoints.base import Touchpoint
from events.touchpoints.order import GoodsReturned, OrderCancelled, OrderPlaced
from events.touchpoints.payment import (
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    PaymentConfirmedGenuine,
    PaymentReceived,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
)
from projections.books.records import Entry, Invoice, Item
from projections.value_tiers.contributions import (
    BalanceChange,
    Claim,
    Component,
    Contributions,
    Settlement,
)
from projections.value_tiers.rules import ValueRules
from projections.value_tiers.shares import share
from projections.value_tiers.tills import TillLedger

_CORRECTIONS = (
    InvoiceCancelled, PaymentRejectedAsDuplicate, PaymentReversed,
)  # fmt: skip
"""What makes it so that something never counted."""


class CollectedLedger(TillLedger):
    """The books with what has been collected by whom, when, and at what cost of goods."""

    def __init__(self, rules: ValueRules, contributions: Contributions, limits: bool) -> None:
        super().__init__(rules, contributions, limits)
        self.claims: dict[Invoice, Claim] = {}
        self.stood: dict[Item, tuple[int, date]] = {}  # open items as they were last

    def taken_in(self, event: Fact | None) -> None:
        """Work out anew whatever a fact or deadline touched."""
        self.by = event.id if event is not None else ""
        data = event.data if event is not None else None
        self.correcting = isinstance(data, _CORRECTIONS)
        self._note(data)
        touched = self.touched
        for order_id, anew in touched.orders.items():
            self._split(order_id, anew)
        for item in touched.items:
            self._balance(item)
        if self.credit_notes:
            self._share_returns()
        if touched.undone:
            self._settle_anew()
        for entry in touched.added:
            self._settlement(entry)
        if touched.sources or touched.orders:
            self.fit()
        for source in touched.sources:
            if source.kind == "credit_note":
                self.resold[source] = None
        for invoice in touched.undone:
            self.resold[invoice] = None
        for order_id in touched.orders:
            self.resold[self.order_parts(order_id)] = None
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
                parts = self.order_parts(data.order_id)
                parts.notes += (self.credit_notes[data.credit_note_id],)
            case PaymentReceived():
                source = self.payments[data.payment_id][-1]
                touched.sources[source] = None
                for ref in source.order_refs:
                    self.order_parts(ref).citing += (source,)
                if not self.invoices and not self.orders:
                    self.cash[source] = None
            case PaymentConfirmedGenuine() | PaymentRejectedAsDuplicate() | PaymentReversed():
                for source in self.payments.get(data.payment_id, ()):
                    touched.sources[source] = None
                    touched.undone.update((e.item.invoice, None) for e in source.entries)
            case OrderPlaced():
                self._order_placed(data)
            case OrderCancelled() | GoodsReturned():
                parts = self.order_parts(data.order_id)
                self.resold.update(dict.fromkeys(parts.notes))
                touched.orders.setdefault(data.order_id, False)
            case _:
                pass

    def _order_placed(self, data: OrderPlaced) -> None:
        parts = self.order_parts(data.order_id)
        if parts.data is None:
            parts.data = data
            parts.placed_at = self.now
            self.resold.update(dict.fromkeys(self.by_order.get(data.order_id, ())))
            self.resold.update(dict.fromkeys(parts.notes))
        self.touched.orders[data.order_id] = True

    # --- invoices ---

    def _open_claim(self, invoice: Invoice, data: InvoiceIssued) -> None:
        tax = 0
        if data.tax is not None and data.tax.currency == invoice.currency:
            tax = data.tax.minor
        elif data.tax is None and data.order_id is not None:
            placed = self.order_parts(data.order_id).data
            if placed is not None and placed.tax and placed.tax.currency == placed.amount.currency:
                tax = share(data.amount.minor, placed.tax.minor, placed.amount.minor)
        claim = Claim(invoice.invoice_id, invoice.currency, data.amount.minor, tax)
        claim.total = sum(item.amount for item in invoice.items)
        self.claims[invoice] = claim

    def _open_charge(self, invoice: Invoice) -> None:
        """Let what is paid of a fee, or of interest, count whole: it has no tax and no cost."""
        if invoice.charge is not None and invoice not in self.claims:
            component: Component = "fees" if invoice.charge == "fee" else "interest"
            self.claims[invoice] = Claim(invoice.invoice_id, invoice.currency, 1, 0, component)

    def _split(self, order_id: str, anew: bool) -> None:
        """Give each invoice of an order its part of the order's cost of goods."""
        parts = self.order_parts(order_id)
        placed = parts.data
        if placed is None:
            return
        if anew:
            parts.split = parts.billed = 0
        whole = placed.amount.minor
        cost = placed.cost_of_goods
        known = cost.minor if cost and cost.currency == placed.amount.currency else 0
        invoices = self.by_order.get(order_id, ())
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

    def _share_returns(self) -> None:
        """Say of each invoice of the orders touched how much of its credit notes is goods back.

        That is as much as came back, or was cancelled, of the order: its earlier invoices first,
        then what was paid of it without an invoice.
        """
        touched = self.touched
        order_ids = dict.fromkeys(touched.orders)
        order_ids.update({i.order_id: None for i in touched.undone if i.order_id is not None})
        for order_id in order_ids:
            order = self.orders.get(order_id)
            if order is None:
                continue
            left = order.amount if order.cancelled else min(order.returned, order.amount)
            for invoice in self.by_order.get(order_id, ()):
                claim = self.claims[invoice]
                if invoice.currency != order.account.currency:
                    continue
                back = min(left, sum(item.credited for item in invoice.items))
                left -= back
                if claim.back != back:
                    claim.back = back
                    touched.undone[invoice] = None
            parts = self.order_parts(order_id)
            back = min(left, order.credited)
            if parts.back != back:
                parts.back = back
                touched.orders.setdefault(order_id, False)

    def _balance(self, item: Item) -> None:
        if item.on is not None:
            return  # no capital is tied up in it, and it never counted as value
        stood = self.stood.get(item)
        before, due = (0, item.due_on) if stood is None else stood
        if item.balance == before and item.due_on == due:
            return
        if item.balance:
            self.stood[item] = (item.balance, item.due_on)
        else:
            self.stood.pop(item, None)
        currency = item.invoice.currency
        if stood is not None and due != item.due_on:
            moved = BalanceChange(self.now, currency, due.toordinal(), -before)
            self.contributions.owe(moved)
            before = 0
        if item.balance != before:
            due_day, change = item.due_on.toordinal(), item.balance - before
            self.contributions.owe(BalanceChange(self.now, currency, due_day, change))

    def _settlement(self, entry: Entry) -> None:
        """Let an entry be worth what it adds; one of an invoice settled anew is counted there."""
        invoice = entry.item.invoice
        if invoice in self.touched.undone or invoice.owed_back:
            return
        self._open_charge(invoice)
        paid = entry.amount if entry.source.kind == "payment" else 0
        settled = Settlement(entry.serial, paid, entry.amount, entry.at, entry.source.event_id)
        self.claims[invoice].add(settled, self.now, self.contributions)

    def _settle_anew(self) -> None:
        touched = self.touched
        for invoice in [i for i in touched.undone if i.owed_back]:
            del touched.undone[invoice]  # it was never sold
        for invoice in touched.undone:
            self._open_charge(invoice)
            claim = self.claims[invoice]
            claim.total = sum(item.amount for item in invoice.items)
            entries = [entry for item in invoice.items for entry in item.entries]
            lost = {e.serial for e in entries if invoice.cancelled or self._is_lost(e)}
            live = [entry for entry in entries if entry.undone_at is None]
            claim.rebuild(
                _settlements_of(live, claim.back),
                self.now,
                self.by,
                lost if self.correcting else (),
                self.contributions,
            )

    def _is_lost(self, entry: Entry) -> bool:
        """Return whether the fact at hand took it back, or its source never counted."""
        taken_back = entry.undone_at == self.now and entry.undone_by == self.by
        return taken_back or entry.source.state != "live"


def _settlements_of(live: list[Entry], back: int) -> list[Settlement]:
    """Return what entries settled, in their order: cost where it was first settled.

    An entry that took another's place brings the money of its own day, and leaves the cost on
    the day on which it was counted, unless the money of that day never came. `back` of what
    credit notes settled has no cost.
    """
    found: dict[int, Settlement] = {}

    def count(entry: Entry, paid: int, settled: int) -> None:
        key = entry.serial
        before = found.get(key) or Settlement(key, 0, 0, entry.at, entry.source.event_id)
        found[key] = before._replace(paid=before.paid + paid, settled=before.settled + settled)

    for entry in sorted(live, key=lambda entry: entry.serial):
        cost = entry.amount
        if entry.source.kind == "credit_note":
            came_back = min(back, cost)
            back -= came_back
            cost -= came_back
        paid = entry.amount if entry.source.kind == "payment" else 0
        first = _first_that_counts(entry)
        if first.serial == entry.serial:
            count(entry, paid, cost)
        else:
            count(first, 0, cost)
            if paid:
                count(entry, paid, 0)
    return [found[key] for key in sorted(found) if found[key].paid or found[key].settled]


def _first_that_counts(entry: Entry) -> Entry:
    """Return the entry that settled the amount to begin with, by a source that was not reversed."""
    first = entry
    while entry.instead_of is not None:
        entry = entry.instead_of
        if entry.source.state == "live":
            first = entry
    return first
