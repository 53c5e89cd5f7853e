"""Where a clock of a case stands, in the business time of its branch."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from events.branch_calendars import business_time
from events.policy import Reference

_SECOND = timedelta(seconds=1)


class Countdown(Struct, frozen=True):
    """How much business time is left until a deadline, or has gone by since."""

    due_at: datetime | None  # None: the clock stands still
    left_s: int
    over_s: int  # since the deadline; 0 while there is time
    provisional: bool = False  # working days until then may move until they are announced

    @property
    def is_over(self) -> bool:
        """Return whether the time is up."""
        return self.due_at is not None and self.left_s == 0


def countdown(
    reference: Reference,
    branch_id: str,
    at: datetime,
    due_at: datetime | None,
    left_s: int | None = None,
) -> Countdown:
    """Return where a clock stands, in the business time of a branch."""
    if due_at is None:
        return Countdown(None, left_s or 0, 0)
    time = business_time(reference, branch_id)
    if at < due_at:
        # What is worked outside all hours still has an instant; at least a second is left of it.
        left_s = max(1, time.worked(at, due_at) // _SECOND)
        return Countdown(due_at, left_s, 0, time.is_provisional(at, due_at))
    return Countdown(due_at, 0, time.worked(due_at, at) // _SECOND)
