"""Keeps the embedded server running for as long as somebody uses it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from services.local_postgres.server import EmbeddedServer, EmbeddedServerError

_LOG = structlog.get_logger(__name__)

_LOOK_EVERY_S = 2.0


@asynccontextmanager
async def kept_running(server: EmbeddedServer) -> AsyncIterator[str]:
    """Yield the DSN of the server, which is started again should it die; then stop it.

    Raises: EmbeddedServerError, if it does not start at first.
    """
    over = asyncio.Event()
    try:
        dsn = await asyncio.to_thread(server.start)
        keeper = asyncio.create_task(_keep(server, over), name="database keeper")
        try:
            yield dsn
        finally:
            over.set()
            await keeper  # never stop a server that is just being started
    finally:
        await asyncio.to_thread(server.stop)


async def _keep(server: EmbeddedServer, over: asyncio.Event) -> None:
    """Look after the server every few seconds: to start it again changes nothing if it runs."""
    away, launches = False, server.launches
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _LOOK_EVERY_S)
            return
        try:
            await asyncio.to_thread(server.start)
        except EmbeddedServerError as error:
            # It may start later, when the disk has room again; everybody sees Unavailable now.
            _LOG.error("database_does_not_start", reason=str(error))
            away = True
            continue
        if away or server.launches != launches:
            if not away:
                _LOG.error("database_ended")
            _LOG.info("database_back")
        away, launches = False, server.launches
