"""What the console's handlers share: read models, the key of the cursors, the live page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request
from starlette.responses import Response

from projections.protocol import Projection
from services.console.cursor import CursorSigner
from services.console.i18n import language_of
from services.console.live import LiveOverview
from services.console.overview import Overview, OverviewSource
from services.console.panels import draw
from services.console.platform import ConsolePlatform
from services.console.queries.reading import (
    CASES,
    RECEIVABLES,
    VALUE,
    Reader,
    ReadModel,
    SharedFeed,
)

_SIGNING_SUBJECT = "console:cursors"
"""A subject that nobody is: its key signs."""

_SIGNING_CONTENT = b"signs the cursors of the console"


class Console:
    """One console over one platform: each projection to be read alone, and all together."""

    def __init__(self, platform: ConsolePlatform, projections: Sequence[Projection]) -> None:
        feed = SharedFeed(platform)
        named = {projection.name: projection for projection in projections}
        self.receivables = ReadModel(platform, [named[RECEIVABLES]], feed)
        self.value = ReadModel(platform, [named[VALUE]], feed)
        self.cases = ReadModel(platform, [named[CASES]], feed)
        self.everything = ReadModel(platform, projections, feed)
        self.vault = platform.vault
        self._signer: CursorSigner | None = None
        self._gather: Callable[[], Awaitable[Overview]] | None = None
        self.live = LiveOverview(self._overview, draw)

    async def signer(self) -> CursorSigner:
        """Return what signs cursors: the same key in every process. Raises: Unavailable."""
        if self._signer is None:
            key = await self.vault.digest(_SIGNING_SUBJECT, _SIGNING_CONTENT)
            self._signer = CursorSigner(key)
        return self._signer

    async def _overview(self) -> Overview:
        if self._gather is None:
            self._gather = OverviewSource(self.everything, await self.signer()).gather
        return await self._gather()


def console_of(request: Request) -> Console:
    """Return the console that serves a request."""
    console = request.app.state.console
    assert isinstance(console, Console)
    return console


def entity_tag(reader: Reader, language: str) -> str:
    """Return the tag of an answer: it changes with the rows, the policies and the day.

    Policies change it when they are recorded and once more when they come into force.
    """
    days = sum(reader.todays()[1]) + reader.today(None).toordinal()
    policies = f"{reader.reference.count}.{reader.reference.count_in_force(reader.at)}"
    return f'W/"{reader.progress.change}.{policies}.{days}-{language}"'


def is_known(request: Request, tag: str) -> bool:
    """Return whether the client already holds this very answer."""
    held = request.headers.get("if-none-match", "")
    return tag in (part.strip() for part in held.split(","))


def not_modified(tag: str) -> Response:
    """Return the answer to a client that holds it already."""
    return Response(status_code=304, headers=dynamic_headers(tag))


def dynamic_headers(tag: str | None, position: str | None = None) -> dict[str, str]:
    """Return the headers of an answer that may change at any time."""
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Cookie",
    }
    if tag is not None:
        headers["ETag"] = tag
    if position is not None:
        headers["Touchstone-Position"] = position
    return headers


def request_language(request: Request) -> str:
    """Return the language of a request; a dependency for handlers."""
    return language_of(request)
