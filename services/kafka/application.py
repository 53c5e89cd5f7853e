"""The Faust application of a worker: what of Faust is used, and what is switched off."""

from __future__ import annotations

import asyncio
import signal

import faust
from faust.types import AppT
from faust.types.auth import CredentialsT

from services.errors import TouchstoneError
from services.kafka.cluster import Cluster, reached

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
    """Run until SIGINT or SIGTERM, then stop everything in order.

    Raises: what any of its services, timers or agents raised.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, told.set)
    ends = [asyncio.create_task(told.wait()), asyncio.create_task(app.wait_until_stopped())]
    try:
        with reached():
            await app.maybe_start()
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
        await app.stop()
    if isinstance(app.crash_reason, TouchstoneError):
        raise app.crash_reason
    if app.crash_reason is not None:
        with reached():
            raise app.crash_reason
