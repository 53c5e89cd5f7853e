"""Calls as they ring: one watcher for all telephones of this process, and a stream for each screen.

There are no queues: a screen is told what rings at its telephone just now, whenever that is not
what it was told last. So one that was away, or asleep, shows what is so and nothing that was.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog

from services.connectors.calls.pops import CHANNEL, CallPlatform, Pop, Pops
from services.errors import Unavailable
from services.log.embedded.wakeups import Wakeups

_LOOK_S = 30.0
_KEEPALIVE_S = 15.0
_RETRY = b"retry: 1000\n\n"
_KEEPALIVE = b": still here\n\n"

_LOG = structlog.get_logger(__name__)

Draw = Callable[[tuple[Pop, ...]], Awaitable[str]]


class LiveCalls:
    """Tells screens what rings at their telephones; for so many of them at most."""

    def __init__(self, platform: CallPlatform, most_viewers: int) -> None:
        self._pops = Pops(platform)
        self._pool = platform.pool
        self._most_viewers = most_viewers
        self._viewers: Counter[str] = Counter()
        self._ringing: Mapping[str, tuple[Pop, ...]] = {}
        self._looked: set[str] = set()  # whose telephones were looked at
        self._news = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self._look_again = asyncio.Event()
        self._closed = False

    @property
    def is_full(self) -> bool:
        """Return whether as many streams are open as this process serves."""
        return self._viewers.total() >= self._most_viewers

    @contextmanager
    def viewer(self, staff_id: str) -> Iterator[None]:
        """Count a screen in, so that its telephone is watched."""
        self._viewers[staff_id] += 1
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="calls")
        try:
            yield
        finally:
            self._viewers[staff_id] -= 1
            if self._viewers[staff_id] <= 0:
                del self._viewers[staff_id]
                self._looked.discard(staff_id)

    async def stream(self, staff_id: str, draw: Draw) -> AsyncIterator[bytes]:
        """Yield server-sent events: what rings at once, then each change. Raises: Unavailable."""
        yield _RETRY
        told: tuple[Pop, ...] | None = None
        quiet_since = time.monotonic()
        while not self._closed:
            news = self._news
            if staff_id not in self._looked:
                found = await self._pops.of([staff_id])
                self._ringing = {**self._ringing, staff_id: found.get(staff_id, ())}
                self._looked.add(staff_id)
            ringing = self._ringing.get(staff_id, ())
            if ringing != told:
                told, quiet_since = ringing, time.monotonic()
                yield _message(await draw(ringing))
            elif time.monotonic() - quiet_since >= _KEEPALIVE_S:
                quiet_since = time.monotonic()
                yield _KEEPALIVE
            try:
                async with asyncio.timeout(_KEEPALIVE_S):
                    await news.wait()
            except TimeoutError:
                continue

    def end_streams(self) -> None:
        """Let every stream end now; a server that is told to stop calls this first."""
        self._closed = True
        self._wake()

    async def close(self) -> None:
        """End every stream, and the watching."""
        self.end_streams()
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    async def _watch(self) -> None:
        """Look whenever the database says that a telephone rings or rings no more."""
        async with Wakeups(self._pool, CHANNEL) as wakeups:
            while self._viewers:
                await wakeups.wait(_LOOK_S)
                staff = list(self._viewers)
                try:
                    self._ringing = await self._pops.of(staff)
                except Unavailable as error:
                    _LOG.warning("calls.unavailable", reason=str(error))
                    continue
                self._looked |= set(staff)
                self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _message(markup: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in markup.splitlines() if line.strip())
    return f"event: calls\n{lines or 'data:'}\n".encode() + (b"" if lines else b"\n") + b"\n"
