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

from events.partitioning import PARTITIONS
from services.bootstrap import Platform
from services.settings import Settings
from tests.support.embedded import REPOSITORY


class Worker:
    """One `touchstone work`."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.log = log
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path]),
            "TOUCHSTONE_DSN": str(settings.dsn),
            "TOUCHSTONE_DATA": str(settings.data),
            "TOUCHSTONE_KAFKA": str(settings.kafka),
            "TOUCHSTONE_KAFKA_PREFIX": settings.kafka_prefix,
            "TOUCHSTONE_ALERT_WEBHOOK": settings.alert_webhook or "",
        }
        if settings.alert_webhook is None:
            del environment["TOUCHSTONE_ALERT_WEBHOOK"]
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
