"""What casework could not do by itself is parked with the reason, and everything else goes on.

It is tried again after growing pauses; when a process begins, for a newer program may read what
an older one could not; and when somebody asks for it (`touchstone parked retry`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal

import structlog
from msgspec import Struct

from events.errors import EventError
from services.errors import StreamBusy, TouchstoneError, Unavailable
from services.ports import Clock
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_LOG = structlog.get_logger(__name__)

Work = Literal["case_openings", "case_escalations"]
WORKS: tuple[Work, Work] = ("case_openings", "case_escalations")

_AT_ONCE = 100


class Task(Struct, frozen=True, kw_only=True):
    """One thing to do: what asked for it, and of which case and customer it is."""

    id: str
    case_id: str | None
    customer: str | None
    event_id: str | None = None


class ParkedWork:
    """Keeps what one kind of work could not do; for one process at a time."""

    def __init__(self, pool: Pool, clock: Clock, work: Work) -> None:
        self._pool = pool
        self._clock = clock
        self._work = work

    async def attempt(self, task: Task, do: Callable[[], Awaitable[None]]) -> bool:
        """Do a task, or park it; return whether it was done.

        Raises: Unavailable, where nothing else could be done either.
        """
        try:
            await do()
            return True
        except StreamBusy as error:
            await self._park(task, error)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it stops this case alone
            await self._park(task, error)
        return False

    async def due(self) -> Sequence[Task]:
        """Return some tasks that are to be tried again now. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(
                sql("parked_work_due"), self._work, self._clock.now(), _AT_ONCE
            )
        return [
            Task(
                id=row["id"],
                case_id=row["case_id"],
                customer=row["customer_id"],
                event_id=row["event_id"] and str(row["event_id"]),
            )
            for row in rows
        ]

    async def again(self, task: Task, do: Callable[[], Awaitable[None]]) -> None:
        """Do a task that was parked, and forget it then. Raises: as `attempt`."""
        if await self.attempt(task, do):
            with translated():
                await self._pool.execute(sql("parked_work_done"), self._work, task.id)

    async def _park(self, task: Task, error: Exception) -> None:
        foreseen = isinstance(error, (TouchstoneError, EventError))
        reason = str(error) if foreseen else f"{type(error).__name__}: {error}"
        with translated():
            again_at: datetime = await self._pool.fetchval(
                sql("park_work"), self._work, task.id, task.case_id, task.customer, task.event_id,
                reason, self._clock.now(),
            )  # fmt: skip
        _LOG.error(
            "case_work_parked",
            work=self._work,
            case_id=task.case_id,
            event_id=task.event_id,
            reason=reason,
            again_at=again_at.isoformat(),
            exc_info=None if foreseen else error,
        )
