"""The rules and reference data that commands are judged by: all that was recorded so far."""

from __future__ import annotations

import asyncio

from events.partitioning import REFERENCE_PARTITION
from events.policy import Reference
from services.errors import Unavailable
from services.ports import EventLog
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed


class Rulebook:
    """Follows the reference stream for many commands at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
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

    async def newest(self, log: EventLog) -> Reference:
        """Return all that the log holds, for whoever would be refused for what is not known yet.

        Raises: Unavailable, also while the mirror of the log lacks some of it; UnreadableEvent.
        """
        heads = await log.heads()
        with translated():
            rows = await self._pool.fetch(sql("readable_heads"), heads.generation)
        readable = {row["partition"]: row["next_n"] for row in rows}
        if readable.get(REFERENCE_PARTITION, 0) < heads.counts[REFERENCE_PARTITION]:
            raise Unavailable(
                "the newest reference data are not readable yet; try again in a moment"
            )
        return await self.reference()
