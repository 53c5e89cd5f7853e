"""What is asked about looks at personal data, page by page."""

from __future__ import annotations

from collections.abc import Sequence

from asyncpg import Record

from services.console.shared.cursor import CursorSigner
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader
from services.people.looked import Look, LookFilter, looked

MOST_IN_A_FILE = 50_000


async def looks(
    reader: Reader, wanted: LookFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[Look]:
    """Return a page of looks, the latest first. Raises: BadCursor, UnreadableEvent.

    Whoever sees some branches has no part of the log: older looks are for who sees them all.
    """
    query = repr(("looks", wanted))
    below = None if cursor is None else int(signer.open(query, cursor, (int,))[0])

    async def ask(statement: str, *parameters: object) -> Sequence[Record]:
        return await reader.fetch(reader.statements.filled(statement), *parameters)

    by_log = reader.principal.scope.branches is None
    found = await looked(ask, wanted, limit + 1, below, by_log=by_log)
    return page_of(found, limit, lambda last: signer.seal(query, (last.look,)))
