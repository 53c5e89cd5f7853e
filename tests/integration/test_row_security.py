"""Where the database's user may not make the role, questions alone keep branches apart."""

import asyncpg
import pytest

from services.console.app import create_console
from services.console.shared import reading
from services.operating.doctor.working import apart
from services.people.principal import Principal, Scope
from services.postgres.pool import Connection
from services.rows.guards import READER, can_enter, protect
from tests.support.console import open_company

pytestmark = pytest.mark.postgres


async def test_a_user_who_may_not_make_the_role_goes_on_without_until_it_is_given(
    database: str,
) -> None:
    connection = await asyncpg.connect(database)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "CREATE ROLE test_plain; GRANT CREATE ON SCHEMA public TO test_plain"
        )
        await connection.execute("SET LOCAL ROLE test_plain")
        assert not await can_enter(connection)  # type: ignore[arg-type]  # lent by no pool
        assert not await protect(connection, [])  # type: ignore[arg-type]
        await connection.execute(f"RESET ROLE; GRANT {READER} TO test_plain")
        await connection.execute("SET LOCAL ROLE test_plain")
        assert await can_enter(connection)  # type: ignore[arg-type]
        await transaction.rollback()
    finally:
        await connection.close()


async def test_questions_keep_branches_apart_alone(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Connection) -> bool:
        return False

    monkeypatch.setattr(reading, "can_enter", never)
    async with open_company(database) as company:
        await company.settle_down()
        model = create_console(company.platform).state.console.everything
        async with model.reading(Principal("NY-S1", Scope(frozenset({"NY"})))) as reader:
            [row] = await reader.fetch("SELECT current_user = $1 AS part", READER)
            assert not row["part"]
            items = await reader.fetch(reader.statements.filled("SELECT * FROM {items} AS i"))
        assert {row["customer_id"] for row in items} == {"C-2"}


def test_the_doctor_says_who_keeps_branches_apart() -> None:
    assert apart(by_the_database=True).state == "well"
    alone = apart(by_the_database=False)
    assert alone.state == "warning"
    assert f"GRANT {READER} TO" in alone.remedy
