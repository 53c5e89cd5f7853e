"""What casework does by itself: cases open, and what is late is escalated; one process does it."""

from __future__ import annotations

import asyncio

import structlog

from services.casework.cases import Cases
from services.casework.deadlines import Deadlines
from services.casework.executing import Streams
from services.casework.openings import Openings
from services.casework.parked_work import WORKS, ParkedWork
from services.casework.parts import CaseworkPlatform
from services.casework.rulebook import Rulebook
from services.errors import LogMoved, Unavailable, UnreadableEvent
from services.postgres.alone import held_alone
from services.postgres.pool import translated
from services.postgres.statements import sql

_LOG = structlog.get_logger(__name__)

_LOCK = "touchstone casework"
_LOOK_S = 1.0
_STANDBY_S = 2.0
_UNREADABLE_S = 10.0


class CaseworkByItself:
    """Opens and escalates until cancelled; others stand by and take over when it is gone."""

    def __init__(self, platform: CaseworkPlatform) -> None:
        streams = Streams(platform.streams, platform.vault, platform.clock)
        cases, rulebook = Cases(streams, platform.pool), Rulebook(platform.pool)
        pool, clock = platform.pool, platform.clock
        openings, escalations = (ParkedWork(pool, clock, work) for work in WORKS)
        self.openings = Openings(platform.log, pool, cases, rulebook, openings)
        self.deadlines = Deadlines(pool, cases, rulebook, clock, escalations)
        self._log = platform.log
        self._pool = pool
        self._begun = False

    async def run(self) -> None:
        """Do what there is to do until cancelled; survive a database that is away.

        While a policy or reference event cannot be read nothing is decided, as nothing is
        projected then; that is said, and looked at again now and then.
        Raises: LogMoved, once the log goes on elsewhere.
        """
        while True:
            try:
                async with held_alone(self._pool, _LOCK, _STANDBY_S):
                    await self.begin()
                    while True:
                        if not await self.step():
                            await self._log.wait(_LOOK_S)
            except LogMoved:
                raise  # this process will never be able to go on
            except Unavailable as error:
                _LOG.warning("casework_waits", reason=str(error))
                await asyncio.sleep(_LOOK_S)
            except UnreadableEvent as error:
                _LOG.error("casework_unreadable", reason=str(error))
                await asyncio.sleep(_UNREADABLE_S)

    async def begin(self) -> None:
        """Have all that is parked tried again: this program may do what an older one could not."""
        if not self._begun:
            with translated():
                await self._pool.execute(sql("parked_work_again"))
            self._begun = True

    async def step(self) -> int:
        """Do a slice of what there is to do; return how much was looked at."""
        return await self.openings.step() + await self.deadlines.step()
