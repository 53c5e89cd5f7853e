"""Group commit: what arrives while a write is under way is written together by the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from services.errors import Unavailable
from services.log.units import Answer, Call

_GROUP = 2_000
"""Events written together at most, unless one call alone brings more."""

Write = Callable[[Sequence[Call]], Awaitable[Sequence[Answer]]]
"""Writes a group, and returns one answer for each of its calls."""


class _Waiting(NamedTuple):
    call: Call
    answer: asyncio.Future[Answer]


class Groups:
    """Hands concurrent calls on to `write` in groups; an asynchronous context manager.

    Groups begin in the order of their calls' arrival, up to `at_once` of them side by side.
    A group that fails is told so; the next one goes on.
    """

    def __init__(self, write: Write, *, at_once: int = 1) -> None:
        self._write = write
        self._free = asyncio.Semaphore(at_once)
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Start to take calls."""
        self._loop = asyncio.create_task(self._begin_groups(), name="event log groups")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; calls still waiting are told that nothing is known to be accepted."""
        if self._loop is not None:
            tasks = [self._loop, *self._under_way]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._loop = None
        _refuse(self._waiting, _shutting_down())
        self._waiting = []

    async def submit(self, call: Call) -> Answer:
        """Return the answer to a call. Raises: Unavailable; what `write` raises."""
        if self._loop is None or self._loop.done():
            raise Unavailable("the event log is not running; try again")
        waiting = _Waiting(call, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.answer

    async def _begin_groups(self) -> None:
        """Begin a group whenever something waits and one may begin, until cancelled."""
        while True:
            await self._free.acquire()
            await self._arrived.wait()
            group = self._take_group()
            task = asyncio.create_task(self._write_group(group), name="event log group")
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._free.release()

    def _take_group(self) -> list[_Waiting]:
        """Take what waits, in the order of arrival, up to the size of a group."""
        size = 0
        for count, waiting in enumerate(self._waiting):
            size += len(waiting.call.events)
            if count and size > _GROUP:
                group, self._waiting = self._waiting[:count], self._waiting[count:]
                return group
        group, self._waiting = self._waiting, []
        self._arrived.clear()
        return group

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        """Write all calls of a group and tell each its answer."""
        try:
            answers = await self._write([waiting.call for waiting in group])
        except asyncio.CancelledError:
            _refuse(group, _shutting_down())
            raise
        except Exception as error:  # noqa: BLE001 - the callers raise it; the next group goes on
            _refuse(group, error)
            return
        for waiting, answer in zip(group, answers, strict=True):
            if not waiting.answer.done():  # its caller may have gone
                waiting.answer.set_result(answer)


def _shutting_down() -> Unavailable:
    return Unavailable("the event log is shutting down; try again")


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
