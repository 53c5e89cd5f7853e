"""The JSON document of the calls promised to a customer without naming a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from projections.case_board.rows import CallbackRow
from services.console.shared.customer_at import CustomerAt
from services.console.shared.documents import Document, Positioned, tell


class CallbackDocument(Document):
    """A promised call, and what became of it."""

    callback: str
    branch: str
    purpose: str
    status: str
    promised_at: datetime
    due_at: datetime
    attempts: int
    outcome: str | None
    ended_at: datetime | None
    late: bool
    promised_by: str
    ended_by: str | None


class CallbacksDocument(Positioned):
    """The calls promised to a customer, the next due first."""

    customer: str
    at: datetime
    as_known: datetime | None
    callbacks: list[CallbackDocument]


def callbacks_document(found: CustomerAt, calls: Sequence[CallbackRow]) -> CallbacksDocument:
    """Return the document of promised calls."""
    return CallbacksDocument(
        position=found.position.token(),
        customer=found.customer,
        at=found.at,
        as_known=found.as_known,
        callbacks=[tell(CallbackDocument, call) for call in calls],
    )
