"""What a page's form sends."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from events.texts import worded
from services.web.problems import Problem

_KIND = "application/x-www-form-urlencoded"
_MOST_BYTES = 65_536
_MOST_FIELDS = 200


async def posted(request: Request) -> Mapping[str, str]:
    """Return the fields of a form, the last of each name. Raises: Problem."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise _odd(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _odd(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise _odd(HTTPStatus.BAD_REQUEST) from error
    return {name: value.replace("\x00", "") for name, value in pairs}


def _odd(status: HTTPStatus) -> Problem:
    return Problem(
        status,
        "no_form",
        worded("this is no form that a page of the console sends"),
        worded("use the page's own form; programs command through the gateway"),
    )
