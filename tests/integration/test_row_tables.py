"""The row tables are made once; whoever starts later leaves alone what is there."""

from pathlib import Path

import pytest

from projections import PROJECTIONS
from services.hosts.bootstrap import open_platform
from services.rows.row_tables import ensure_tables, tables_of
from services.settings import Settings

pytestmark = pytest.mark.postgres


async def test_what_is_there_is_not_locked_against_those_who_write(
    database: str, tmp_path: Path
) -> None:
    tables = [table.name for one in PROJECTIONS for table in tables_of(one).values()]
    async with (
        open_platform(Settings(dsn=database, data=tmp_path)) as platform,
        platform.pool.acquire() as writer,
        platform.pool.acquire() as starter,
        writer.transaction(),
    ):
        await writer.execute(f"LOCK TABLE {', '.join(tables)} IN ROW EXCLUSIVE MODE")
        await starter.execute("SET lock_timeout = '500ms'")
        await ensure_tables(starter, PROJECTIONS)


async def test_an_index_that_is_missing_is_made(database: str, tmp_path: Path) -> None:
    async with (
        open_platform(Settings(dsn=database, data=tmp_path)) as platform,
        platform.pool.acquire() as connection,
    ):
        listed = (
            "SELECT array_agg(indexname ORDER BY 1) FROM pg_indexes WHERE indexname ~ '_by_due$'"
        )
        before = await connection.fetchval(listed)
        assert len(before) >= 2
        for name in before:
            await connection.execute(f"DROP INDEX {name}")
        await ensure_tables(connection, PROJECTIONS)
        assert await connection.fetchval(listed) == before
