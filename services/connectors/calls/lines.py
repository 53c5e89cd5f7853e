"""How the lines to exchanges are, as the process that listens told last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_TOLD_WITHIN = timedelta(seconds=30)
QUIET_S = 30.0


class Line(Struct, frozen=True):
    """How one line is."""

    feed: str
    is_up: bool
    since: datetime
    silent_s: float  # for which nothing was heard
    connects: int
    recorded: int  # calls, since the process began
    incomplete: int  # calls that went on while the line was down
    reason: str | None

    @property
    def is_well(self) -> bool:
        """Tell whether calls are heard just now."""
        return self.is_up and self.silent_s <= QUIET_S


async def lines_of(pool: Pool, now: datetime) -> Sequence[Line]:
    """Return how the lines of feeds in use are. Raises: Unavailable."""
    found = []
    for row in await retried(lambda: pool.fetch(sql("feed_lines"))):
        is_told = now - row["told_at"] <= _TOLD_WITHIN
        heard_at = row["heard_at"] or row["since"]
        found.append(
            Line(
                feed=row["feed"],
                is_up=row["is_up"] and is_told,
                since=row["since"],
                silent_s=max(0.0, (now - heard_at).total_seconds()),
                connects=row["connects"],
                recorded=row["recorded"],
                incomplete=row["incomplete"],
                reason=row["reason"] if is_told else None,
            )
        )
    return found
