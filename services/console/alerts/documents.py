"""The JSON documents of alerts and of their journal."""

from __future__ import annotations

from datetime import datetime

from services.console.alerts.queries import JournalEntry, StandingAlert
from services.console.shared.documents import Document, Money, Positioned, tell


class AlertDocument(Document):
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


class JournalEntryDocument(Document):
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


def alert_document(one: StandingAlert) -> AlertDocument:
    """Return the document of an alert that stands."""
    return tell(AlertDocument, one)


def journal_document(entry: JournalEntry) -> JournalEntryDocument:
    """Return the document of a journal entry."""
    return tell(
        JournalEntryDocument, entry, cause=entry.cause_reason, cause_event=entry.cause_event_id
    )
