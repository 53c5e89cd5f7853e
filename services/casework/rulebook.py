"""The rules and reference data that commands are judged by: all that was recorded so far."""

from __future__ import annotations

import asyncio

from events.policy import Reference
from services.postgres.pool import Pool
from services.projector.reference_feed import ReferenceFeed


class Rulebook:
    """Follows the reference stream for many commands at once."""

    def __init__(self, pool: Pool) -> None:
        self._feed = ReferenceFeed(pool)
        self._alone = asyncio.Lock()

    async def reference(self, through: tuple[int, int] | None = None) -> Reference:
        """Return all that is known; `through` is the generation and n of the newest there is.

        With it the database is asked only if there is news.
        Raises: Unavailable, UnreadableEvent.
        """
        async with self._alone:
            if through is None or not self._feed.has(*through):
                await self._feed.refresh()
            return self._feed.reference
