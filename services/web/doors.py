"""What a request passes before the platform sees what is in it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from services.web.bodies import Held
from services.web.patience import Slots
from services.web.problems import Problem
from services.web.rates import Rates, Throttle

_WORKING, _WORKING_SHARE = 32, 16
"""Bodies in work at most, and of one key: of the largest about 2 GiB of parsed events."""
_READING, _READING_SHARE = 256, 32
"""Bodies on their way at most, and of one key; their bytes are counted, too."""
_ASKING, _STRANGERS = 256, 32
"""Questions to the database at most, about keys and about what is there."""


_CALMED = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_CALMED_S = (0.5, 2.0)
"""Not all alike, or those refused together would come again together."""
_CALMED_AT_ONCE = 128


class Doors:
    """Rates and slots of the keys that come to one group of routes."""

    def __init__(self, rates: Rates, held: Held) -> None:
        self.throttle = Throttle(rates)
        self.asking = Slots(_ASKING)
        self.strangers = Slots(_STRANGERS)
        self.reading = Slots(_READING, _READING_SHARE)
        self.working = Slots(_WORKING, _WORKING_SHARE)
        self.held = held
        self._calmed = 0

    @asynccontextmanager
    async def calming(self) -> AsyncIterator[None]:
        """Let whoever sent too much, or too slowly, wait for the answer, and so for its next try.

        Refusing costs as much as a small request: answered at once, it would be asked again at
        once.
        """
        try:
            yield
        except Problem as refused:
            if refused.status in _CALMED and self._calmed < _CALMED_AT_ONCE:
                self._calmed += 1
                try:
                    await asyncio.sleep(random.uniform(*_CALMED_S))
                finally:
                    self._calmed -= 1
            raise
