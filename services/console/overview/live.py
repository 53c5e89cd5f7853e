"""The overview of one audience, live: drawn once per tick and language, sent as viewers take it.

There are no queues. Each panel remembers the tick at which it last changed, and a viewer knows
the last tick it has seen; whenever it is ready it gets the panels that changed since. So a
slow viewer skips ticks and holds no memory, and one that comes back with its last event id
gets exactly what it missed. An id that this process cannot vouch for gets everything.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from msgspec import structs

from services.console.overview.frames import Draw, Frame, Panel, Seen
from services.console.overview.gathering import Overview
from services.errors import Unavailable

_INTERVAL_S = 0.5
"""An event is to be on an open page within a second: half of it waits for the tick at most."""

_REST = 4
"""Of what a tick took: however much it costs, and to however many audiences, it is a fifth."""

_KEEPALIVE_S = 15.0
_RETRY = b"retry: 2000\n\n"
_KEEPALIVE = b": still here\n\n"

_LOG = structlog.get_logger(__name__)

Gather = Callable[[], Awaitable[Overview]]


def pause_s(interval_s: float, took_s: float) -> float:
    """Return how long to wait after a tick that took so long.

    >>> pause_s(0.5, 0.05)
    0.45
    >>> pause_s(0.5, 0.2)
    0.8
    """
    return max(interval_s - took_s, _REST * took_s)


class LiveOverview:
    """Ticks while somebody watches, and hands out the latest frame."""

    def __init__(
        self,
        gather: Gather,
        draw: Draw,
        interval_s: float = _INTERVAL_S,
    ) -> None:
        self._gather = gather
        self._draw = draw
        self._interval_s = interval_s
        self._frame: Frame | None = None
        self._panels: dict[str, dict[str, Panel]] = {}  # the last drawn, by language
        self._made_at = 0.0
        self._first_tick: int | None = None
        self._making = asyncio.Lock()
        self._viewers: Counter[str] = Counter()
        self._ticker: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._closed = False

    @property
    def viewers(self) -> int:
        """Return how many streams are open."""
        return self._viewers.total()

    async def frame(self, language: str) -> Frame:
        """Return a frame no older than one tick, drawn for a language. Raises: Unavailable."""
        async with self._making:
            frame = self._frame
            if frame is None or time.monotonic() - self._made_at >= self._interval_s:
                frame = await self._make()
            self._draw_for(frame, language)
            return frame

    @contextmanager
    def viewer(self, language: str) -> Iterator[None]:
        """Count a viewer in, so that the overview ticks."""
        self._viewers[language] += 1
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._tick(), name="console overview")
        try:
            yield
        finally:
            self._viewers[language] -= 1

    async def stream(
        self,
        language: str,
        last_event_id: str | None,
        sees: Callable[[Frame], Awaitable[None]] | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield server-sent events: what changed since the id, then each change as it comes.

        `sees` is told of each frame before something of it is sent.
        """
        yield _RETRY
        seen = Seen.from_event_id(last_event_id)
        upto: int | None = None
        quiet_since = time.monotonic()
        while not self._closed and self._ticker is not None and not self._ticker.done():
            news, frame = self._news, self._frame
            if frame is not None and language in frame.panels:
                if upto is None:
                    upto = self._resume(seen, frame)
                message = frame.message(language, upto)
                upto = frame.seen.tick
                if message or time.monotonic() - quiet_since >= _KEEPALIVE_S:
                    quiet_since = time.monotonic()
                    if message and sees is not None:
                        await sees(frame)
                    yield message or _KEEPALIVE
            await news.wait()

    def end_streams(self) -> None:
        """Let every stream end now; a server that is told to stop calls this first."""
        self._closed = True
        self._news.set()

    async def close(self) -> None:
        """End every stream, and the ticks."""
        self.end_streams()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)

    def _resume(self, seen: Seen | None, frame: Frame) -> int:
        """Return the tick up to which a viewer is known to have seen everything; 0: nothing."""
        if seen is None or self._first_tick is None:
            return 0
        ours = self._first_tick <= seen.tick <= frame.seen.tick
        return seen.tick if ours and seen.change <= frame.seen.change else 0

    async def _tick(self) -> None:
        """Make a frame per interval while anybody watches; wake the viewers of each."""
        try:
            while self._viewers.total() > 0:
                started = time.monotonic()
                try:
                    async with self._making:
                        frame = await self._make()
                        for language in [name for name, n in self._viewers.items() if n > 0]:
                            self._draw_for(frame, language)
                except Unavailable as error:
                    _LOG.warning("overview.unavailable", reason=str(error))
                self._wake()
                await asyncio.sleep(pause_s(self._interval_s, time.monotonic() - started))
        finally:
            self._wake()  # streams see that the ticks ended, and end; browsers come back

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _make(self) -> Frame:
        """Gather and keep a new frame; while the database is away, the last figures, marked."""
        before = self._frame
        try:
            overview = await self._gather()
        except Unavailable:
            if before is None:
                raise
            overview = structs.replace(before.overview, interrupted=True)
        tick = max(int(time.time() * 1000), before.seen.tick + 1 if before else 0)
        if self._first_tick is None:
            self._first_tick = tick
        self._frame = Frame(tick, overview)
        self._made_at = time.monotonic()
        return self._frame

    def _draw_for(self, frame: Frame, language: str) -> None:
        if language not in frame.panels:
            frame.draw(language, self._draw, self._panels.get(language, {}))
            self._panels[language] = frame.panels[language]
