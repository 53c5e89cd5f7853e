"""Bodies of requests, read no further and no slower than they may be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from msgspec import Struct
from starlette.requests import Request

from events.texts import worded
from services.web.patience import busy
from services.web.problems import Problem
from services.web.strict_json import MalformedBody, Tally, TooManyValues, parse

_READ_S = 60.0
_GRACE_S = 5.0
_SLOWEST_BYTES_PER_S = 4 * 1024
"""What a body must have brought on average, after the grace: less is no line, but a hand held
in the door."""


class Limits(Struct, frozen=True):
    """How much a body may hold, and what to send instead of more."""

    most_bytes: int
    most_values: int  # of JSON
    remedy: str


class Held:
    """Bytes of bodies in memory: of all together at most so many."""

    def __init__(self, limits: Limits, at_most: int) -> None:
        self._limits = limits
        self._free = at_most

    @contextmanager
    def body(self) -> Iterator[Body]:
        """Give an empty body whose bytes are counted until it is done with."""
        body = Body(self, self._limits)
        try:
            yield body
        finally:
            self._free += len(body.content)
            body.content.clear()

    def take(self, count: int) -> None:
        """Count bytes in. Raises: Problem."""
        if count > self._free:
            raise busy(worded("too much is on its way; nothing of this request was taken"))
        self._free -= count


class Body:
    """A body while it is read."""

    def __init__(self, held: Held, limits: Limits) -> None:
        self.content = bytearray()
        self.limits = limits
        self._held = held
        self._tally = Tally(limits.most_values)

    def add(self, chunk: bytes) -> None:
        """Take a chunk in. Raises: Problem."""
        if len(self.content) + len(chunk) > self.limits.most_bytes:
            raise too_large(worded("the body is too long"), self.limits)
        self._held.take(len(chunk))
        self.content += chunk
        try:
            self._tally.add(chunk)
        except TooManyValues as error:
            raise too_large(error.reason, self.limits) from error


async def read(request: Request, body: Body) -> None:
    """Read a request's body as long as it comes fast enough. Raises: Problem."""
    declared = request.headers.get("content-length", "")
    most = body.limits.most_bytes
    if declared.isdecimal() and len(declared) < 20 and int(declared) > most:
        raise too_large(worded("%(declared)s bytes are too many", declared=declared), body.limits)
    begun = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(_GRACE_S) as patience:
            async for chunk in request.stream():
                body.add(chunk)
                earned_s = _GRACE_S + len(body.content) / _SLOWEST_BYTES_PER_S
                patience.reschedule(begun + min(earned_s, _READ_S))
    except TimeoutError as error:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "too_slow",
            worded(
                "the body came slower than %(slowest_bytes_per_s)s bytes a second, or took longer "
                "than %(read_s)s seconds",
                slowest_bytes_per_s=format(_SLOWEST_BYTES_PER_S, ","),
                read_s=format(_READ_S, ".0f"),
            ),
            worded("send less in one request"),
            headers={"Connection": "close"},
        ) from error


def parsed(content: bytes | bytearray) -> object:
    """Return the value that a body holds. Raises: Problem."""
    try:
        return parse(bytes(content))
    except MalformedBody as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "malformed_json",
            error.reason,
            worded("send JSON as RFC 8259 says, in UTF-8"),
            field="body",
        ) from error


def too_large(detail: str, limits: Limits) -> Problem:
    """Return the refusal of a body that holds too much."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        detail,
        limits.remedy,
        field="body",
        headers={"Connection": "close"},  # the rest is not read
    )
