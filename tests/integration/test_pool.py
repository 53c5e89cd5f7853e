"""A database that cannot be used is refused in words, and none of them is a password."""

import os
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest

from services.errors import UsageError
from services.native import choose
from services.postgres.pool import lent_for_locks, open_pool


@pytest.mark.parametrize(
    "dsn", ["garbage", "postgresql://u:sec/ret@127.0.0.1/x", "postgresql://u@127.0.0.1:port/x"]
)
async def test_what_is_no_address_is_wrong_usage(dsn: str) -> None:
    with pytest.raises(UsageError, match="TOUCHSTONE_DSN") as refused:
        await open_pool(dsn)
    assert "sec" not in str(refused.value)


@pytest.mark.postgres
async def test_a_database_that_is_not_there_is_wrong_usage(database: str) -> None:
    elsewhere = urlunsplit(urlsplit(database)._replace(path="/nowhere"))
    with pytest.raises(UsageError, match="nowhere"):
        await open_pool(elsewhere)


@pytest.mark.postgres
async def test_locks_of_a_session_end_when_its_connection_is_given_back(database: str) -> None:
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    async with await open_pool(database, max_size=1) as pool:
        for _ in range(2):
            async with lent_for_locks(pool) as connection:
                assert await connection.fetchval("SELECT pg_try_advisory_lock(7)")
                assert await connection.fetchval(held) == 1
            assert await pool.fetchval(held) == 0


@pytest.mark.postgres
async def test_a_connection_that_nothing_outlives_is_given_back_without_a_word(
    database: str,
) -> None:
    async with await open_pool(database, max_size=1) as pool:
        said: list[str] = []
        async with pool.acquire() as connection:
            connection.add_query_logger(lambda record: said.append(record.query))
            await connection.fetchval("SELECT 1")
        await pool.fetchval("SELECT 2")
        assert said == ["SELECT 1", "SELECT 2"]


@pytest.mark.postgres
async def test_the_server_knows_each_process_by_its_command_and_compiled_parts(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/touchstone/bin/touchstone", "work", "--port", "1"])
    async with await open_pool(database) as pool:
        name = await pool.fetchval("SHOW application_name")
    assert name == f"touchstone work {os.getpid()}: {choose()}"
