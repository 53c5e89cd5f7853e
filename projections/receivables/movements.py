"""What explains a balance beside invoices and payments: refunds, notes, charges, what gave way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from projections.books.account import Account
from projections.books.ledger import Ledger
from projections.books.records import Entry, Refund, Source

MovementKind = Literal[
    "credit_note", "credited_order", "displaced", "gave_way", "recovery", "restored", "refund",
    "refund_covered", "owed_back", "fee", "fee_announced", "interest",
]  # fmt: skip
"""credit_note      a credit note was issued: `amount_minor` of it, whatever it settled
credited_order   a note settles something of an order that was not invoiced; `subject`: the order
displaced        a payment was displaced from an item by a credit note (`by`)
gave_way         a write-off gave way on an item to a credit note (`by`)
recovery         a payment recovered what had been written off; `by`: the write-off
restored         a recovery was taken back and the write-off stands again; `by`: what took it back
refund           money was paid back to the customer
refund_covered   money of the customer covered a refund; `by`: the refund
owed_back        nothing covers that much of a refund now; `subject`: the item
fee              a notice carried a fee; `subject`: the fee's own item
fee_announced    a notice announced a fee that is not owed; `subject`: the item it is on
interest         interest was charged, so much in all by now; `subject`: its own item
"""


class Movement(Struct, frozen=True, kw_only=True):
    """One line of an account: something that one event did, and the other event it concerns."""

    kind: MovementKind
    event_id: str
    at: datetime
    currency: str
    amount_minor: int
    subject: str  # the note, refund, item or order that it is about
    by: str | None = None  # the event of the other side


def movements_of(book: Ledger, account: Account) -> list[Movement]:
    """Return the lines of an account, the oldest first."""
    found = [*_of_notes(book, account), *_of_entries(account), *_of_refunds(account)]
    found += _of_charges(book, account)
    return sorted(found, key=lambda line: line.at)


def _of_charges(book: Ledger, account: Account) -> Iterator[Movement]:
    for item in account.items:
        debt = item.invoice
        if debt.charge is not None:
            yield Movement(
                kind=debt.charge,
                event_id=debt.event_id,
                at=debt.issued_at,
                currency=account.currency,
                amount_minor=item.amount,
                subject=item.item_id,
            )
    for fee in book.charges.announced if book.charges is not None else ():
        if fee.item.invoice.currency == account.currency:
            yield Movement(
                kind="fee_announced",
                event_id=fee.event_id,
                at=fee.at,
                currency=account.currency,
                amount_minor=fee.amount,
                subject=fee.item.item_id,
            )


def _of_notes(book: Ledger, account: Account) -> Iterator[Movement]:
    for source in account.sources:
        if source.kind == "credit_note":
            yield _line(account, "credit_note", source, source.amount, source.source_id)
    for order in book.orders.values():
        for note, amount in order.credits.items():
            if order.account is account:
                yield _line(account, "credited_order", note, amount, order.order_id)


def _line(
    account: Account, kind: MovementKind, source: Source, amount: int, subject: str
) -> Movement:
    return Movement(
        kind=kind,
        event_id=source.event_id,
        at=source.at,
        currency=account.currency,
        amount_minor=amount,
        subject=subject,
    )


def _of_entries(account: Account) -> Iterator[Movement]:
    """Yield what took another's place, and write-offs that stand again."""
    for item in account.items:
        for entry in item.entries:
            before = entry.instead_of
            if before is None or entry.serial == before.serial:
                continue
            if _first_of_its_number(entry):
                yield _of_place(account, entry, before)
            if entry.recovery and entry.undone_by is not None and not _split(entry):
                yield Movement(
                    kind="restored",
                    event_id=before.source.event_id,
                    at=entry.undone_at or entry.at,
                    currency=account.currency,
                    amount_minor=entry.amount,
                    subject=item.item_id,
                    by=entry.undone_by,
                )


def _first_of_its_number(entry: Entry) -> bool:
    """Whether it is the entry itself and not what was left of it when some gave way again."""
    return next(e for e in entry.item.entries if e.serial == entry.serial) is entry


def _split(entry: Entry) -> bool:
    """Whether another source took the place of it, in part or whole."""
    return any(other.instead_of is entry for other in entry.item.entries)


def _of_place(account: Account, entry: Entry, before: Entry) -> Movement:
    kind: MovementKind = "displaced"
    event_id, by = before.source.event_id, entry.source.event_id
    if entry.recovery:
        kind, event_id, by = "recovery", by, event_id
    elif before.source.kind == "write_off":
        kind = "gave_way"
    return Movement(
        kind=kind,
        event_id=event_id,
        at=entry.at,
        currency=account.currency,
        amount_minor=entry.amount,
        subject=entry.item.item_id,
        by=by,
    )


class Cover(Struct, frozen=True, kw_only=True):
    """What covered a refund, and how much of it."""

    event_id: str
    at: datetime
    currency: str
    amount_minor: int


def covers(refund: Refund) -> list[Cover]:
    """Return what covers a refund, in the order in which it did."""
    at_once = [
        _cover(refund, source, refund.at, amount)
        for source in refund.payers
        for known, amount in source.refunds
        if known is refund
    ]
    entries = refund.item.entries if refund.item is not None else ()
    later = [
        _cover(refund, entry.source, entry.at, entry.amount)
        for entry in entries
        if entry.undone_at is None
    ]
    return at_once + later


def _cover(refund: Refund, source: Source, at: datetime, amount: int) -> Cover:
    return Cover(event_id=source.event_id, at=at, currency=refund.currency, amount_minor=amount)


def _of_refunds(account: Account) -> Iterator[Movement]:
    for refund in account.refunds:
        yield Movement(
            kind="refund",
            event_id=refund.event_id,
            at=refund.at,
            currency=account.currency,
            amount_minor=refund.amount,
            subject=refund.refund_id,
        )
        for cover in covers(refund):
            yield Movement(
                kind="refund_covered",
                event_id=cover.event_id,
                at=cover.at,
                currency=account.currency,
                amount_minor=cover.amount_minor,
                subject=refund.refund_id,
                by=refund.event_id,
            )
        if refund.item is not None and refund.item.balance:
            yield Movement(
                kind="owed_back",
                event_id=refund.event_id,
                at=refund.owed_at,
                currency=account.currency,
                amount_minor=refund.item.balance,
                subject=refund.item.item_id,
                by=refund.owed_by if refund.owed_by != refund.event_id else None,
            )
