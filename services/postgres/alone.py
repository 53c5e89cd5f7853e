"""What one process does at a time, on either log: it holds a lock of its session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.postgres.pool import Pool, lent_for_locks, translated
from services.postgres.statements import sql


@asynccontextmanager
async def held_alone(pool: Pool, what: str, standby_s: float) -> AsyncIterator[None]:
    """Wait until no other process does it; another may once this one's connection is lost.

    Raises: Unavailable.
    """
    with translated():
        async with lent_for_locks(pool) as connection:
            while not await connection.fetchval(  # noqa: ASYNC110 - another process has it
                sql("try_lock"), what
            ):
                await asyncio.sleep(standby_s)
            try:
                yield
            finally:
                if not connection.is_closed():
                    await connection.execute(sql("release_lock"), what)
