"""Writes come from our own pages or from programs, never from a page of another site."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from events.texts import worded
from services.web.languages import asked_language
from services.web.problems import Problem

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})
"""What browsers say of a request that our own page sends, or its reader by hand."""


class SameOriginWrites:
    """Refuses every write that a page of another site sends.

    Browsers say where a request comes from by Sec-Fetch-Site, where they trust the connection,
    and by Origin. Of a request that says neither only one without cookies passes: a program's,
    which speaks by its key.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in _READS or _is_ours(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        language = asked_language(Request(scope))
        await _refusal().response(language)(scope, receive, send)


def _is_ours(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host", "")
    return "cookie" not in headers


def _refusal() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "cross_site",
        worded("the request comes from a page of another site, and changes nothing here"),
        worded("do it on the platform's own page, or by a program with a key"),
    )
