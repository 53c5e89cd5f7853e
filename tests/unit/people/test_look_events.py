"""Telling the log of looks goes on where two who write get in each other's way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg

from services.people.look_events import LookEvents, _Platform
from tests.support.given import instant


class Database:
    """It has nothing to tell of, and finds a deadlock whenever it is asked for the first time."""

    def __init__(self) -> None:
        self.pool, self.clock = self, self
        self.asked: list[str] = []

    def now(self) -> object:
        return instant("2026-03-10 10:00")

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Database]:
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    def _said(self, statement: str) -> None:
        self.asked.append(statement)
        if self.asked.count(statement) == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")

    async def fetch(self, statement: str, *_: object) -> list[object]:
        self._said(statement)
        return []

    async def fetchval(self, statement: str, *_: object) -> bool:
        self._said(statement)
        return True

    async def execute(self, statement: str, *_: object) -> None:
        self._said(statement)


async def test_a_deadlock_is_tried_again() -> None:
    telling = LookEvents(cast("_Platform", Database()))
    assert await telling.let_go(instant("2026-03-10 10:00")) == 0
    assert await telling.tell() == 0
