"""The JSON document of a list of customers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from services.console.customers.listing import CustomerSums, Listed, Owed
from services.console.shared.documents import Document, Money, Positioned, tell


class OwedDocument(Document):
    """What is owed in one currency; interest that runs comes on top."""

    outstanding: Money
    overdue: Money


class CustomerEntryDocument(Document):
    """A customer: its tier, its worth today, what it owes, and what changes next."""

    customer: str
    branch: str | None
    segment: str | None
    tier: str | None
    score: Money
    contemporary: Money
    drop_at: Annotated[datetime | None, Meta(description="When the tier drops if nothing changes.")]
    warning_since: datetime | None
    last_purchase_on: date | None
    owed: list[OwedDocument]


class CustomersDocument(Positioned):
    """A page of customers, and what all who were asked for are worth and owe."""

    at: datetime
    count: int
    count_is_capped: Annotated[bool, Meta(description="True: there are more than `count`.")]
    worth: list[Money]
    owed: list[OwedDocument]
    customers: list[CustomerEntryDocument]
    next: Annotated[str | None, Meta(description="Cursor of the next page.")]
    previous: Annotated[str | None, Meta(description="Cursor of the page before.")]


def entry_document(one: Listed) -> CustomerEntryDocument:
    """Return the document of one customer of the list."""
    currency = one.row.currency
    return tell(
        CustomerEntryDocument,
        one.row,
        customer=one.customer_id,
        score=Money(minor=one.figures.score_minor, currency=currency),
        contemporary=Money(minor=one.figures.contemporary_minor, currency=currency),
        owed=[owed_document(owed) for owed in one.owed],
    )


def owed_document(one: Owed) -> OwedDocument:
    """Return the document of what is owed in a currency."""
    return tell(OwedDocument, one)


def worth_of(sums: CustomerSums) -> list[Money]:
    """Return what all are worth together, by currency."""
    return [Money(minor=minor, currency=currency) for currency, minor in sums.worth]
