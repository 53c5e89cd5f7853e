"""A PostgreSQL server for the whole test session and a fresh database for each test.

The environment variable TOUCHSTONE_TEST_DSN names a server to use instead of the embedded one;
its user must be allowed to create databases.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.local_postgres.server import EmbeddedServer, ServerSettings

# Small and without fsync: tests of durability start a server of their own.
_FAST = ServerSettings(fsync=False, shared_buffers_mb=64, max_wal_size_mb=1024)


@contextmanager
def server_dsn() -> Iterator[str]:
    """Give the DSN of a server that lives as long as the context."""
    given = os.environ.get("TOUCHSTONE_TEST_DSN")
    if given:
        yield given
        return
    with reachable_directory() as home, EmbeddedServer(home, _FAST) as server:
        yield server.dsn


@contextmanager
def reachable_directory() -> Iterator[Path]:
    """Give a temporary directory that every account can enter.

    pytest's own `tmp_path` is closed to the account that runs the server when root tests.
    """
    with tempfile.TemporaryDirectory(prefix="touchstone-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@asynccontextmanager
async def fresh_database(admin_dsn: str, template: str = "template1") -> AsyncIterator[str]:
    """Give the DSN of a new database, a copy of the template, dropped at the end."""
    name = f"test_{uuid4().hex}"
    await _execute(admin_dsn, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield _with_database(admin_dsn, name)
    finally:
        await _execute(admin_dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def template_database(
    admin_dsn: str, prepare: Callable[[str], Awaitable[None]]
) -> AsyncIterator[str]:
    """Give the name of a database prepared once, to be the template of many fresh ones.

    `prepare` gets its DSN and must leave no connection open.
    """
    async with fresh_database(admin_dsn) as dsn:
        await prepare(dsn)
        yield urlsplit(dsn).path.removeprefix("/")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The DSN of the session's server, allowed to create databases."""
    with server_dsn() as dsn:
        yield dsn


@pytest_asyncio.fixture
async def database(postgres_server: str) -> AsyncIterator[str]:
    """The DSN of an empty database that only this test sees."""
    async with fresh_database(postgres_server) as dsn:
        yield dsn


def _with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
