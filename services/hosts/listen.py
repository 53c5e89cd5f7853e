"""The host of the lines to other systems: telephone exchanges, as feeds name them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from services.connectors.calls.listening import listen
from services.connectors.feeds import Feeds
from services.errors import Unavailable
from services.hosts.bootstrap import open_platform
from services.hosts.log_directory import logging_to_directory
from services.hosts.supervision import Supervision
from services.postgres.pool import open_pool, translated
from services.postgres.statements import sql
from services.postgres.waiting import patiently
from services.settings import Settings

LISTEN = ["connect", "listen"]
"""The command that listens."""

_LOOK_EVERY_S = 10.0


async def listen_for_ever(settings: Settings) -> None:
    """Listen on every line that a feed names, until cancelled; wait for a database that is away.

    Two of these do no harm: what both hear is shown and recorded once. Raises: LogMoved.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(logging_to_directory(settings, "lines"))
        platform = await patiently(lambda: stack.enter_async_context(open_platform(settings)))
        await listen(platform, Feeds(platform))


async def start_once_named(dsn: str, supervision: Supervision) -> None:
    """Start the process that listens once any feed names a line; return never."""
    while not await _is_any_named(dsn):  # noqa: ASYNC110 - another process names it
        await asyncio.sleep(_LOOK_EVERY_S)
    supervision.start(LISTEN)
    await asyncio.Event().wait()


async def _is_any_named(dsn: str) -> bool:
    try:
        pool = await open_pool(dsn, max_size=1)
        try:
            with translated():
                return bool(await pool.fetchval(sql("feeds_that_listen")))
        finally:
            await pool.close()
    except Unavailable:
        return False
