"""What a page's form sends, and the address within the console that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from events.texts import worded
from services.console.shared.refusals import invalid_parameters
from services.web.bodies import Held, Limits, parsed, read
from services.web.problems import Problem

P = TypeVar("P", bound=BaseModel)

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


async def sent_json(request: Request, kind: type[P]) -> P:
    """Return what a program sends as JSON. Raises: Problem."""
    with _HELD.body() as body:
        await read(request, body)
        given = parsed(body.content)
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise invalid_parameters(error.errors()) from error


def takes_json(kind: type[BaseModel]) -> dict[str, Any]:
    """Return how the description of the API says what is sent."""
    content = {"application/json": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def local(address: str, otherwise: str) -> str:
    """Return an address of this console; another one is not followed."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not ours or parts.netloc or any(ord(one) < 33 for one in address):
        return otherwise
    return address
