"""Where a process that has no door of its own tells how it is: /metrics, /livez and /readyz."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.responses import PlainTextResponse

from services.errors import UsageError
from services.hosts.bootstrap import room_of
from services.hosts.serving import server
from services.operating.door import Operated
from services.platform import Platform
from services.settings import Settings

_NOTHING = PlainTextResponse("ask for /metrics, /livez or /readyz\n", status_code=404)
_CONNECTIONS = 32


@asynccontextmanager
async def telling(settings: Settings, platform: Platform) -> AsyncIterator[None]:
    """Tell how this projecting process is, where the settings name a port."""
    if settings.worker_port is None:
        yield
        return
    app = Operated(_NOTHING, platform, room_of(settings), settings.may_scrape, projects=True)
    host, port = settings.worker_host, settings.worker_port
    served = server(app, host, port, _CONNECTIONS)
    with _listening(host, port) as listener:
        task = asyncio.create_task(served.serve([listener]), name="telling")
        try:
            yield
        finally:
            served.should_exit = True
            with suppress(asyncio.CancelledError):
                await task


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises: UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be listened on ({os.strerror(error.errno or 0)}): set "
            "TOUCHSTONE_WORKER_PORT to another port for each process of this machine"
        ) from error
