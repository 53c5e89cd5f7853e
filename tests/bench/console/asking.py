"""Viewers as a browser's connections are: pages asked for one after the other, a stream kept open.

What a page takes is told to its first byte. Plain sockets, so that the asker takes as little of
the machine as it can.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from events.envelope import PositionVector

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")
_POSITION = re.compile(rb'<span title="([A-Za-z0-9_-]{20,})">')
_END = b"0\r\n\r\n"
_PATIENCE_S = 60.0


class Page(NamedTuple):
    """A page as it came."""

    status: int
    first_byte_s: float
    size: int


class NotServed(Exception):
    """A console did not answer as a console does."""


class Viewer:
    """One connection that asks for pages, one at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def page(self, path: str) -> Page:
        """Return a page. Raises: NotServed."""
        async with self._turn, asyncio.timeout(_PATIENCE_S):
            reader, writer = await self._connected()
            started = time.perf_counter()
            writer.write(_request(self._port, path, "text/html"))
            answer = await reader.read(65_536)
            took = time.perf_counter() - started
            while b"\r\n\r\n" not in answer:
                some = await reader.read(65_536)
                if not some:
                    raise NotServed(f"{path}: the connection ended")
                answer += some
            head, _, body = answer.partition(b"\r\n\r\n")
            length = _LENGTH.search(head + b"\r\n")
            size = len(body)
            if length is not None:
                size += len(await reader.readexactly(int(length[1]) - len(body)))
            else:
                while not body.endswith(_END):
                    body += await reader.read(65_536)
                size = len(body)
            return Page(int(head.split(b" ", 2)[1]), took, size)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None or self._streams[1].is_closing():
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self._streams

    def leave(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()


class Frame(NamedTuple):
    """When an open page was sent figures, and up to where these go."""

    at: float  # seconds since 1970
    upto: PositionVector


class Stream:
    """The overview as it is kept open: what came, and when."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.frames: list[Frame] = []
        self.bytes = 0

    async def watch(self) -> None:
        """Take what comes until cancelled. Raises: NotServed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(_request(self._port, "/live/overview?lang=zh-CN", "text/event-stream"))
        rest = b""
        try:
            while some := await reader.read(262_144):
                self.bytes += len(some)
                rest = (rest + some)[-200_000:]
                for found in _POSITION.finditer(rest):
                    vector = PositionVector.from_token(found[1].decode())
                    if not self.frames or self.frames[-1].upto != vector:
                        self.frames.append(Frame(time.time(), vector))
                rest = rest[-200:]
            raise NotServed("the stream ended")
        finally:
            writer.close()


def _request(port: int, path: str, accept: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {accept}\r\n"
        "Accept-Encoding: gzip, deflate\r\nAccept-Language: zh-CN\r\nUser-Agent: bench\r\n\r\n"
    ).encode()


def waited_s(
    published: Sequence[tuple[float, PositionVector]], frames: Sequence[Frame]
) -> list[float]:
    """Return how long each event took from its answer to an open page; of those that came."""
    found = []
    for at, position in published:
        for frame in frames:
            counts = zip(frame.upto.counts, position.counts, strict=True)
            if frame.at >= at - 1.0 and all(have >= need for have, need in counts):
                found.append(max(0.0, frame.at - at))
                break
    return found
