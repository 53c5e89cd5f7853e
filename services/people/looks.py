"""Who was shown personal data of whom: kept, once for some minutes, beside the page's answer.

What a page shows is noted in memory and written a moment later, in one statement for all pages of
that moment: no page waits for it. Nothing personal of the customer is in it, only the ids.
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
from services.ports import Clock
from services.postgres.arrays import array_text
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_ONCE_IN_S = 300.0
_MOMENT_S = 0.5
_MOST_AT_ONCE = 5_000
_MOST_REMEMBERED = 200_000

_LOG = structlog.get_logger(__name__)


class Look(NamedTuple):
    """A member of staff was shown who a customer is."""

    at: datetime
    staff_id: str
    customer_id: str
    page: str


class Looks:
    """Takes note of looks; of one process, which closes it in the end."""

    def __init__(self, pool: Pool, clock: Clock, once_in_s: float = _ONCE_IN_S) -> None:
        self._pool = pool
        self._clock = clock
        self._once_in_s = once_in_s
        self._noted: dict[tuple[str, str], float] = {}  # the oldest first
        self._left: list[Look] = []
        self._writer: asyncio.Task[None] | None = None

    def note(self, staff_id: str, customers: Iterable[str], page: str) -> None:
        """Take note that somebody is shown who customers are; it is written soon."""
        now, at = time.monotonic(), self._clock.now()
        for customer in customers:
            key = staff_id, customer
            if now - self._noted.get(key, -self._once_in_s) < self._once_in_s:
                continue
            self._noted.pop(key, None)
            self._noted[key] = now
            self._left.append(Look(at, staff_id, customer, page))
        self._forget(now)
        if self._left and (self._writer is None or self._writer.done()):
            self._writer = asyncio.create_task(self._write(), name="looks at personal data")

    async def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        try:
            await self._flush()
        except Unavailable as error:
            _LOG.error("looks_lost", looks=len(self._left), reason=str(error))

    async def _write(self) -> None:
        """Write what was noted, until nothing is left; while the database is away it is kept."""
        while self._left:
            await asyncio.sleep(_MOMENT_S)
            try:
                await self._flush()
            except Unavailable as error:
                _LOG.warning("looks_wait", looks=len(self._left), reason=str(error))

    async def _flush(self) -> None:
        while self._left:
            some = self._left[:_MOST_AT_ONCE]
            columns = [array_text(column) for column in zip(*some, strict=True)]
            # Shielded: a look written twice is no harm, one that is half sent and forgotten is.
            await asyncio.shield(
                retried(lambda: self._pool.execute(sql("keep_looks"), *columns))  # noqa: B023
            )
            del self._left[: len(some)]

    def _forget(self, now: float) -> None:
        """Let go of what would be noted again anyway, and of the oldest beyond what is kept."""
        while self._noted:
            oldest = next(iter(self._noted))
            recent = now - self._noted[oldest] < self._once_in_s
            if recent and len(self._noted) <= _MOST_REMEMBERED:
                return
            del self._noted[oldest]
