"""The JSON document of one customer's receivables."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from projections.receivables.rows import AccountRow
from projections.receivables.statement import ItemStatement, PromiseLine, SourceLine, Statement
from services.console.shared.customer_at import CustomerAt
from services.console.shared.documents import Money, Positioned


class AccountDocument(BaseModel):
    """A customer's account in one currency; all amounts in its minor units."""

    currency: str
    outstanding: Money
    overdue: Money
    disputed: Money
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


class AllocationDocument(BaseModel):
    """What one event settled of an item, and when that was taken back."""

    event: str
    kind: str
    source: str
    at: datetime
    amount: Money
    undone_at: datetime | None
    undone_by: str | None


class NoticeDocument(BaseModel):
    """A dunning notice that went out."""

    event: str
    at: datetime
    level: int


class CustomerItemDocument(BaseModel):
    """An item, with what explains its balance and its dunning."""

    item: str
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
    allocations: list[AllocationDocument]
    notices: list[NoticeDocument]


class SourceDocument(BaseModel):
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


class PromiseDocument(BaseModel):
    """A promise to pay and its verdict."""

    event: str
    promise: str
    at: datetime
    promised_on: date
    amount: Money
    received: Money
    verdict: str
    items: list[str]


class IgnoredDocument(BaseModel):
    """An event without effect, and why."""

    event: str
    reason: str
    waits_for: str | None


class CustomerDocument(Positioned):
    """One customer's receivables, explained to the event."""

    customer: str
    branch: str | None
    zone: str
    at: datetime = Field(description="The instant that the figures are true of.")
    as_known: datetime | None = Field(description="Null: with all that is known now.")
    accounts: list[AccountDocument]
    items: list[CustomerItemDocument]
    sources: list[SourceDocument]
    promises: list[PromiseDocument]
    ignored: list[IgnoredDocument]


def customer_document(found: CustomerAt, statement: Statement) -> CustomerDocument:
    """Return the document of a customer's receivables."""
    return CustomerDocument(
        position=found.position.token(),
        customer=statement.customer_id,
        branch=statement.branch_id,
        zone=statement.zone,
        at=statement.at,
        as_known=found.as_known,
        accounts=[_account(row) for row in statement.accounts],
        items=[_item(item, statement.today) for item in statement.items],
        sources=[_source(line) for line in statement.sources],
        promises=[_promise(line) for line in statement.promises],
        ignored=[
            IgnoredDocument(event=line.event_id, reason=line.reason, waits_for=line.waits_for)
            for line in statement.ignored
        ],
    )


def _account(row: AccountRow) -> AccountDocument:
    def money(minor: int) -> Money:
        return Money(minor=minor, currency=row.currency)

    return AccountDocument(
        currency=row.currency,
        outstanding=money(row.outstanding_minor),
        overdue=money(row.overdue_minor),
        disputed=money(row.disputed_minor),
        credit=money(row.credit_minor),
        reserved=money(row.reserved_minor),
        suspect=money(row.suspect_minor),
        unbilled=money(row.unbilled_minor),
        exposure=money(row.exposure_minor),
        limit=None if row.limit_minor is None else money(row.limit_minor),
        gate_refusal=row.gate_refusal,
        dunning_level=row.dunning_level,
        promises_live=row.promises_live,
        promises_kept=row.promises_kept,
        promises_broken=row.promises_broken,
    )


def _item(item: ItemStatement, today: date) -> CustomerItemDocument:
    row = item.row

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=row.currency)

    return CustomerItemDocument(
        item=row.item_id,
        invoice=row.invoice_id,
        order=row.order_id,
        status=row.status,
        issued_on=row.issued_on,
        due_on=row.due_on,
        days_past_due=(today - row.due_on).days,
        amount=money(row.amount_minor),
        credited=money(row.credited_minor),
        paid=money(row.paid_minor),
        written_off=money(row.written_off_minor),
        balance=money(row.balance_minor),
        disputed=row.disputed,
        hold=row.hold,
        dunning_level=row.dunning_level,
        dunning_due=row.dunning_due,
        allocations=[
            AllocationDocument(
                event=line.event_id,
                kind=line.kind,
                source=line.source_id,
                at=line.at,
                amount=money(line.amount_minor),
                undone_at=line.undone_at,
                undone_by=line.undone_by,
            )
            for line in item.allocations
        ],
        notices=[
            NoticeDocument(event=line.event_id, at=line.at, level=line.level)
            for line in item.notices
        ],
    )


def _source(line: SourceLine) -> SourceDocument:
    return SourceDocument(
        event=line.event_id,
        kind=line.kind,
        source=line.source_id,
        at=line.at,
        amount=Money(minor=line.amount_minor, currency=line.currency),
        free=Money(minor=line.free_minor, currency=line.currency),
        state=line.state,
        reserved=line.reserved,
        release_at=line.release_at,
    )


def _promise(line: PromiseLine) -> PromiseDocument:
    return PromiseDocument(
        event=line.event_id,
        promise=line.promise_id,
        at=line.at,
        promised_on=line.promised_on,
        amount=Money(minor=line.amount_minor, currency=line.currency),
        received=Money(minor=line.received_minor, currency=line.currency),
        verdict=line.verdict,
        items=list(line.item_ids),
    )
