"""Kill -9 of who commands, of who projects and of the database while units are appended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import psutil

from services.hosts.bootstrap import open_platform
from services.ports import StoredEvent
from services.settings import Settings
from tests.faults.commander import Asked, Journal
from tests.faults.either import Either, either
from tests.faults.kafka_product import KafkaProduct
from tests.faults.matrix import Mode, Outcome, Scene
from tests.faults.oracle import Findings, Running, caught_up, mirrored_once, whole_log
from tests.faults.product import Product
from tests.support.embedded import REPOSITORY

_COMMANDERS = 2
_PATIENCE_S = 120.0
_POLL_S = 0.05
_END_PATIENCE_S = 60.0


class Commander:
    """A process that commands; started again after each kill."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.journal = Journal(settings.data / f"{name}.journal")
        self._log = settings.data / f"{name}.log"
        self._words = ("tests.faults.commander", str(settings.data / f"{name}.journal"), name)
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")},
            "TOUCHSTONE_DATA": str(settings.data),
            **({"TOUCHSTONE_DSN": settings.dsn} if settings.dsn else {}),
            **({"TOUCHSTONE_KAFKA": settings.kafka} if settings.kafka else {}),
            "TOUCHSTONE_KAFKA_PREFIX": settings.kafka_prefix,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Start it where it does not run: a database that is away ends it at its start."""
        if self._process is not None and self._process.poll() is None:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._words],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> int:
        """Have it end its commands; return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(_END_PATIENCE_S)

    def won(self) -> int:
        """Return how many commands were acknowledged."""
        return sum(note.told == "won" for note in self.journal.notes())


async def kill_commanding(scene: Scene, mode: Mode) -> Outcome:
    """Kill a commander, who projects, and PostgreSQL, in turn, at any moment."""
    outcome = Outcome()
    dice = scene.dice(f"commanding {mode}")
    async with either(scene, mode) as running:
        await running.up()
        settings = running.made.settings
        commanders = [Commander(settings, f"commander-{n}") for n in range(_COMMANDERS)]
        strikes = _strikes(scene, running, commanders, dice)
        try:
            await _progress(outcome, commanders)
            for number in range(scene.choose(20, 2) * len(strikes)):
                name = list(strikes)[number % len(strikes)]
                await asyncio.sleep(dice.uniform(0.1, 1.0))
                strikes[name]()
                outcome.times += 1
                outcome.count(name, 1)
                scene.say(f"killed {name}")
                await _progress(outcome, commanders)
            for one in commanders:
                one.look()
            ends = [await asyncio.to_thread(one.end) for one in commanders]
            outcome.expect(ends == [0] * len(ends), f"commanders ended with {ends}")
        finally:
            for one in commanders:
                one.kill()
        await _judge(outcome, running.made, commanders)
        if isinstance(running.made, KafkaProduct):
            outcome.wrong += await running.made.lawless() + running.made.odd_ends()
    return outcome


def _strikes(
    scene: Scene, running: Either, commanders: Sequence[Commander], dice: Random
) -> dict[str, Callable[[], None]]:
    """Return what can be killed."""
    made = running.made

    def database() -> None:
        found = made.database() if isinstance(made, Product) else scene.ground.database_processes()
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    return {
        "commander": lambda: dice.choice(commanders).kill(),
        "projecting": lambda: running.kill_projecting(dice),
        "database": database,
    }


async def _progress(outcome: Outcome, commanders: Sequence[Commander]) -> None:
    """Wait until every commander was told again that it won; start those that ended."""
    before = [one.won() for one in commanders]
    give_up_at = time.monotonic() + _PATIENCE_S
    while any(one.won() == was for one, was in zip(commanders, before, strict=True)):
        if time.monotonic() > give_up_at:
            outcome.wrong.append(f"nothing was acknowledged for {_PATIENCE_S:.0f} s")
            return
        for one in commanders:
            one.look()
        await asyncio.sleep(_POLL_S)


async def _judge(outcome: Outcome, made: Running, commanders: Sequence[Commander]) -> None:
    """Compare what was told with log, mirror and rows."""
    told: dict[str, dict[Asked, str]] = {"won": {}, "lost": {}, "nothing": {}}
    for one in commanders:
        for note in one.journal.notes():
            for kind in told.values():
                kind.pop(note.asked, None)
            told[note.told][note.asked] = note.told
    outcome.expect(not told["nothing"], f"{len(told['nothing'])} commands have no answer")
    outcome.acknowledged += len(told["won"])
    outcome.count("lost_to_rivals", len(told["lost"]))
    found = Findings()
    async with open_platform(made.settings) as platform:
        stored = await whole_log(platform)
        first: dict[str, StoredEvent] = {e.envelope.id: e for e in reversed(stored)}
        outcome.count("copies_in_topics", len(stored) - len(first))
        await caught_up(platform, stored)
        if made.settings.kafka is not None:
            await mirrored_once(found, platform, first)
        else:
            outcome.expect(len(first) == len(stored), "an event id is in the log twice")
        for case, numbers in _streams(told["won"]).items():
            stream = await platform.log.stream(case)
            outcome.expect(
                [e.envelope.sequence for e in stream] == list(range(1, len(stream) + 1)),
                f"{case} has gaps",
            )
            outcome.expect(
                {e.envelope.sequence: e.envelope.id for e in stream} == numbers,
                f"{case} holds something else than was acknowledged",
            )
        held = Counter(e.envelope.source for e in first.values())
        won = {case: len(numbers) for case, numbers in _streams(told["won"]).items()}
        outcome.expect(held == won, f"the log holds {held}, acknowledged were {won}")
    code, verdict = await made.command("verify")
    outcome.expect(
        code == 0 and verdict["differences"] == 0 and verdict["parked"] == 0,
        f"verify ended with {code}: {verdict}",
    )
    outcome.wrong += found.wrong


def _streams(won: dict[Asked, str]) -> dict[str, dict[int, str]]:
    """Return each stream as it was acknowledged: the id of each of its numbers."""
    streams: dict[str, dict[int, str]] = {}
    for asked in won:
        for one in asked.unit():
            numbers = streams.setdefault(one.envelope.source, {})
            key = one.envelope.sequence
            numbers[key] = one.envelope.id if key not in numbers else "acknowledged twice"
    return streams
