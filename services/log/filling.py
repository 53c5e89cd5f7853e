"""Says that an empty platform is being filled, so that nobody takes its figures for whole."""

from __future__ import annotations

from typing import Literal

from events.texts import worded
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql

Stage = Literal["history", "events"]


async def note_filling(pool: Pool, stage: Stage, done: int, total: int) -> None:
    """Say how far it is: in days of history written, then in events taken in."""
    with translated():
        await pool.execute(sql("filling_note"), stage, done, total)


async def end_filling(pool: Pool) -> None:
    """Say that the figures are whole."""
    with translated():
        await pool.execute(sql("filling_end"))


async def is_filling(database: Pool | Connection) -> bool:
    """Return whether a filling was begun and has not been ended."""
    with translated():
        return bool(await database.fetchval(sql("filling_stands")))


def still_filling(filling: bool) -> str:
    """Return what is said to who misses something while an empty platform is being filled."""
    if not filling:
        return ""
    return worded("the platform is still being filled: look again when it is whole")
