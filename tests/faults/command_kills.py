"""Kill -9 of every process, one kind after another, while staff command cases over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import psutil

from services.hosts.bootstrap import open_platform
from services.log.readable import readable
from services.people.look_events import SOURCE as LOOKS
from tests.faults.clients import Ledger
from tests.faults.desk import Desk, desk_tokens
from tests.faults.desk_oracle import judge_rows, judge_streams, nothing_left_to_do, streams_of
from tests.faults.either import Either, either
from tests.faults.ground import Brokers, running_brokers
from tests.faults.kafka_product import KafkaProduct
from tests.faults.kept import Kept
from tests.faults.kills import fleet_for
from tests.faults.matrix import Mode, Outcome, Scene
from tests.faults.oracle import Running, examine, whole_log
from tests.faults.product import Product
from tests.support.postgres import reachable_directory

_WORKERS = 6
_COMPLAINTS_A_SECOND = 1.0
_HISTORY_A_SECOND = 20.0
_PATIENCE_S = 120.0
_POLL_S = 0.05
_QUIET_S = 300.0
_LOOK_S = 0.2

Strike = Callable[[], Awaitable[None]]


async def kill_commanding(scene: Scene, mode: Mode) -> Outcome:
    """Kill each kind of process in turn, at any moment; nothing that was told may be lost."""
    outcome = Outcome()
    dice = scene.dice(f"commanding {mode}")
    async with _product(scene, mode) as (running, brokers):
        await running.up()
        made = running.made
        if isinstance(made, KafkaProduct):
            made.start_console()
        fleet = await fleet_for(made, scene.seed, scene.choose(200, 20))
        desk = Desk(
            made.gateways,
            await desk_tokens(made.settings),
            fleet.ledger,
            scene.seed,
            quick=not scene.short,
        )
        fleet.start(_HISTORY_A_SECOND)
        await desk.start(_COMPLAINTS_A_SECOND, _WORKERS)
        await _progress(outcome, desk)
        strikes = _strikes(scene, made, brokers, dice)
        for number in range(scene.choose(20, 1) * len(strikes)):
            name = list(strikes)[number % len(strikes)]
            await asyncio.sleep(dice.uniform(0.1, 1.0))
            await strikes[name]()
            outcome.times += 1
            outcome.count(name, 1)
            waited_s = await _progress(outcome, desk)
            scene.say(f"killed {name}; cases are opened and commanded {waited_s:.1f} s after")
        await desk.finish()
        ledger = await fleet.finish()
        scene.say("everything is answered")
        await _judge(scene, outcome, made, desk, ledger)
        if isinstance(made, KafkaProduct):
            outcome.wrong += await made.lawless() + made.odd_ends()
        if isinstance(made, Product):
            await asyncio.to_thread(made.stop)
    return outcome


@asynccontextmanager
async def _product(scene: Scene, mode: Mode) -> AsyncIterator[tuple[Either, Brokers | None]]:
    """Give a product; in a full run over Kafka on a broker of its own, which can be killed."""
    if mode == "embedded" or scene.short:
        async with either(scene, mode, gateways=2) as running:
            yield running, None
        return
    with reachable_directory() as home:
        async with (
            running_brokers(home) as brokers,
            either(scene, mode, gateways=2, kafka=brokers.cluster.bootstrap) as running,
        ):
            yield running, brokers


def _strikes(
    scene: Scene, made: Running, brokers: Brokers | None, dice: Random
) -> Mapping[str, Strike]:
    """Return what can be killed, by name."""
    if isinstance(made, Product):
        return {
            "gateway": partial(_kill_service, made, "gateway"),
            "project": partial(_kill_service, made, "project"),
            "console": partial(_kill_service, made, "console"),
            "postgres": partial(_kill_all, made.database),
            "run": partial(_kill_run, made),
        }
    assert isinstance(made, KafkaProduct)
    strikes: dict[str, Strike] = {
        "gateway": partial(_kill_one, dice, made.gateway_processes),
        "worker": partial(_kill_one, dice, made.workers),
        "console": partial(_kill_one, dice, made.consoles),
        "postgres": partial(_kill_all, scene.ground.database_processes),
    }
    if brokers is not None:
        strikes["broker"] = partial(_kill_broker, brokers)
    return strikes


async def _kill_service(made: Product, name: str) -> None:
    """Kill a service of `touchstone run`, which starts it again; wait for one, if need be."""
    async with asyncio.timeout(_PATIENCE_S):
        while not made.runs(name):  # noqa: ASYNC110 - another process
            await asyncio.sleep(_LOOK_S)
    made.service(name).kill()


async def _kill_run(made: Product) -> None:
    """Kill `touchstone run` alone: what it started ends by itself; then start it again."""
    await asyncio.to_thread(made.kill_run)
    made.start()
    await made.ready()


async def _kill_all(processes: Callable[[], Iterable[psutil.Process]]) -> None:
    """Kill every process of the database; wait for one, if need be."""
    async with asyncio.timeout(_PATIENCE_S):
        while not (found := list(processes())):  # noqa: ASYNC110 - another process
            await asyncio.sleep(_LOOK_S)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


async def _kill_one(dice: Random, kind: Mapping[str, Kept]) -> None:
    name = dice.choice(sorted(kind))
    async with asyncio.timeout(_PATIENCE_S):
        while not kind[name].running:  # noqa: ASYNC110 - its supervisor starts it
            await asyncio.sleep(_LOOK_S)
    kind[name].kill()


async def _kill_broker(brokers: Brokers) -> None:
    await brokers.do(partial(brokers.cluster.kill, 1))
    await brokers.do(brokers.cluster.start)


async def _progress(outcome: Outcome, desk: Desk) -> float:
    """Wait until a case was opened and a command was done again; return how long that took."""
    commands = desk.commands
    started, done, opened = time.monotonic(), len(commands.done), len(commands.newest)
    while len(commands.done) == done or len(commands.newest) == opened:
        desk.check()
        if time.monotonic() - started > _PATIENCE_S:
            outcome.wrong.append(
                f"for {_PATIENCE_S:.0f} s: {len(commands.done) - done} commands were done, "
                f"{len(commands.newest) - opened} cases were opened"
            )
            break
        await asyncio.sleep(_POLL_S)
    return time.monotonic() - started


async def _judge(scene: Scene, outcome: Outcome, made: Running, desk: Desk, ledger: Ledger) -> None:
    """Compare what was told with log, rows, alerts and digest, once nothing is added any more."""
    commands = desk.commands
    give_up_at = time.monotonic() + _QUIET_S
    while True:
        async with open_platform(made.settings) as platform:
            async with asyncio.timeout(_QUIET_S):
                while not await nothing_left_to_do(platform):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_S)
            before = await platform.log.heads()
            stored = await whole_log(platform)
        first = {e.envelope.id: e for e in reversed(stored)}
        streams = streams_of(map(readable, first.values()))
        told: frozenset[str] = frozenset(
            e.envelope.id for e in first.values() if e.envelope.source == LOOKS
        )
        decided = told.union(e.envelope.id for s in streams.values() for e in s)
        scene.say("casework has nothing left to do")
        found = await examine(made, ledger, decided=decided)
        async with open_platform(made.settings) as platform:
            quiet = await platform.log.heads() == before and await nothing_left_to_do(platform)
            if quiet or time.monotonic() > give_up_at:
                courses = judge_streams(found, streams, commands, desk.acknowledged())
                await judge_rows(found, platform, courses)
                break
    outcome.expect(quiet, f"casework found something to do for {_QUIET_S:.0f} s")
    outcome.add(ledger, found)
    outcome.acknowledged += len(commands.done)
    outcome.notes |= {
        "commands": len(commands.done),
        "refused": len(commands.refused),
        "answers_found_again": commands.found_again,
        "repeated": commands.repeated,
        "commands_503": commands.unavailable,
        "commands_broken_off": commands.unanswered,
        "cases": len(streams),
        "closed": sum(one.status == "closed" for one in courses.values()),
        "escalations": sum(len(one.escalated) for one in courses.values()),
        "calls_promised": sum(len(one.promised) for one in courses.values()),
    }
