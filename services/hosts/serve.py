"""Gateway and console, served by one process on two ports."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack

import uvicorn
from starlette.types import ASGIApp

from services.console.app import create_console, end_streams
from services.gateway.http import create_gateway
from services.hosts.bootstrap import open_platform
from services.postgres.waiting import patiently
from services.settings import Settings

_GRACE_S = 3


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it: two share one process here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp, host: str, port: int) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    async with AsyncExitStack() as stack:
        platform = await patiently(lambda: stack.enter_async_context(open_platform(settings)))
        console = create_console(platform)
        servers = [
            _server(create_gateway(platform), settings.gateway_host, settings.gateway_port),
            _server(console, settings.console_host, settings.console_port),
        ]

        def end() -> None:
            end_streams(console)  # a server waits for open answers before it stops
            for server in servers:
                server.should_exit = True

        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, end)
        await asyncio.gather(*(server.serve() for server in servers))
