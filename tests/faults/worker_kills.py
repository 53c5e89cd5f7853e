"""Kill -9 of workers before, inside and just after their transactions, several companies at once.

A killed worker's partitions move when the broker has missed it for ten seconds. Several
companies, each with two workers, make use of that time.
"""

from __future__ import annotations

import asyncio

from services.hosts.bootstrap import open_platform
from tests.faults.kafka_product import KafkaProduct
from tests.faults.kills import fleet_for
from tests.faults.matrix import Outcome, Scene
from tests.faults.moments import BEFORE, INSIDE, MomentMissed, just_committed, standing_at
from tests.faults.oracle import examine
from tests.faults.tracing import handovers

_RATE = 40.0
_WHEN = ("before", "inside", "after")


async def kill_workers(scene: Scene) -> Outcome:
    """Kill workers a hundred times: a third before, a third inside, a third after."""
    outcome = Outcome()
    companies = scene.choose(4, 1)
    kills = list(range(scene.choose(100, 3)))
    shares = [kills[first::companies] for first in range(companies)]
    async with asyncio.TaskGroup() as group:
        for company, own in enumerate(shares):
            group.create_task(_company(scene, outcome, company, own))
    return outcome


async def _company(scene: Scene, outcome: Outcome, company: int, kills: list[int]) -> None:
    async with scene.ground.product() as made:
        await made.start(workers=2)
        fleet = await fleet_for(made, scene.seed + company, scene.choose(400, 120))
        fleet.start(_RATE)
        for number in kills:
            try:
                async with asyncio.timeout(120):
                    await _strike(scene, outcome, made, number)
            except (MomentMissed, TimeoutError) as error:
                outcome.wrong.append(f"kill {number}: {error!r}")
        outcome.expect(fleet.busy, "the load ended before the kills did")
        ledger = await fleet.finish()
        found = await examine(made, ledger)
        outcome.add(ledger, found)
        outcome.wrong += await made.lawless() + made.odd_ends()
        async with open_platform(made.settings) as platform:
            outcome.count("handovers", await handovers(platform.pool))


async def _strike(scene: Scene, outcome: Outcome, made: KafkaProduct, number: int) -> None:
    """Kill one worker at the moment whose turn it is; return when somebody works again."""
    dice = scene.dice(f"kill {number}")
    dsn, when = str(made.settings.dsn), _WHEN[number % 3]
    moment = "commit"
    if when == "after":
        victim = await just_committed(dsn)
        made.workers[victim].kill()
    else:
        chosen = dice.choice(BEFORE if when == "before" else INSIDE)
        moment = chosen.name
        async with standing_at(dsn, chosen) as victim:
            made.workers[victim].kill()
    outcome.times += 1
    outcome.count(when, 1)
    scene.say(f"kill {outcome.times}: {victim} {when} its transaction ({moment})")
    await just_committed(dsn)
