"""A PostgreSQL server for the whole test session and a fresh database for each test.

The environment variable TOUCHSTONE_TEST_DSN names a server to use instead of the embedded one;
its user must be allowed to create databases. A fresh database is a copy of one that was made
ready once; a test of how it is made ready takes an empty one.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import psutil
import pytest
import pytest_asyncio

from projections import PROJECTIONS
from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer, ServerSettings
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.rows.row_tables import ensure_tables

# Small and without fsync: tests of durability start a server of their own.
_FAST = ServerSettings(fsync=False, shared_buffers_mb=64, max_wal_size_mb=256)

_PREFIX = "touchstone-test-"
_MEMORY = Path("/dev/shm")  # noqa: S108 - only ever the parent of a directory of a test's own
_ROOM = 2 * 1024**3


@contextmanager
def server_dsn() -> Iterator[str]:
    """Give the DSN of a server that lives as long as the context."""
    given = os.environ.get("TOUCHSTONE_TEST_DSN")
    if given:
        yield given
        return
    with quick_directory() as home, EmbeddedServer(home, _FAST) as server:
        yield server.dsn


@contextmanager
def reachable_directory(within: Path | None = None) -> Iterator[Path]:
    """Give a temporary directory that every account can enter.

    pytest's own `tmp_path` is closed to the account that runs the server when root tests.
    """
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=within) as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@contextmanager
def quick_directory() -> Iterator[Path]:
    """Give a directory like that, in memory where there is room: what it holds is soon gone."""
    within = _MEMORY if memory_serves(_MEMORY) else None
    clear_away(within or Path(tempfile.gettempdir()))
    with reachable_directory(within) as directory:
        yield directory


def clear_away(folder: Path) -> None:
    """End and delete what test runs that were killed have left in a folder, memory above all."""
    for left in folder.glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if not owner.isdigit() or psutil.pid_exists(int(owner)):
            continue
        for lock in left.rglob("postmaster.pid"):
            server = find_postmaster(lock.parent)
            if server is not None:
                server.kill()
        shutil.rmtree(left, ignore_errors=True)


def memory_serves(folder: Path) -> bool:
    """Tell whether a folder is kept in memory, has room, and programs copied there would run."""
    if not folder.is_mount() or not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize >= _ROOM


@asynccontextmanager
async def fresh_database(admin_dsn: str, template: str = "template1") -> AsyncIterator[str]:
    """Give the DSN of a new database, a copy of the template, dropped at the end."""
    name = f"test_{uuid4().hex}"
    # Copying files is quicker than writing each page to the log, as the default does.
    await execute(admin_dsn, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        yield with_database(admin_dsn, name)
    finally:
        await execute(admin_dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def template_database(
    admin_dsn: str, prepare: Callable[[str], Awaitable[None]], template: str = "template1"
) -> AsyncIterator[str]:
    """Give the name of a database prepared once, to be the template of many fresh ones.

    `prepare` gets its DSN and must leave no connection open.
    """
    async with fresh_database(admin_dsn, template) as dsn:
        await prepare(dsn)
        yield urlsplit(dsn).path.removeprefix("/")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The DSN of the session's server, allowed to create databases."""
    with server_dsn() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def migrated(postgres_server: str) -> Iterator[str]:
    """The name of a database with every table and no row: the template of others."""
    with asyncio.Runner() as runner:
        template = template_database(postgres_server, make_ready)
        yield runner.run(template.__aenter__())
        runner.run(template.__aexit__(None, None, None))


async def make_ready(dsn: str) -> None:
    """Give a database its tables, as the platform does when it starts."""
    async with await open_pool(dsn, max_size=1) as pool:
        await migrate(pool)
        async with pool.acquire() as connection:
            await ensure_tables(connection, PROJECTIONS)


@pytest_asyncio.fixture
async def database(postgres_server: str, migrated: str) -> AsyncIterator[str]:
    """The DSN of a database that only this test sees: every table, no row."""
    async with fresh_database(postgres_server, migrated) as dsn:
        yield dsn


@pytest_asyncio.fixture
async def empty_database(postgres_server: str) -> AsyncIterator[str]:
    """The DSN of a database without a table that only this test sees."""
    async with fresh_database(postgres_server) as dsn:
        yield dsn


def with_database(dsn: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def execute(dsn: str, statement: str) -> None:
    """Execute a statement over a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
