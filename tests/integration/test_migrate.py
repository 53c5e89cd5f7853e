"""The database's shape is brought up to date once, and never by a changed file."""

import asyncio

import asyncpg
import pytest

from services.postgres.migrate import Migration, MigrationRefused, migrate, shipped
from services.postgres.pool import open_pool

pytestmark = pytest.mark.postgres

ONE = Migration("0001_one", "CREATE TABLE one (a int);")
TWO = Migration("0002_two", "CREATE TABLE two (a int);")


async def test_all_shipped_migrations_apply_and_a_second_start_applies_none(
    empty_database: str,
) -> None:
    async with await open_pool(empty_database) as pool:
        assert await migrate(pool) == tuple(step.name for step in shipped())
        assert await migrate(pool) == ()


def test_each_migration_has_a_number_of_its_own() -> None:
    """Two that came from two branches would be applied in the order of their words."""
    numbers = [step.name.partition("_")[0] for step in shipped()]
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]


async def test_processes_that_start_together_apply_each_migration_once(empty_database: str) -> None:
    async with await open_pool(empty_database) as one, await open_pool(empty_database) as other:
        applied = await asyncio.gather(*(migrate(pool) for pool in (one, other, one, other)))
        names = [name for names in applied for name in names]
        assert sorted(names) == [step.name for step in shipped()]


async def test_a_new_migration_is_applied_after_the_old_ones(empty_database: str) -> None:
    async with await open_pool(empty_database) as pool:
        assert await migrate(pool, [ONE]) == ("0001_one",)
        assert await migrate(pool, [ONE, TWO]) == ("0002_two",)


async def test_a_changed_migration_is_refused(empty_database: str) -> None:
    async with await open_pool(empty_database) as pool:
        await migrate(pool, [ONE])
        with pytest.raises(MigrationRefused, match="0001_one was changed"):
            await migrate(pool, [ONE._replace(statements="CREATE TABLE other (a int);")])


async def test_a_database_of_a_newer_version_is_refused(empty_database: str) -> None:
    async with await open_pool(empty_database) as pool:
        await migrate(pool, [ONE, TWO])
        with pytest.raises(MigrationRefused, match="newer version"):
            await migrate(pool, [ONE])


async def test_a_migration_that_comes_too_late_is_refused(empty_database: str) -> None:
    async with await open_pool(empty_database) as pool:
        await migrate(pool, [TWO])
        with pytest.raises(MigrationRefused, match="later number"):
            await migrate(pool, [ONE, TWO])


async def test_a_migration_that_fails_leaves_nothing_behind(empty_database: str) -> None:
    broken = Migration("0002_broken", "CREATE TABLE half (a int); SELECT 1 / 0;")
    async with await open_pool(empty_database) as pool:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrate(pool, [ONE, broken])
        assert await pool.fetchval("SELECT to_regclass('half')") is None
        assert await migrate(pool, [ONE, TWO]) == ("0002_two",)


@pytest.mark.parametrize("table", ["events", "admissions"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET sequence = 2", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"],
)
async def test_the_database_refuses_to_change_facts_even_to_their_owner(
    empty_database: str, table: str, statement: str
) -> None:
    async with await open_pool(empty_database) as pool:
        await migrate(pool)
        owner = await pool.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = $1", table)
        assert owner == await pool.fetchval("SELECT current_user")
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed or deleted"):
            await pool.execute(statement.format(table))


async def test_facts_stay_refused_while_replicating(empty_database: str) -> None:
    async with await open_pool(empty_database) as pool:
        await migrate(pool)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute("DELETE FROM events")
