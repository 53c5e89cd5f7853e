"""Looks at personal data as JSON."""

from __future__ import annotations

from datetime import datetime

from services.console.shared.documents import Document, Positioned


class LookDocument(Document):
    """A member of staff was shown who a customer is; told once for some minutes."""

    look: int
    at: datetime
    staff: str
    customer: str
    page: str


class LooksDocument(Positioned):
    """A page of looks at personal data, the latest first."""

    looks: list[LookDocument]
    next: str | None
