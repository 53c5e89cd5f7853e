"""A scripted telephone exchange: speaks the manager's protocol and replays real calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

Event = Mapping[str, str]

DATA = Path(__file__).parents[1] / "unit" / "connectors" / "data"
SECRET = "a manager's secret"


def trace(name: str, call: str | None = None, number: str | None = None) -> list[Event]:
    """Return what a real exchange said of a call, under another number of call and caller."""
    text = (DATA / f"manager-{name}.jsonl").read_text("utf-8")
    began = {"blind": "1795980241", "abandon": "1795980307"}[name]
    first = {"blind": "7", "abandon": "15"}[name]
    if call is not None:
        text = text.replace(f'"{began}.{first}"', f'"{call}"')
    if number is not None:
        text = text.replace("13800138000", number)
    return [msgspec.json.decode(line, type=dict[str, str]) for line in text.splitlines()]


class Exchange:
    """A manager that one program at a time logs in to."""

    def __init__(self) -> None:
        self.log_ins = 0
        self.channels: list[Event] = []  # of calls that go on, told to who asks
        self._writer: asyncio.StreamWriter | None = None
        self._asked = asyncio.Event()
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one program until it or we hang up."""
        writer.write(b"Asterisk Call Manager/7.0.3\r\n")
        try:
            while packet := await _packet(reader):
                await self._answer(packet, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, packet: Event, writer: asyncio.StreamWriter) -> None:
        match packet["Action"]:
            case "Login" if packet["Secret"] != SECRET:
                self._say(writer, {"Response": "Error", "Message": "Authentication failed"})
            case "Login":
                self.log_ins += 1
                self._say(writer, {"Response": "Success", "Message": "Authentication accepted"})
                # An event that bears a Response: a reader that looks for answers first is misled.
                said = {"Response": "Failure", "ActionID": packet["ActionID"]}
                self._say(writer, {"Event": "OriginateResponse", **said})
            case "CoreShowChannels":
                self._say(writer, {"Response": "Success", "EventList": "start"})
                for one in self.channels:
                    self._say(writer, {**one, "Event": "CoreShowChannel"})
                self._say(writer, {"Event": "CoreShowChannelsComplete"})
                self._writer = writer
                self._asked.set()
            case _:
                self._say(writer, {"Response": "Success", "Ping": "Pong"})

    def _say(self, writer: asyncio.StreamWriter, packet: Event) -> None:
        lines = [f"{name}: {value}" for name, value in packet.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())

    async def heard(self) -> None:
        """Return once somebody listens."""
        async with asyncio.timeout(60):
            await self._asked.wait()

    async def play(self, events: Iterable[Event]) -> None:
        """Say events as fast as they are heard."""
        await self.heard()
        assert self._writer is not None
        for one in events:
            self._say(self._writer, one)
            with suppress(ConnectionError):
                await self._writer.drain()

    async def cut(self) -> None:
        """Cut the line without a word; whoever listens must come back by itself."""
        await self.heard()
        assert self._writer is not None
        self._asked.clear()
        self._writer.transport.abort()


async def _packet(reader: asyncio.StreamReader) -> Event:
    found: dict[str, str] = {}
    while line := (await reader.readline()).decode():
        if not line.strip():
            return found
        name, _, value = line.partition(":")
        found[name.strip()] = value.strip()
    return {}


@asynccontextmanager
async def exchange() -> AsyncIterator[Exchange]:
    """Give an exchange on a port of its own."""
    scripted = Exchange()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    scripted.address = f"{host}:{port}"
    async with server:
        yield scripted
        server.close()
        if scripted._writer is not None:
            scripted._writer.close()
