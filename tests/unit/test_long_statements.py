"""Statements over all rows of a company may take long, and a full disk is named as what it is."""

from __future__ import annotations

from typing import cast

import asyncpg
import pytest

from services.errors import Unavailable
from services.postgres.pool import Connection, translated
from services.rebuild.builds import LONG_S, SHARED_TABLES, discard


class Recording:
    """A connection that notes how long a deletion may take."""

    def __init__(self) -> None:
        self.deleted: dict[str, float | None] = {}

    async def fetchval(self, query: str, *values: object) -> None:
        return None

    async def fetch(self, query: str, *values: object) -> list[object]:
        return []

    async def execute(self, query: str, *values: object, timeout: float | None = None) -> str:
        self.deleted[query.split()[2]] = timeout
        return "DELETE 0"


async def test_throwing_away_what_was_built_of_millions_may_take_long() -> None:
    connection = Recording()
    await discard(cast(Connection, connection), "receivables_rebuild", 2)
    assert connection.deleted.keys() > {*SHARED_TABLES}
    assert {*connection.deleted.values()} == {LONG_S}


def test_a_full_disk_of_the_server_is_named_with_its_remedy() -> None:
    full = asyncpg.DiskFullError("could not extend file: No space left on device")
    with pytest.raises(Unavailable, match=r"no room left on its disk .*make room"), translated():
        raise full
