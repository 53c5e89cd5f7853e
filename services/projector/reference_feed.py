"""The reference stream as the projector knows it: every policy recorded so far."""

from __future__ import annotations

from events.envelope import RecordedEvent
from events.partitioning import REFERENCE_PARTITION
from events.policy import Reference
from services.ports import EventLog
from services.projector.owner import recorded

_PAGE = 1000


class ReferenceFeed:
    """Follows the stream of policies and reference data."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.reference = Reference()

    async def refresh(self) -> Reference:
        """Take in what was published since, and return all of it. Raises: Unavailable."""
        news: list[RecordedEvent] = []
        while True:
            start = self.reference.count + len(news)
            page = await self._log.read(REFERENCE_PARTITION, start, _PAGE)
            news += [recorded(stored) for stored in page]
            if len(page) < _PAGE:
                break
        if news:
            self.reference = self.reference.remember(news)
        return self.reference
