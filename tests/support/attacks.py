"""How doors are held shut: each attack goes on until it is cancelled, whatever it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.support.embedded import REPOSITORY

MB = 1024 * 1024
_PAUSE_S = 0.05


class Door(NamedTuple):
    """Where to knock, and a key of the attacker's own branch."""

    gateway: str
    console: str
    token: str

    def head(self, length: int) -> bytes:
        """Return the head of a request that publishes so many bytes."""
        return (
            b"POST /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            b"content-type: application/cloudevents-batch+json\r\n"
            b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n"
            % (self.token.encode(), length)
        )


Attack = Callable[[Door], Coroutine[object, object, None]]
Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def slow_senders(door: Door) -> None:
    """Sixty senders of bodies that bring a byte now and then."""

    async def one() -> None:
        async with _connected(door.gateway) as (reader, writer):
            writer.write(door.head(8 * MB))
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.2)

    await _again_and_again(one, 60)


async def idle_connections(door: Door) -> None:
    """Two thousand connections that say nothing, at each door."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8_192)), hard))

    def of(address: str) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            async with _connected(address) as (reader, _):
                await reader.read()
            await asyncio.sleep(5.0)

        return one

    await asyncio.gather(
        *(_again_and_again(of(address), 2_000) for address in (door.gateway, door.console))
    )


async def tiny_values(door: Door) -> None:
    """Bodies of a million tiny values, four at a time."""
    body = b"[" + b"1," * 1_000_000 + b"1]"

    async def one() -> None:
        async with _connected(door.gateway) as (reader, writer):
            writer.write(door.head(len(body)) + body)
            await writer.drain()
            await reader.readline()

    await _again_and_again(one, 4)


async def endless_headers(door: Door) -> None:
    """A hundred megabytes of headers, at each door, four at a time."""

    def of(address: str) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            async with _connected(address) as (_, writer):
                writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
                for n in range(100):
                    writer.write(b"x-%d: " % n + b"y" * MB + b"\r\n")
                    await writer.drain()

        return one

    await asyncio.gather(
        *(_again_and_again(of(address), 2) for address in (door.gateway, door.console))
    )


ATTACKS: Mapping[str, Attack] = {
    attack.__name__: attack
    for attack in (slow_senders, idle_connections, tiny_values, endless_headers)
}


@contextlib.contextmanager
def attacked(name: str, door: Door) -> Iterator[None]:
    """Attack from a process of its own while the context lasts: others' loops are not to wait."""
    words = [sys.executable, "-m", "tests.support.attacks", name, *door]
    attacker = subprocess.Popen(words, cwd=REPOSITORY)
    try:
        yield
        assert attacker.poll() is None, f"{name} ended by itself"
    finally:
        attacker.kill()
        attacker.wait()


@contextlib.asynccontextmanager
async def _connected(address: str) -> AsyncIterator[Pipe]:
    """Yield a connection; it is cut at the end."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _again_and_again(one: Callable[[], Awaitable[None]], at_once: int) -> None:
    """Do the same in so many tasks until cancelled; being cut off is no reason to stop."""

    async def go_on() -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await one()
            await asyncio.sleep(_PAUSE_S)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(go_on())


if __name__ == "__main__":
    asyncio.run(ATTACKS[sys.argv[1]](Door(*sys.argv[2:])))
