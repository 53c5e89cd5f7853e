"""Whatever is tried is what is done: random commands, alone and in bulks, as time passes."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.integration.test_bulk import Lines, ask, together
from tests.support.casework import CALLER, COLLEAGUE, HEAD, OWNER, Desk, Json, desk_on_chosen_log
from tests.support.modes import catch_up
from tests.support.standing import differing, standing, told

pytestmark = pytest.mark.postgres

CUSTOMERS = ("C-1", "C-2", "C-3")
STEPS = 16
COMMANDS: tuple[tuple[str, Json, str], ...] = (
    ("reply", {}, OWNER),
    ("assign", {"agent": COLLEAGUE}, HEAD),
    ("assign", {"agent": OWNER}, HEAD),
    ("hand-off", {"department": "sales", "owes": "credit note", "due_minutes": 60}, HEAD),
    ("hand-off", {"department": "logistics", "owes": "parts", "due_minutes": 600}, HEAD),
    ("wait", {}, OWNER),
    ("resume", {}, OWNER),
    ("set-priority", {"priority": "urgent"}, HEAD),
    ("set-priority", {"priority": "low"}, HEAD),
    ("resolve", {}, OWNER),
    ("record-callback", {"outcome": "satisfied"}, CALLER),
    ("record-callback", {"outcome": "dissatisfied"}, CALLER),
    ("close", {"reason": "nothing to do"}, HEAD),
    ("reopen", {"reason": "still broken"}, HEAD),
    ("decline", {"reason": "out of warranty"}, "hq-1"),
)


@pytest_asyncio.fixture(params=["embedded"])
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def alone(desk: Desk, case_id: str, word: str, body: Json, by: str) -> tuple[bool, Json]:
    """Try a command and give it; return whether it was done, and what was foretold."""
    seen = await desk.version(case_id)
    tried = await desk.give(case_id, f"{word}?try=true", body, by=by, seen=seen)
    done = await desk.give(case_id, word, body, by=by, seen=seen)
    assert tried.status_code == done.status_code
    if done.status_code != 200:
        assert tried.json()["rule"] == done.json()["rule"]
        return False, {"rows": {}, "alerts": []}
    return True, told(tried.json()["changes"])


async def in_bulk(
    desk: Desk, cases: list[str], word: str, body: Json, by: str, key: str
) -> tuple[int, Json]:
    """Try a command on cases and give it on those shown; return how many were done."""
    items: list[Json] = [{"id": one} for one in cases]
    shown = await ask(desk, word, {"items": items, "command": body}, by=by)
    did = await ask(desk, word, {"items": shown.items, "command": body}, by=by, key=key)
    assert _known_before(did) == _known_before(shown)
    return [*did.outcomes.values()].count("done"), together(shown)


def _known_before(lines: Lines) -> list[tuple[object, object, object]]:
    done = ("done", "would_be_done")
    return [(one["id"], one["outcome"] in done, one.get("rule")) for one in lines.of("item")]


@pytest.mark.parametrize("seed", [3, 29])
async def test_what_is_foretold_happens(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    cases = [
        await desk.case(f"{customer} {n}", customer=customer)
        for customer in CUSTOMERS
        for n in range(2)
    ]
    singly = together_done = 0
    for step in range(STEPS):
        desk.clock.move(timedelta(minutes=dice.choice([0, 7, 90, 600])))
        await catch_up(desk.platform, desk.settings)
        before = await standing(desk.platform)
        word, body, by = dice.choice(COMMANDS)
        if step % 2:
            done, foretold = await alone(desk, dice.choice(cases), word, body, by)
            singly += done
        else:
            some = dice.sample(cases, dice.randint(2, len(cases)))
            count, foretold = await in_bulk(desk, some, word, body, by, f"bulk-{step}")
            together_done += count
        await catch_up(desk.platform, desk.settings)
        assert foretold == differing(before, await standing(desk.platform)), (step, word, by)
    assert singly, "the story is about something"
    assert together_done > len(cases)
