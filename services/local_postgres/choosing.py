"""Which database to use: the one that the settings name, or a server of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.local_postgres.keeping import kept_running
from services.local_postgres.server import EmbeddedServer
from services.settings import Settings


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """Yield the DSN to use: the one given, or that of the embedded server, kept running."""
    if settings.dsn is not None:
        yield settings.dsn
        return
    async with kept_running(EmbeddedServer(settings.data)) as dsn:
        yield dsn
