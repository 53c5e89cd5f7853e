"""Delivers the alert journal to the webhook, on either log: one process does, others stand by.

Each line has a task of its own, so that none waits for another's receiver. The place kept in the
database is before the first line that is not done with; whoever goes on from there delivers some
lines again, under the keys that they had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from services.errors import Unavailable
from services.notify.relay import alert_notice
from services.notify.webhook import Webhook
from services.postgres.alone import held_alone
from services.postgres.pool import Pool
from services.rows.tails import JOURNAL, Tail

_LOG = structlog.get_logger(__name__)

_NAME = "webhook"
_LOCK = "touchstone deliveries"
_LOOK_S = 1.0
_STANDBY_S = 5.0
_MOST = 1_000
"""Lines under way: with so many the receiver is away for all of them."""


class Deliveries:
    """Lines of the alert journal on their way to the webhook."""

    def __init__(self, pool: Pool, webhook: Webhook, look_s: float = _LOOK_S) -> None:
        """Begin, the first time of all, with the alerts that come from now on."""
        self._pool = pool
        self._webhook = webhook
        self._look_s = look_s
        self._tail = Tail(pool, JOURNAL)
        self._under_way: dict[int, asyncio.Task[bool]] = {}  # by ordinal, ascending

    async def run(self) -> None:
        """Deliver until cancelled; survive a database that is away."""
        while True:
            try:
                async with held_alone(self._pool, _LOCK, _STANDBY_S):
                    await self._deliver()
            except Unavailable as error:
                _LOG.warning("not_delivering", reason=str(error))
                await asyncio.sleep(self._look_s)

    async def _deliver(self) -> None:
        kept = upto = await self._tail.place(_NAME)
        try:
            while True:
                free = _MOST - len(self._under_way)
                if free:
                    rows, upto = await self._tail.after(upto, free)
                    for row in rows:
                        self._begin(row["ordinal"], self._webhook.deliver(alert_notice(row)))
                await self._wait()
                done_with = min(self._under_way, default=upto + 1) - 1
                if done_with > kept:
                    await self._tail.move(_NAME, done_with)
                    kept = done_with
        finally:
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)
            self._under_way.clear()

    def _begin(self, ordinal: int, delivery: Coroutine[None, None, bool]) -> None:
        self._under_way[ordinal] = asyncio.create_task(delivery)

    async def _wait(self) -> None:
        """Wait a moment, or until a delivery has ended; forget those that have."""
        await asyncio.sleep(self._look_s)
        for ordinal in [n for n, task in self._under_way.items() if task.done()]:
            self._under_way.pop(ordinal).result()
