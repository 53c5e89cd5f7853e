"""A COPY that is broken off leaves its connection as whoever comes next needs it."""

from __future__ import annotations

import asyncio

import pytest

from services.postgres.copying import copy_out
from services.postgres.pool import open_pool

pytestmark = pytest.mark.postgres

MUCH = "SELECT repeat('x', 10000) FROM generate_series(1, 2000)"


async def test_an_error_in_the_midst_is_raised_and_the_connection_works_on(database: str) -> None:
    told: list[int] = []

    def refuse(chunk: bytes) -> None:
        told.append(len(chunk))
        if len(told) == 2:
            raise ValueError("refused")

    async with await open_pool(database, max_size=1) as pool:
        async with pool.acquire() as connection, connection.transaction():
            with pytest.raises(ValueError, match="refused"):
                await copy_out(connection, MUCH, take=refuse)
            assert len(told) == 2
            assert await connection.fetchval("SELECT 1") == 1
        assert await pool.fetchval("SELECT 2") == 2  # by the only connection


async def test_an_interruption_in_the_midst_ends_it_and_the_connection_works_on(
    database: str,
) -> None:
    begun = asyncio.Event()
    chunks = 0

    def count(chunk: bytes) -> None:
        nonlocal chunks
        chunks += 1
        begun.set()

    async with await open_pool(database, max_size=1) as pool:

        async def read() -> None:
            async with pool.acquire() as connection, connection.transaction():
                await copy_out(connection, MUCH, take=count)

        reading = asyncio.create_task(read())
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        told = chunks
        assert await pool.fetchval("SELECT 1") == 1
        async with pool.acquire() as connection:
            await copy_out(connection, MUCH, take=count)
        assert chunks - told > told
