"""The JSON document of one customer's receivables."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from projections.receivables.charged import AccountCharges
from projections.receivables.lines import ItemStatement, Statement
from projections.receivables.movements import MovementKind
from projections.receivables.rows import AccountRow
from services.console.shared.customer_at import CustomerAt
from services.console.shared.documents import Document, Money, Positioned, tell


class AccountDocument(Document):
    """A customer's account in one currency; all amounts in its minor units."""

    currency: str
    outstanding: Money
    fees: Annotated[Money, Meta(description="Of what is outstanding: reminder fees.")]
    interest: Annotated[
        Money, Meta(description="Of what is outstanding: late-payment interest, to the day.")
    ]
    fees_announced: Annotated[Money, Meta(description="Shown only: nobody owes it.")]
    interest_announced: Annotated[Money, Meta(description="Shown only: nobody owes it.")]
    overdue: Money
    disputed: Money
    owed_back: Annotated[
        Money, Meta(description="Of what is outstanding: refunds that nothing covers.")
    ]
    refunded: Money
    credit: Money
    reserved: Money
    suspect: Money
    unbilled: Money
    exposure: Money
    limit: Money | None
    gate_refusal: str | None
    dunning_level: int | None
    promises_live: int
    promises_kept: int
    promises_broken: int


class AllocationDocument(Document):
    """What one event settled of an item, and when that was taken back."""

    event: str
    kind: str
    source: str
    at: datetime
    amount: Money
    undone_at: datetime | None
    undone_by: str | None
    in_place_of: Annotated[
        str | None, Meta(description="The event whose settlement gave way to it.")
    ]
    recovery: Annotated[bool, Meta(description="Whether it paid what had been written off.")]


class NoticeDocument(Document):
    """A dunning notice that went out."""

    event: str
    at: datetime
    level: int


class InterestDocument(Document):
    """Interest on an item that is no item itself, and the term by which it grows.

    Each day from `since` adds a day's part of the yearly rate of the principal.
    """

    owed: Money
    announced: Money
    charged: Annotated[Money, Meta(description="What became an item of its own before.")]
    since: date
    principal: Money
    rate_ppm: Annotated[int, Meta(description="Millionths a year; 0: it does not run.")]
    day_count: str
    is_owed: Annotated[bool, Meta(description="Whether what runs is owed, or announced.")]


class AnnouncedFeeDocument(Document):
    """A reminder fee that a notice announced and nobody owes."""

    event: str
    at: datetime
    level: int
    amount: Money


class CustomerItemDocument(Document):
    """An item, with what explains its balance and its dunning."""

    item: str
    kind: Literal["invoice", "refund", "fee", "interest"]
    invoice: str
    order: str | None
    status: str
    issued_on: date
    due_on: date
    days_past_due: int
    amount: Money
    credited: Money
    paid: Money
    written_off: Money
    balance: Money
    disputed: bool
    hold: str | None
    dunning_level: int | None
    dunning_due: int | None
    interest: InterestDocument | None
    announced_fees: list[AnnouncedFeeDocument]
    allocations: list[AllocationDocument]
    notices: list[NoticeDocument]


class SourceDocument(Document):
    """A payment or credit note, and what is left of it."""

    event: str
    kind: str
    source: str
    at: datetime
    amount: Money
    free: Money
    state: str
    reserved: bool
    release_at: datetime | None


class CoverDocument(Document):
    """What covered a refund."""

    event: str
    at: datetime
    amount: Money


class RefundDocument(Document):
    """Money paid back, what covered it, and what is owed back as an item of its own."""

    event: str
    refund: str
    at: datetime
    amount: Money
    uncovered: Money
    item: str | None
    covered_by: list[CoverDocument]


class MovementDocument(Document):
    """A refund, a credit note, or what gave way to what, with the events of both sides."""

    kind: MovementKind
    event: str
    at: datetime
    amount: Money
    subject: str
    by: str | None


class PromiseDocument(Document):
    """A promise to pay and its verdict."""

    event: str
    promise: str
    at: datetime
    promised_on: date
    amount: Money
    received: Money
    verdict: str
    items: list[str]


class IgnoredDocument(Document):
    """An event without effect, and why."""

    event: str
    reason: str
    waits_for: str | None


class CustomerDocument(Positioned):
    """One customer's receivables, explained to the event."""

    customer: str
    branch: str | None
    zone: str
    at: Annotated[datetime, Meta(description="The instant that the figures are true of.")]
    as_known: Annotated[datetime | None, Meta(description="Null: with all that is known now.")]
    accounts: list[AccountDocument]
    items: list[CustomerItemDocument]
    sources: list[SourceDocument]
    refunds: list[RefundDocument]
    movements: list[MovementDocument]
    promises: list[PromiseDocument]
    ignored: list[IgnoredDocument]


def customer_document(found: CustomerAt, statement: Statement) -> CustomerDocument:
    """Return the document of a customer's receivables."""
    return tell(
        CustomerDocument,
        statement,
        position=found.position.token(),
        as_known=found.as_known,
        accounts=[
            _account(row, charges)
            for row, charges in zip(statement.accounts, statement.charges, strict=True)
        ],
        items=[_item(item, statement.today) for item in statement.items],
        promises=[
            tell(PromiseDocument, line, items=list(line.item_ids)) for line in statement.promises
        ],
    )


def _account(row: AccountRow, charges: AccountCharges) -> AccountDocument:
    def money(minor: int) -> Money:
        return Money(minor=minor, currency=row.currency)

    return tell(
        AccountDocument,
        row,
        outstanding=money(charges.outstanding_minor),
        overdue=money(charges.overdue_minor),
        exposure=money(charges.exposure_minor),
        fees=money(charges.fees_minor),
        interest=money(charges.interest_minor),
        fees_announced=money(charges.fees_announced_minor),
        interest_announced=money(charges.interest_announced_minor),
    )


def _item(item: ItemStatement, today: date) -> CustomerItemDocument:
    row = item.row
    return tell(
        CustomerItemDocument,
        row,
        days_past_due=(today - row.due_on).days,
        interest=item.interest and tell(InterestDocument, item.interest, currency=row.currency),
        announced_fees=[
            tell(AnnouncedFeeDocument, line, currency=row.currency) for line in item.announced_fees
        ],
        allocations=[
            tell(AllocationDocument, line, currency=row.currency) for line in item.allocations
        ],
        notices=[tell(NoticeDocument, line) for line in item.notices],
    )
