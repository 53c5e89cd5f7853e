"""A response of server-sent events that counts its viewer in and out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.console.overview.frames import Frame
from services.console.overview.live import LiveOverview

T = TypeVar("T")

LOOK_EVERY_S = 30.0
"""How long a stream may go on unasked after its viewer was logged out or may see less."""


class EventStream(StreamingResponse):
    """Streams the overview until the viewer leaves, may see it no more, or the console closes."""

    def __init__(
        self,
        live: LiveOverview,
        language: str,
        last_event_id: str | None,
        sees: Callable[[Frame], Awaitable[None]],
        admitted: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(
            while_admitted(live.stream(language, last_event_id, sees), admitted),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._live = live
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events while the viewer is there."""
        with self._live.viewer(self._language):
            await super().__call__(scope, receive, send)


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
