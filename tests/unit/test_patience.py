"""A database that hangs must not gather work without end."""

import asyncio

import pytest

from services.errors import Unavailable
from services.web.patience import Slots
from services.web.problems import Problem


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.web.patience.PATIENCE_S", 0.01)


async def work_in(slots: Slots, database_answers: asyncio.Event) -> str:
    with slots.slot() as slot:
        return await slot.within_patience(answer(database_answers))


async def answer(database_answers: asyncio.Event) -> str:
    await database_answers.wait()
    return "kept"


async def test_what_nobody_waits_for_keeps_its_place_until_it_ends() -> None:
    slots, answers = Slots(2), asyncio.Event()
    for _ in range(2):
        with pytest.raises(Unavailable, match="in time"):
            await work_in(slots, answers)
    with pytest.raises(Problem) as refused:
        await work_in(slots, answers)
    assert (refused.value.status, refused.value.code) == (503, "busy")

    answers.set()
    await asyncio.sleep(0.01)
    for _ in range(3):
        assert await work_in(slots, answers) == "kept"


async def test_a_branch_that_goes_away_leaves_its_place_when_its_work_ended() -> None:
    slots, answers = Slots(1), asyncio.Event()
    branch = asyncio.create_task(work_in(slots, answers))
    await asyncio.sleep(0)
    branch.cancel()
    await asyncio.gather(branch, return_exceptions=True)
    await asyncio.sleep(0)
    answers.set()
    assert await work_in(slots, answers) == "kept"


async def test_work_that_fails_frees_its_place() -> None:
    slots = Slots(1)
    for _ in range(2):
        with slots.slot() as slot, pytest.raises(ValueError, match="wrong"):
            await slot.within_patience(failing())


async def failing() -> None:
    raise ValueError("wrong")
