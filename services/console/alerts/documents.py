"""The JSON documents of alerts and of their journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel

from services.console.alerts.queries import JournalEntry, StandingAlert
from services.console.shared.documents import Money, Positioned


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


def _money(minor: int, currency: str) -> Money | None:
    return Money(minor=minor, currency=currency) if currency else None
