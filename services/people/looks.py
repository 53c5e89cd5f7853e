"""Who was shown personal data of whom: kept before the answer that shows it leaves.

What an answer shows is noted; the answer then waits until that is in the database, which is one
statement for all who wait. Nothing personal of the customer is in it, only the id. Once for a
member of staff, a customer and some minutes: most answers show nobody new, and wait for nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import structlog

from services.errors import Unavailable
from services.people.principal import Principal
from services.ports import Clock
from services.postgres.arrays import array_text
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_ONCE_IN_S = 300.0
_MOST_AT_ONCE = 5_000
_MOST_REMEMBERED = 200_000

_LOG = structlog.get_logger(__name__)


class _Noted(NamedTuple):
    """A member of staff was shown who a customer is."""

    at: datetime
    staff_id: str
    branch_id: str | None
    customer_id: str
    page: str


class Looks:
    """Keeps looks; of one process, which closes it in the end."""

    def __init__(self, pool: Pool, clock: Clock, once_in_s: float = _ONCE_IN_S) -> None:
        self._pool = pool
        self._clock = clock
        self._once_in_s = once_in_s
        self._noted: dict[tuple[str, str], float] = {}  # the oldest first
        self._left: list[_Noted] = []
        self._kept = 0  # so many were written so far
        self._writing: asyncio.Task[None] | None = None

    def note(self, who: Principal, customers: Iterable[str], page: str) -> None:
        """Take note that somebody is to be shown who customers are."""
        now, at = time.monotonic(), self._clock.now()
        for customer in customers:
            key = who.staff_id, customer
            if now - self._noted.get(key, -self._once_in_s) < self._once_in_s:
                continue
            self._noted.pop(key, None)
            self._noted[key] = now
            self._left.append(_Noted(at, who.staff_id, who.branch_id, customer, page))
        self._forget(now)

    async def kept(self) -> None:
        """Return once all that was noted before is in the database. Raises: Unavailable.

        What could not be written is kept for the next who waits.
        """
        through = self._kept + len(self._left)
        while self._kept < through:
            if self._writing is None or self._writing.done():
                self._writing = asyncio.create_task(self._write(), name="looks at personal data")
                self._writing.add_done_callback(_taken_note_of)
            # Shielded: whoever goes away leaves the others' looks being written.
            await asyncio.shield(self._writing)

    async def close(self) -> None:
        """Write what is left."""
        with suppress(Unavailable):
            await self.kept()
        if self._left:
            _LOG.error("looks_lost", looks=len(self._left))

    async def _write(self) -> None:
        some = self._left[:_MOST_AT_ONCE]
        columns = [array_text(column) for column in zip(*some, strict=True)]
        # A look that is written twice, where an answer was lost, is no harm.
        await retried(lambda: self._pool.execute(sql("keep_looks"), *columns))
        del self._left[: len(some)]
        self._kept += len(some)

    def _forget(self, now: float) -> None:
        """Let go of what would be noted again anyway, and of the oldest beyond what is kept."""
        while self._noted:
            oldest = next(iter(self._noted))
            recent = now - self._noted[oldest] < self._once_in_s
            if recent and len(self._noted) <= _MOST_REMEMBERED:
                return
            del self._noted[oldest]


def _taken_note_of(writing: asyncio.Task[None]) -> None:
    """Look at how writing ended, also where whoever waited for it has gone, as asyncio demands."""
    if not writing.cancelled():
        writing.exception()
