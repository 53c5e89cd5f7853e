"""A worker over Kafka: a Faust application with the projector inside it.

Faust owns the life cycle, the timers and the leader's duties.
The projector is a service of its own beside them: it owns partitions by the database's
checkpoints, which Faust's own offsets and tables could not promise. No truth is in Faust: if
all it keeps were lost, some notices would be told twice.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import structlog
from mode import Service

from services.casework.by_itself import CaseworkByItself
from services.hosts.bootstrap import open_platform
from services.hosts.log_directory import logging_to_directory
from services.hosts.telling import telling
from services.hosts.worker.application import application, run_until_told
from services.hosts.worker.changes import ChangedCustomers
from services.hosts.worker.duties import clear_up, relay, tell_changes, watch
from services.hosts.worker.projector import KafkaProjector
from services.local_postgres.directory import hold
from services.log.kafka.cluster import cluster_of
from services.log.kafka.generations import claim_generation
from services.log.kafka.topics import COPIES, create, describe, side_topics
from services.notify.deliveries import Deliveries
from services.notify.webhook import Webhook
from services.search.follower import SearchFollower
from services.settings import Settings
from services.telemetry import quieten
from services.tracing import traced

_LOG = structlog.get_logger(__name__)

STALL_S = 120.0
"""How long events may wait untouched before a worker ends."""

_FOLDER = "touchstone-worker-"
_HELD = "held"  # in the folder, for as long as its worker lives


class _Going(Service):
    """The place among Faust's services of something that goes on until it is cancelled."""

    def __init__(
        self, going: KafkaProjector | Deliveries | CaseworkByItself | SearchFollower
    ) -> None:
        super().__init__()
        self._going = going

    @Service.task
    async def _go_on(self) -> None:
        await self._going.run()


async def work(settings: Settings, *, stall_s: float = STALL_S) -> None:
    """Work until SIGINT or SIGTERM; then give the partitions back.

    Raises: Stalled, TopicFault, KafkaRefused, Unavailable; a supervisor starts it anew.
    """
    quieten("faust", "mode", "aiokafka")
    cluster = cluster_of(settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(logging_to_directory(settings, "worker"))
        stack.enter_context(traced("touchstone-worker"))
        platform = await stack.enter_async_context(open_platform(settings))
        await stack.enter_async_context(telling(settings, platform))
        generation = await claim_generation(platform.pool)
        side = side_topics(cluster.prefix)
        await create(cluster, side)
        copies = min(COPIES, (await describe(cluster, side)).brokers)
        data = stack.enter_context(_folder())
        app = application(cluster, data, copies)
        changes = ChangedCustomers(generation)
        projector = KafkaProjector(platform, cluster, generation, audience=changes)
        app.add_dependency(_Going(projector))
        app.add_dependency(_Going(CaseworkByItself(platform)))
        app.add_dependency(_Going(SearchFollower(platform)))
        await stack.enter_async_context(
            watch(app, platform, cluster, generation, projector, stall_s)
        )
        await stack.enter_async_context(clear_up(app, platform.pool, cluster, generation))
        relay(app, platform.pool, cluster)
        tell_changes(app, cluster, changes)
        if settings.alert_webhook is not None:
            webhook = Webhook(settings.alert_webhook)
            stack.push_async_callback(webhook.close)
            app.add_dependency(_Going(Deliveries(platform.pool, webhook)))
        _LOG.info("working", generation=generation)
        await run_until_told(app)
        _LOG.info("stopped")


@contextmanager
def _folder() -> Iterator[str]:
    """Yield a folder for Faust that this process holds; those that nobody holds go now."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*/{_HELD}"):
        with suppress(OSError):  # it is another user's, or has just gone
            if left.parent.lstat().st_uid == os.geteuid() and (file := hold(left)) is not None:
                with file:
                    shutil.rmtree(left.parent, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder:
        new = Path(folder, "new")
        held = hold(new)
        assert held is not None
        with held:
            new.rename(new.with_name(_HELD))  # never seen before it is held
            yield folder


async def work_once(settings: Settings) -> int:
    """Take in what the log holds now and do what is due; return how many events."""
    cluster = cluster_of(settings)
    async with open_platform(settings) as platform:
        generation = await claim_generation(platform.pool)
        return await KafkaProjector(platform, cluster, generation).catch_up()
