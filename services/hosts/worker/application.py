"""The Faust application of a worker: what of Faust is used, and what is switched off."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import faust
import structlog
from faust.types import AppT
from faust.types.auth import CredentialsT

from services.errors import TouchstoneError, Unavailable
from services.log.kafka.cluster import Cluster, reached

_LOG = structlog.get_logger(__name__)

_PATIENCE_S = 3.0
"""How long a worker that ends waits for Kafka to hear of it."""

_SESSION_S = 10.0
"""How long the group waits for a worker that died; nobody can join or leave it until then."""


def application(cluster: Cluster, data: str, copies: int) -> AppT:
    """Return an application with no tables, no web server and no transactions.

    `data` is a directory that Faust insists on; nothing of worth is kept there. `copies` are
    those of the topic by which Faust elects its leader, the only one that it makes.
    """
    return faust.App(
        f"{cluster.prefix}touchstone-worker",
        broker=[f"kafka://{server.strip()}" for server in cluster.servers.split(",")],
        broker_credentials=_credentials(cluster),
        datadir=data,
        store="memory://",
        web_enabled=False,
        topic_replication_factor=copies,
        consumer_auto_offset_reset="latest",
        broker_session_timeout=_SESSION_S,
        broker_rebalance_timeout=_SESSION_S,
    )


def _credentials(cluster: Cluster) -> CredentialsT | None:
    options = cluster.options
    tls = options["ssl_context"]
    if options["sasl_plain_username"] is not None:
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=tls,
        )
    return None if tls is None else faust.SSLCredentials(tls)


async def run_until_told(app: AppT) -> None:
    """Run until SIGINT or SIGTERM, then stop everything in order; the process is to end then.

    It ends after some seconds in any case: a client that cannot reach Kafka would say goodbye
    for ever, and what is under way is either committed or will be done again.
    Raises: what any of its services, timers or agents raised.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, told.set)
    ends = [asyncio.create_task(told.wait()), asyncio.create_task(_run(app))]
    try:
        for end in (await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED))[0]:
            await end
    finally:
        for end in ends:
            end.cancel()
        crash = app.crash_reason
        code = crash.exit_code if isinstance(crash, TouchstoneError) else Unavailable.exit_code
        last = threading.Timer(_PATIENCE_S, _end, (code,))
        last.daemon = True
        last.start()
        await app.stop()
    if isinstance(app.crash_reason, TouchstoneError):
        raise app.crash_reason
    if app.crash_reason is not None:
        with reached():
            raise app.crash_reason


async def _run(app: AppT) -> None:
    with reached():
        await app.maybe_start()
    await app.wait_until_stopped()


def _end(code: int) -> None:
    _LOG.warning("ended_without_goodbye", reason=f"not all had stopped after {_PATIENCE_S:.0f} s")
    os._exit(code)
