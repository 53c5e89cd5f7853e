"""Streams of server-sent events: as long as whoever watches may see what they tell."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY_S = 30.0
"""How long a stream may go on unasked after its viewer was logged out or may see less."""


async def while_admitted(
    parts: AsyncIterator[T],
    admitted: Callable[[], Awaitable[bool]],
    now: Callable[[], float] = time.monotonic,
) -> AsyncIterator[T]:
    """Yield what comes as long as its viewer is admitted, which is asked now and then."""
    asked_at = now()
    async for part in parts:
        if now() - asked_at >= LOOK_EVERY_S:
            if not await admitted():
                return
            asked_at = now()
        yield part
