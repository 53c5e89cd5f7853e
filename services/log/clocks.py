"""How far a gateway's clock may be ahead: what is stamped too late hides what comes after it.

Record times never decrease within a partition, so one stamp of next year would give every later
event that same instant, and deadlines before it would never be judged.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.errors import Unavailable

MOST_AHEAD = timedelta(minutes=10)
"""Of the database's clock: more than clocks that are set at all differ by."""

LATEST_AHEAD = timedelta(hours=1)
"""Of a broker's clock, at reading: more than that, and no gateway stamped the record. Wider than
MOST_AHEAD, since the clocks of brokers and database may differ, too."""


def check_clock(stamp: datetime, database_now: datetime) -> None:
    """Let a stamp pass that the database's clock bears out. Raises: Unavailable."""
    if stamp > database_now + MOST_AHEAD:
        raise Unavailable(
            f"the events would be recorded at {stamp.isoformat()}, but the database's clock says "
            f"{database_now.isoformat()}: set both clocks right (NTP), then send them again"
        )
