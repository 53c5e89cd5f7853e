"""`touchstone run`: the whole platform on one machine, until Ctrl-C.

Gateway, console and projector are processes of their own, so that none keeps another waiting
and assessing uses the second core. Over Kafka two workers take the projector's place.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack, nullcontext, suppress
from functools import partial
from pathlib import Path

from services.audit.status import status
from services.errors import UsageError
from services.hosts.bootstrap import open_platform
from services.hosts.doors import Door
from services.hosts.listen import start_once_named
from services.hosts.only_run import only_run_of
from services.hosts.people import invite_the_first
from services.hosts.supervision import Supervision
from services.local_postgres.choosing import database
from services.log.filling import end_filling, is_filling, note_filling
from services.people.tokens import new_token
from services.platform import Platform
from services.postgres.waiting import patiently
from services.settings import DEMONSTRATION_STAYS, Settings
from services.simulator.load import ensure_history
from services.terminal import note, progress, say
from services.wording import counted

_SERVICES_LOG = "services.log"
_POLL_S = 0.1
_PROGRESS_S = 0.5
_START_PATIENCE_S = 20.0
_WORKERS = 2  # over Kafka: enough to see partitions shared and taken over


async def run(settings: Settings, *, demo: bool, customers: int, rate: float) -> None:
    """Run every service; with `demo`, on a simulated company that goes on living.

    Raises: UsageError, if its database is another run's or a port is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    # Two platforms, each on a database of its own, may share the directory with their key.
    with only_run_of(settings.data) if settings.dsn is None else nullcontext():
        running = asyncio.create_task(_run(settings, demo, customers, rate))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            note("stopping")
            running.cancel()
        stopped.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _run(settings: Settings, demo: bool, customers: int, rate: float) -> None:
    """Run every service until cancelled, which may be at any moment."""
    if demo and settings.is_beyond_this_machine:
        raise UsageError(DEMONSTRATION_STAYS)
    _check_port(settings.console_host, settings.console_port, "TOUCHSTONE_CONSOLE_PORT")
    _check_port(settings.gateway_host, settings.gateway_port, "TOUCHSTONE_GATEWAY_PORT")
    if settings.worker_port:
        for number in range(len(_projecting(settings))):
            _check_port(
                settings.worker_host, settings.worker_port + number, "TOUCHSTONE_WORKER_PORT"
            )
    note(f"data: {(settings.dsn and 'the database of TOUCHSTONE_DSN') or settings.data}")
    if settings.kafka is not None:
        note(f"event log: Kafka at {settings.kafka}")
    async with database(settings) as dsn:
        served = settings.model_copy(update={"dsn": dsn})
        if served.kafka is not None:
            # Imported here: the embedded log needs no client of Kafka.
            from services.log.kafka.opening import ensure_topics

            await patiently(lambda: ensure_topics(served))
        await patiently(lambda: _migrated(served))
        log_path = settings.data / _SERVICES_LOG
        environment = {"TOUCHSTONE_DSN": dsn, "TOUCHSTONE_DATA": str(settings.data)}
        key = new_token() if demo else None
        if key is not None:
            environment["TOUCHSTONE_DEMONSTRATION_KEY"] = key
        async with Supervision(log_path, environment) as supervision:
            for door in Door:
                supervision.start(["serve", door])
            await _ready(served, supervision, key, customers, rate)
            await start_once_named(dsn, supervision)


async def _migrated(settings: Settings) -> None:
    """Bring the database up to date, before anybody looks."""
    async with open_platform(settings):
        pass


async def _ready(
    settings: Settings, supervision: Supervision, key: str | None, customers: int, rate: float
) -> None:
    """Wait until pages are served, fill an empty demonstration, and say where to look.

    With the key of a demonstration its address lets whoever opens it in.
    The projector starts after the history is written: its record times are simulated ones, and
    deadlines judged now would come before payments that are still to be loaded.
    """
    addresses = {"console": settings.console_address, "gateway": settings.gateway_address}
    for address in addresses.values():
        await _answers(*address, settings.data / _SERVICES_LOG)
    scheme = "http" if settings.tls_certificate is None else "https"
    for name, address in addresses.items():
        entrance = f"demonstration/{key}" if key is not None and name == "console" else ""
        say(f"{name}: {scheme}://{_named(*address)}/{entrance}")
    async with AsyncExitStack() as stack:
        platform = await patiently(lambda: stack.enter_async_context(open_platform(settings)))
        if key is None:
            await patiently(lambda: invite_the_first(platform, settings))
        else:
            loaded = await patiently(lambda: ensure_history(platform, customers=customers))
            if loaded.plan.customers != customers:
                note(
                    f"the demonstration keeps the {counted(loaded.plan.customers, 'customer')} it "
                    f"began with; for {customers:,} choose an empty TOUCHSTONE_DATA"
                )
        for number, command in enumerate(_projecting(settings)):
            supervision.start(command, _port_of(settings, number))
        await _up_to_date(platform)
    if key is not None:
        supervision.start(["simulate", "live", "--rate", str(rate)])
    say("up to date; Ctrl-C ends it, what was acknowledged stays.")


def _projecting(settings: Settings) -> list[list[str]]:
    return [["project"]] if settings.kafka is None else [["work"]] * _WORKERS


def _port_of(settings: Settings, number: int) -> Mapping[str, str]:
    """Return what gives each of several projecting processes a port of its own."""
    if not settings.worker_port:
        return {}
    return {"TOUCHSTONE_WORKER_PORT": str(settings.worker_port + number)}


async def _up_to_date(platform: Platform) -> None:
    """Wait until every projection has taken in what the log held, showing how far they are.

    Of a platform that is being filled, pages show it too.
    """
    filling = await patiently(lambda: is_filling(platform.pool))
    with progress("events") as bar:
        task = bar.add_task("projecting", total=None)
        while True:
            found = await patiently(lambda: status(platform, platform.clock.now()))
            behind = max(one.behind for one in found.projections)
            bar.update(task, completed=found.events - behind, total=found.events)
            if not behind:
                await patiently(lambda: end_filling(platform.pool))
                return
            if filling:
                done, of = found.events - behind, found.events
                await patiently(partial(note_filling, platform.pool, "events", done, of))
            await asyncio.sleep(_PROGRESS_S)


def _named(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _answers(host: str, port: int, log_path: Path) -> None:
    """Wait until an address is served; say once that it takes long, and where to look why."""
    loop = asyncio.get_running_loop()
    said_at: float | None = loop.time() + _START_PATIENCE_S
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_POLL_S)
        else:
            writer.close()
            return
        if said_at is not None and loop.time() > said_at:
            note(f"waiting: {_named(host, port)} does not answer yet; {log_path} says why")
            said_at = None


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
