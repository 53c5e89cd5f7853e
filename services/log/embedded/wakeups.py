"""Waking up when the database says so, and by the clock where it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import random
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

from services.errors import Unavailable
from services.postgres.pool import Connection, Pool, translated

_POLL_S = 1.0
_RECONNECT_S = 1.0
_KEEPALIVE_S = 30.0


class Wakeups:
    """Notifications of one channel, over a connection of their own.

    A notification is a hint and never the truth: while the connection is away, every `wait`
    returns after a second at the latest and its caller looks for itself.
    """

    def __init__(self, pool: Pool, channel: str) -> None:
        """Listen on a channel through a connection that the pool lends for good."""
        self._pool = pool
        self._channel = channel
        self._news = asyncio.Event()
        self._heard = 0
        self._seen: WeakKeyDictionary[asyncio.Task[object], int] = WeakKeyDictionary()
        self._listening = False
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start to listen."""
        self._listener = asyncio.create_task(self._listen(), name=f"listen {self._channel}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and give the connection back."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
            self._listener = None

    async def wait(self, timeout_s: float) -> None:
        """Return at the next notification, or when the time is over.

        One that came since the same task's last `wait` counts, so that a task which looks,
        works and waits in turn misses nothing.
        """
        task = asyncio.current_task()
        assert task is not None, "only a task can wait"
        if self._seen.get(task, self._heard) == self._heard:
            within_s = timeout_s if self._listening else min(timeout_s, _POLL_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._news.wait()
        self._seen[task] = self._heard

    def _wake(self, *_: object) -> None:
        """Wake who waits now, and let who works just now not wait at all."""
        self._heard += 1
        self._news.set()
        self._news = asyncio.Event()

    async def _listen(self) -> None:
        while True:
            try:
                with translated():
                    async with self._pool.acquire() as connection:
                        await self._listen_on(connection)
            except Unavailable:
                pass  # waiters poll meanwhile
            finally:
                self._listening = False
            self._wake()  # something may have been missed
            await asyncio.sleep(_RECONNECT_S * random.uniform(0.5, 1.5))

    async def _listen_on(self, connection: Connection) -> None:
        """Listen until the connection ends."""
        ended = asyncio.Event()

        def on_end(_: object) -> None:
            ended.set()

        connection.add_termination_listener(on_end)
        await connection.add_listener(self._channel, self._wake)
        try:
            self._listening = True
            self._wake()
            while not ended.is_set():
                try:
                    async with asyncio.timeout(_KEEPALIVE_S):
                        await ended.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1")  # notices a peer that vanished
        finally:
            if not connection.is_closed():
                connection.remove_termination_listener(on_end)
                await connection.remove_listener(self._channel, self._wake)
