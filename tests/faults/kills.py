"""Kill -9 of everything at random moments under load, and start it again, many times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from events.touchpoints.complaint import ComplaintFiled, ServiceRequested
from services.hosts.bootstrap import open_platform
from services.intake.keys import Keys
from services.settings import Settings
from services.simulator.branches import BRANCHES
from services.simulator.devices import HEADQUARTERS, Recording
from services.simulator.history import history, open_books
from services.simulator.plan import Plan
from tests.faults.clients import Fleet, Ledger
from tests.faults.matrix import Outcome, Scene
from tests.faults.oracle import Findings, Running, examine
from tests.faults.product import product

_RATE = 400.0
"""Events a second that the branches publish together while the product is up."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: when after the start, what there was to kill, and how far the clients were."""

    number: int
    after_s: float
    ready: bool  # it served; otherwise it was killed while starting
    processes: int
    acknowledged: int
    restart_s: float | None  # until it served again; None: that was not waited for


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run of kills and what the oracle found at its end."""

    kills: list[Kill]
    ledger: Ledger
    found: Findings
    seconds: float


async def branch_keys(settings: Settings) -> dict[str, str]:
    """Return a new key for every branch, and one for headquarters."""
    async with open_platform(settings) as platform:
        keys = Keys(platform.pool, platform.clock)
        branch_ids = [branch.branch_id for branch in BRANCHES]
        tokens = {branch_id: (await keys.create(branch_id))[1] for branch_id in branch_ids}
        _, token = await keys.create(HEADQUARTERS, headquarters=True)
        return {**tokens, HEADQUARTERS: token}


def published(plan: Plan) -> list[Recording]:
    """Return what branches publish of a company's history.

    Without what opens cases: casework would add to the log what no branch has sent.
    """
    return [
        recording
        for recording in history(open_books(plan))
        if recording.order is None
        and not isinstance(recording.data, ComplaintFiled | ServiceRequested)
    ]


async def fleet_for(made: Running, seed: int, customers: int) -> Fleet:
    """Return branches with keys and the history of a simulated company to publish."""
    plan = Plan.ending_today(datetime.now(UTC), seed=seed, customers=customers)
    return Fleet(made.gateways, await branch_keys(made.settings), published(plan), seed)


async def kill_again_and_again(
    count: int, seed: int, customers: int, say: Callable[[Kill], None]
) -> Run:
    """Kill everything `count` times under load, then let the oracle look at what is left."""
    dice = Random(seed)
    started = time.monotonic()
    kills: list[Kill] = []
    async with product() as made:
        made.start()
        await made.ready()
        fleet = await fleet_for(made, seed, customers)
        fleet.start(_RATE)
        ready = True
        for number in range(1, count + 1):
            after_s = dice.uniform(0.2, 4.0)
            await asyncio.sleep(after_s)
            processes = await asyncio.to_thread(made.kill_everything, dice)
            down_at = time.monotonic()
            made.start()
            was_ready, ready = ready, dice.random() < 0.75
            restart_s = None
            if ready or number == count:
                await made.ready()
                restart_s = time.monotonic() - down_at
            kill = Kill(
                number, after_s, was_ready, processes, len(fleet.ledger.receipts),
                restart_s,
            )  # fmt: skip
            kills.append(kill)
            say(kill)
        ledger = await fleet.finish()
        found = await examine(made, ledger)
        await asyncio.to_thread(made.stop)
    return Run(kills, ledger, found, time.monotonic() - started)


async def kill_everything(scene: Scene) -> Outcome:
    """Kill `touchstone run` with all its processes, PostgreSQL among them."""
    outcome = Outcome()

    def say(kill: Kill) -> None:
        phase = "serving" if kill.ready else "starting"
        scene.say(f"kill {kill.number}: {kill.processes} processes, while {phase}")

    times, customers = scene.choose(20, 3), scene.choose(1_500, 300)
    run = await kill_again_and_again(times, scene.seed, customers, say)
    outcome.times = len(run.kills)
    outcome.add(run.ledger, run.found)
    restarts = sorted(kill.restart_s for kill in run.kills if kill.restart_s is not None)
    outcome.notes["median_restart_s"] = round(restarts[len(restarts) // 2], 2)
    return outcome
