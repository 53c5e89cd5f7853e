"""`touchstone run`: the whole platform on one machine, until Ctrl-C.

The projector is a process of its own, so that assessing uses the second core and never keeps
a page waiting; gateway and console share one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import httpx2

from services.bootstrap import database, open_platform
from services.cli import note, say
from services.embedded.processes import Child
from services.errors import UsageError
from services.settings import Settings
from services.simulator.load import ensure_history

_POLL_S = 0.1
_START_PATIENCE_S = 60.0


async def run(settings: Settings, *, demo: bool, customers: int, rate: float) -> None:
    """Run every service; with `demo`, on a simulated company that goes on living."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    _check_port(settings.console_host, settings.console_port, "TOUCHSTONE_CONSOLE_PORT")
    _check_port(settings.gateway_host, settings.gateway_port, "TOUCHSTONE_GATEWAY_PORT")
    note(f"data: {(settings.dsn and 'the database of TOUCHSTONE_DSN') or settings.data}")
    async with database(settings) as dsn:
        served = settings.model_copy(update={"dsn": dsn})
        async with open_platform(served):
            pass  # migrations, before anybody looks
        log_path = settings.data / "services.log"
        log_path.parent.mkdir(parents=True, exist_ok=True)
        environment = {"TOUCHSTONE_DSN": dsn, "TOUCHSTONE_DATA": str(settings.data)}
        async with _Supervision(log_path, environment) as supervision:
            supervision.start(["serve"])
            work = asyncio.create_task(_ready(served, supervision, demo, customers, rate))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
                await stopped
            else:
                work.cancel()
            note("stopping")


async def _ready(
    settings: Settings, supervision: _Supervision, demo: bool, customers: int, rate: float
) -> None:
    """Wait until pages are served, fill an empty demonstration, and say where to look.

    The projector starts after the history is written: its record times are simulated ones, and
    deadlines judged now would come before payments that are still to be loaded.
    """
    console = f"http://{settings.console_host}:{settings.console_port}/"
    async with httpx2.AsyncClient() as client, asyncio.timeout(_START_PATIENCE_S):
        while True:
            try:
                await client.get(f"{console}healthz")
                break
            except httpx2.TransportError:
                await asyncio.sleep(_POLL_S)
    if demo:
        async with open_platform(settings) as platform:
            await ensure_history(platform, customers=customers)
    supervision.start(["project"])
    if demo:
        supervision.start(["simulate", "live", "--rate", str(rate)])
    say(f"console: {console}")
    say(f"gateway: http://{settings.gateway_host}:{settings.gateway_port}/api/v1/events")
    say("Ctrl-C ends it; what was acknowledged stays.")


class _Supervision:
    """The running children and the file that takes what they print."""

    def __init__(self, log_path: Path, environment: dict[str, str]) -> None:
        self._log_path = log_path
        self._environment = environment
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> _Supervision:
        self._output = self._log_path.open("ab")
        note(f"what the services say: {self._log_path}")
        return self

    def start(self, arguments: list[str]) -> None:
        """Start a command and keep it running."""
        child = Child(arguments, self._environment)
        self._tasks.append(asyncio.create_task(child.run(self._output), name=child.name))

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._output.close()


def _check_port(host: str, port: int, variable: str) -> None:
    """Refuse a port that is taken before anything is started. Raises: UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"{host}:{port} cannot be listened on ({os.strerror(error.errno or 0)}): is "
                f"touchstone running already? Set {variable} to another port."
            ) from error
