"""A form as a browser sent it, and where it leads back to."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from msgspec import Struct
from starlette.requests import Request

from events.texts import worded
from services.web.bodies import Held, Limits, read
from services.web.problems import Problem

_MAX_BYTES = 2 * 1024 * 1024
_LIMITS = Limits(
    _MAX_BYTES,
    1_000_000,
    worded("send at most %(max_bytes)s bytes", max_bytes=_MAX_BYTES),
)
_HELD = Held(_LIMITS, 16 * _MAX_BYTES)
_FIELDS = 2_000

KEY, VERSION, THEN, BACK = "key", "version", "then", "back"
"""Hidden inputs of every form; what begins otherwise is a field."""


class Sent(Struct, frozen=True, kw_only=True):
    """What a form holds: the hidden inputs, and what was typed."""

    key: str
    version: int | None
    only_tried: bool
    back: str
    typed: Mapping[str, list[str]]


async def sent(request: Request, home: str) -> Sent:
    """Return the form of a request. Raises: Problem."""
    with _HELD.body() as body:
        await read(request, body)
        content = bytes(body.content)
    try:
        typed = parse_qs(content.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "malformed",
            worded("the form cannot be read"),
            worded("go back, and send it again"),
        ) from error

    def one(name: str) -> str:
        return next(iter(typed.get(name, ())), "").strip()

    version = one(VERSION)
    return Sent(
        key=one(KEY)[:100],
        version=int(version) if version.isdecimal() and len(version) < 16 else None,
        only_tried=one(THEN) == "try",
        back=local(one(BACK), home),
        typed=typed,
    )


def local(address: str, otherwise: str) -> str:
    """Return an address of this console; another one is not followed."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not ours or parts.netloc or any(ord(one) < 33 for one in address):
        return otherwise
    return address


def with_query(address: str, **more: str | None) -> str:
    """Return an address with some parameters set."""
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in more]
    kept += [(name, value) for name, value in more.items() if value is not None]
    query = f"?{urlencode(kept)}" if kept else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{parts.path}{query}{fragment}"
