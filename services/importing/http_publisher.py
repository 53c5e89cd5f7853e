"""Publishes over HTTP with a branch's key, patient with a platform that is away for a moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import httpx2
import msgspec
from msgspec import Struct

from services.errors import TouchstoneError, Unavailable, UsageError
from services.importing.publisher import MAX_EVENTS
from services.intake.answers import Answer
from services.settings import is_loopback

_PATH = "/api/v1/events"
_BATCH = "application/cloudevents-batch+json"
_MAX_BYTES = 4 * 1024 * 1024
_MAX_VALUES = 100_000
"""Half of what the gateway takes in one request: bytes, and values as it counts them."""

_ATTEMPTS = 8
_LONGEST_WAIT_S = 30.0
_AWAY = frozenset({408, 429, 502, 503, 504})
"""A body that came too slowly (408) is sent again, too: the line may be better then."""

Sleep = Callable[[float], Awaitable[None]]


class GatewayRefused(TouchstoneError):
    """The gateway refused the request as a whole: a wrong key, address or version."""


class _Reply(Struct):
    results: list[Answer]


class _Problem(Struct):
    title: str = ""
    detail: str = ""
    remedy: str = ""


class HttpPublisher:
    """Publishes through a gateway. `target` is its address."""

    def __init__(self, client: httpx2.AsyncClient, sleep: Sleep = asyncio.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self.target = str(client.base_url)

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        """Return one answer per event. Raises: Unavailable, GatewayRefused."""
        answers: list[Answer] = []
        for encoded in _requests([msgspec.json.encode(event) for event in events]):
            body = b"[" + b",".join(encoded) + b"]"
            response = await self._post(body)
            answers.extend(_answers(response, len(encoded)))
        return answers

    async def _post(self, body: bytes) -> httpx2.Response:
        """Return the gateway's answer; waits and tries again while it is away."""
        why = ""
        for attempt in range(_ATTEMPTS):
            try:
                response = await self._client.post(
                    _PATH, content=body, headers={"content-type": _BATCH}
                )
            except httpx2.TransportError as error:
                why, asked_s = f"{type(error).__name__}: {error}", None
            else:
                if response.status_code not in _AWAY:
                    return response
                why, asked_s = f"it answered {response.status_code}", _retry_after_s(response)
            if attempt + 1 < _ATTEMPTS:
                await self._sleep(_wait_s(attempt, asked_s))
        raise Unavailable(
            f"the gateway {self.target} is away after {_ATTEMPTS} attempts ({why});"
            " run the same command again later: what was taken is not taken twice"
        )


@asynccontextmanager
async def open_http_publisher(gateway: str, key: str) -> AsyncIterator[HttpPublisher]:
    """Yield a publisher to a gateway. Raises: UsageError for what is no address or no key."""
    try:
        url = httpx2.URL(gateway)
    except httpx2.InvalidURL as error:
        raise UsageError(f"--gateway: {gateway!r} is no address: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise UsageError(f"--gateway: {gateway!r} is no address such as http://127.0.0.1:8421")
    if not key.isascii() or not key.isprintable():
        raise UsageError("--key holds characters that no key has: copy it again")
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60.0) as client:
        yield HttpPublisher(client)


def sends_in_the_clear(gateway: str) -> bool:
    """Tell whether a key would travel unencrypted to another machine."""
    url = httpx2.URL(gateway)
    return url.scheme == "http" and not is_loopback(url.host)


def _requests(encoded: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield the events in groups that the gateway takes in one request."""
    group: list[bytes] = []
    size = values = 0
    for event in encoded:
        more = sum(map(event.count, b",[{"))
        full = len(group) == MAX_EVENTS or size + len(event) > _MAX_BYTES
        if group and (full or values + more > _MAX_VALUES):
            yield group
            group, size, values = [], 0, 0
        group.append(event)
        size += len(event) + 1
        values += more + 1
    if group:
        yield group


def _answers(response: httpx2.Response, expected: int) -> list[Answer]:
    if response.status_code != 200:
        raise GatewayRefused(_problem(response))
    try:
        results = msgspec.json.decode(response.content, type=_Reply).results
    except msgspec.DecodeError as error:
        raise GatewayRefused(
            f"{response.url} does not answer as a Touchstone gateway; check --gateway"
        ) from error
    if len(results) != expected:
        raise GatewayRefused(f"{response.url} answered {len(results)} of {expected} events")
    return results


def _problem(response: httpx2.Response) -> str:
    """Return the gateway's problem document as one sentence."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    said = " ".join(part for part in (problem.detail or problem.title, problem.remedy) if part)
    hint = " (is the key right? see --key)" if response.status_code in {401, 403} else ""
    return f"{response.url} refused with status {response.status_code}: {said}{hint}"


def _retry_after_s(response: httpx2.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _wait_s(attempt: int, asked_s: float | None) -> float:
    """Return how long to wait: what was asked for, or doubling from 0.5 s, with jitter."""
    base_s = asked_s if asked_s is not None else 0.5 * 2.0**attempt
    return min(base_s, _LONGEST_WAIT_S) * random.uniform(1.0, 1.25)
