"""What a worker tells others while it stops: nothing, and that is no failure of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from faust.exceptions import NotReady
from faust.types import AppT
from structlog.testing import capture_logs

from events.envelope import CustomerId
from projections import PROJECTIONS
from services.hosts.worker.changes import ChangedCustomers
from services.hosts.worker.duties import tell_changes
from services.log.kafka.cluster import cluster_of
from services.settings import Settings

Timer = Callable[[], Awaitable[None]]


class StoppingApp:
    """An application whose producer has stopped and whose timers go on."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def timer(self, _: float) -> Callable[[Timer], Timer]:
        def keep(timer: Timer) -> Timer:
            self.timers.append(timer)
            return timer

        return keep

    def topic(self, *_: object, **__: object) -> StoppingApp:
        return self

    async def send(self, **_: object) -> Awaitable[object]:
        raise NotReady("Producer service not yet started")


def test_changes_that_come_while_a_worker_stops_are_lost_without_an_error() -> None:
    app, changes = StoppingApp(), ChangedCustomers(1)
    tell_changes(cast(AppT, app), cluster_of(Settings(kafka="127.0.0.1:9")), changes)
    changes.changed(PROJECTIONS[0], 3, 7, [CustomerId("C-1")])
    with capture_logs() as logs:
        asyncio.run(_once(app.timers))
    assert [line["event"] for line in logs] == ["changes_not_told"]


async def _once(timers: list[Timer]) -> None:
    for timer in timers:
        await timer()
