"""A response of server-sent events that counts its viewer in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.console.overview.frames import Frame
from services.console.overview.live import LiveOverview
from services.console.shared.streaming import while_admitted


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
