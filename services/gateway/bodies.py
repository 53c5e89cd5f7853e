"""What a branch's request may hold, and the events in it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from starlette.requests import Request

from events.texts import worded
from services.gateway.modes import BATCH, EITHER, ONE, Mode, attributes_of
from services.web.bodies import Body, Held, Limits, parsed, too_large
from services.web.problems import Problem

MAX_EVENTS = 1_000
MAX_BYTES = 8 * 1024 * 1024
MAX_VALUES = 200 * MAX_EVENTS
"""Of a body's JSON values: an event has some twenty; these take a fifth of a second."""

_LIMITS = Limits(
    MAX_BYTES,
    MAX_VALUES,
    worded(
        "send at most %(max_events)s events, %(max_bytes)s bytes and %(max_values)s JSON values "
        "in one request",
        max_events=MAX_EVENTS,
        max_bytes=MAX_BYTES,
        max_values=MAX_VALUES,
    ),
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
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_PARSERS, parsed, bytes(body.content))


def _split(found: object, mode: Mode) -> tuple[list[object], bool]:
    if isinstance(found, list) and mode is not Mode.STRUCTURED:
        if len(found) > MAX_EVENTS:
            raise too_large(worded("%(count)s events are too many", count=len(found)), _LIMITS)
        return found, False
    if isinstance(found, list) or mode is Mode.BATCHED:
        expected = (
            worded("one event as an object")
            if mode is Mode.STRUCTURED
            else worded("an array of events")
        )
        said = ONE if mode is Mode.STRUCTURED else BATCH
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "wrong_shape",
            worded("%(said)s stands for %(expected)s", said=said, expected=expected),
            worded(
                "send %(expected)s, or say %(either)s for either",
                expected=expected,
                either=EITHER,
            ),
            field="body",
        )
    return [found], True
