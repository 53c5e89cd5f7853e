"""The JSON documents of the credit controllers' list."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from services.console.credit.steps import Step, next_step
from services.console.credit.sums import CurrencySums
from services.console.credit.work import Phase, Work
from services.console.shared.documents import Document, Money, Positioned, tell


class PhaseSumDocument(Document):
    """How much there is in a phase."""

    phase: Phase
    count: int
    amount: Annotated[Money, Meta(description="Interest that runs on items included.")]


class CurrencySumsDocument(Document):
    """What all phases come to in a currency."""

    currency: str
    phases: list[PhaseSumDocument]
    refused: Annotated[int, Meta(description="Credit checks refused and not answered.")]
    refused_amount: Annotated[Money, Meta(description="Part of what is before delivery.")]


class WorkDocument(Document):
    """Something to look after: an open item, an order that is not invoiced, or a credit check."""

    phase: Phase
    next: Annotated[Step, Meta(description="What to do next.")]
    source: Literal["item", "order", "check"]
    id: Annotated[str, Meta(description="Of the item, the order or the check.")]
    customer: str
    branch: str | None
    amount: Annotated[Money, Meta(description="Open; unbilled; asked for.")]
    interest: Annotated[Money, Meta(description="That runs on an item, beside the amount.")]
    day: Annotated[date, Meta(description="Due; of an order delivered, else asked for.")]
    days_past_due: int | None
    gate: Annotated[str | None, Meta(description="Why the customer's credit gate is shut today.")]
    item_kind: Literal["invoice", "refund", "fee", "interest"] | None
    disputed: bool | None
    hold: str | None
    dunning_level: int | None
    dunning_due: int | None
    promised_on: date | None
    purpose: Annotated[str | None, Meta(description="What a check was asked for.")]
    stage: Literal["refused", "approved", "ordered", "delivered"] | None
    asked_at: datetime | None
    until: Annotated[datetime | None, Meta(description="How long an approval reserves room.")]
    refused_for: str | None
    exposure: Annotated[Money | None, Meta(description="As the gate saw it when it refused.")]
    limit: Money | None
    days_overdue: int | None
    override_role: Annotated[str | None, Meta(description="Of who lets it pass today.")]
    override_until: date | None


class CreditWorkDocument(Positioned):
    """A page of the list, and what the phases come to in the branch, or everywhere."""

    at: datetime
    count: int
    count_is_capped: Annotated[bool, Meta(description="True: there is more than `count`.")]
    sums: list[CurrencySumsDocument]
    work: list[WorkDocument]
    next: Annotated[str | None, Meta(description="Cursor of the next page.")]
    previous: Annotated[str | None, Meta(description="Cursor of the page before.")]


def work_document(work: Work) -> WorkDocument:
    """Return the document of something to look after."""
    return tell(WorkDocument, work, id=work.ref, next=next_step(work), gate=work.gate_refusal)


def sums_document(sums: CurrencySums) -> CurrencySumsDocument:
    """Return the document of what the phases come to."""
    return tell(
        CurrencySumsDocument,
        sums,
        refused_amount=Money(minor=sums.refused_minor, currency=sums.currency),
    )
