"""The JSON documents of receivables: their ageing, and open items to work on."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from services.console.receivables.ageing import CurrencyAgeing
from services.console.receivables.worklist import WorkItem
from services.console.shared.documents import Money, Positioned


class BucketDocument(BaseModel):
    """Open items of one age; a missing end is open."""

    bucket: int
    from_day: int | None
    to_day: int | None
    items: int
    amount: Money
    provision: Money


class CurrencyAgeingDocument(BaseModel):
    """Ageing in one currency."""

    currency: str
    buckets: list[BucketDocument]
    open_items: int
    outstanding: Money
    overdue_items: int
    overdue: Money
    overdue_share: str | None = Field(description="Overdue over outstanding, four decimals.")
    invoiced_90_days: Money
    dso_90_days: str | None = Field(description="Days sales outstanding, four decimals.")
    provision: Money


class AgeingDocument(Positioned):
    """Ageing of open items at each branch's local today."""

    at: datetime
    branch: str | None
    currencies: list[CurrencyAgeingDocument]


class ItemDocument(BaseModel):
    """An open item: amount = credited + paid + written off + balance."""

    customer: str
    item: str
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
    status: str
    disputed: bool
    hold: str | None
    dunning_level: int | None
    dunning_due: int | None
    promised_on: date | None


class ItemsDocument(Positioned):
    """A page of the work list."""

    at: datetime
    count: int
    count_is_capped: bool = Field(description="True: there are more than `count`.")
    items: list[ItemDocument]
    next: str | None = Field(description="Cursor of the next page.")


def ageing_document(one: CurrencyAgeing) -> CurrencyAgeingDocument:
    """Return the document of one currency's ageing."""

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=one.currency)

    share = one.overdue_share
    return CurrencyAgeingDocument(
        currency=one.currency,
        buckets=[
            BucketDocument(
                bucket=bucket.index,
                from_day=bucket.from_day,
                to_day=bucket.to_day,
                items=bucket.items,
                amount=money(bucket.amount_minor),
                provision=money(bucket.provision_minor),
            )
            for bucket in one.buckets
        ],
        open_items=one.open_items,
        outstanding=money(one.open_minor),
        overdue_items=one.overdue_items,
        overdue=money(one.overdue_minor),
        overdue_share=None if share is None else f"{share:.4f}",
        invoiced_90_days=money(one.invoiced_minor),
        dso_90_days=None if one.dso is None else str(one.dso),
        provision=money(one.provision_minor),
    )


def item_document(item: WorkItem) -> ItemDocument:
    """Return the document of one open item."""
    row = item.row

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=row.currency)

    return ItemDocument(
        customer=item.customer_id,
        item=row.item_id,
        invoice=row.invoice_id,
        order=row.order_id,
        branch=row.branch_id,
        issued_on=row.issued_on,
        due_on=row.due_on,
        days_past_due=item.days_past_due,
        amount=money(row.amount_minor),
        credited=money(row.credited_minor),
        paid=money(row.paid_minor),
        written_off=money(row.written_off_minor),
        balance=money(row.balance_minor),
        status=row.status,
        disputed=row.disputed,
        hold=row.hold,
        dunning_level=row.dunning_level,
        dunning_due=row.dunning_due,
        promised_on=row.promised_on,
    )
