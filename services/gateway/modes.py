"""In which of CloudEvents' HTTP modes a request speaks, and the attributes among its headers.

Structured, batched and binary mode as in CloudEvents 1.0, HTTP protocol binding, section 3.
"""

from __future__ import annotations

import re
from enum import Enum
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

from events.texts import worded
from services.intake.media_types import is_json, is_utf_8, parted
from services.web.problems import Problem
from services.web.strict_json import Unusable

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EITHER = "application/json"

_PREFIX = "ce-"
_NAME = re.compile("[a-z0-9]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_NOT_HEADERS = frozenset({"data", "datacontenttype"})


class Mode(Enum):
    """How a request holds its events."""

    STRUCTURED = ONE
    BATCHED = BATCH
    EITHER = EITHER
    BINARY = "binary"


def mode_of(headers: Headers) -> Mode:
    """Return the mode that a request's headers say. Raises: Problem."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise _unsupported(
            "content-encoding",
            worded("the encoding %(encoding)s is not taken", encoding=repr(encoding[:40])),
            worded("send the body as it is, without compression"),
        )
    media_type = headers.get("content-type", "")
    kind, charset = parted(media_type)
    binary = not kind.startswith("application/cloudevents") and any(
        name.startswith(_PREFIX) for name in headers
    )
    if binary and (is_json(media_type) or not kind):
        return Mode.BINARY
    if kind not in (ONE, BATCH, EITHER):
        raise _unsupported(
            "content-type",
            worded("the media type %(kind)s is not taken", kind=repr(kind[:80]))
            if kind
            else worded("there is no media type"),
            worded(
                "say %(one)s for one event or %(batch)s for an array of them; in binary mode, "
                "with the attributes as headers, %(either)s",
                one=ONE,
                batch=BATCH,
                either=EITHER,
            ),
        )
    if not is_utf_8(charset):
        raise _unsupported(
            "content-type",
            worded("the charset %(charset)s is not taken", charset=repr(charset[:40])),
            worded("send UTF-8"),
        )
    return Mode(kind)


def _unsupported(field: str, detail: str, remedy: str) -> Problem:
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail, remedy, field=field
    )


def attributes_of(headers: Headers) -> dict[str, object]:
    """Return the attributes of binary mode's headers as an event in JSON has them.

    One given twice, or that is no UTF-8, is unusable. Raises: Problem.
    """
    given: dict[str, object] = {}
    for header, value in headers.items():
        name = header.removeprefix(_PREFIX)
        if not header.startswith(_PREFIX) or not _NAME.fullmatch(name):
            continue  # none of an event's
        if name in _NOT_HEADERS:
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "wrong_shape",
                worded("%(header)s is no header of an event", header=header),
                worded("in binary mode the body is the data, and Content-Type says of what type"),
                field=header,
            )
        given[name] = Unusable(worded("is given twice")) if name in given else _decoded(value)
    if content_type := headers.get("content-type"):
        given["datacontenttype"] = content_type
    return given


def _decoded(value: str) -> object:
    """Return what a header's value stands for: quotes undone first, then percent-encoding."""
    plain = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), value)
    try:
        return unquote_to_bytes(plain.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return Unusable(worded("is no UTF-8"))
