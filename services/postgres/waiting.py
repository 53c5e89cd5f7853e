"""Waiting for a database that is away: said once, tried again and again, as long as it takes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.errors import Unavailable
from services.terminal import note

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 3.0

T = TypeVar("T")


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Return what `call` returns, called again while the database is away; cancel it to give up.

    Only for calls that may run twice.
    """
    pause_s, away = _FIRST_PAUSE_S, False
    while True:
        try:
            result = await call()
        except Unavailable as error:
            if not away:
                note(f"waiting: {error}")
                away = True
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        else:
            if away:
                note("the database is back")
            return result
