"""What is kept beside the log, for how long, and letting go of what is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct

from services.people.look_events import LookEvents
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.projector.code import code_digest


class Periods(Struct, frozen=True):
    """For how long things are kept."""

    quarantine: timedelta
    idle: timedelta  # a session that nobody uses
    looks: timedelta  # rows of looks of which the log tells


class Kept(Struct, frozen=True):
    """One kind of thing that is kept: how many there are, for how long, how many are over."""

    what: str
    kept: int
    period: str
    over: int


async def look(platform: Platform, periods: Periods) -> Sequence[Kept]:
    """Return what is kept now. Raises: Unavailable."""
    values = await _values(platform, periods)
    with translated():
        over = platform.clock.now() - periods.looks
        rows = await platform.pool.fetch(sql("retention_counts"), *values, over)
    told = _told(periods)
    return [Kept(row["what"], row["kept"], told[row["what"]], row["over"]) for row in rows]


async def let_go(platform: Platform, periods: Periods) -> Sequence[Kept]:
    """Let go of what is over; return what there was. Raises: Unavailable."""
    before = await look(platform, periods)
    values = await _values(platform, periods)
    with translated():
        await platform.pool.execute(sql("retention_let_go"), *values)
    await LookEvents(platform).let_go(platform.clock.now() - periods.looks)
    return before


async def _values(platform: Platform, periods: Periods) -> Sequence[object]:
    now = platform.clock.now()
    generation = (await platform.log.heads()).generation
    return now - periods.quarantine, now, now - periods.idle, f"{code_digest()}/", generation


def _told(periods: Periods) -> Mapping[str, str]:
    days = f"{periods.quarantine.days} days after it was last sent (TOUCHSTONE_QUARANTINE_DAYS)"
    return {
        "quarantine": days,
        "quarantine_overflow": days,
        "sessions": "until it ends (TOUCHSTONE_SESSION_HOURS, TOUCHSTONE_SESSION_IDLE_MINUTES)",
        "links": "until it ends",
        "snapshots": "while the program that made it runs; made again where it is missed",
        "looks": f"{periods.looks.days} days (TOUCHSTONE_LOOK_DAYS); in the log for ever",
        "alert_journal": "for ever",
        "people_journal": "for ever",
    }
