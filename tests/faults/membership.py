"""Workers that freeze, wake, join and leave: who does not own a partition writes nothing to it."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import UTC, datetime
from random import Random

from services.hosts.bootstrap import open_platform
from services.hosts.worker.projector import KafkaProjector
from services.log.kafka.cluster import cluster_of
from services.postgres.pool import Pool
from tests.faults.clients import Ledger
from tests.faults.debts import Debts
from tests.faults.kafka_product import KafkaProduct
from tests.faults.load import append_at, judge, judge_ledger, load
from tests.faults.matrix import Outcome, Scene
from tests.faults.moments import BEFORE, INSIDE, Moment, standing_at
from tests.faults.oracle import caught_up, whole_log
from tests.support.log import SetClock

_RATE = 40.0
_PATIENCE_S = 240.0
_POLL_S = 0.2
_START_S = 90.0  # of workers on a busy machine

_OWNED = """
SELECT count(*) FROM (
    SELECT DISTINCT ON (partition) partition, who FROM fault_trace.checkpoints
    WHERE took ORDER BY partition, ordinal DESC
) AS last WHERE who = $1
"""
# What a worker wrote after an instant and before it took anything again.
_WRITTEN_UNOWNED = """
SELECT count(*) FROM (
    SELECT at, who FROM fault_trace.writes
    UNION ALL SELECT at, who FROM fault_trace.checkpoints WHERE NOT took
) AS written
WHERE who = $1 AND at > $2 AND at < coalesce(
    (SELECT min(at) FROM fault_trace.checkpoints WHERE took AND who = $1 AND at > $2), 'infinity')
