"""PostgreSQL killed while a batch is in its transaction, on either log; and its disk full."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from random import Random

import asyncpg
import psutil

from services.local_postgres.server import EmbeddedServer
from tests.faults.clients import Ledger
from tests.faults.disks import Ballast, small_disk
from tests.faults.load import judge, load
from tests.faults.matrix import Outcome, Scene
from tests.faults.moments import INSIDE, MomentMissed, standing_at
from tests.faults.product import Product, product
from tests.faults.receipts import publishes
from tests.support.postgres import reachable_directory

_DISK_MB = 1_024
_PATIENCE_S = 120.0
_TRY_AGAIN_S = 0.2
_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    OSError,
)


async def kill_database_under_workers(scene: Scene) -> Outcome:
    """Kill every process of PostgreSQL while a worker stands in its transaction."""
    outcome = Outcome()
    async with scene.ground.product() as made:
        await made.start()
        fleet = await load(scene, made, 60.0)
        for number in range(scene.choose(10, 2)):
            dsn = str(made.settings.dsn)
            await _strike(scene, outcome, number, dsn, scene.ground.database_processes, "worker-%")
            await publishes(outcome, fleet)
        await judge(outcome, made, fleet)
    return outcome


async def kill_database_under_run(scene: Scene) -> Outcome:
    """The same of `touchstone run`, whose log is in that database."""
    outcome = Outcome()
    async with product() as made:
        made.start()
        await made.ready()
        fleet = await load(scene, made, 120.0)
        dsn = EmbeddedServer(made.data).dsn
        for number in range(scene.choose(10, 2)):
            await _strike(scene, outcome, number, dsn, made.database, "touchstone")
            await publishes(outcome, fleet)
        await judge(outcome, made, fleet)
        await asyncio.to_thread(made.stop)
    return outcome


async def _strike(
    scene: Scene,
    outcome: Outcome,
    number: int,
    dsn: str,
    processes: Callable[[], Sequence[psutil.Process]],
    roles: str,
) -> None:
    """Kill once; while the database recovers from the kill before, try again."""
    moment = INSIDE[1 + number % (len(INSIDE) - 1)]
    give_up_at = time.monotonic() + _PATIENCE_S
    while outcome.times == number and time.monotonic() < give_up_at:
        try:
            async with standing_at(dsn, moment, roles):
                for process in processes():
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
                outcome.times += 1
        except _GONE:
            await asyncio.sleep(_TRY_AGAIN_S)
        except MomentMissed as error:
            outcome.wrong.append(str(error))
            return
    outcome.expect(outcome.times > number, "the database does not come back")
    scene.say(f"PostgreSQL killed in a transaction ({moment.name})")


async def fill_disk_of_run(scene: Scene) -> Outcome:
    """Fill the disk of `touchstone run`: it refuses, and goes on when there is room again."""
    outcome = Outcome()
    with (
        reachable_directory() as home,
        small_disk(home / "data", _DISK_MB) as disk,
    ):
        made = Product(disk)
        try:
            made.start()
            await made.ready()
            fleet = await load(scene, made, 400.0, (800, 200))
            for _ in range(scene.choose(3, 1)):
                await publishes(outcome, fleet)
                ballast = Ballast(disk)
                ballast.leave(1.0)
                refused = await _refused(outcome, fleet.ledger)
                before = len(fleet.ledger.receipts)
                await asyncio.sleep(scene.choose(10, 4))
                told = len(fleet.ledger.receipts) - before
                ballast.remove()
                outcome.times += 1
                waited_s = await publishes(outcome, fleet)
                scene.say(
                    f"refused after {refused:.1f} s, {told} more receipts while full, the next "
                    f"{waited_s:.1f} s after there was room"
                )
            outcome.notes["said"] = sorted(fleet.ledger.said)[:3]
            await judge(outcome, made, fleet)
            await asyncio.to_thread(made.stop)
        finally:
            made.kill_everything(Random(0))
    return outcome


async def _refused(outcome: Outcome, ledger: Ledger) -> float:
    """Wait until somebody is refused for want of room; return how long that took."""
    started, before = time.monotonic(), ledger.unavailable
    while ledger.unavailable == before:
        if time.monotonic() - started > _PATIENCE_S:
            outcome.wrong.append("nobody is refused although the disk is full")
            break
        await asyncio.sleep(0.1)
    return time.monotonic() - started
