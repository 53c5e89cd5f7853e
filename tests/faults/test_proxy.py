"""The proxy itself: what is sent while its line is cut arrives afterwards, in order."""

from __future__ import annotations

import asyncio

import pytest

from deploy.kafka.broker import free_ports
from tests.faults.proxy import proxy

pytestmark = pytest.mark.fault


async def test_a_cut_line_holds_what_was_sent_until_it_is_mended() -> None:
    behind, front = free_ports(2)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(100):
            writer.write(chunk)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", behind)
    async with server, proxy(front, behind) as line:
        reader, writer = await asyncio.open_connection("127.0.0.1", front)
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        line.cut()
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(3), 0.3)
        line.mend()
        assert await asyncio.wait_for(reader.readexactly(3), 5) == b"two"
        line.reset()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
