"""Books made again of what was kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern

from projections.books.account import SETTLED_BY, Account, Owing
from projections.books.charges import Announced
from projections.books.commitments import Check, Deadline, Order, Override, PromiseNote, Refusal
from projections.books.kept import (
    KeptAccount,
    KeptBooks,
    KeptCheck,
    KeptDeadline,
    KeptEntry,
    KeptInvoice,
)
from projections.books.ledger import Ledger
from projections.books.records import (
    Entry,
    Hold,
    Invoice,
    Item,
    Refund,
    Source,
    Spell,
    Step,
)
from projections.keeping import facts_again


class Parts:
    """The parts of books that were kept, by their numbers."""

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self.sources: list[Source] = []
        self.refunds: list[list[Refund]] = []  # by account
        self.invoices: list[Invoice] = []
        self.items: list[Item] = []
        self.entries: list[Entry] = []
        self.orders: list[Order] = []
        self.checks: list[Check] = []
        self.owings: list[Owing] = []


def fill(book: Ledger, kept: KeptBooks) -> Parts:
    """Let books that are empty be those that were kept; return their parts."""
    parts = Parts()
    for account in kept.accounts:
        _sources_again(book.account(intern(account.currency)), account, parts)
    for invoice in kept.invoices:
        _invoice_again(invoice, parts)
    _charges_again(book, kept, parts)
    for owing in kept.owings:
        parts.owings.append(Owing(owing.at, [parts.items[n] for n in owing.items]))
    for known, refunds, kept_account in zip(
        parts.accounts, parts.refunds, kept.accounts, strict=True
    ):
        _account_again(known, refunds, kept_account, parts)
    _orders_again(book, kept, parts)
    _cited_again(book, kept, parts)
    _dated_again(book, kept, parts)
    for known, told in zip(parts.accounts, kept.accounts, strict=True):
        known.asked = {
            parts.orders[n] if is_order else parts.checks[n]: None for is_order, n in told.asked
        }
    return parts


def _sources_again(account: Account, kept: KeptAccount, parts: Parts) -> None:
    """Make the sources and refunds of an account, which know of no item yet."""
    refunds = []
    for told in kept.refunds:
        refund = Refund(told.refund_id, told.event_id, told.at, account.currency, told.amount)
        refund.owed_at, refund.owed_by = told.owed_at, told.owed_by
        refunds.append(refund)
    currency, sources = account.currency, account.sources
    for one in kept.sources:
        source = Source(
            one.kind, one.source_id, one.event_id, one.at, currency, one.amount, one.serial
        )
        source.free = one.free
        source.state = one.state
        source.pooled = one.pooled
        source.reserved = one.reserved
        source.release_at = one.release_at
        source.invoice_refs = one.invoice_refs
        source.order_refs = one.order_refs
        if one.refunds:
            source.refunds = tuple((refunds[n], amount) for n, amount in one.refunds)
        sources.append(source)
    parts.accounts.append(account)
    parts.sources.extend(sources)
    parts.refunds.append(refunds)


def _invoice_again(kept: KeptInvoice, parts: Parts) -> None:
    """Make an invoice, its items and their entries, which the sources are told of."""
    invoice = Invoice(kept.invoice_id, intern(kept.currency), kept.amount, kept.order_id)
    invoice.charges = kept.charges
    invoice.cancelled = kept.cancelled
    invoice.owed_back = kept.owed_back
    invoice.charge = kept.charge
    invoice.event_id = kept.event_id
    invoice.issued_at = kept.issued_at
    for one in kept.items:
        item_id = invoice.invoice_id if one.item_id is None else one.item_id
        item = Item(item_id, invoice, one.amount, one.due_on)
        item.balance = one.balance
        item.paid = one.paid
        item.credited = one.credited
        item.written_off = one.written_off
        item.disputed = one.disputed
        if one.disputes:
            item.disputes = tuple(Spell(*spell) for spell in one.disputes)
        if one.holds:
            item.holds = tuple(Hold(*hold) for hold in one.holds)
        if one.collection is not None:
            item.collection = Spell(*one.collection)
        item.notices = one.notices
        item.counted_late = one.counted_late
        if one.entries:
            _entries_again(item, one.entries, parts)
        if one.steps is None:
            item.steps = steps_told(item)
        else:
            item.steps = [Step(*step) for step in one.steps]
        invoice.items.append(item)
        parts.items.append(item)
    parts.invoices.append(invoice)


def _charges_again(book: Ledger, kept: KeptBooks, parts: Parts) -> None:
    """Give back what is charged on which item, and what was announced."""
    items = parts.items
    numbered = (one for invoice in kept.invoices for one in invoice.items)
    for item, one in zip(items, numbered, strict=True):
        if one.charges:
            item.charges = tuple(items[n] for n in one.charges)
            for charge in item.charges:
                charge.on = item
    if book.charges is not None:
        book.charges.announced = [
            Announced(items[n], level, amount, at, event_id)
            for n, level, amount, at, event_id in kept.announced
        ]


def _entries_again(item: Item, kept: Sequence[KeptEntry], parts: Parts) -> None:
    entries: list[Entry] = []
    for one in kept:
        source = parts.sources[one.source]
        at = source.at if one.at is None else one.at
        entry = Entry(source, item, one.amount, at, one.serial)
        if one.instead_of is not None:
            entry.instead_of = entries[one.instead_of]
        entry.undone_at = one.undone_at
        entry.undone_by = one.undone_by
        source.entries += (entry,)
        entries.append(entry)
    item.entries = tuple(entries)
    parts.entries.extend(entries)


def _account_again(
    account: Account, refunds: list[Refund], kept: KeptAccount, parts: Parts
) -> None:
    items, sources = parts.items, parts.sources
    account.outstanding = kept.outstanding
    account.credit = kept.credit
    account.reserved = kept.reserved
    account.suspect = kept.suspect
    account.unbilled = kept.unbilled
    account.checks = kept.checks
    account.invoiced = kept.invoiced
    account.paid = kept.paid
    account.credited = kept.credited
    account.written_off = kept.written_off
    account.owed_back = kept.owed_back
    account.refunded = kept.refunded
    account.seen_exposure = kept.seen_exposure
    account.crosses_at = kept.crosses_at
    account.serial = kept.serial
    account.limit = kept.limit
    account.items = [items[n] for n in kept.items]
    account.open_items = {items[n]: None for n in kept.open_items}
    account.moved = {items[n]: None for n in kept.moved}
    account.promised = None if kept.promised is None else parts.owings[kept.promised]
    account.refunds = refunds
    account.over = [Spell(*spell) for spell in kept.over]
    account.relief = kept.relief
    account.queued = [
        (rank, due_on, balance, item_id, tick, items[n])
        for rank, due_on, balance, item_id, tick, n in kept.queued
    ]
    account.offered = [(money, serial, tick, sources[n]) for money, serial, tick, n in kept.offered]
    for refund, told in zip(refunds, kept.refunds, strict=True):
        refund.item = None if told.item is None else items[told.item]
        refund.payers = tuple(sources[n] for n in told.payers)
    for source, one in zip(account.sources, kept.sources, strict=True):
        if one.entries is not None:
            source.entries = tuple(parts.entries[n] for n in one.entries)


def _orders_again(book: Ledger, kept: KeptBooks, parts: Parts) -> None:
    for one in kept.orders:
        order = Order(one.order_id, one.event_id, one.at, parts.accounts[one.account], one.amount)
        order.delivered_at = one.delivered_at
        order.lines = one.lines
        order.returned = one.returned
        if one.credits:
            order.credits = {parts.sources[n]: amount for n, amount in one.credits}
        order.credited = one.credited
        order.cancelled = one.cancelled
        order.unbilled = one.unbilled
        book.orders[one.order_id] = order
        parts.orders.append(order)
    for n in kept.by_order:
        invoice = parts.invoices[n]
        assert invoice.order_id is not None
        book.by_order[invoice.order_id] = (*book.by_order.get(invoice.order_id, ()), invoice)
    book.billed = kept.billed
    book.cancelled_orders = kept.cancelled_orders
    book.delivered_orders = kept.delivered_orders


def _cited_again(book: Ledger, kept: KeptBooks, parts: Parts) -> None:
    """Give back what is found by its identifier, and what waits for one."""
    sources = parts.sources
    book.invoices = {one.invoice_id: one for one in parts.invoices if one.sold}
    book.items = {item.item_id: item for item in [parts.items[n] for n in kept.items]}
    for n in kept.payments:
        known = book.payments.get(sources[n].source_id, ())
        book.payments[sources[n].source_id] = (*known, sources[n])
    for reference, currency, amount, numbers in kept.doubles:
        same = tuple(sources[n] for n in numbers)
        book.doubles[reference, currency, amount] = same
        for source in same:
            source.reference = reference
    book.verdicts = kept.verdicts
    book.reversed_ids = kept.reversed_ids
    book.taken = kept.taken
    book.settled_disputes = kept.settled_disputes
    book.unseen = {(kind, ref): facts_again(facts) for kind, ref, facts in kept.unseen}
    book.awaited = {(kind, ref): [sources[n] for n in ns] for kind, ref, ns in kept.awaited}
    book.credit_notes = {sources[n].source_id: sources[n] for n in kept.credit_notes}
    book.loose_notes = {sources[n]: None for n in kept.loose_notes}
    book.overrides = [Override(*one) for one in kept.overrides]
    book.customer_holds = [Hold(*one) for one in kept.customer_holds]
    book.ignored = kept.ignored


def _dated_again(book: Ledger, kept: KeptBooks, parts: Parts) -> None:
    """Give back promises, checks and deadlines, and how far the books have come."""
    accounts = parts.accounts
    book.promises = [
        PromiseNote(
            promise_id=one.promise_id,
            event_id=one.event_id,
            at=one.at,
            account=accounts[one.account],
            serial=one.serial,
            amount=one.amount,
            promised_on=one.promised_on,
            invoice_ids=one.invoice_ids,
            owing=None if one.owing is None else parts.owings[one.owing],
        )
        for one in kept.promises
    ]
    parts.checks = book.checks = [_check_again(one, accounts[one.account]) for one in kept.checks]
    book.open_checks = [book.checks[n] for n in kept.open_checks]
    book.refusals = [book.checks[n] for n in kept.refusals]
    book.deadlines = [_deadline_again(one, parts) for one in kept.deadlines]
    book.cares = kept.cares
    book.scheduled = kept.scheduled
    book.days_of = kept.days_of
    book.limited = kept.limited
    book.next_fact_at = kept.next_fact_at
    book.walked = kept.walked
    book.walked_at = kept.walked_at
    book.passed_at = kept.passed_at
    book.now = kept.now


def _check_again(kept: KeptCheck, account: Account) -> Check:
    check = Check(
        kept.check_id, kept.event_id, kept.at, account, kept.purpose, kept.order_id, kept.room,
        kept.until,
    )  # fmt: skip
    check.refusal = None if kept.refusal is None else Refusal(*kept.refusal)
    return check


def _deadline_again(kept: KeptDeadline, parts: Parts) -> Deadline:
    target: Source | Check | None = None
    if kept.source is not None:
        target = parts.sources[kept.source]
    elif kept.check is not None:
        target = parts.checks[kept.check]
    return Deadline(kept.at, kept.serial, target)


def steps_told(item: Item) -> list[Step]:
    """Return the steps of an item that was issued, then settled entry by entry, and no more."""
    invoice, left, due_on = item.invoice, item.amount, item.due_on
    steps = [Step(invoice.issued_at, left, due_on, "issued", invoice.event_id)]
    for entry in item.entries:
        source = entry.source
        left -= entry.amount
        step = Step(entry.at, left, due_on, SETTLED_BY[source.kind], source.event_id)
        if steps[-1].at == entry.at:
            steps[-1] = step
        else:
            steps.append(step)
    return steps
