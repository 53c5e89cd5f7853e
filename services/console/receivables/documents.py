"""The JSON documents of receivables: their ageing, and open items to work on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from services.console.receivables.ageing import CurrencyAgeing
from services.console.receivables.worklist import WorkItem
from services.console.shared.documents import Document, Money, Positioned, tell


class BucketDocument(Document):
    """Open items of one age; a missing end is open."""

    bucket: int
    from_day: int | None
    to_day: int | None
    items: int
    amount: Money
    fees: Annotated[Money, Meta(description="Of the amount: reminder fees.")]
    interest: Annotated[Money, Meta(description="Of the amount: late-payment interest.")]
    provision: Money


class CurrencyAgeingDocument(Document):
    """Ageing in one currency."""

    currency: str
    buckets: list[BucketDocument]
    open_items: int
    outstanding: Money
    fees: Annotated[Money, Meta(description="Of what is outstanding: reminder fees.")]
    interest: Annotated[
        Money, Meta(description="Of what is outstanding: late-payment interest, to the day.")
    ]
    overdue_items: int
    overdue: Money
    overdue_share: Annotated[
        str | None, Meta(description="Overdue over outstanding, four decimals.")
    ]
    invoiced_90_days: Money
    dso_90_days: Annotated[str | None, Meta(description="Days sales outstanding, four decimals.")]
    provision: Money


class AgeingDocument(Positioned):
    """Ageing of open items at each branch's local today."""

    at: datetime
    branch: str | None
    currencies: list[CurrencyAgeingDocument]


class ItemDocument(Document):
    """An open item: amount = credited + paid + written off + balance."""

    customer: str
    item: str
    kind: Literal["invoice", "refund", "fee", "interest"]
    invoice: str
    order: str | None
    branch: str | None
    issued_on: date
    due_on: date
    days_past_due: int
    amount: Money
    credited: Money
    paid: Money
    written_off: Money
    balance: Money
    interest: Annotated[
        Money, Meta(description="Late-payment interest on it to the day, beside the balance.")
    ]
    status: str
    disputed: bool
    hold: str | None
    dunning_level: int | None
    dunning_due: int | None
    promised_on: date | None


class ItemSumDocument(Document):
    """What the items that were asked for come to in one currency."""

    items: int
    balance: Annotated[Money, Meta(description="Interest that runs comes on top.")]


class ItemsDocument(Positioned):
    """A page of the work list."""

    at: datetime
    count: int
    count_is_capped: Annotated[bool, Meta(description="True: there are more than `count`.")]
    sums: Annotated[list[ItemSumDocument], Meta(description="By currency, of all pages together.")]
    sums_are_capped: Annotated[bool, Meta(description="True: it comes to more than `sums`.")]
    items: list[ItemDocument]
    next: Annotated[str | None, Meta(description="Cursor of the next page.")]
    previous: Annotated[str | None, Meta(description="Cursor of the page before.")]


def ageing_document(one: CurrencyAgeing) -> CurrencyAgeingDocument:
    """Return the document of one currency's ageing."""
    share = one.overdue_share
    return tell(
        CurrencyAgeingDocument,
        one,
        outstanding=Money(minor=one.open_minor, currency=one.currency),
        overdue_share=None if share is None else f"{share:.4f}",
        invoiced_90_days=Money(minor=one.invoiced_minor, currency=one.currency),
        dso_90_days=None if one.dso is None else str(one.dso),
        buckets=[
            tell(BucketDocument, bucket, currency=one.currency, bucket=bucket.index)
            for bucket in one.buckets
        ],
    )


def item_document(item: WorkItem) -> ItemDocument:
    """Return the document of one open item."""
    return tell(
        ItemDocument,
        item.row,
        customer=item.customer_id,
        days_past_due=item.days_past_due,
        interest=Money(minor=item.interest_minor, currency=item.row.currency),
    )
