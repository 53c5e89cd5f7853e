"""How long an account rests after wrong tries in a row."""

from __future__ import annotations

from datetime import datetime, timedelta

TRIES = 5
"""Wrong tries in a row that are let pass."""

_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)


def locked_until(failures: int, at: datetime) -> datetime | None:
    """Return until when an account is locked after so many wrong tries in a row, if it is.

    A minute after the fifth, twice as long after each more, an hour at most.
    """
    if failures < TRIES:
        return None
    doublings = min(failures - TRIES, 10)
    return at + min(_FIRST * (1 << doublings), _LONGEST)
