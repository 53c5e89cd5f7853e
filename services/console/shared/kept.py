"""Answers that rest on very many rows, kept for a moment for all who see the same."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar, cast

import structlog
from msgspec import Struct

from services.errors import Unavailable

MANY_ROWS = 5_000
"""What rests on no more is asked for each time: it costs little, and is of just now."""

RENEWED_S = 5.0
"""A kept answer this old is asked for again behind whoever is given it."""

OLDEST_S = 60.0
"""One as old as this is given to nobody."""

_SHARE = 10
"""Asking behind takes no more than a tenth of a connection."""

_MOST_KEPT = 64

_LOG = structlog.get_logger(__name__)

T = TypeVar("T")


class Kept(Struct, Generic[T], frozen=True):
    """An answer, and which state of the rows it tells."""

    answer: T
    at: datetime
    position: str


Ask = Callable[[], Awaitable[Kept[T]]]


class _Entry(NamedTuple):
    kept: Kept[object]
    asked_at: float
    cost_s: float


class KeptAnswers:
    """Keeps answers of one console, which closes it in the end."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()  # the latest asked for last
        self._renewing: dict[Hashable, asyncio.Task[None]] = {}

    async def of(
        self,
        key: Hashable,
        ask: Ask[T],
        ask_behind: Ask[T],
        rows: Callable[[T], int],
        *,
        fresh: bool,
    ) -> Kept[T]:
        """Return the answer of a key: one that is kept, else as it is asked for now.

        `fresh`: nothing kept will do. `ask_behind` asks while whoever wanted it is gone; `rows`
        tells on how many rows an answer rests. Raises: Unavailable.
        """
        entry = self._entries.get(key)
        age = self._now() - entry.asked_at if entry else 0.0
        if entry is None or fresh or age >= OLDEST_S:
            return await self._asked(key, ask, rows)
        self._entries.move_to_end(key)
        if age >= max(RENEWED_S, _SHARE * entry.cost_s) and key not in self._renewing:
            task = asyncio.create_task(self._renew(key, ask_behind, rows), name="kept answers")
            self._renewing[key] = task
        return cast("Kept[T]", entry.kept)

    async def close(self) -> None:
        """Ask for nothing more."""
        tasks = list(self._renewing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _asked(self, key: Hashable, ask: Ask[T], rows: Callable[[T], int]) -> Kept[T]:
        asked_at = self._now()
        kept = await ask()
        held = self._entries.get(key)
        if held is not None and held.kept.at > kept.at:  # asked for behind, before a write
            return kept
        self._entries.pop(key, None)
        if rows(kept.answer) > MANY_ROWS:
            entry = _Entry(cast("Kept[object]", kept), asked_at, self._now() - asked_at)
            self._entries[key] = entry
        while len(self._entries) > _MOST_KEPT:
            self._entries.popitem(last=False)
        return kept

    async def _renew(self, key: Hashable, ask: Ask[T], rows: Callable[[T], int]) -> None:
        try:
            await self._asked(key, ask, rows)
        except Unavailable as error:  # what is kept grows older, and in the end is asked for
            _LOG.warning("kept_answers.not_renewed", reason=str(error))
        finally:
            del self._renewing[key]
