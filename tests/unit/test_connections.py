"""Connections that say nothing, or too much, are ended, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from services.errors import UsageError
from services.hosts.serving import server
from services.web import connections
from services.web.open_files import make_room_for

ASK = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Say how long the body was."""
    if scope["type"] == "http":
        body = await Request(scope, receive).body()
        await PlainTextResponse(str(len(body)))(scope, receive, send)


Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@asynccontextmanager
async def served(at_most: int = 50) -> AsyncIterator[Connect]:
    """A server in this loop; yields what connects to it."""
    serving = server(app, "127.0.0.1", 0, at_most)
    task = asyncio.create_task(serving.serve())
    while not serving.started:  # noqa: ASYNC110  # uvicorn tells nobody
        await asyncio.sleep(0.01)
    port = serving.servers[0].sockets[0].getsockname()[1]
    writers = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    try:
        yield connect
    finally:
        for writer in writers:
            writer.transport.abort()
        serving.should_exit = True
        await task


async def told(reader: asyncio.StreamReader) -> bytes:
    """All that a server says before it closes; nothing where it just cuts the line."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def answers(connect: Connect) -> bool:
    """Whether one who comes now is served."""
    reader, writer = await connect()
    writer.write(ASK)
    return (await reader.readline()).startswith(b"HTTP/1.1 200")


async def test_more_idle_connections_than_there_may_be_keep_nobody_out() -> None:
    async with served(at_most=50) as connect:
        idle = [await connect() for _ in range(200)]
        assert await answers(connect)
        closed = [reader for reader, _ in idle if reader.at_eof() or reader.exception()]
        assert len(closed) >= 150
        assert not idle[-1][0].at_eof(), "the newest waits on"


async def test_where_every_connection_is_at_work_the_next_is_told_so() -> None:
    async with served(at_most=3) as connect:
        for _ in range(3):
            _, writer = await connect()
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf")
            await writer.drain()
        await asyncio.sleep(0.1)
        reader, _ = await connect()
        said = await told(reader)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in said


@pytest.mark.parametrize("before", [b"", ASK, b"POST /x HTTP/1.1\r\nhost: x\r\n"])
async def test_whoever_sends_headers_too_slowly_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    """Also after a first request, and with a byte now and then."""
    monkeypatch.setattr(connections, "HEADER_S", 0.4)
    async with served() as connect:
        reader, writer = await connect()
        writer.write(before)

        async def trickle() -> None:
            for _ in range(100):
                writer.write(b"x")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(trickle())
        await told(reader)  # ends
        dripping.cancel()
        assert await answers(connect)


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\nx: ",
        b"GET /",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: ",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;x=",
    ],
    ids=["one header", "the address", "a trailer", "a chunk's extension"],
)
async def test_what_has_no_end_is_not_read_to_its_end(start: bytes) -> None:
    async with served() as connect:
        reader, writer = await connect()
        writer.write(start)
        sent = 0
        try:
            while sent < 100 * 1024 * 1024 and not reader.at_eof():
                writer.write(b"a" * 64 * 1024)
                await writer.drain()
                await asyncio.sleep(0)
                sent += 64 * 1024
        except ConnectionError:
            pass
        assert sent < 20 * 1024 * 1024, "what sockets hold, and no more"
        assert await answers(connect)


async def test_many_small_headers_are_refused_as_one_long_one_is() -> None:
    async with served() as connect:
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: bbbbbbbb\r\n" * 4_000 + b"\r\n")
        assert (await told(reader)).startswith(b"HTTP/1.1 431 ")
        assert await answers(connect)


async def test_no_request_is_told_so() -> None:
    async with served() as connect:
        reader, writer = await connect()
        writer.write(b"\x16\x03\x01 this is TLS\r\n\r\n")
        assert (await told(reader)).startswith(b"HTTP/1.1 400 ")


async def test_a_long_body_and_several_requests_on_one_connection_are_served() -> None:
    async with served() as connect:
        reader, writer = await connect()
        for _ in range(3):
            size = 3 * 1024 * 1024
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size)
            writer.write(b"x" * size)
            await writer.drain()
            said = await reader.readuntil(b"\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(len(str(size))) == str(size).encode()
        writer.write(ASK + ASK)  # one behind the other
        for _ in range(2):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(1)


def test_the_limit_of_open_files_is_raised_as_far_as_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = [(64, 5_000)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: limits.append(given))
    make_room_for(1_000, "X")
    assert limits[-1][0] > 1_000
    assert limits[-1][1] == 5_000
    make_room_for(1_000, "X")
    assert len(limits) == 2, "enough is enough"


def test_too_low_a_limit_of_open_files_is_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 512))
    with pytest.raises(UsageError, match=r"ulimit -Hn.*or set X to 384 or less"):
        make_room_for(1_000, "X")
