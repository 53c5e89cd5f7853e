"""Gateway and console, each served by a process of its own: neither keeps the other waiting."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import structlog

from services.console.app import create_console, end_streams
from services.errors import Unavailable
from services.gateway.http import create_gateway
from services.hosts.bootstrap import open_platform, room_of
from services.hosts.doors import Door
from services.hosts.log_directory import logging_to_directory
from services.hosts.people import hosts_of, people_here
from services.hosts.serving import server
from services.hosts.supervision import Supervision
from services.intake.quarantine import Quarantine
from services.local_postgres.choosing import database
from services.operating.door import Operated
from services.people.look_events import LookEvents
from services.people.people import People
from services.platform import Platform
from services.postgres.waiting import patiently
from services.settings import Settings
from services.tracing import traced
from services.vault.signing import signer_of
from services.web.open_files import make_room_for
from services.web.rates import Rates
from services.web.tls import Certificate

_LOG = structlog.get_logger(__name__)

_TIDY_EVERY_S = 3_600.0


KEYS_IN_CLEAR = (
    "the gateway listens beyond this machine without TLS, and keys travel readable: set "
    "TOUCHSTONE_TLS_CERTIFICATE and TOUCHSTONE_TLS_KEY, or name in TOUCHSTONE_PROXIES the proxy in "
    "front that speaks TLS"
)


async def serve(settings: Settings, door: Door) -> None:
    """Serve one of the two until SIGINT or SIGTERM.

    Raises: UsageError, where this process may not open as many files as it may have connections.
    """
    make_room_for(settings.connections, "TOUCHSTONE_CONNECTIONS")
    async with AsyncExitStack() as stack:
        stack.enter_context(logging_to_directory(settings, str(door)))
        stack.enter_context(traced(f"touchstone-{door}"))
        platform = await patiently(lambda: stack.enter_async_context(open_platform(settings)))
        telling = asyncio.create_task(LookEvents(platform).run(), name="looks become events")
        stack.callback(telling.cancel)
        if door is Door.GATEWAY:
            quarantine = Quarantine(
                platform.pool, platform.vault, platform.clock, room_of(settings)
            )
            tidying = asyncio.create_task(_tidy(quarantine), name="quarantine")
            stack.callback(tidying.cancel)
            if settings.keys_travel_in_clear:
                _LOG.warning("keys_in_clear", reason=KEYS_IN_CLEAR)
            rates = Rates(settings.key_requests_per_s, settings.key_events_per_s)
            if settings.origin is not None:  # a wrong name is told now, not to a branch
                await signer_of(platform.pool, platform.vault, platform.clock, settings.origin)
            app = create_gateway(platform, rates, settings.origin)
            address = settings.gateway_address
        else:
            viewers = settings.connections // 2  # the others are for pages
            people = people_here(platform, settings)
            if people.provider is not None:
                stack.push_async_callback(people.provider.close)
            kept = timedelta(days=settings.look_days)
            tidying = asyncio.create_task(_let_go(people, platform, kept), name="people")
            stack.callback(tidying.cancel)
            app = create_console(platform, viewers, people=people, hosts=hosts_of(settings))
            address = settings.console_address
        operated = Operated(
            app,
            platform,
            room_of(settings),
            settings.may_scrape,
            logs_requests=settings.log_requests,
        )
        served = server(
            operated,
            *address,
            settings.connections,
            tls=_tls(settings, stack),
            proxies=settings.trusted_proxies,
        )

        def end() -> None:
            if door is Door.CONSOLE:
                end_streams(app)  # a server waits for open answers before it stops
            served.should_exit = True

        _on_signals(end)
        await served.serve()


def _tls(settings: Settings, stack: AsyncExitStack) -> ssl.SSLContext | None:
    """Return what TLS is spoken with, taken up again when it is renewed. Raises: UsageError."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    certificate = Certificate(settings.tls_certificate, settings.tls_key)
    watching = asyncio.create_task(certificate.watch(), name="certificate")
    stack.callback(watching.cancel)
    return certificate.context


async def _tidy(quarantine: Quarantine) -> None:
    """Let go now and then of refused events that nobody has asked about for long enough."""
    while True:
        try:
            await quarantine.expire()
        except Unavailable as error:
            _LOG.warning("quarantine_not_tidied", reason=str(error))
        await asyncio.sleep(_TIDY_EVERY_S)


async def _let_go(people: People, platform: Platform, looks: timedelta) -> None:
    """Let go now and then of log-ins and links that are over, and of looks that the log has."""
    while True:
        try:
            await people.sessions.expire()
            await LookEvents(platform).let_go(platform.clock.now() - looks)
        except Unavailable as error:
            _LOG.warning("people_not_tidied", reason=str(error))
        await asyncio.sleep(_TIDY_EVERY_S)


async def serve_both(settings: Settings) -> None:
    """Serve both, each in a process of its own, until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    _on_signals(stop.set)
    async with database(settings) as dsn:
        environment = {"TOUCHSTONE_DSN": dsn, "TOUCHSTONE_DATA": str(settings.data)}
        async with Supervision(None, environment) as supervision:
            for door in Door:
                supervision.start(["serve", door])
            await stop.wait()


def _on_signals(end: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, end)
