"""Asterisk's manager by socket: logs in, hands on its events, and notices when it falls silent.

The protocol is lines of `Name: value`, a blank one after each packet. An event may bear a
`Response:`, too (OriginateResponse): what is an event says `Event:`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from time import monotonic
from typing import NamedTuple

Packet = Mapping[str, str]

QUIET_S = 30.0
"""A manager that answers a ping no sooner is gone."""

_PING_S = 10.0
_LOG_IN_S = 10.0
_LONGEST_LINE = 64 * 1024
_MOST_LINES = 500
_EVENTS = "call,cel,agent,reporting"
_BANNER = "Asterisk Call Manager"


class LineLost(Exception):
    """The manager cannot be heard any more, and why."""


class Address(NamedTuple):
    """Where a manager listens, and as whom to log in."""

    host: str
    port: int
    user: str
    secret: str
    tls: bool = False


def host_and_port(text: str) -> tuple[str, int]:
    """Return the parts of host:port. Raises: ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError(f"{text!r} is no host:port, such as pbx.example.com:5038")
    return host.strip("[]"), int(port)


class Manager:
    """One log-in to a manager; its packets, until the line is lost."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._actions = 0
        self.heard_at = monotonic()

    async def events(self, quiet_s: float = QUIET_S) -> AsyncIterator[Packet]:
        """Yield events as they come; pings in silence. Raises: LineLost."""
        pinging = asyncio.create_task(self._ping(min(_PING_S, quiet_s / 3)), name="ami ping")
        try:
            while True:
                packet = await self._packet(quiet_s)
                if "Event" in packet:
                    yield packet
        finally:
            pinging.cancel()
            await asyncio.gather(pinging, return_exceptions=True)

    async def send(self, action: str, **fields: str) -> None:
        """Ask something; what answers comes among the events. Raises: LineLost."""
        self._actions += 1
        lines = [f"Action: {action}", f"ActionID: {self._actions}"]
        for name, value in fields.items():
            if "\r" in value or "\n" in value:
                raise LineLost(f"the {name.lower()} of the feed holds a line break")
            lines.append(f"{name}: {value}")
        try:
            self._writer.write("\r\n".join([*lines, "", ""]).encode())
            await self._writer.drain()
        except OSError as error:
            raise LineLost(str(error)) from error

    async def log_in(self, address: Address) -> None:
        """Return once the manager has let us in. Raises: LineLost."""
        banner = await self._line(_LOG_IN_S)
        if not banner.startswith(_BANNER):
            raise LineLost("what answers there is no Asterisk manager")
        await self.send("Login", Username=address.user, Secret=address.secret, Events=_EVENTS)
        while True:
            answer = await self._packet(_LOG_IN_S)
            if "Event" in answer or "Response" not in answer:
                continue
            if answer["Response"] != "Success":
                raise LineLost(f"the manager refuses the log-in: {answer.get('Message', '')}")
            return

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()

    async def _ping(self, every_s: float) -> None:
        with contextlib.suppress(LineLost):
            while True:
                await asyncio.sleep(every_s)
                await self.send("Ping")

    async def _packet(self, within_s: float) -> Packet:
        found: dict[str, str] = {}
        for _ in range(_MOST_LINES):
            line = await self._line(within_s)
            if not line:
                if found:
                    return found
                continue
            name, colon, value = line.partition(":")
            if colon:
                found.setdefault(name.strip(), value.strip())
        raise LineLost("a packet of the manager has no end")

    async def _line(self, within_s: float) -> str:
        try:
            async with asyncio.timeout(within_s):
                line = await self._reader.readuntil(b"\n")
        except TimeoutError as error:
            raise LineLost(f"nothing was heard for {within_s:.0f} seconds") from error
        except asyncio.IncompleteReadError as error:
            raise LineLost("the manager hung up") from error
        except asyncio.LimitOverrunError as error:
            raise LineLost("a line of the manager has no end") from error
        except OSError as error:
            raise LineLost(str(error)) from error
        self.heard_at = monotonic()
        return line.decode("utf-8", "replace").rstrip("\r\n")


@contextlib.asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Manager]:
    """Give a manager that has let us in. Raises: LineLost."""
    tls = ssl.create_default_context() if address.tls else None
    try:
        async with asyncio.timeout(_LOG_IN_S):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, ssl=tls, limit=_LONGEST_LINE
            )
    except (OSError, TimeoutError) as error:
        raise LineLost(f"{address.host}:{address.port} cannot be reached: {error}") from error
    manager = Manager(reader, writer)
    try:
        await manager.log_in(address)
        yield manager
    finally:
        await manager.close()
