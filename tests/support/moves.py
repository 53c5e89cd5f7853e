"""`touchstone move` as a process that tests kill, and what they ask of the log afterwards."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from services.settings import Settings
from tests.support.embedded import REPOSITORY


def on_kafka(settings: Settings, kafka_server: str, prefix: str) -> Settings:
    """The same installation with its log in Kafka."""
    return settings.model_copy(update={"kafka": kafka_server, "kafka_prefix": prefix})


@contextmanager
def moving(settings: Settings, to: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command; it is killed if it still runs at the end."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path]),
        "TOUCHSTONE_DSN": str(settings.dsn),
        "TOUCHSTONE_DATA": str(settings.data),
        "TOUCHSTONE_KAFKA": str(settings.kafka),
        "TOUCHSTONE_KAFKA_PREFIX": settings.kafka_prefix,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "move", "--to", to, *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def moved(settings: Settings, to: str, *options: str) -> tuple[int, str]:
    """Run the command to its end; return its exit code and what it said."""
    with moving(settings, to, *options) as process:
        said, _ = await asyncio.to_thread(process.communicate, None, 120)
        return process.returncode, said


@asynccontextmanager
async def holding(dsn: str, statement: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold the locks that a statement takes; gives the connection that holds them."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield connection
    finally:
        await connection.close()


async def until_somebody_waits(holder: asyncpg.Connection, within_s: float = 60.0) -> None:
    """Return once another session waits for what this one holds."""
    async with asyncio.timeout(within_s):
        while not await holder.fetchval(  # noqa: ASYNC110 - another process
            "SELECT count(*) FROM pg_locks l WHERE NOT granted"
            " AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid))"
        ):
            await asyncio.sleep(0.05)


async def generation(dsn: str) -> int:
    """The current generation of the log."""
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval("SELECT max(generation) FROM generations")
        return found
    finally:
        await connection.close()
