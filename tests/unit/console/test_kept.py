"""Answers that rest on many rows are asked for seldom, and never given old."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.console.shared.kept import MANY_ROWS, OLDEST_S, RENEWED_S, Kept, KeptAnswers
from services.errors import Unavailable

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class _Asked:
    """Answers how often it was asked, each time at a cost."""

    def __init__(self, desk: Desk, rows: int, cost_s: float) -> None:
        self._desk = desk
        self._rows = rows
        self._cost_s = cost_s
        self.times = 0
        self.away = False

    async def ask(self) -> Kept[int]:
        if self.away:
            raise Unavailable("away")
        self.times += 1
        self._desk.now += self._cost_s
        return Kept(self.times, AT, "position")

    def rows(self, answer: int) -> int:
        return self._rows


class Desk:
    """Kept answers under a clock of the test's."""

    def __init__(self) -> None:
        self.now = 100.0
        self.kept = KeptAnswers(lambda: self.now)

    async def given(self, asked: _Asked, *, fresh: bool = False, key: str = "one") -> int:
        found = await self.kept.of(key, asked.ask, asked.ask, asked.rows, fresh=fresh)
        for _ in range(3):  # what is asked for behind has its turn
            await asyncio.sleep(0)
        return found.answer


async def test_what_rests_on_few_rows_is_always_of_just_now() -> None:
    desk = Desk()
    asked = _Asked(desk, MANY_ROWS, 0.0)
    assert [await desk.given(asked) for _ in range(3)] == [1, 2, 3]


async def test_what_rests_on_many_is_given_again_and_renewed_behind() -> None:
    desk = Desk()
    asked = _Asked(desk, MANY_ROWS + 1, 0.0)
    assert [await desk.given(asked) for _ in range(3)] == [1, 1, 1]
    desk.now += RENEWED_S
    assert await desk.given(asked) == 1, "nobody waits for the new one"
    assert await desk.given(asked) == 2
    assert asked.times == 2
    assert await desk.given(asked, key="other") == 3, "another question has its own answer"


async def test_what_costs_much_is_renewed_less_often() -> None:
    desk = Desk()
    asked = _Asked(desk, MANY_ROWS + 1, 2.0)
    await desk.given(asked)
    desk.now += 2 * RENEWED_S  # less than ten times its cost
    await desk.given(asked)
    assert asked.times == 1
    desk.now += 2 * RENEWED_S
    await desk.given(asked)
    assert asked.times == 2


async def test_nobody_is_given_an_old_answer_or_one_from_before_a_write_of_ones_own() -> None:
    desk = Desk()
    asked = _Asked(desk, MANY_ROWS + 1, 0.0)
    await desk.given(asked)
    desk.now += OLDEST_S
    assert await desk.given(asked) == 2
    assert await desk.given(asked, fresh=True) == 3
    assert await desk.given(asked) == 3


async def test_while_the_database_is_away_what_is_kept_is_given_until_it_is_old() -> None:
    desk = Desk()
    asked = _Asked(desk, MANY_ROWS + 1, 0.0)
    await desk.given(asked)
    asked.away = True
    desk.now += RENEWED_S
    assert [await desk.given(asked) for _ in range(2)] == [1, 1]
    desk.now += OLDEST_S
    with pytest.raises(Unavailable):
        await desk.given(asked)
    await desk.kept.close()


async def test_an_answer_asked_for_before_a_write_never_takes_the_place_of_the_one_after() -> None:
    desk = Desk()
    first = _Asked(desk, MANY_ROWS + 1, 0.0)
    await desk.given(first)
    desk.now += RENEWED_S
    written = asyncio.Event()

    async def slow() -> Kept[int]:
        await written.wait()
        return Kept(1, AT, "before")

    async def after() -> Kept[int]:
        return Kept(2, AT + timedelta(seconds=1), "after")

    await desk.kept.of("one", slow, slow, first.rows, fresh=False)
    await asyncio.sleep(0)
    assert (await desk.kept.of("one", after, after, first.rows, fresh=True)).answer == 2
    written.set()
    assert await desk.given(first) == 2
    assert await desk.given(first) == 2, "what was asked for before came in between"
