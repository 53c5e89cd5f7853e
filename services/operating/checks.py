"""What a process needs to do its work, and whether it has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from services.errors import TouchstoneError
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql

FRESH_S = 120.0
"""For how long an event may wait before figures are no longer called fresh."""

_PATIENCE_S = 2.0

Ask = Callable[[Platform], Awaitable[None]]


class NotWell(TouchstoneError):
    """A part of the platform is not as it must be."""


class Checked(Struct, frozen=True, omit_defaults=True):
    """What came of one check."""

    name: str
    ok: bool
    required: bool  # without it this process is not ready
    reason: str = ""


async def _database(platform: Platform) -> None:
    with translated():
        await platform.pool.fetchval("SELECT 1")


async def _master_key(platform: Platform) -> None:
    await platform.vault.check()


async def _log(platform: Platform) -> None:
    await platform.log.heads()


async def _projector(platform: Platform) -> None:
    heads = await platform.log.heads()
    with translated():
        rows = await platform.pool.fetch(
            sql("operating_lags"), heads.generation, platform.clock.now()
        )
    late = [
        row
        for row in rows
        if row["next"] < heads.counts[row["partition"]] and row["waited_s"] > FRESH_S
    ]
    if late:
        longest = max(row["waited_s"] for row in late)
        raise NotWell(
            f"events have waited {longest:.0f} s for the projector in "
            f"{len({row['partition'] for row in late})} partitions; see `touchstone status`"
        )


CHECKS: Sequence[tuple[str, Ask]] = (
    ("database", _database),
    ("master_key", _master_key),
    ("log", _log),
    ("projector", _projector),
)


async def check_all(platform: Platform, *, projects: bool) -> list[Checked]:
    """Return what came of every check, each given a moment.

    Whoever does not project serves on while the projector is behind: its answers say how fresh
    they are, and an older figure is better than none.
    """
    return [
        await _checked(name, ask, platform, required=projects or name != "projector")
        for name, ask in CHECKS
    ]


async def _checked(name: str, ask: Ask, platform: Platform, *, required: bool) -> Checked:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await ask(platform)
    except TouchstoneError as error:
        return Checked(name, False, required, str(error))
    except TimeoutError:
        return Checked(name, False, required, f"no answer within {_PATIENCE_S:.0f} s")
    return Checked(name, True, required)
