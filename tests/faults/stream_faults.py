"""What comes in is late, repeated or shuffled: nobody is dunned for it, nothing counts twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from events.codec import written_version
from services.hosts.bootstrap import open_platform
from services.log.kafka.cluster import cluster_of
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.log.kafka.wire import to_record
from services.ports import StoredEvent
from services.settings import Settings
from services.simulator.plan import Plan
from tests.faults.clients import Fleet, Ledger
from tests.faults.debts import Debts
from tests.faults.either import either
from tests.faults.kills import branch_keys, published
from tests.faults.load import append_at, judge_ledger
from tests.faults.matrix import Mode, Outcome, Scene
from tests.faults.oracle import caught_up, whole_log
from tests.support.log import SetClock

_PATIENCE_S = 90.0
_DUNNED = "SELECT DISTINCT customer_id FROM alert_journal WHERE kind = 'overdue'"


async def backlog(scene: Scene, mode: Mode) -> Outcome:
    """Payments wait unread behind deadlines long past: nobody is dunned who has paid."""
    outcome, dice, ledger = Outcome(), scene.dice("backlog"), Ledger()
    debts = Debts(
        scene.seed,
        customers=scene.choose(2_000, 200),
        now=datetime.now(UTC),
        parts=scene.choose(16, 4),
        unpaid_of_100=10,
    )
    async with either(scene, mode) as one:
        await append_at(one.made, debts.before, [debts.policy(), *debts.invoices()], ledger)
        async with open_platform(one.made.settings, clock=SetClock(debts.before)) as platform:
            await one.project(platform)
            early = await platform.pool.fetch(_DUNNED)
        outcome.expect(not early, "somebody was dunned before anything was due")
        await append_at(one.made, debts.paid_at, debts.payments(), ledger)
        await one.up()
        for _ in range(scene.choose(4, 1)):
            await asyncio.sleep(dice.uniform(0.3, 2.5))
            one.kill_projecting(dice)
            outcome.times += 1
        async with open_platform(one.made.settings) as platform:
            await caught_up(platform, await whole_log(platform))
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    rows = await platform.pool.fetch(_DUNNED)
                    dunned = {row["customer_id"] for row in rows}
                    if debts.unpaid <= dunned:
                        break
                    await asyncio.sleep(0.2)
        outcome.expect(dunned == debts.unpaid, f"{len(dunned - debts.unpaid)} dunned who had paid")
        scene.say(f"{len(ledger.receipts)} events behind; {len(dunned)} dunned, who did not pay")
        await judge_ledger(outcome, one.made, ledger)
    return outcome


async def repeats(scene: Scene, mode: Mode) -> Outcome:
    """Every event is sent one to five times, all of them shuffled, to any gateway at once."""
    outcome, dice = Outcome(), scene.dice("repeats")
    plan = Plan.ending_today(datetime.now(UTC), seed=scene.seed, customers=scene.choose(150, 30))
    copies = [r for r in published(plan) for _ in range(dice.randint(1, 5))]
    dice.shuffle(copies)
    async with either(scene, mode, gateways=2) as one:
        await one.up()
        settings = one.made.settings
        keys = await branch_keys(settings)
        fleet = Fleet(one.made.gateways, keys, copies, scene.seed, scattered=True)
        fleet.start(100_000.0)
        if mode == "kafka":
            for _ in range(3):
                await asyncio.sleep(2.0)
                async with open_platform(settings) as platform:
                    stored = await whole_log(platform)
                again = dice.sample(stored, len(stored) // 20)
                await _append_again(settings, again)
                outcome.count("copies_made_in_topics", len(again))
        ledger = await fleet.drain()
        outcome.times = len(copies)
        scene.say(f"{len(copies)} sent, {ledger.duplicates} answered as duplicates")
        await judge_ledger(outcome, one.made, ledger)
    return outcome


async def _append_again(settings: Settings, stored: Sequence[StoredEvent]) -> None:
    """Append records that are in their topics already, as a crashed producer may."""
    cluster = cluster_of(settings)
    places, appender = TopicPartitions(cluster.prefix, 1), Appender(cluster)
    try:
        for one in stored:
            version = written_version(one.payload)
            record = to_record(one.envelope, version, one.payload, one.recorded_at)
            await appender.append({places.of(one.position.partition): [record]})
    finally:
        await appender.close()
