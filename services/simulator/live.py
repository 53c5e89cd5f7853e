"""The company goes on living: its branches publish, and its staff command, as real ones would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx2

from services.clock import SystemClock
from services.ports import Clock
from services.simulator.desk import Desk
from services.simulator.history import history, open_books
from services.simulator.outbox import Outbox
from services.simulator.plan import Plan
from services.simulator.world import World

_TICK_S = 0.5
_CUTS_A_SECOND = 1 / 240
_CUT_S = (15.0, 75.0)


def world_after(plan: Plan) -> World:
    """Return the company as its history leaves it."""
    world = open_books(plan)
    for _ in history(world):
        pass
    return world


async def go_on(
    world: World,
    client: httpx2.AsyncClient,
    keys: Mapping[str, str],
    staff: Mapping[str, str],
    rate: float,
    clock: Clock | None = None,
) -> None:
    """Bring about some `rate` events a second until cancelled.

    Branches publish with their keys, and staff command cases with theirs. The company lives as
    fast as that takes. Now and then a branch's line is cut for a while.
    """
    clock = clock or SystemClock()
    dice = world.plan.dice("live", str(clock.now().timestamp()))
    outboxes = {branch_id: Outbox(branch_id, client, key, dice) for branch_id, key in keys.items()}
    desk = Desk(client, staff, dice)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.send())
        for outbox in outboxes.values():
            tasks.create_task(outbox.send())
        due = 0.0
        while True:
            now = clock.now()
            due += rate * _TICK_S * dice.uniform(0.4, 1.6)
            due -= _live_on(world, outboxes, desk, due, now)
            _cut_lines(outboxes, len(outboxes) * dice.random(), now)
            await asyncio.sleep(_TICK_S)


def _live_on(
    world: World, outboxes: Mapping[str, Outbox], desk: Desk, due: float, now: datetime
) -> int:
    """Let things happen until `due` events are reported or commanded; return how many were."""
    told = 0
    while told + 1 <= due and world.has_more_to_happen:
        for recording in world.step(now):
            outboxes[recording.envelope.branch_id].put(recording)
            told += 1
        for given in world.given:
            desk.put(given.asked)
            told += len(given.expected.events)
        world.given.clear()
    return told


def _cut_lines(outboxes: Mapping[str, Outbox], draw: float, now: datetime) -> None:
    """Cut the line of a branch in rare ticks, one at a time."""
    down = [outbox.is_down(now) for outbox in outboxes.values()]
    chosen, luck = divmod(draw, 1.0)
    if luck < _CUTS_A_SECOND * _TICK_S and not any(down):
        shortest, longest = _CUT_S
        seconds = shortest + (longest - shortest) * luck / (_CUTS_A_SECOND * _TICK_S)
        list(outboxes.values())[int(chosen)].cut(now + timedelta(seconds=seconds))
