"""What casework does by itself: cases open, and what is late is escalated; one process does it."""

from __future__ import annotations

import asyncio

import structlog

from services.casework.cases import Cases
from services.casework.deadlines import Deadlines
from services.casework.executing import Streams
from services.casework.openings import Openings
from services.casework.parts import CaseworkPlatform
from services.casework.rulebook import Rulebook
from services.errors import LogMoved, Unavailable, UnreadableEvent
from services.postgres.alone import held_alone

_LOG = structlog.get_logger(__name__)

_LOCK = "touchstone casework"
_LOOK_S = 1.0
_STANDBY_S = 2.0
_UNREADABLE_S = 10.0


class CaseworkByItself:
    """Opens and escalates until cancelled; others stand by and take over when it is gone."""

    def __init__(self, platform: CaseworkPlatform) -> None:
        streams = Streams(platform.log, platform.vault, platform.clock)
        cases = Cases(streams, platform.log, platform.pool)
        rulebook = Rulebook(platform.pool)
        self.openings = Openings(platform.log, platform.pool, cases, rulebook)
        self.deadlines = Deadlines(platform.pool, cases, rulebook, platform.clock)
        self._log = platform.log
        self._pool = platform.pool

    async def run(self) -> None:
        """Do what there is to do until cancelled; survive a database that is away.

        Raises: LogMoved, once the log goes on elsewhere.
        """
        while True:
            try:
                async with held_alone(self._pool, _LOCK, _STANDBY_S):
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

    async def step(self) -> int:
        """Do a slice of what there is to do; return how much was looked at."""
        return await self.openings.step() + await self.deadlines.step()
