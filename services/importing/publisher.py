"""Hands CloudEvents to the platform: in this process, over HTTP, or to nobody (dry run).

One protocol, so that file import and publishing do not know which it is. Every event gets one
answer; repeating a call is always safe, since the log knows every event's identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from services.intake.answers import Answer, EventRefused, refused
from services.intake.attributes import senders_id
from services.intake.draft import local_scope
from services.intake.intake import Intake
from services.intake.parsing import draft_of
from services.intake.rules import check
from services.ports import Clock

MAX_EVENTS = 1000
"""Events of one call; the gateway takes no more in one request."""


class Publisher(Protocol):
    """Takes events to the platform."""

    @property
    def target(self) -> str:
        """Where the events go, in words that tell two platforms apart; no secrets."""
        ...

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        """Return one answer per event, in order; an answer other than refused means durable.

        An event is a JSON object; what it holds may be wrong and is then refused.
        Raises: Unavailable; then repeating the call is safe.
        """
        ...


class LocalPublisher:
    """Publishes into the platform that runs in this process, with headquarters' rights."""

    def __init__(self, intake: Intake, branch: str, dsn: str) -> None:
        self._intake = intake
        self._scope = local_scope(branch)
        self.target = _without_secrets(dsn)

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        """Return one answer per event. Raises: Unavailable."""
        return await self._intake.submit(self._scope, events)


class DryRun:
    """Sends nothing; answers as the platform would to events that it never saw."""

    target = "nowhere"

    def __init__(self, branch: str, clock: Clock) -> None:
        self._scope = local_scope(branch)
        self._clock = clock

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        """Return one answer per event."""
        return [self._answer(event) for event in events]

    def _answer(self, event: object) -> Answer:
        try:
            check(draft_of(event, self._scope), self._scope, self._clock.now())
        except EventRefused as why:
            return refused(senders_id(event), why, quarantined=False)
        return Answer(status="accepted")


def _without_secrets(dsn: str) -> str:
    """Return which database a DSN names, without user and password."""
    parts = urlsplit(dsn)
    if not parts.scheme:
        return "database"
    place = parts.netloc.rpartition("@")[2]
    if not place:
        hosts = [word for word in parts.query.split("&") if word.startswith("host=")]
        place = "".join(hosts).removeprefix("host=")
    return f"{parts.scheme}://{place}{parts.path}"
