"""What a worker does beside projecting: watches itself and the topics, and tells others."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import structlog
from faust.exceptions import NotReady
from faust.types import AppT

from events.partitioning import REFERENCE_PARTITION
from services.errors import LogMoved, Unavailable
from services.hosts.worker.changes import ChangedCustomers
from services.hosts.worker.projector import KafkaProjector
from services.hosts.worker.stall import StallWatch
from services.log.kafka.cluster import Cluster, away, reached
from services.log.kafka.identity import check_ends, check_identity
from services.log.kafka.leftovers import Leftovers
from services.log.kafka.reading import Readers
from services.log.kafka.topics import TopicPartitions, all_topics, faults
from services.notify.relay import ALERTS, REFUSALS, Relay, Send
from services.platform import Platform
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_LOG = structlog.get_logger(__name__)

_WATCH_EVERY_S = 10.0
_RELAY_EVERY_S = 1.0
_CLEAR_UP_EVERY_S = 3.0
_TELL_EVERY_S = 0.5
_CHECK_TOPICS_AT = "17 3 * * *"


@asynccontextmanager
async def watch(
    app: AppT,
    platform: Platform,
    cluster: Cluster,
    generation: int,
    projector: KafkaProjector,
    stall_s: float,
) -> AsyncIterator[None]:
    """Have the worker end when it stalls, or when a topic is not what it was.

    Once a day the leader checks every setting of the topics, and logs what is wrong.
    """
    readers = Readers(cluster)
    stall = StallWatch(stall_s)

    @app.timer(min(_WATCH_EVERY_S, stall_s / 2))
    async def check_progress() -> None:
        try:
            await _check_log(platform.pool, cluster, generation, readers)
            heads = await platform.log.heads()
        except LogMoved:
            raise  # this worker will never be able to go on
        except Unavailable as error:
            _LOG.warning("not_watched", reason=str(error))
            return
        stall.compare(time.monotonic(), projector.reached(), heads.counts)

    @app.crontab(_CHECK_TOPICS_AT, on_leader=True)
    async def check_topics() -> None:
        try:
            found = await faults(cluster, all_topics(cluster.prefix, generation))
        except Unavailable as error:
            found = (str(error),)
        for fault in found:
            _LOG.error("topic_fault", fault=fault)

    try:
        yield
    finally:
        await readers.close()


async def _check_log(pool: Pool, cluster: Cluster, generation: int, readers: Readers) -> None:
    """Refuse topics made anew or truncated. Raises: TopicFault, Unavailable, KafkaRefused."""
    with translated():
        rows = await pool.fetch(sql("log_heads"), generation)
    places = TopicPartitions(cluster.prefix, generation).all
    await check_identity(pool, cluster, generation)
    begins, ends = await readers.begins(places), await readers.ends(places)
    check_ends(places, begins, ends, [row["next_n"] for row in rows[: REFERENCE_PARTITION + 1]])


@asynccontextmanager
async def clear_up(app: AppT, pool: Pool, cluster: Cluster, generation: int) -> AsyncIterator[None]:
    """Have the leader append what gateways left pending when they ended."""
    leftovers = Leftovers(pool, cluster, generation)

    @app.timer(_CLEAR_UP_EVERY_S, on_leader=True)
    async def deliver_pending() -> None:
        try:
            if appended := await leftovers.deliver():
                _LOG.info("pending_delivered", events=appended)
        except Unavailable as error:
            _LOG.warning("not_cleared_up", reason=str(error))

    try:
        yield
    finally:
        await leftovers.close()


def relay(app: AppT, pool: Pool, cluster: Cluster) -> None:
    """Have the leader tell the alert journal and the quarantine on their topics."""
    relays = [
        Relay(pool, ALERTS, _sender(app, f"{cluster.prefix}alerts")),
        Relay(pool, REFUSALS, _sender(app, f"{cluster.prefix}quarantine")),
    ]

    @app.timer(_RELAY_EVERY_S, on_leader=True)
    async def ship() -> None:
        try:
            for one in relays:
                while await one.ship():
                    pass
        except Unavailable as error:
            _LOG.warning("not_relayed", reason=str(error))


def tell_changes(app: AppT, cluster: Cluster, changes: ChangedCustomers) -> None:
    """Have this worker tell which customers' rows it changed; what fails is not told again."""
    send = _sender(app, f"{cluster.prefix}changes")

    @app.timer(_TELL_EVERY_S)
    async def tell() -> None:
        try:
            for notice in changes.told():
                await send(str(notice.partition).encode(), msgspec.json.encode(notice))
        except Unavailable as error:
            _LOG.warning("changes_not_told", reason=str(error))


def _sender(app: AppT, name: str) -> Send:
    topic = app.topic(name, key_serializer="raw", value_serializer="raw")

    async def send(key: bytes, value: bytes) -> object:
        try:
            with reached():
                return await (await topic.send(key=key, value=value))
        except NotReady as error:  # timers go on for a moment while the worker stops
            raise away("this worker's producer has stopped") from error

    return send
