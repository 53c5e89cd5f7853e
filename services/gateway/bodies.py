"""What a branch's request may hold, and the events in it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from starlette.requests import Request

from services.gateway.modes import BATCH, EITHER, ONE, Mode, attributes_of
from services.web.bodies import Body, Held, Limits, too_large
from services.web.problems import Problem
from services.web.strict_json import MalformedBody, parse

MAX_EVENTS = 1_000
MAX_BYTES = 8 * 1024 * 1024
MAX_VALUES = 200 * MAX_EVENTS
"""Of a body's JSON values: an event has some twenty; these take a fifth of a second."""

_LIMITS = Limits(
    MAX_BYTES,
    MAX_VALUES,
    f"send at most {MAX_EVENTS} events, {MAX_BYTES} bytes and {MAX_VALUES} JSON values in one "
    "request",
)
_HELD_BYTES = 32 * MAX_BYTES

_PARSERS = ThreadPoolExecutor(2, thread_name_prefix="parser")


def held_bodies() -> Held:
    """Return the room for the bodies of all branches."""
    return Held(_LIMITS, _HELD_BYTES)


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
            raise too_large(f"{len(parsed)} events are too many", _LIMITS)
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
