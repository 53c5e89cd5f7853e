"""Group commit: what arrives while a write is under way is written together by the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from services.errors import Unavailable
from services.log.admissions import Prepared
from services.ports import Outcome

_GROUP = 2_000
"""Events written together at most, unless one call alone brings more."""

Write = Callable[[Sequence[Prepared]], Awaitable[Sequence[Outcome]]]


class _Waiting(NamedTuple):
    prepared: Sequence[Prepared]
    outcomes: asyncio.Future[Sequence[Outcome]]


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

    async def submit(self, prepared: Sequence[Prepared]) -> Sequence[Outcome]:
        """Return the outcomes of a call, in order. Raises: Unavailable; what `write` raises."""
        if self._loop is None or self._loop.done():
            raise Unavailable("the event log is not running; try again")
        waiting = _Waiting(prepared, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.outcomes

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
            size += len(waiting.prepared)
            if count and size > _GROUP:
                group, self._waiting = self._waiting[:count], self._waiting[count:]
                return group
        group, self._waiting = self._waiting, []
        self._arrived.clear()
        return group

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        """Write all calls of a group and tell each its outcomes."""
        try:
            outcomes = await self._write([one for call in group for one in call.prepared])
        except asyncio.CancelledError:
            _refuse(group, _shutting_down())
            raise
        except Exception as error:  # noqa: BLE001 - the callers raise it; the next group goes on
            _refuse(group, error)
            return
        start = 0
        for call in group:
            end = start + len(call.prepared)
            if not call.outcomes.done():  # its caller may have gone
                call.outcomes.set_result(outcomes[start:end])
            start = end


def _shutting_down() -> Unavailable:
    return Unavailable("the event log is shutting down; try again")


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    for call in group:
        if not call.outcomes.done():
            call.outcomes.set_exception(error)
