"""The JSON documents of alerts and of their journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from events.cases.recipients import Recipient
from services.console.alerts.queries import JournalEntry
from services.console.alerts.standing import StandingAlert
from services.console.shared.documents import Document, Money, Positioned, tell


class ToldDocument(Document):
    """Who is told: a member of staff, or whoever has a role."""

    role: str
    agent: str | None


class AlertDocument(Document):
    """An alert that stands, what was done about it, and who is told by reference data in force.

    Of a clock of a case the case says who is told: `told` is empty.
    """

    alert: str
    kind: str
    subject: str
    threshold: int
    customer: str
    branch: str | None
    since: datetime
    amount: Money | None
    raised_at: datetime
    state: Annotated[str, Meta(examples=["open", "acknowledged", "snoozed"])]
    by: str | None
    at: datetime | None
    until: datetime | None
    delegate: str | None
    told: list[ToldDocument]


class AlertsDocument(Positioned):
    """A page of standing alerts, the newest first."""

    count: int
    count_is_capped: bool
    alerts: list[AlertDocument]
    next: str | None
    previous: str | None


class JournalEntryDocument(Document):
    """What was told of an alert: raised, withdrawn, acknowledged, snoozed or delegated."""

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
    by: str | None
    until: datetime | None
    delegate: str | None


class JournalDocument(Positioned):
    """A page of the alert journal, the latest entry first."""

    entries: list[JournalEntryDocument]
    next: str | None


def alert_document(one: StandingAlert, told: Iterable[Recipient]) -> AlertDocument:
    """Return the document of an alert that stands, and of whom it is told."""
    recipients = [ToldDocument(role=who.role, agent=who.agent) for who in told]
    return tell(AlertDocument, one, by=one.state_by, at=one.state_at, told=recipients)


def journal_document(entry: JournalEntry) -> JournalEntryDocument:
    """Return the document of a journal entry."""
    return tell(
        JournalEntryDocument,
        entry,
        cause=entry.cause_reason,
        cause_event=entry.cause_event_id,
        by=entry.state_by,
    )
