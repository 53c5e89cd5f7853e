"""From facts to books: the walk in effective order, deadlines at their own instants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from events.calendars import INSTANT
from events.facts import Fact
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.order import OrderCancelled
from events.touchpoints.payment import (
    CreditLimitSet,
    CreditNoteIssued,
    DebtWrittenOff,
    InvoiceAmended,
    InvoiceCancelled,
    PaymentConfirmedGenuine,
    PaymentReceived,
)
from projections.books import billing, orders, payments
from projections.books.cares import WORDS, hear
from projections.books.credit_notes import settle_unbilled
from projections.books.ledger import Ledger
from projections.facts import Facts

HANDLERS = {**billing.HANDLERS, **payments.HANDLERS, **orders.HANDLERS}

HANDLED: frozenset[type[Touchpoint]] = frozenset(
    {*HANDLERS, *WORDS, CustomerProfileChanged, CustomerRegistered}
)
"""The touchpoints that mean something for receivables; the last two say whose days they are."""

RELIEF: dict[type[Any], str] = {
    PaymentReceived: "paid",
    PaymentConfirmedGenuine: "paid",
    CreditNoteIssued: "credited",
    DebtWrittenOff: "written_off",
    InvoiceAmended: "amended",
    InvoiceCancelled: "cancelled",
    OrderCancelled: "cancelled",
    CreditLimitSet: "limit_set",
}


def may_continue(book: Ledger, facts: Facts) -> bool:
    """Return whether the facts that the books have not walked may follow those they have."""
    later = facts.after(book.walked)
    if later and later[0].effective_at <= book.passed_at:
        return False
    return all(facts.home.branch_at(at) == branch for at, branch in book.days_of)


def first_of(kinds: frozenset[type[Touchpoint]], facts: Sequence[Fact]) -> datetime | None:
    """Return the instant of the first fact of some kinds: facts may be there for others too."""
    for fact in facts:
        if type(fact.data) in kinds:
            return fact.effective_at
    return None


def walk(book: Ledger, facts: Facts, at: datetime) -> None:
    """Bring the books from where they stand to an instant, which must not be an earlier one.

    Facts effective later are ignored; the first of them is noted as `next_fact_at`. A fact
    at an instant precedes a deadline at that instant.
    """
    deadlines = book.deadlines
    handlers = HANDLERS
    book.next_fact_at = None
    book.home = facts.home
    later = facts.after(book.walked)
    for n, event in enumerate(later):
        instant = event.effective_at
        if instant > at:
            book.next_fact_at = first_of(HANDLED, later[n:])
            break
        if deadlines and deadlines[0].at < instant:
            book.pass_time(instant)
        book.walked += 1
        book.walked_at = instant
        data = event.data
        handler = handlers.get(type(data))
        if handler is None:
            hear(book, event)
            continue
        book.event = event
        book.now = instant
        handler(book, data)
        if book.loose_notes:
            settle_unbilled(book)
        if book.limited:
            book.watch_limits(RELIEF.get(type(data), "corrected"), event.id)
    if deadlines:
        book.pass_time(at + INSTANT)
    book.home = None
