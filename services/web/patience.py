"""How much work branches have in hand, and how long one is kept waiting for it.

A database that neither answers nor refuses must not gather work without end: what a branch has
stopped waiting for keeps its slot until it has ended.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from events.texts import worded
from services.errors import Unavailable
from services.web.problems import Problem

PATIENCE_S = 8.0
"""Longer than a busy commit takes, shorter than what clients usually wait."""

T = TypeVar("T")


def busy(detail: str) -> Problem:
    """Return the refusal of what there is no room for just now."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        detail,
        worded("send it again in a moment"),
        headers={"Retry-After": "1", "Connection": "close"},
    )


class Slot:
    """Room for one piece of work."""

    def __init__(self, leave: Callable[[], None]) -> None:
        """Call `leave` once the slot is free again."""
        self._leave = leave
        self._given_up = False

    async def within_patience(self, work: Coroutine[object, object, T]) -> T:
        """Return what the work returns, unless it takes too long.

        Work that is given up is left to end by itself: a connection whose server hangs cannot be
        given back, and what is committed late is found as a duplicate when it is sent again.
        Raises: Unavailable, and whatever the work raises in time.
        """
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=PATIENCE_S)
        except asyncio.CancelledError:
            task.cancel()
            self._give_up(task)
            raise
        if not done:
            self._give_up(task)
            raise Unavailable("the database does not answer in time; try again in a moment")
        return task.result()

    def _give_up(self, task: asyncio.Task[T]) -> None:
        self._given_up = True
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[T]) -> None:
        """Note how it ended, lest the loop complain that nobody did."""
        if not task.cancelled():
            task.exception()
        self._leave()

    def end(self) -> None:
        """Leave the slot, unless work that was given up is still in it."""
        if not self._given_up:
            self._leave()


class Slots:
    """So many pieces of work at most, and of one key no more than its share of them.

    Whoever comes when all slots are taken is told so.
    """

    def __init__(self, at_most: int, share: int | None = None) -> None:
        self._free = at_most
        self._share = at_most if share is None else share
        self._of: Counter[str] = Counter()

    @contextmanager
    def slot(self, key: str = "") -> Iterator[Slot]:
        """Give a key a slot, free again when its work has ended. Raises: Problem."""
        if self._free and self._of[key] >= self._share:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_at_once",
                worded(
                    "this key has %(share)s requests in work; nothing of this one was taken",
                    share=self._share,
                ),
                worded("send it again when they are answered"),
                headers={"Retry-After": "1", "Connection": "close"},
            )
        if not self._free:
            raise busy(worded("too many requests are in work; nothing of this one was taken"))
        self._free -= 1
        self._of[key] += 1
        slot = Slot(lambda: self._freed(key))
        try:
            yield slot
        finally:
            slot.end()

    def _freed(self, key: str) -> None:
        self._free += 1
        self._of[key] -= 1
        if not self._of[key]:
            del self._of[key]