"""


async def freeze_workers(scene: Scene) -> Outcome:
    """Freeze a worker at its work until another has its partitions; wake it: it writes nothing.

    One frozen inside its transaction keeps its partition until the database ends its session,
    after two minutes; the cases go on side by side meanwhile.
    """
    outcome = Outcome()
    cases = [
        _frozen_at_work(scene, outcome, BEFORE[0]),
        _frozen_while_dunning(scene, outcome, True),
    ]
    if not scene.short:
        cases.append(_frozen_at_work(scene, outcome, INSIDE[1]))
        cases.append(_frozen_while_dunning(scene, outcome, False))
    async with asyncio.TaskGroup() as group:
        for case in cases:
            group.create_task(case)
    failed = outcome.notes["failed_at_their_commit"]
    outcome.expect(bool(failed) or scene.short, "nobody who woke up came as far as its commit")
    return outcome


async def _frozen_at_work(scene: Scene, outcome: Outcome, moment: Moment) -> None:
    async with scene.ground.product() as made:
        await made.start()
        fleet = await load(scene, made, _RATE)
        async with open_platform(made.settings) as platform:
            await _slept(scene, outcome, made, platform.pool, moment)
        await judge(outcome, made, fleet)


async def _slept(
    scene: Scene, outcome: Outcome, made: KafkaProduct, pool: Pool, moment: Moment
) -> None:
    """Freeze whoever comes to the moment, and wake it when all its partitions have moved."""
    async with standing_at(str(made.settings.dsn), moment) as role:
        sleeper = made.workers[role]
        owned = await pool.fetchval(_OWNED, role)
        sleeper.send(signal.SIGSTOP)
    started = time.monotonic()
    async with asyncio.timeout(_PATIENCE_S):
        while await pool.fetchval(_OWNED, role):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(_POLL_S)
    moved_s = time.monotonic() - started
    await asyncio.sleep(2.0)
    await _wake(scene, outcome, made, pool, role)
    scene.say(f"{role} slept at {moment.name}; its {owned} partitions moved after {moved_s:.0f} s")
    outcome.notes[f"moved_after_s_{moment.name}"] = round(moved_s, 1)


async def _wake(scene: Scene, outcome: Outcome, made: KafkaProduct, pool: Pool, role: str) -> None:
    woken_at = await pool.fetchval("SELECT clock_timestamp()")
    made.workers[role].send(signal.SIGCONT)
    await asyncio.sleep(scene.choose(12, 6))
    written = await pool.fetchval(_WRITTEN_UNOWNED, role, woken_at)
    outcome.expect(written == 0, f"{role} woke up and wrote {written} times without owning")
    outcome.times += 1
    outcome.count("failed_at_their_commit", made.workers[role].said().count('"partition_lost"'))


async def _frozen_while_dunning(scene: Scene, outcome: Outcome, paid_meanwhile: bool) -> None:
    """Freeze a worker that is about to raise alerts; another one does it, or all is paid."""
    now = datetime.now(UTC)
    debts = Debts(scene.seed, customers=scene.choose(400, 120), now=now)
    ledger = Ledger()
    async with scene.ground.product() as made:
        await append_at(made, debts.before, [debts.policy(), *debts.invoices()], ledger)
        async with open_platform(made.settings, clock=SetClock(debts.before)) as platform:
            await KafkaProjector(platform, cluster_of(made.settings), 1).catch_up()
        starting = asyncio.create_task(made.start())
        async with (
            standing_at(str(made.settings.dsn), BEFORE[1], hold_s=_START_S) as role,
            open_platform(made.settings) as platform,
        ):
            made.workers[role].send(signal.SIGSTOP)
        await starting
        async with open_platform(made.settings) as platform:
            pool = platform.pool
            async with asyncio.timeout(_PATIENCE_S):
                while await pool.fetchval(_OWNED, role):  # noqa: ASYNC110 - other processes
                    await asyncio.sleep(_POLL_S)
            if not paid_meanwhile:
                await _wake(scene, outcome, made, pool, role)
            await append_at(made, datetime.now(UTC), debts.payments(), ledger)
            await caught_up(platform, await whole_log(platform))
            if paid_meanwhile:
                await _wake(scene, outcome, made, pool, role)
            standing = await pool.fetchval("SELECT count(*) FROM alerts WHERE kind = 'overdue'")
            outcome.expect(standing == 0, f"{standing} alerts stand though all is paid")
        when = "meanwhile" if paid_meanwhile else "afterwards"
        scene.say(f"{role} slept while dunning; {len(debts.customers)} customers paid {when}")
        await judge_ledger(outcome, made, ledger)


async def churn(scene: Scene) -> Outcome:
    """Have workers join and leave every three seconds, politely or not."""
    outcome, dice = Outcome(), scene.dice("churn")
    until = time.monotonic() + scene.choose(180, 20)
    leaving: list[asyncio.Task[None]] = []
    async with scene.ground.product() as made:
        await made.start()
        fleet = await load(scene, made, 60.0)
        while time.monotonic() < until:
            await asyncio.sleep(3.0)
            leaving += _join_or_leave(scene, made, dice)
            outcome.times += 1
        await asyncio.gather(*leaving)
        for name in ("worker-1", "worker-2"):
            if not made.workers[name].wanted:
                made.start_worker(name)
        outcome.notes["ends"] = {str(code): times for code, times in made.ends().items()}
        await judge(outcome, made, fleet)
    return outcome


def _join_or_leave(scene: Scene, made: KafkaProduct, dice: Random) -> list[asyncio.Task[None]]:
    """Have one worker join or leave; return what is still to be waited for."""
    here = [name for name, worker in made.workers.items() if worker.wanted]
    away = [f"worker-{n}" for n in range(1, 5) if f"worker-{n}" not in here]
    idle = [name for name in away if name not in made.workers or not made.workers[name].running]
    if idle and (len(here) < 2 or dice.random() < 0.5):
        made.start_worker(dice.choice(idle))
        return []
    if len(here) < 2:
        return []
    name = dice.choice(here)
    worker = made.workers[name]
    worker.wanted = False
    if dice.random() < 0.5:
        worker.kill()
        return []
    return [asyncio.create_task(asyncio.to_thread(worker.end))]
