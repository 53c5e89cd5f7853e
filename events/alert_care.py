"""What was done about an alert: taken up, put off, passed on, as staff said it one after the other.

The last word counts; whom it was passed on to stays so until it is passed on again, or somebody
else takes it up. It ends with the episode: an alert that becomes true again is another one
(decision 31).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from events.facts import Fact
from events.touchpoints.policy import AlertAcknowledged, AlertDelegated, AlertSnoozed

CareState = Literal["open", "acknowledged", "snoozed"]


class Care(Struct, frozen=True):
    """Where an alert stands: nobody takes care of it, somebody does, or not before an instant.

    `by` and `at` are who said so last, and when.
    """

    state: CareState = "open"
    by: str | None = None
    at: datetime | None = None
    until: datetime | None = None  # put off
    delegate: str | None = None  # whom it was passed on to

    def as_of(self, at: datetime) -> Care:
        """Return it at an instant: what was put off is open again from its instant on."""
        if self.until is not None and self.until <= at:
            return Care(delegate=self.delegate)
        return self


NO_CARE = Care()


def care_after(before: Care | None, said: Fact) -> Care:
    """Return where an alert stands after a word about it."""
    delegate = None if before is None else before.delegate
    match said.data:
        case AlertAcknowledged(by=by):
            mine = delegate if by == delegate else None
            return Care("acknowledged", by, said.effective_at, None, mine)
        case AlertSnoozed(by=by, until=until):
            return Care("snoozed", by, said.effective_at, until, delegate)
        case AlertDelegated(by=by, to=to):
            return Care("open", by, said.effective_at, None, to)
        case _:
            raise AssertionError(f"{type(said.data).__name__} is no word about an alert")
