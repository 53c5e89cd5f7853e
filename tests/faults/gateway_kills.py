"""Kill -9 of gateways between admission, append and confirmation: what is repeated is harmless."""

from __future__ import annotations

import asyncio

from tests.faults.load import judge, load
from tests.faults.matrix import Outcome, Scene
from tests.faults.moments import Moment, MomentMissed, standing_at
from tests.faults.receipts import publishes

_MOMENTS = (
    # Nothing is admitted yet.
    Moment("admitting", "LOCK TABLE admissions IN EXCLUSIVE MODE", "INSERT INTO admissions"),
    # Admitted; what is pending is being read to be appended.
    Moment(
        "appending",
        "SELECT pg_advisory_xact_lock(7037286, 16 + p) FROM generate_series(0, 12) AS p",
        "FROM take_pending",
    ),
    # In the topic, and the database does not know it.
    Moment("confirming", "LOCK TABLE log_confirmed IN EXCLUSIVE MODE", "FROM confirm_appended"),
)


async def kill_gateways(scene: Scene) -> Outcome:
    """Kill one of two gateways at each moment of an append, again and again."""
    outcome = Outcome()
    async with scene.ground.product(gateways=2) as made:
        await made.start()
        fleet = await load(scene, made, 80.0)
        for number in range(scene.choose(15, 3)):
            moment = _MOMENTS[::-1][number % len(_MOMENTS)]
            try:
                async with standing_at(str(made.settings.dsn), moment, "gateway-%") as role:
                    made.gateway_processes[role].kill()
            except MomentMissed as error:
                outcome.wrong.append(str(error))
                continue
            outcome.times += 1
            scene.say(f"killed {role} while {moment.name}")
            await publishes(outcome, fleet)
            await asyncio.sleep(1.0)
        await judge(outcome, made, fleet)
    outcome.expect(
        bool(outcome.notes["copies_in_topics"]), "no kill left a copy: the moments were missed"
    )
    return outcome
