"""Computing that takes long lets other tasks of the process go on now and then."""

from __future__ import annotations

import asyncio
import time

_LONG_S = 0.1


class Turns:
    """Made where a loop begins, asked in each turn of it.

    Without, a transaction of another task stands idle meanwhile, until the database ends it,
    and no heartbeat goes out.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def next(self) -> None:
        """Let others go on if this one has gone on for long."""
        if time.monotonic() - self._since > _LONG_S:
            await asyncio.sleep(0)
            self._since = time.monotonic()
