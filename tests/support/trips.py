"""Round trips to PostgreSQL, counted on the wire between a client and its server.

A client waits once for each Sync, Flush or simple Query that it sends (PostgreSQL's
documentation, "Message Flow"); what begins and ends a transaction is counted apart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

_WAITS = (b"S", b"H", b"Q")
_PROTOCOL = 3  # its number begins the message by which a client asks to be let in
_AROUND = (b"BEGIN", b"COMMIT", b"ROLLBACK")


class Trips:
    """How often clients waited for the server, so far."""

    def __init__(self) -> None:
        self.statements = 0
        self.around = 0  # BEGIN, COMMIT, ROLLBACK

    def note(self, kind: bytes, body: bytes) -> None:
        """Count one message of a client."""
        if kind not in _WAITS:
            return
        if kind == b"Q" and body.upper().startswith(_AROUND):
            self.around += 1
        else:
            self.statements += 1

    def clear(self) -> None:
        """Count from here."""
        self.statements = self.around = 0


@asynccontextmanager
async def counted_trips(dsn: str, folder: Path) -> AsyncIterator[tuple[str, Trips]]:
    """Give an address of the same server whose messages are counted; the folder's path is short."""
    parts = urlsplit(dsn)
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    trips = Trips()
    lines: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "host" in options:
            place = f"{options['host']}/.s.PGSQL.{options.get('port', 5432)}"
            theirs, ours = await asyncio.open_unix_connection(place)
        else:
            theirs, ours = await asyncio.open_connection(parts.hostname, parts.port or 5432)
        lines.update((writer, ours))
        await asyncio.gather(_forward(reader, ours, trips), _copy(theirs, writer))

    server = await asyncio.start_unix_server(serve, str(folder / ".s.PGSQL.5432"))
    query = urlencode({**options, "host": str(folder), "port": "5432"})
    netloc = parts.netloc.rpartition("@")[0]
    counted = urlunsplit(parts._replace(netloc=f"{netloc}@" if netloc else "", query=query))
    try:
        yield counted, trips
    finally:
        server.close()
        for line in lines:
            line.close()


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trips: Trips
) -> None:
    """Hand a client's messages on, one by one; those before it is let in have no kind."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        let_in = False
        while True:
            kind = await reader.readexactly(1) if let_in else b""
            head = await reader.readexactly(4)
            body = await reader.readexactly(int.from_bytes(head) - 4)
            trips.note(kind, body)
            writer.write(kind + head + body)
            let_in = let_in or int.from_bytes(body[:4]) >> 16 == _PROTOCOL
    writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
    writer.close()
