"""What a page's form sends, and the address within the console that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from events.texts import worded
from services.web.bodies import Held, Limits, read
from services.web.problems import Problem

_KIND = "application/x-www-form-urlencoded"
_MAX_BYTES = 2 * 1024 * 1024
_LIMITS = Limits(
    _MAX_BYTES,
    1_000_000,
    worded("send at most %(max_bytes)s bytes", max_bytes=_MAX_BYTES),
)
_HELD = Held(_LIMITS, 16 * _MAX_BYTES)
_FIELDS = 2_000


async def fields_of(request: Request) -> Sequence[tuple[str, str]]:
    """Return the fields of a form as they were sent. Raises: Problem."""
    kind = request.headers.get("content-type", _KIND).partition(";")[0].strip().lower()
    if kind != _KIND:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "no_form",
            worded("this is no form that a page of the console sends"),
            worded("use the page's own form; programs command through the gateway"),
        )
    with _HELD.body() as body:
        await read(request, body)
        content = bytes(body.content)
    try:
        return parse_qsl(content.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "malformed",
            worded("the form cannot be read"),
            worded("go back, and send it again"),
        ) from error


async def posted(request: Request) -> Mapping[str, str]:
    """Return the fields of a form of which each name stands once. Raises: Problem."""
    return {name: value.replace("\x00", "") for name, value in await fields_of(request)}


def local(address: str, otherwise: str) -> str:
    """Return an address of this console; another one is not followed."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not ours or parts.netloc or any(ord(one) < 33 for one in address):
        return otherwise
    return address
