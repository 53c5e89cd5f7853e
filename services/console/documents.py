"""The JSON documents of the read API, as OpenAPI describes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from pydantic import BaseModel, Field

from services.console.queries.ageing import CurrencyAgeing
from services.console.queries.alerts import JournalEntry, StandingAlert
from services.console.queries.freshness import Freshness
from services.console.queries.worklist import WorkItem


class Money(BaseModel):
    """An amount in minor units of its currency."""

    minor: int
    currency: str = Field(examples=["CNY"])


class Positioned(BaseModel):
    """Every answer says which position of the log it reflects."""

    position: str = Field(description="Token of the position reflected; pass it as `at_least`.")


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


class AlertDocument(BaseModel):
    """An alert that stands."""

    alert: str
    kind: str
    subject: str
    threshold: int
    customer: str
    branch: str | None
    since: datetime
    amount: Money | None
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class AlertsDocument(Positioned):
    """A page of standing alerts, the newest first."""

    count: int
    count_is_capped: bool
    alerts: list[AlertDocument]
    next: str | None


class JournalEntryDocument(BaseModel):
    """One raising or withdrawal of an alert."""

    ordinal: int
    alert: str
    action: str
    at: datetime
    kind: str
    subject: str
    threshold: int
    customer: str
    branch: str | None
    since: datetime
    amount: Money | None
    cause: str | None
    cause_event: str | None


class JournalDocument(Positioned):
    """A page of the alert journal, the latest entry first."""

    entries: list[JournalEntryDocument]
    next: str | None


class SweepDocument(BaseModel):
    """How far customers were assessed again under what was published last."""

    under_way: bool
    rules_recorded: int = Field(description="Policies and reference data in the log.")
    rules_applied: int = Field(description="How many of them every customer was assessed under.")
    customers_left: int = Field(description="Counted up to `counted_up_to`.")


class ProjectionFreshness(BaseModel):
    """One projection's distance from the log."""

    projection: str
    version: int
    events_taken_in: int
    events_behind: int
    seconds_behind: int
    parked_customers: int
    reassessing_customers: int
    counted_up_to: int = Field(description="Customers are counted no further.")
    sweep: SweepDocument


class FreshnessDocument(Positioned):
    """How fresh the rows are."""

    at: datetime
    projections: list[ProjectionFreshness]


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


def _money(minor: int, currency: str) -> Money | None:
    return Money(minor=minor, currency=currency) if currency else None


def alert_documents(alerts: Iterable[StandingAlert]) -> list[AlertDocument]:
    """Return the documents of standing alerts."""
    return [
        AlertDocument(
            alert=one.alert_id,
            kind=one.kind,
            subject=one.subject,
            threshold=one.threshold,
            customer=one.customer_id,
            branch=one.branch_id,
            since=one.since,
            amount=_money(one.amount_minor, one.currency),
            raised_at=one.raised_at,
            acknowledged_at=one.acknowledged_at,
            acknowledged_by=one.acknowledged_by,
        )
        for one in alerts
    ]


def journal_documents(entries: Iterable[JournalEntry]) -> list[JournalEntryDocument]:
    """Return the documents of journal entries."""
    return [
        JournalEntryDocument(
            ordinal=one.ordinal,
            alert=one.alert_id,
            action=one.action,
            at=one.at,
            kind=one.kind,
            subject=one.subject,
            threshold=one.threshold,
            customer=one.customer_id,
            branch=one.branch_id,
            since=one.since,
            amount=_money(one.amount_minor, one.currency),
            cause=one.cause_reason,
            cause_event=one.cause_event_id,
        )
        for one in entries
    ]


def freshness_document(one: Freshness, cap: int) -> ProjectionFreshness:
    """Return the document of one projection's freshness."""
    return ProjectionFreshness(
        projection=one.projection,
        version=one.version,
        events_taken_in=one.events_taken_in,
        events_behind=one.events_behind,
        seconds_behind=one.seconds_behind,
        parked_customers=min(one.parked, cap),
        reassessing_customers=min(one.reassessing, cap),
        counted_up_to=cap,
        sweep=SweepDocument(
            under_way=one.reassessing > 0,
            rules_recorded=one.rules_recorded,
            rules_applied=one.rules_applied,
            customers_left=min(one.reassessing, cap),
        ),
    )
