"""Hands CloudEvents to the platform: in this process, over HTTP, or to nobody (dry run).

One protocol, so that file import and publishing do not know which it is. Every event gets one
answer; repeating a call is always safe, since the log knows every event's identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

MAX_EVENTS = 1000
"""Events of one call; the gateway takes no more in one request."""


class Answer(Struct, frozen=True):
    """What the platform says to one event; `position` is the token of an acknowledged one."""

    status: Literal["accepted", "duplicate", "refused"]
    position: str | None = None
    field: str | None = None
    reason: str = ""
    remedy: str = ""
    code: str = ""


class Publisher(Protocol):
    """Takes events to the platform."""

    @property
    def target(self) -> str:
        """Where the events go, in words that tell two platforms apart."""
        ...

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        """Return one answer per event, in order; an answer other than refused means durable.

        An event is a JSON object; what it holds may be wrong and is then refused.
        Raises: Unavailable; then repeating the call is safe.
        """
        ...
