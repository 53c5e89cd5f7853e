"""What payments, reversals, refunds and promises do to the books.

A suspected double report (decision 23) is a payment with the bank reference and amount of an
earlier one, or one that repeats a payment's id: it is in the log, unallocated and shown apart.
Confirmed genuine, it counts from the confirmation on. When the report that counted is rejected
as the duplicate, the earliest suspect takes its place. A payment presented again after all its
earlier reports were reversed is none: it is money of its own. The last word on a payment counts,
but a reversal is final for the reports before it. Words about a payment not yet seen are kept
until it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import (
    PaymentConfirmedGenuine,
    PaymentReceived,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
    PromiseMade,
    RefundPaid,
)
from projections.books.commitments import PromiseNote
from projections.books.giving_way import take_places
from projections.books.ledger import Ledger
from projections.books.owed_back import owe_back
from projections.books.records import Entry, Item, Refund, Source


def payment_received(book: Ledger, data: PaymentReceived) -> None:
    """Let a payment settle what it cites, then reserve the rest or give it to credit."""
    money = data.amount
    account = book.account(money.currency)
    source = account.receive("payment", data.payment_id, book.event_id, book.now, money.minor)
    source.invoice_refs = data.invoice_ids
    source.order_refs = data.order_ids
    known = book.payments.get(data.payment_id, ())
    first = not known
    repeated = not first and any(_may_be_the_same(other) for other in known)
    book.payments[data.payment_id] = (*known, source)
    verdict = book.verdicts.get(data.payment_id)
    if data.bank_reference:
        source.reference = data.bank_reference
        same = book.doubles.get(source.reported_as, ())
        repeated = repeated or any(_may_be_the_same(other) for other in same)
        book.doubles[source.reported_as] = (*same, source)
    if first and data.payment_id in book.reversed_ids:
        source.state = "reversed"
    elif verdict == "rejected":
        source.state = "rejected"
    elif repeated and verdict != "genuine":
        source.state = "suspect"
        account.suspect += source.amount
    else:
        _spend(book, source)


def _may_be_the_same(report: Source) -> bool:
    """One that was rejected, or reversed by now, is not what comes in: money presented again."""
    return report.state not in ("rejected", "reversed")


def _spend(book: Ledger, source: Source) -> None:
    """Let a payment that counts settle what it cites; what is left is reserved or credit."""
    source.state = "live"
    source.free = source.amount
    source.pooled = source.reserved = False
    spend_free(book, source)
    book.account(source.currency).settle(book.now)


def spend_free(book: Ledger, source: Source) -> None:
    """Let what a payment has left go to what it cites, then be reserved or credit.

    Explicit references are paid, disputed or not. What was written off of them gives way once
    all that is open of them is paid: that is a recovery.
    """
    settle_items(book, source, cited_by(book, source))
    if source.free and not source.reserved and not source.pooled:
        book.reserve(source)


def settle_items(book: Ledger, source: Source, items: Sequence[Item]) -> None:
    """Let a payment settle items that it cites, the open before what was written off."""
    account = book.account(source.currency)
    for item in items:
        if book.charges is None or not source.free:
            account.allocate(source, item, book.now)
        else:
            for part in book.charges.parts_cited(item, book.now, source.event_id):
                account.allocate(source, part, book.now)
    given_up = [items] if book.charges is None else book.charges.given_up(items, book.now)
    for parts in given_up if source.free else ():
        take_places(account, source, parts, "write_off", book.now)


def cited_by(book: Ledger, source: Source) -> list[Item]:
    """Return the items that a payment cites, in its order: invoices, then those of orders."""
    found: dict[Item, None] = {}
    for ref in source.invoice_refs:
        found.update(dict.fromkeys(book.named(ref, source.event_id) or ()))
    for ref in source.order_refs:
        for invoice in book.by_order.get(ref, ()):
            found.update(dict.fromkeys(invoice.items))
    return [item for item in found if item.invoice.currency == source.currency]


def withdraw(book: Ledger, source: Source) -> None:
    """Take a payment or credit note out of the books; the credit of others meets what it reopens.

    What had been written off before it was recovered is written off again; a refund that it had
    covered is owed back.
    """
    account = book.account(source.currency)
    account.unpool(source)
    source.free = 0
    reopened: dict[Item, None] = {}
    recovered: list[tuple[Entry, int]] = []
    for entry in source.entries:
        if entry.recovery:
            recovered.append((entry, entry.standing))
        if entry.undone_at is None:
            account.undo(entry, book.now, book.event_id)
            reopened[entry.item] = None
    for entry, amount in recovered:
        account.write_off_again(entry, amount, book.now)
    for item in reopened:
        account.mark(item, book.now, "reversed", book.event_id)
        account.queue(item)
    refunds, source.refunds = source.refunds, ()
    for refund, amount in refunds:
        owe_back(book, refund, amount)
    account.settle(book.now)


def payment_confirmed(book: Ledger, data: PaymentConfirmedGenuine) -> None:
    """Let a suspect, or a rejected payment, count from now on."""
    book.verdicts[data.payment_id] = "genuine"
    for source in book.payments.get(data.payment_id, ()):
        if source.state == "suspect":
            book.account(source.currency).suspect -= source.amount
            _spend(book, source)
        elif source.state == "rejected":
            _spend(book, source)


def payment_rejected(book: Ledger, data: PaymentRejectedAsDuplicate) -> None:
    """Let a report of a payment count for nothing; of reports under one id, the suspects."""
    book.verdicts[data.payment_id] = "rejected"
    reports = book.payments.get(data.payment_id, ())
    suspects = [source for source in reports if source.state == "suspect"]
    for source in suspects:
        book.account(source.currency).suspect -= source.amount
        source.state = "rejected"
    if suspects:
        return
    for source in reports:
        if source.state == "live":
            source.state = "rejected"
            withdraw(book, source)
            _promote(book, source)


def _promote(book: Ledger, rejected: Source) -> None:
    """The earliest suspect takes the place of the report that was rejected."""
    doubles = book.doubles.get(rejected.reported_as, ()) if rejected.reference else ()
    if any(other.state in ("live", "reversed") for other in doubles):
        return
    for other in doubles:
        if other.state == "suspect":
            book.account(other.currency).suspect -= other.amount
            _spend(book, other)
            return


def payment_reversed(book: Ledger, data: PaymentReversed) -> None:
    """Undo a payment: what it paid is open again with the dunning level it had."""
    book.reversed_ids.add(data.payment_id)
    for source in book.payments.get(data.payment_id, ()):
        if source.state == "suspect":
            book.account(source.currency).suspect -= source.amount
        live = source.state == "live"
        source.state = "reversed"
        if live:
            withdraw(book, source)


def refund_paid(book: Ledger, data: RefundPaid) -> None:
    """Take a refund from unapplied credit, then from reserved money; the rest is owed back."""
    if not book.take("refund", data.refund_id):
        return
    account = book.account(data.amount.currency)
    refund = Refund(data.refund_id, book.event_id, book.now, account.currency, data.amount.minor)
    account.refunds.append(refund)
    account.refunded += refund.amount
    missing = account.refund(refund)
    if missing:
        owe_back(book, refund, missing)


def promise_made(book: Ledger, data: PromiseMade) -> None:
    """Note a promise; it is judged when its local day has ended."""
    if not book.take("promise", data.promise_id):
        return
    account = book.account(data.amount.currency)
    book.promises.append(
        PromiseNote(
            promise_id=data.promise_id,
            event_id=book.event_id,
            at=book.now,
            account=account,
            serial=account.tick(),
            amount=data.amount.minor,
            promised_on=data.promised_on,
            invoice_ids=data.invoice_ids,
            owing=None if data.invoice_ids else account.promise(book.now),
        )
    )


HANDLERS: dict[type[Touchpoint], Callable[[Ledger, Any], None]] = {
    PaymentReceived: payment_received,
    PaymentConfirmedGenuine: payment_confirmed,
    PaymentRejectedAsDuplicate: payment_rejected,
    PaymentReversed: payment_reversed,
    RefundPaid: refund_paid,
    PromiseMade: promise_made,
}
