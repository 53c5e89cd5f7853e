"""How commands reach the platform: what it needs is loaded only once a command asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.platform import Platform
    from services.settings import Settings


def settings() -> Settings:
    """Return the settings of this process. Raises: UsageError."""
    from services.settings import settings

    return settings()


@asynccontextmanager
async def opened() -> AsyncIterator[Platform]:
    """Open the platform that the settings name. Raises: UsageError, Unavailable."""
    from services.hosts.bootstrap import open_platform

    async with open_platform(settings()) as platform:
        yield platform
