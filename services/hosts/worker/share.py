"""One partition that this worker has, and how far it got in the topic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from events.policy import Reference
from services.ports import Clock, StoredEvent
from services.projector.owner import DUE_LIMIT, PartitionOwner

_DUE_WHILE_BUSY_S = 5.0


class Share:
    """Batches and due work of an owned partition; its methods raise what the owner's do."""

    def __init__(self, owner: PartitionOwner) -> None:
        """Go on where the owner stands."""
        self.owner = owner
        self.upto = owner.next
        self.taken = 0
        self._last_recorded_at: datetime | None = None
        self._due_done_at = time.monotonic()

    async def take_in(self, reference: Reference, stored: Sequence[StoredEvent], upto: int) -> None:
        """Take in the events of the topic up to the offset `upto`."""
        if stored:
            await self.owner.take_in(reference, stored)
            self._last_recorded_at = stored[-1].recorded_at
            self.taken += len(stored)
        self.upto = upto
        if time.monotonic() - self._due_done_at > _DUE_WHILE_BUSY_S:
            await self._due_so_far(reference)
            self._due_done_at = time.monotonic()

    async def due(self, reference: Reference, clock: Clock) -> None:
        """Do what is due now, or, where an event waits unread, what was due before it."""
        while True:
            assessed = await self.owner.due(reference, clock.now(), caught_up=True)
            if not assessed:
                assessed = await self._due_so_far(reference)
            if assessed < DUE_LIMIT:
                break
        self._due_done_at = time.monotonic()

    async def _due_so_far(self, reference: Reference) -> int:
        """Do what is due by the last event taken in: what is unread was recorded later."""
        if self._last_recorded_at is None:
            return 0
        return await self.owner.due(reference, self._last_recorded_at, caught_up=False)
