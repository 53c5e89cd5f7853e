"""Connections that cannot hold a server's doors shut: few enough, and none waits for ever.

uvicorn bounds neither the size of a request's headers nor how long they take, and keeps every
connection that says nothing. Here a connection has a request in work or a few seconds to send
one; when all are taken, the one that has waited longest for a request makes room.
"""

from __future__ import annotations

import asyncio
import select
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

HEADER_BYTES = 32 * 1024
"""Of a request's address and headers: a key, a cursor and CloudEvents' attributes need 4 KiB."""

HEADER_S = 10.0
"""From the connection, or the last answer, until a request's headers are there."""

_LOOKED_AT = 50
"""Connections among which an idle one is looked for."""

_BUSY, _TOO_LARGE, _WRONG = 503, 431, 400
_SAID = {
    _BUSY: "too many connections are in work; try again in a moment\n连接太多，请稍后再试\n",
    _TOO_LARGE: "the address and headers are longer than 32768 bytes\n"
    "地址和请求头超过 32768 字节\n",
    _WRONG: "this is no HTTP request\n这不是 HTTP 请求\n",
}
"""In both languages: no request says yet which one is preferred."""


class Doorway:
    """All connections of one server: at most so many."""

    def __init__(self, at_most: int) -> None:
        self.at_most = at_most
        self._new: OrderedDict[Connection, None] = OrderedDict()  # they have asked nothing yet
        self._known: OrderedDict[Connection, None] = OrderedDict()  # between two requests

    def make_room(self) -> bool:
        """Close the connection that has waited longest for a request, new ones first.

        One whose request has arrived, though nobody has read it yet, does not wait.
        """
        for waiting in (self._new, self._known):
            for connection in islice(waiting, _LOOKED_AT):
                if not connection.has_arrived():
                    self.leave(connection)
                    connection.transport.abort()
                    return True
        return False

    def wait(self, connection: Connection, *, new: bool) -> None:
        """Note that a connection has no request in work."""
        (self._new if new else self._known)[connection] = None

    def leave(self, connection: Connection) -> None:
        """Note that a connection has a request in work, or is gone."""
        self._new.pop(connection, None)
        self._known.pop(connection, None)

    def protocol(self) -> Callable[..., asyncio.Protocol]:
        """Return what uvicorn makes of each connection."""

        def made(
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> Connection:
            return Connection(self, config, server_state, app_state, _loop)

        return made


class Connection(HttpToolsProtocol):
    """One connection, closed when no request comes in time or its headers are too long."""

    def __init__(
        self,
        doorway: Doorway,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        super().__init__(config, server_state, app_state, loop)
        self._doorway = doorway
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0  # of the request that is read
        self._unheard_bytes = 0  # since the parser last made something of what it was given
        self._heard = False
        self._too_large = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, in place of an idle one where there are too many."""
        full = len(self.connections) >= self._doorway.at_most and not self._doorway.make_room()
        super().connection_made(transport)
        if full:
            self._refuse(_BUSY)
        else:
            self._expect_request(new=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place free."""
        self._request_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless what comes makes no end of headers or trailers."""
        self._heard = False
        super().data_received(data)
        self._unheard_bytes = 0 if self._heard else self._unheard_bytes + len(data)
        if self._unheard_bytes > HEADER_BYTES and not self.transport.is_closing():
            self._refuse(_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, or one with too long headers."""
        self._refuse(_TOO_LARGE if self._too_large else _WRONG)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Read a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header, or a trailer."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def _count(self, count: int) -> None:
        self._header_bytes += count
        if self._header_bytes > HEADER_BYTES:
            self._too_large = True
            raise ValueError("too long headers")  # the parser stops and the answer is ours

    def on_headers_complete(self) -> None:
        """Have the request worked at."""
        self._heard = True
        self._request_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Read a part of the body."""
        self._heard = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._heard = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is there already."""
        super().on_response_complete()
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._expect_request(new=False)

    def has_arrived(self) -> bool:
        """Tell whether something lies in the socket that was not read yet."""
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _expect_request(self, *, new: bool) -> None:
        self._doorway.wait(self, new=new)
        self._deadline = self.loop.call_later(HEADER_S, self.transport.abort)

    def _request_came(self) -> None:
        self._doorway.leave(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int) -> None:
        """Answer without a request, and close."""
        said = _SAID[status].encode()
        head = (
            b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
            b"retry-after: 1\r\nconnection: close\r\n\r\n" % len(said)
        )
        self.transport.write(STATUS_LINE[status] + head + said)
        self.transport.close()
