"""Alerts that stand, and the journal of what was raised and withdrawn, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from services.console.shared.cursor import CursorSigner
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader

AlertKind = Literal[
    "due_soon",
    "overdue",
    "dunning_due",
    "limit_exceeded",
    "broken_promise",
    "tier_warning",
    "case_response",
    "case_solution",
    "case_obligation",
    "callback_overdue",
]
CAP = 10_000


class AlertFilter(Struct, frozen=True):
    """Which alerts: None means any."""

    kind: AlertKind | None = None
    branch_id: str | None = None
    customer_id: str | None = None

    @property
    def terms(self) -> tuple[str | None, str | None, str | None]:
        """Return the filter as parameters."""
        return self.kind, self.branch_id, self.customer_id

    def named(self, what: str) -> str:
        """Return the text that cursors of this query are bound to."""
        return repr((what, *self.terms))


class StandingAlert(Struct, frozen=True):
    """An alert that stands now."""

    alert_id: str
    kind: str
    subject: str
    threshold: int
    customer_id: str
    branch_id: str | None
    since: datetime
    currency: str  # empty: it is about no money
    amount_minor: int
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class JournalEntry(Struct, frozen=True):
    """One raising or withdrawal of an alert."""

    ordinal: int
    alert_id: str
    action: str  # raised, withdrawn
    at: datetime
    kind: str
    subject: str
    threshold: int
    customer_id: str
    branch_id: str | None
    since: datetime
    currency: str  # empty: it is about no money
    amount_minor: int
    cause_reason: str | None
    cause_event_id: str | None


async def standing_alerts(
    reader: Reader, wanted: AlertFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[StandingAlert]:
    """Return a page of standing alerts, the newest first. Raises: BadCursor."""
    query = wanted.named("standing")
    since, after = None, None
    if cursor is not None:
        place = signer.open(query, cursor, (str, str))
        since, after = datetime.fromisoformat(str(place[0])), str(place[1])
    rows = await reader.ask(
        "alerts/standing_alerts", *reader.versions, *wanted.terms, since, after, limit + 1
    )
    alerts = [StandingAlert(**{f: row[f] for f in StandingAlert.__struct_fields__}) for row in rows]
    return page_of(
        alerts, limit, lambda last: signer.seal(query, (last.since.isoformat(), last.alert_id))
    )


async def count_alerts(reader: Reader, wanted: AlertFilter) -> int:
    """Return how many alerts stand, counted up to CAP + 1."""
    statement = reader.statements.sql("alerts/count_standing_alerts")
    return await reader.count(statement, *reader.versions, *wanted.terms, CAP + 1)


async def alert_journal(
    reader: Reader, wanted: AlertFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[JournalEntry]:
    """Return a page of the journal, the latest first. Raises: BadCursor."""
    query = wanted.named("journal")
    before = None if cursor is None else signer.open(query, cursor, (int,))[0]
    rows = await reader.ask("alerts/alert_journal", *wanted.terms, before, limit + 1)
    entries = [JournalEntry(**{f: row[f] for f in JournalEntry.__struct_fields__}) for row in rows]
    return page_of(entries, limit, lambda last: signer.seal(query, (last.ordinal,)))
