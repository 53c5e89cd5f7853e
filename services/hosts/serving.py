"""The server of an application: how many connections, whose word about them, and TLS."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from services.settings import Networks
from services.web.connections import Doorway

_GRACE_S = 3
_BACKLOG = 512
"""Connections taken before what was sent on earlier ones is read: fewer than there may be."""


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(
    app: ASGIApp,
    host: str,
    port: int,
    connections: int,
    *,
    tls: ssl.SSLContext | None = None,
    proxies: Networks = (),
) -> uvicorn.Server:
    """Return a server of an application that takes so many connections at once.

    Only those proxies are believed who a request came from, and by which protocol.
    """
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            backlog=_BACKLOG,
            ssl_context_factory=None if tls is None else lambda *_: tls,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=[str(network) for network in proxies],
            http=Doorway(connections).protocol(),  # type: ignore[arg-type]  # called, never asked
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
