"""What is asked about looks at personal data, page by page."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from services.console.shared.cursor import CursorSigner
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader

MOST_IN_A_FILE = 50_000


class LookFilter(Struct, frozen=True):
    """Which looks: None means any."""

    staff_id: str | None = None
    customer_id: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class LookEntry(Struct, frozen=True):
    """A member of staff was shown who a customer is, on a kind of page."""

    look: int
    at: datetime
    staff_id: str
    customer_id: str
    page: str


async def looks(
    reader: Reader, wanted: LookFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[LookEntry]:
    """Return a page of looks, the latest first. Raises: BadCursor."""
    query = repr(("looks", wanted))
    before = None if cursor is None else signer.open(query, cursor, (int,))[0]
    terms = wanted.staff_id, wanted.customer_id, wanted.since, wanted.before
    rows = await reader.ask("looks/looks", *terms, before, limit + 1)
    entries = [LookEntry(**dict(row.items())) for row in rows]
    return page_of(entries, limit, lambda last: signer.seal(query, (last.look,)))
