"""Request bodies, read no further than they may be long, and the events in them."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import Request

from services.intake.strict_json import MalformedBody, parse
from services.web.problems import Problem

MAX_EVENTS = 1_000
MAX_BYTES = 8 * 1024 * 1024
_READ_S = 60.0

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EITHER = "application/json"


async def events_of(request: Request) -> tuple[list[object], bool]:
    """Return the parsed events of a request, and whether it brought one event alone.

    Raises: Problem.
    """
    media_type = _media_type(request)
    try:
        async with asyncio.timeout(_READ_S):
            body = await _read(request)
    except TimeoutError as error:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "too_slow",
            f"the body did not arrive within {_READ_S:.0f} seconds",
            "send fewer events in one request",
            headers={"Connection": "close"},
        ) from error
    return _split(body, media_type)


def _media_type(request: Request) -> str:
    """Return the body's media type. Raises: Problem."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise _unsupported(
            "content-encoding",
            f"the encoding {encoding[:40]!r} is not taken",
            "send the body as it is, without compression",
        )
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind not in (ONE, BATCH, EITHER):
        raise _unsupported(
            "content-type",
            f"the media type {kind[:80]!r} is not taken" if kind else "there is no media type",
            f"say {ONE} for one event or {BATCH} for an array of them",
        )
    charset = parameters.strip().lower().partition("charset=")[2].strip("\"' ;")
    if charset not in ("", "utf-8", "utf8"):
        raise _unsupported(
            "content-type", f"the charset {charset[:40]!r} is not taken", "send UTF-8"
        )
    return kind


def _unsupported(field: str, detail: str, remedy: str) -> Problem:
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail, remedy, field=field
    )


async def _read(request: Request) -> bytes:
    """Return the body, or stop reading where it is too long. Raises: Problem."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > MAX_BYTES:
        raise _too_large(f"{declared} bytes are too many")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _too_large("the body is too long")
    return bytes(body)


def _too_large(detail: str) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        detail,
        f"send at most {MAX_EVENTS} events and {MAX_BYTES} bytes in one request",
        field="body",
        headers={"Connection": "close"},  # the rest is not read
    )


def _split(body: bytes, media_type: str) -> tuple[list[object], bool]:
    try:
        parsed = parse(body)
    except MalformedBody as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "malformed_json",
            str(error),
            "send JSON as RFC 8259 says, in UTF-8",
            field="body",
        ) from error
    if isinstance(parsed, list) and media_type != ONE:
        if len(parsed) > MAX_EVENTS:
            raise _too_large(f"{len(parsed)} events are too many")
        return parsed, False
    if isinstance(parsed, list) or media_type == BATCH:
        expected = "one event as an object" if media_type == ONE else "an array of events"
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "wrong_shape",
            f"{media_type} stands for {expected}",
            f"send {expected}, or say {EITHER} for either",
            field="body",
        )
    return [parsed], True
