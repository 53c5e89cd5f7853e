"""What is asked about alerts, and the journal of what was told of them, page by page."""

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
    """Which alerts: None or none named means any, several either."""

    kinds: tuple[AlertKind, ...] = ()
    branches: tuple[str, ...] = ()
    customer_id: str | None = None


class JournalEntry(Struct, frozen=True):
    """What was told of an alert: that it was raised or withdrawn, or what was done about it."""

    ordinal: int
    alert_id: str
    action: str  # raised, withdrawn, acknowledged, snoozed, delegated
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
    state_by: str | None
    until: datetime | None
    delegate: str | None


async def alert_journal(
    reader: Reader, wanted: AlertFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[JournalEntry]:
    """Return a page of the journal, the latest first. Raises: BadCursor."""
    query = repr(("journal", wanted))
    before = None if cursor is None else signer.open(query, cursor, (int,))[0]
    terms = list(wanted.kinds) or None, list(wanted.branches) or None, wanted.customer_id
    rows = await reader.ask("alerts/alert_journal", *terms, before, limit + 1)
    entries = [JournalEntry(**{f: row[f] for f in JournalEntry.__struct_fields__}) for row in rows]
    return page_of(entries, limit, lambda last: signer.seal(query, (last.ordinal,)))
