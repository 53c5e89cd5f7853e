"""The processes of a walk: who does the parts, and what becomes of them when one is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from events.envelope import CustomerId
from services.postgres.pool import Pool, open_pool
from services.walk.engine import Walk, WalkBroken
from services.walk.parts import Part
from tests.support.walkers import Dying, Littering, Noted, Noting, Waiting

pytestmark = pytest.mark.postgres

PARTS = [Part(n, CustomerId(f"C-{n}"), None) for n in range(8)]
_PATIENCE_S = 60.0


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, max_size=2) as opened:
        yield opened


async def test_every_part_is_done_once_by_children_of_one_process(
    database: str, pool: Pool
) -> None:
    done: list[Noted] = []
    await Walk(pool, database, 2).over(PARTS, Noting, None, Noted, done.append)
    assert sorted(one.part for one in done) == [part.part for part in PARTS]
    assert len({one.parent for one in done}) == 1
    assert done[0].parent != os.getpid()


async def test_a_process_full_of_garbage_is_replaced(database: str, pool: Pool) -> None:
    done: list[Noted] = []
    await Walk(pool, database, 2).over(PARTS[:4], Littering, None, Noted, done.append)
    assert sorted(one.part for one in done) == [0, 1, 2, 3]
    assert len({one.process for one in done}) == 4


async def test_a_child_that_is_killed_ends_the_walk_and_says_where(
    database: str, pool: Pool
) -> None:
    done: list[Noted] = []
    with pytest.raises(WalkBroken, match="ended by signal 9 before its part 3 was done; run"):
        await Walk(pool, database, 2).over(PARTS, Dying, None, Noted, done.append)
    assert 3 not in {one.part for one in done}
    await _until_gone(*{one.process for one in done}, *{one.parent for one in done})


async def test_children_end_when_their_parent_is_killed(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    walk = asyncio.create_task(
        Walk(pool, database, 2).over(PARTS, Waiting, str(tmp_path), Noted, print)
    )
    children = await _children(tmp_path, 2)
    (parent,) = {int((tmp_path / str(child)).read_text()) for child in children}
    os.kill(parent, signal.SIGKILL)
    with pytest.raises(WalkBroken, match="ended before its parts were done"):
        await walk
    await _until_gone(*children)


async def test_nobody_works_on_when_the_walk_is_given_up(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    walk = asyncio.create_task(
        Walk(pool, database, 2).over(PARTS, Waiting, str(tmp_path), Noted, print)
    )
    children = await _children(tmp_path, 2)
    walk.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walk
    assert [child for child in children if _is_there(child)] == []


async def _children(folder: Path, count: int) -> list[int]:
    give_up_at = time.monotonic() + _PATIENCE_S
    while len(found := _noted(folder)) < count:
        assert time.monotonic() < give_up_at, "the children never began"
        await asyncio.sleep(0.05)
    return found


def _noted(folder: Path) -> list[int]:
    return [int(one.name) for one in folder.iterdir() if one.read_text()]


async def _until_gone(*processes: int) -> None:
    give_up_at = time.monotonic() + _PATIENCE_S
    while left := [process for process in processes if _is_there(process)]:
        assert time.monotonic() < give_up_at, f"{left} are still there"
        await asyncio.sleep(0.05)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in _status(process)  # of one that nobody waits for, a line is left


def _status(process: int) -> str:
    try:
        return Path(f"/proc/{process}/status").read_text()
    except OSError:
        return ""
