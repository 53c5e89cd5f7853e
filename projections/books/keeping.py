"""Books as they are kept: what owns something holds it, everything else names it by its number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from projections.books.account import Account
from projections.books.commitments import Check, Deadline, Order, PromiseNote
from projections.books.kept import (
    KeptAccount,
    KeptBooks,
    KeptCheck,
    KeptDeadline,
    KeptEntry,
    KeptInvoice,
    KeptItem,
    KeptOrder,
    KeptOwing,
    KeptPromise,
    KeptRefund,
    KeptSource,
)
from projections.books.ledger import Ledger
from projections.books.records import Asked, Entry, Invoice, Item, Refund, Source
from projections.books.restoring import steps_told
from projections.keeping import kept_facts

T = TypeVar("T")


class Numbers:
    """Which number each part of some books has, in the order in which they are kept."""

    def __init__(self, book: Ledger) -> None:
        accounts = book.accounts.values()
        self.accounts = _numbered(accounts)
        self.sources = _numbered(source for account in accounts for source in account.sources)
        self.invoices = _numbered(_invoices_of(book))
        self.items = _numbered(item for invoice in self.invoices for item in invoice.items)
        self.entries = _numbered(entry for item in self.items for entry in item.entries)
        self.orders = _numbered(book.orders.values())
        self.checks = _numbered(book.checks)
        owings = [note.owing for note in book.promises] + [a.promised for a in accounts]
        self.owings = _numbered(dict.fromkeys(o for o in owings if o is not None))


def items_of(book: Ledger) -> list[Item]:
    """Return the items in the order of their numbers."""
    return [item for invoice in _invoices_of(book) for item in invoice.items]


def _invoices_of(book: Ledger) -> list[Invoice]:
    debts = {item.invoice: None for item in book.items.values() if not item.invoice.sold}
    return [*book.invoices.values(), *debts]


def _numbered(parts: Iterable[T]) -> dict[T, int]:
    return {part: number for number, part in enumerate(parts)}


def kept_books(book: Ledger, numbers: Numbers) -> KeptBooks:
    """Return books as they are kept, between two facts."""
    sources, items = numbers.sources, numbers.items
    return KeptBooks(
        accounts=[_kept_account(account, numbers) for account in book.accounts.values()],
        invoices=[_kept_invoice(invoice, numbers) for invoice in numbers.invoices],
        items=[items[item] for item in book.items.values()],
        orders=[_kept_order(order, numbers) for order in book.orders.values()],
        by_order=[numbers.invoices[i] for found in book.by_order.values() for i in found],
        billed=book.billed,
        cancelled_orders=book.cancelled_orders,
        delivered_orders=book.delivered_orders,
        payments=[sources[source] for found in book.payments.values() for source in found],
        doubles=[
            (*key, tuple(sources[source] for source in same)) for key, same in book.doubles.items()
        ],
        verdicts=book.verdicts,
        reversed_ids=book.reversed_ids,
        taken=book.taken,
        settled_disputes=book.settled_disputes,
        unseen=[(*key, kept_facts(facts)) for key, facts in book.unseen.items()],
        awaited=[
            (*key, tuple(sources[source] for source in found))
            for key, found in book.awaited.items()
        ],
        owings=[KeptOwing(o.at, [items[item] for item in o.items]) for o in numbers.owings],
        promises=[_kept_promise(note, numbers) for note in book.promises],
        checks=[_kept_check(check, numbers) for check in book.checks],
        open_checks=[numbers.checks[check] for check in book.open_checks],
        refusals=[numbers.checks[check] for check in book.refusals],
        overrides=book.overrides,
        customer_holds=book.customer_holds,
        credit_notes=[sources[note] for note in book.credit_notes.values()],
        loose_notes=[sources[note] for note in book.loose_notes],
        ignored=book.ignored,
        cares=book.cares,
        deadlines=[_kept_deadline(one, numbers) for one in book.deadlines],
        announced=[
            (items[fee.item], fee.level, fee.amount, fee.at, fee.event_id)
            for fee in (book.charges.announced if book.charges is not None else ())
        ],
        scheduled=book.scheduled,
        days_of=book.days_of,
        limited=book.limited,
        next_fact_at=book.next_fact_at,
        walked=book.walked,
        walked_at=book.walked_at,
        passed_at=book.passed_at,
        now=book.now,
    )


def _kept_promise(note: PromiseNote, numbers: Numbers) -> KeptPromise:
    return KeptPromise(
        promise_id=note.promise_id,
        event_id=note.event_id,
        at=note.at,
        account=numbers.accounts[note.account],
        serial=note.serial,
        amount=note.amount,
        promised_on=note.promised_on,
        invoice_ids=note.invoice_ids,
        owing=None if note.owing is None else numbers.owings[note.owing],
    )


def _kept_check(check: Check, numbers: Numbers) -> KeptCheck:
    return KeptCheck(
        check_id=check.check_id,
        event_id=check.event_id,
        at=check.at,
        account=numbers.accounts[check.account],
        purpose=check.purpose,
        order_id=check.order_id,
        room=check.room,
        until=check.until,
        refusal=check.refusal,
    )


def _kept_account(account: Account, numbers: Numbers) -> KeptAccount:
    items, sources = numbers.items, numbers.sources
    refunds = _numbered(account.refunds)
    return KeptAccount(
        currency=account.currency,
        outstanding=account.outstanding,
        credit=account.credit,
        reserved=account.reserved,
        suspect=account.suspect,
        unbilled=account.unbilled,
        checks=account.checks,
        invoiced=account.invoiced,
        paid=account.paid,
        credited=account.credited,
        written_off=account.written_off,
        owed_back=account.owed_back,
        refunded=account.refunded,
        seen_exposure=account.seen_exposure,
        crosses_at=account.crosses_at,
        serial=account.serial,
        limit=account.limit,
        items=[items[item] for item in account.items],
        open_items=[items[item] for item in account.open_items],
        moved=[items[item] for item in account.moved],
        asked=[_asked(one, numbers) for one in account.asked],
        promised=None if account.promised is None else numbers.owings[account.promised],
        sources=[_kept_source(source, refunds, numbers) for source in account.sources],
        refunds=[_kept_refund(refund, numbers) for refund in account.refunds],
        over=account.over,
        relief=account.relief,
        queued=[
            (invoiced, due_on, balance, item_id, tick, items[item])
            for invoiced, due_on, balance, item_id, tick, item in account.queued
        ],
        offered=[
            (money, serial, tick, sources[source])
            for money, serial, tick, source in account.offered
        ],
    )


def _kept_source(source: Source, refunds: dict[Refund, int], numbers: Numbers) -> KeptSource:
    entries = tuple(numbers.entries[entry] for entry in source.entries)
    in_order = len(entries) < 2 or list(entries) == sorted(entries)
    return KeptSource(
        kind=source.kind,
        source_id=source.source_id,
        event_id=source.event_id,
        at=source.at,
        amount=source.amount,
        free=source.free,
        state=source.state,
        pooled=source.pooled,
        reserved=source.reserved,
        release_at=source.release_at,
        invoice_refs=source.invoice_refs,
        order_refs=source.order_refs,
        entries=None if in_order else entries,
        refunds=tuple((refunds[refund], amount) for refund, amount in source.refunds),
        serial=source.serial,
    )


def _kept_refund(refund: Refund, numbers: Numbers) -> KeptRefund:
    return KeptRefund(
        refund_id=refund.refund_id,
        event_id=refund.event_id,
        at=refund.at,
        amount=refund.amount,
        item=None if refund.item is None else numbers.items[refund.item],
        owed_at=refund.owed_at,
        owed_by=refund.owed_by,
        payers=tuple(numbers.sources[source] for source in refund.payers),
    )


def _kept_invoice(invoice: Invoice, numbers: Numbers) -> KeptInvoice:
    return KeptInvoice(
        invoice_id=invoice.invoice_id,
        currency=invoice.currency,
        amount=invoice.amount,
        charges=invoice.charges,
        order_id=invoice.order_id,
        cancelled=invoice.cancelled,
        owed_back=invoice.owed_back,
        charge=invoice.charge,
        event_id=invoice.event_id,
        issued_at=invoice.issued_at,
        items=tuple(_kept_item(item, numbers) for item in invoice.items),
    )


def _kept_item(item: Item, numbers: Numbers) -> KeptItem:
    return KeptItem(
        item_id=None if item.item_id == item.invoice.invoice_id else item.item_id,
        amount=item.amount,
        balance=item.balance,
        due_on=item.due_on,
        paid=item.paid,
        credited=item.credited,
        written_off=item.written_off,
        disputed=item.disputed,
        entries=tuple(_kept_entry(entry, numbers) for entry in item.entries),
        steps=None if item.steps == steps_told(item) else item.steps,
        disputes=item.disputes,
        notices=item.notices,
        holds=item.holds,
        collection=item.collection,
        counted_late=item.counted_late,
        charges=tuple(numbers.items[charge] for charge in item.charges),
    )


def _kept_entry(entry: Entry, numbers: Numbers) -> KeptEntry:
    source, before = entry.source, entry.instead_of
    return KeptEntry(
        source=numbers.sources[source],
        amount=entry.amount,
        at=None if entry.at == source.at else entry.at,
        serial=entry.serial,
        instead_of=None if before is None else entry.item.entries.index(before),
        undone_at=entry.undone_at,
        undone_by=entry.undone_by,
    )


def _kept_order(order: Order, numbers: Numbers) -> KeptOrder:
    return KeptOrder(
        order_id=order.order_id,
        event_id=order.event_id,
        at=order.at,
        delivered_at=order.delivered_at,
        account=numbers.accounts[order.account],
        amount=order.amount,
        lines=order.lines,
        returned=order.returned,
        credits=tuple((numbers.sources[note], amount) for note, amount in order.credits.items()),
        credited=order.credited,
        cancelled=order.cancelled,
        unbilled=order.unbilled,
    )


def _asked(one: Asked, numbers: Numbers) -> tuple[bool, int]:
    if isinstance(one, Order):
        return True, numbers.orders[one]
    assert isinstance(one, Check)
    return False, numbers.checks[one]


def _kept_deadline(deadline: Deadline, numbers: Numbers) -> KeptDeadline:
    target = deadline.target
    return KeptDeadline(
        at=deadline.at,
        serial=deadline.serial,
        source=numbers.sources[target] if isinstance(target, Source) else None,
        check=numbers.checks[target] if isinstance(target, Check) else None,
    )
