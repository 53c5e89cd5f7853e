"""The JSON document of a customer's timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, Field

from projections.timeline.entries import Entry
from services.console.shared.documents import Money, Positioned


class PositionDocument(BaseModel):
    """Where the log keeps an event."""

    generation: int
    partition: int
    n: int


class EntryDocument(BaseModel):
    """One touchpoint; what is personal stays sealed."""

    event: str
    type: str
    family: str
    branch: str
    effective_at: datetime
    recorded_at: datetime
    position: PositionDocument
    amount: Money | None
    identifiers: list[tuple[str, str]] = Field(description="Field and identifier, in order.")
    words: dict[str, str | int | bool | date | datetime]
    sealed: bool = Field(description="It carries personal data.")


class TimelineDocument(Positioned):
    """A page of a customer's touchpoints, the newest first."""

    customer: str
    at: datetime | None = Field(description="Nothing that took effect later; null: everything.")
    as_known: datetime | None
    entries: list[EntryDocument]
    next: str | None


def entry_documents(entries: Sequence[Entry]) -> list[EntryDocument]:
    """Return the documents of touchpoints."""
    return [
        EntryDocument(
            event=entry.place.event_id,
            type=entry.type,
            family=entry.family,
            branch=entry.branch_id,
            effective_at=entry.place.effective_at,
            recorded_at=entry.recorded_at,
            position=PositionDocument(
                generation=entry.position.generation,
                partition=entry.position.partition,
                n=entry.position.n,
            ),
            amount=None
            if entry.amount is None
            else Money(minor=entry.amount.minor, currency=entry.amount.currency),
            identifiers=list(entry.identifiers),
            words=dict(entry.words),
            sealed=entry.sealed,
        )
        for entry in entries
    ]
