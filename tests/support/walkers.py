"""Workers of a walk that do nothing but show what becomes of their processes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from msgspec import Struct

from services.postgres.pool import Pool
from services.walk.parts import Part


class Noted(Struct, frozen=True):
    """Who did a part, as whose child."""

    part: int
    process: int
    parent: int


class Noting:
    """Says who it is."""

    def __init__(self, argument: None, pool: Pool) -> None:
        pass

    async def walk(self, part: Part) -> Noted:
        """Say who does the part."""
        return Noted(part.part, os.getpid(), os.getppid())


class Littering(Noting):
    """The same, and makes far more garbage with each part than a process is let keep."""

    async def walk(self, part: Part) -> Noted:
        """Make garbage that holds itself."""
        for _ in range(2_100_000):
            litter: list[object] = []
            litter.append(litter)
        return await super().walk(part)


class Dying(Noting):
    """Is killed in the middle of part 3."""

    async def walk(self, part: Part) -> Noted:
        """Do every part but one."""
        if part.part == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().walk(part)


class Waiting:
    """Says in a folder who it is, and never ends a part."""

    def __init__(self, argument: str, pool: Pool) -> None:
        self._folder = Path(argument)

    async def walk(self, part: Part) -> Noted:
        """Wait for ever."""
        (self._folder / f"{os.getpid()}").write_text(f"{os.getppid()}")
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits so long")
