"""The JSON document of a customer's timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from projections.timeline.entries import Entry
from services.console.shared.documents import Document, Money, Positioned, tell


class PositionDocument(Document):
    """Where the log keeps an event."""

    generation: int
    partition: int
    n: int


class EntryDocument(Document):
    """One touchpoint; what is personal stays sealed."""

    event: str
    type: str
    family: str
    branch: str
    effective_at: datetime
    recorded_at: datetime
    position: PositionDocument
    amount: Money | None
    identifiers: Annotated[
        list[tuple[str, str]], Meta(description="Field and identifier, in order.")
    ]
    words: Annotated[dict[str, str | int | bool], Meta(description="Days and instants as text.")]
    sealed: Annotated[bool, Meta(description="It carries personal data.")]


class TimelineDocument(Positioned):
    """A page of a customer's touchpoints, the newest first."""

    customer: str
    at: Annotated[
        datetime | None, Meta(description="Nothing that took effect later; null: everything.")
    ]
    as_known: datetime | None
    entries: list[EntryDocument]
    next: str | None


def entry_document(entry: Entry) -> EntryDocument:
    """Return the document of a touchpoint."""
    amount = entry.amount
    return tell(
        EntryDocument,
        entry,
        event=entry.place.event_id,
        effective_at=entry.place.effective_at,
        position=tell(PositionDocument, entry.position),
        amount=amount and Money(minor=amount.minor, currency=amount.currency),
        words=msgspec.to_builtins(dict(entry.words)),
    )
