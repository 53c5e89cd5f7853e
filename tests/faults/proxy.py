"""A TCP proxy on loopback whose line can be cut: what was sent meanwhile arrives afterwards.

So it is with a network that loses its way for a while: connections stay, their bytes wait.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_HOST = "127.0.0.1"
_CHUNK = 64 * 1024


class Proxy:
    """Forwards one port to another while the line is there."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._there = asyncio.Event()
        self._there.set()
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Let nothing through in either direction; connections stay open, new ones are made."""
        self._there.clear()

    def mend(self) -> None:
        """Let everything through again, first what waited."""
        self._there.set()

    def reset(self) -> None:
        """Break every connection off."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self._writers.add(back)
        try:
            await self._there.wait()
            far, forth = await asyncio.open_connection(_HOST, self._port)
            self._writers.add(forth)
            try:
                await asyncio.gather(self._pump(near, forth), self._pump(far, back))
            finally:
                self._writers.discard(forth)
                forth.transport.abort()
        except OSError:
            pass  # the broker is away, or an end broke off: so does the other
        finally:
            self._writers.discard(back)
            back.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(_CHUNK):
            await self._there.wait()
            sink.write(chunk)
            await sink.drain()
        raise ConnectionResetError


@asynccontextmanager
async def proxy(listen: int, port: int) -> AsyncIterator[Proxy]:
    """Forward `listen` to `port` for as long as the context lasts."""
    made = Proxy(port)
    tasks: set[asyncio.Task[None]] = set()

    def accept(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(made.serve(near, back))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, _HOST, listen)
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
