"""Request bodies, read no further and no slower than they may be, and the events in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus

from starlette.requests import Request

from services.gateway.modes import BATCH, EITHER, ONE, Mode, attributes_of
from services.gateway.patience import busy
from services.intake.strict_json import MalformedBody, Tally, TooManyValues, parse
from services.web.problems import Problem

MAX_EVENTS = 1_000
MAX_BYTES = 8 * 1024 * 1024
MAX_VALUES = 200 * MAX_EVENTS
"""Of a body's JSON values: an event has some twenty; these take a fifth of a second."""

_READ_S = 60.0
_GRACE_S = 5.0
_SLOWEST_BYTES_PER_S = 4 * 1024
"""What a body must have brought on average, after the grace: less is no line, but a hand held
in the door."""

_HELD_BYTES = 32 * MAX_BYTES

_PARSERS = ThreadPoolExecutor(2, thread_name_prefix="parser")


class Held:
    """Bytes of bodies in memory: of all together at most so many."""

    def __init__(self, at_most: int = _HELD_BYTES) -> None:
        self._free = at_most

    @contextmanager
    def body(self) -> Iterator[Body]:
        """Give an empty body whose bytes are counted until it is done with."""
        body = Body(self)
        try:
            yield body
        finally:
            self._free += len(body.content)
            body.content.clear()

    def take(self, count: int) -> None:
        """Count bytes in. Raises: Problem."""
        if count > self._free:
            raise busy("too much is on its way; nothing of this request was taken")
        self._free -= count


class Body:
    """A body while it is read."""

    def __init__(self, held: Held) -> None:
        self.content = bytearray()
        self._held = held
        self._tally = Tally(MAX_VALUES)

    def add(self, chunk: bytes) -> None:
        """Take a chunk in. Raises: Problem."""
        if len(self.content) + len(chunk) > MAX_BYTES:
            raise _too_large("the body is too long")
        self._held.take(len(chunk))
        self.content += chunk
        try:
            self._tally.add(chunk)
        except TooManyValues as error:
            raise _too_large(str(error)) from error


async def read(request: Request, body: Body) -> None:
    """Read a request's body as long as it comes fast enough. Raises: Problem."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > MAX_BYTES:
        raise _too_large(f"{declared} bytes are too many")
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
            f"the body came slower than {_SLOWEST_BYTES_PER_S:,} bytes a second, or took longer "
            f"than {_READ_S:.0f} seconds",
            "send fewer events in one request",
            headers={"Connection": "close"},
        ) from error


def _too_large(detail: str) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        detail,
        f"send at most {MAX_EVENTS} events, {MAX_BYTES} bytes and {MAX_VALUES} JSON values in one "
        "request",
        field="body",
        headers={"Connection": "close"},  # the rest is not read
    )


async def events_in(request: Request, mode: Mode, body: Body) -> tuple[list[object], bool]:
    """Return the parsed events of a request, and whether it brought one event alone.

    They are parsed beside the loop, so that others are answered meanwhile. Raises: Problem.
    """
    if mode is Mode.BINARY:
        event = attributes_of(request.headers)
        if body.content:
            event["data"] = await _parsed(body)
        return [event], True
    return _split(await _parsed(body), mode)


async def _parsed(body: Body) -> object:
    try:
        return await asyncio.get_running_loop().run_in_executor(
            _PARSERS, parse, bytes(body.content)
        )
    except MalformedBody as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "malformed_json",
            str(error),
            "send JSON as RFC 8259 says, in UTF-8",
            field="body",
        ) from error


def _split(parsed: object, mode: Mode) -> tuple[list[object], bool]:
    if isinstance(parsed, list) and mode is not Mode.STRUCTURED:
        if len(parsed) > MAX_EVENTS:
            raise _too_large(f"{len(parsed)} events are too many")
        return parsed, False
    if isinstance(parsed, list) or mode is Mode.BATCHED:
        expected = "one event as an object" if mode is Mode.STRUCTURED else "an array of events"
        said = ONE if mode is Mode.STRUCTURED else BATCH
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "wrong_shape",
            f"{said} stands for {expected}",
            f"send {expected}, or say {EITHER} for either",
            field="body",
        )
    return [parsed], True
