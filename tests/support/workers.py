"""Workers over Kafka as processes of their own, and what tests ask of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr

from events.partitioning import PARTITIONS
from services.log.kafka.cluster import cluster_of
from services.platform import Platform
from services.settings import Settings
from tests.support.embedded import REPOSITORY

Notice = TypeVar("Notice", bound=msgspec.Struct)


def variables(settings: Settings) -> dict[str, str]:
    """Return the environment variables that give these settings, as far as they were given."""
    given = settings.model_dump(exclude_unset=True, exclude_none=True)
    return {
        f"TOUCHSTONE_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name, value in given.items()
    }


class Worker:
    """One `touchstone work`."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.log = log
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path]),
            **variables(settings),
        }
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services", "work"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def send(self, signum: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(signum)

    def partitions(self) -> int:
        """Return how many partitions it was assigned last."""
        told = [json.loads(line) for line in self.said().splitlines() if '"assigned"' in line]
        return len(told[-1]["partitions"]) if told else 0

    def said(self) -> str:
        """Return what it logged so far."""
        return self.log.read_text("utf-8")


@contextmanager
def workers(settings: Settings, count: int, home: Path) -> Iterator[list[Worker]]:
    """Run so many workers; those still there at the end are ended as an operator would."""
    started = [Worker(settings, home / f"worker-{n}.log") for n in range(count)]
    try:
        yield started
    finally:
        for worker in started:
            worker.process.terminate()
        for worker in started:
            try:
                worker.process.wait(30)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()


async def first_notice(settings: Settings, topic: str, kind: type[Notice]) -> Notice:
    """Return the first that a topic tells, as soon as it does."""
    cluster = cluster_of(settings)
    consumer = AIOKafkaConsumer(
        f"{cluster.prefix}{topic}", **cluster.options, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            return msgspec.json.decode((await consumer.getone()).value, type=kind)
    finally:
        await consumer.stop()


async def the_leader_relays(platform: Platform) -> None:
    """Return once one of the workers has become the leader and looked at its duties."""
    async with asyncio.timeout(60):
        while not await platform.pool.fetchval("SELECT count(*) FROM relays"):  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.1)


async def until_caught_up(platform: Platform, within_s: float = 120.0) -> None:
    """Return once every projection has taken in all that the log holds."""
    heads = (await platform.log.heads()).counts[:PARTITIONS]
    async with asyncio.timeout(within_s):
        while True:
            rows = await platform.pool.fetch(
                "SELECT partition, min(next) AS next FROM checkpoints GROUP BY partition"
            )
            taken = {row["partition"]: row["next"] for row in rows}
            if all(taken.get(p, 0) >= n for p, n in enumerate(heads)):
                return
            await asyncio.sleep(0.1)
