"""Arrays written as text come into a statement as they were."""

import random
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import pytest

from services.postgres.arrays import array_text

pytestmark = pytest.mark.postgres

ODD = [
    "", " ", "a b", "NULL", "null", '"', '""', "\\", '\\"', "{", "}", "{}", ",", "'", "a,b",
    "\n", "\t",    "\u00a0", "客户", "\U0001f43c", "$1", "E'x'", "\x01", "\x7f", "\ufeff",
]  # fmt: skip


def texts(seed: int) -> list[str | None]:
    dice = random.Random(seed)
    return [
        None if dice.random() < 0.1 else "".join(dice.choices(ODD, k=dice.randint(0, 4)))
        for _ in range(dice.randint(0, 20))
    ]


async def test_texts_come_through_whatever_stands_in_them(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        lists: list[list[str | None]] = [[odd] for odd in ODD]
        lists += [[*ODD], [None], *map(texts, range(100))]
        for values in lists:
            found = await connection.fetchval("SELECT $1::text::text[]", array_text(values))
            assert found == values
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [0, -1, 2**63 - 1, -(2**63)]),
        ("bigint", [None, 5]),
        ("bigint", [5, None]),
        ("bigint", []),
        ("boolean", [True, False, None]),
        ("date", [date(2026, 3, 1), date(1, 1, 1), None, date(9999, 12, 31)]),
        (
            "timestamptz",
            [datetime(2026, 3, 1, 9, 0, 0, 123456, UTC), None, datetime(1, 1, 2, tzinfo=UTC)],
        ),
        ("uuid", [UUID(int=7), None]),
        ("text", []),
    ],
)
async def test_values_of_every_kind_come_through(
    kind: str, values: list[object], database: str
) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval(f"SELECT $1::text::{kind}[]", array_text(values)) == values
    finally:
        await connection.close()
