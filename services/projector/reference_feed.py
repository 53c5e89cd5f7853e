"""The reference stream as the projector knows it: every policy recorded so far."""

from __future__ import annotations

from events.envelope import Position
from events.partitioning import REFERENCE_PARTITION
from events.policy import Reference
from services.log.readable import readable
from services.log.stored import stored_event
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql


class ReferenceFeed:
    """Follows the stream of policies and reference data in the events table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._last = Position(0, REFERENCE_PARTITION, -1)
        self.reference = Reference()

    def has(self, generation: int, n: int) -> bool:
        """Return whether it has taken in what lies at a place of the stream."""
        return (self._last.generation, self._last.n) >= (generation, n)

    async def refresh(self) -> Reference:
        """Take in what was published since, and return all of it.

        Raises: Unavailable; UnreadableEvent, since without one of its rules no figure is right.
        """
        with translated():
            rows = await self._pool.fetch(
                sql("reference_stream"), self._last.generation, self._last.n
            )
        if rows:
            news = [readable(stored_event(row)) for row in rows]
            self.reference = self.reference.remember(news)
            self._last = news[-1].position
        return self.reference
