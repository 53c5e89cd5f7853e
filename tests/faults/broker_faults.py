"""Brokers killed, cut off from everybody, and without room on their disk."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from deploy.kafka.broker import LocalCluster, free_ports
from tests.faults.disks import Ballast, small_disk
from tests.faults.ground import Brokers, running_brokers
from tests.faults.load import judge, load
from tests.faults.matrix import Outcome, Scene
from tests.faults.proxy import proxy
from tests.faults.receipts import publishes
from tests.support.postgres import reachable_directory

_PATIENCE_S = 120.0
_IN_FLIGHT_S = 0.5


async def kill_brokers(scene: Scene) -> Outcome:
    """Kill one of three brokers again and again; now and then two, or all three at once."""
    outcome, dice = Outcome(), scene.dice("brokers")
    with reachable_directory() as home:
        async with (
            running_brokers(home, 3) as brokers,
            scene.ground.product(brokers.cluster.bootstrap) as made,
        ):
            await made.start()
            fleet = await load(scene, made, 50.0)
            for number in range(scene.choose(12, 2)):
                await asyncio.sleep(dice.uniform(1.0, 4.0))
                victims = dice.sample([1, 2, 3], (1, 1, 2, 1, 1, 3)[number % 6])
                for node in victims:
                    await brokers.do(partial(brokers.cluster.kill, node))
                    outcome.times += 1
                await asyncio.sleep(dice.uniform(0.5, 6.0))
                await brokers.do(brokers.cluster.start)
                scene.say(f"killed brokers {sorted(victims)}; up again")
            await publishes(outcome, fleet)
            await judge(outcome, made, fleet)
    return outcome


async def cut_network(scene: Scene) -> Outcome:
    """Cut the network to the broker; what was sent meanwhile arrives late, after the repeats."""
    outcome, cut_s = Outcome(), scene.choose(60, 15)
    with reachable_directory() as home:
        client, controller, front = free_ports(3)
        cluster = LocalCluster(home, 1, (client, controller), (front,))
        async with (
            proxy(front, client) as line,
            running_brokers(home, cluster=cluster),
            scene.ground.product(cluster.bootstrap) as made,
        ):
            await made.start()
            fleet = await load(scene, made, 60.0)
            await publishes(outcome, fleet)
            line.cut()
            await asyncio.sleep(_IN_FLIGHT_S)  # what was answered before is still on its way
            before = len(fleet.ledger.receipts)
            await asyncio.sleep(cut_s)
            told = len(fleet.ledger.receipts) - before
            outcome.expect(told == 0, f"{told} events were acknowledged without a broker")
            line.mend()
            outcome.times += 1
            waited_s = await publishes(outcome, fleet)
            scene.say(f"cut for {cut_s} s; the first receipt came {waited_s:.1f} s after")
            outcome.notes["cut_s"] = cut_s
            outcome.notes["first_receipt_after_s"] = round(waited_s, 1)
            await asyncio.sleep(scene.choose(10, 2))
            line.reset()
            await publishes(outcome, fleet)
            await judge(outcome, made, fleet)
    return outcome


async def fill_disk(scene: Scene) -> Outcome:
    """Fill the broker's disk: it ends; with room again it has all that was acknowledged."""
    outcome = Outcome()
    with reachable_directory() as home, small_disk(home / "node-1", 256) as disk:
        async with (
            running_brokers(home) as brokers,
            scene.ground.product(brokers.cluster.bootstrap) as made,
        ):
            await made.start()
            fleet = await load(scene, made, 250.0)
            for left_mb in (3.0, 1.0, 0.3)[: scene.choose(3, 1)]:
                await publishes(outcome, fleet)
                ballast = Ballast(disk)
                ballast.leave(left_mb)
                await _ended(outcome, brokers)
                await asyncio.sleep(_IN_FLIGHT_S)
                before = len(fleet.ledger.receipts)
                await asyncio.sleep(scene.choose(10, 4))
                told = len(fleet.ledger.receipts) - before
                outcome.expect(told == 0, f"{told} events were acknowledged without a broker")
                ballast.remove()
                await brokers.do(brokers.cluster.start)
                outcome.times += 1
                waited_s = await publishes(outcome, fleet)
                scene.say(f"full at {left_mb} MB; first receipt {waited_s:.1f} s after the start")
            outcome.expect(fleet.ledger.unavailable > 0, "nobody was refused")
            await judge(outcome, made, fleet)
    return outcome


async def _ended(outcome: Outcome, brokers: Brokers) -> None:
    give_up_at = time.monotonic() + _PATIENCE_S
    while brokers.cluster.running(1):
        if time.monotonic() > give_up_at:
            outcome.wrong.append("the broker goes on although its disk is full")
            return
        await asyncio.sleep(0.1)
