"""Takes what COPY sends, so that no error and no interruption breaks the connection.

asyncpg leaves a connection in the midst of a COPY whose sink raises or is cancelled: whoever has it
next waits for ever, or is told that another operation is in progress. So a COPY is always taken
to its end, and what came in between is raised then; the rest of it is not looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.postgres.pool import Connection

_LONGEST_S = 24 * 3600.0  # of a COPY, with all that is done with what it sends


async def copy_out(
    connection: Connection, query: str, *arguments: object, take: Callable[[bytes], None]
) -> None:
    """Tell `take` each chunk that a COPY of a query sends, in binary format.

    Raises: whatever `take` raises, at which nothing more is told; CancelledError.
    """
    chunks = _Chunks(take)
    copying = asyncio.ensure_future(
        connection.copy_from_query(
            query, *arguments, output=chunks.feed, format="binary", timeout=_LONGEST_S
        )
    )
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        chunks.over = True
        await copying
        raise
    if chunks.error is not None:
        raise chunks.error


class _Chunks:
    """A sink that never raises."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self.over = False
        self.error: Exception | None = None
        self._take = take

    async def feed(self, chunk: bytes) -> None:
        if self.over:
            return
        try:
            self._take(chunk)
        except Exception as error:  # noqa: BLE001 - raised at the end of the COPY
            self.error = error
            self.over = True
