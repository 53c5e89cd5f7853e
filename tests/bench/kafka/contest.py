"""Runs contestants one at a time, each a process of its own on the same cores."""

from __future__ import annotations

import asyncio
import os
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from services.hosts.bootstrap import open_platform
from services.settings import Settings
from tests.bench.kafka.peers import OWN
from tests.bench.kafka.servers import between, watched
from tests.bench.kafka.task import Result, Task
from tests.bench.kafka.topic import Filled, confirm
from tests.support.postgres import fresh_database

_PATIENCE_S = 600.0
_WARM_UP = 10
_ROOT = Path(__file__).parents[3]


class Contestant(Struct, frozen=True):
    """Who takes part: the words that begin its command, and the kind it is told to be."""

    name: str
    words: tuple[str, ...]
    kind: str = ""
    fewer: bool = False  # folds the smaller topic: it would take too long
    platform: bool = False  # works on a database of the platform


class ContestantFailed(Exception):
    """A contestant ended without a result, or its fold is not the right one."""


class Arena(Struct, frozen=True):
    """What all contestants share: the servers, and a place for their files."""

    dsn: str
    kafka: str
    folder: Path
    postgres_pid: int
    broker_pid: int


class Measured(Struct, frozen=True):
    """One run; processor time is in microseconds per event, of each of the three sides."""

    rate: float  # events per second
    own_us: float
    postgres_us: float
    broker_us: float
    shares: Mapping[str, float]


async def compete(
    arena: Arena, who: Contestant, prefix: str, filled: Filled, run: int, *, shares: bool = False
) -> Measured:
    """Run a contestant once, on a database and in a folder of its own.

    Raises: ContestantFailed.
    """
    async with fresh_database(arena.dsn) as dsn:
        with tempfile.TemporaryDirectory(dir=arena.folder) as folder:
            task = Task(
                kind=who.kind,
                run=run,
                servers=arena.kafka,
                prefix=prefix,
                dsn=dsn,
                folder=folder,
                events=filled.events,
                warm_up=filled.events // _WARM_UP,
                shares=shares,
            )
            if who.platform:
                async with open_platform(settings_of(task)) as platform:
                    await confirm(platform.pool, filled)
            return await _measure(arena, who, task, filled)


def settings_of(task: Task) -> Settings:
    """Return the platform's settings for a task."""
    return Settings(
        data=Path(task.folder), dsn=task.dsn, kafka=task.servers, kafka_prefix=task.prefix
    )


def command(who: Contestant, task: Task) -> list[str]:
    """Return the command that runs a contestant."""
    return [*who.words, msgspec.json.encode(task).decode()]


def module(name: str, python: Path = OWN) -> tuple[str, ...]:
    """Return the words that run a contestant's module with a Python."""
    return str(python), "-m", f"tests.bench.kafka.contestants.{name}"


def environment() -> dict[str, str]:
    """Return the environment of a contestant: it finds the platform's code, whoever's Python."""
    return {**os.environ, "PYTHONPATH": str(_ROOT)}


async def _measure(arena: Arena, who: Contestant, task: Task, filled: Filled) -> Measured:
    process = await asyncio.create_subprocess_exec(
        *command(who, task), env=environment(), cwd=task.folder, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            (said, complaint), seen = await watched(
                (arena.postgres_pid, arena.broker_pid), process.communicate()
            )
    except TimeoutError as error:
        raise ContestantFailed(f"{who.name}: not done within {_PATIENCE_S:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = said.strip().splitlines()
    if process.returncode or not lines:
        raise ContestantFailed(f"{who.name}: {complaint[-2000:].decode('utf-8', 'replace')}")
    result = msgspec.json.decode(lines[-1], type=Result)
    if result.digest != filled.digest:
        raise ContestantFailed(f"{who.name}: its counts and sums are not those of the events")
    postgres_s, broker_s = between(seen, result.began_at, result.began_at + result.seconds)
    return Measured(
        rate=result.events / result.seconds,
        own_us=1e6 * result.cpu_s / result.events,
        postgres_us=1e6 * postgres_s / result.events,
        broker_us=1e6 * broker_s / result.events,
        shares=result.shares,
    )
