"""A clock in business time: what it spent, and the exact instant at which it reaches a share.

It runs in spans; while it stands still nothing is spent. A fact at an instant precedes a
deadline at that instant: a clock that is stopped exactly when its time is up has not overrun.
Source: domain rules, sections 2 (deadlines) and 6 (pauses, escalation).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from events.business_time import BusinessTime

_NONE = timedelta()


class Span(NamedTuple):
    """A time [start, end) in which a clock ran, and what it had spent at either end."""

    start: datetime
    end: datetime
    before: timedelta
    after: timedelta


class CaseClock:
    """The clock of a response, a solution or an obligation; it starts when it is made.

    `budget` is its business time. With `fixed` that instant is the deadline, whatever pauses
    there are, and the budget is the business time until then (a date the customer asked for).
    """

    __slots__ = (
        "budget", "fixed", "running_since", "set_at", "spans", "spent", "started_at", "time",
    )  # fmt: skip

    def __init__(
        self, time: BusinessTime, now: datetime, budget: timedelta, fixed: datetime | None = None
    ) -> None:
        self.time = time
        self.started_at = now
        self.fixed = fixed
        self.budget = time.worked(now, fixed) if fixed is not None else budget
        self.spans: list[Span] = []
        self.spent = _NONE
        self.running_since: datetime | None = now
        self.set_at: datetime | None = None  # when its budget was changed: no share is spent before

    def give(self, budget: timedelta, now: datetime) -> None:
        """Have another budget; what is spent stays spent, and a date asked for stays its deadline.

        A pause is kept so: nothing is counted anew. Once its time was up, another budget comes too
        late: a deadline that was broken stays where it was.
        """
        up = self.reached()
        if self.fixed is None and (up is None or up >= now):
            self.budget, self.set_at = budget, now

    def stop(self, now: datetime) -> None:
        """Stand still from now on; a clock that stands still stays as it is."""
        if self.running_since is None:
            return
        after = self.spent + self.time.worked(self.running_since, now)
        self.spans.append(Span(self.running_since, now, self.spent, after))
        self.spent = after
        self.running_since = None

    def go_on(self, now: datetime) -> None:
        """Run again from now on."""
        if self.running_since is None:
            self.running_since = now

    def pause(self, now: datetime) -> None:
        """Stand still because of the customer; a fixed deadline does not move for that."""
        if self.fixed is None:
            self.stop(now)

    def reached(self, percent: int = 100) -> datetime | None:
        """Return when that share was or, if it goes on running, will be spent; None: not so."""
        if self.fixed is not None:
            return self._passed(self._mark(percent, self.fixed))
        amount = self.budget * percent // 100
        if amount <= self.spent:
            first = bisect_left(self.spans, amount, key=lambda span: span.after)
            for span in islice(self.spans, first, None):
                at = self.time.after(span.start, amount - span.before)
                if at is not None and at < span.end:
                    return at if self.set_at is None else max(at, self.set_at)
        if self.running_since is None:
            return None
        at = self.time.after(self.running_since, amount - self.spent)
        return at if at is None or self.set_at is None else max(at, self.set_at)

    def _mark(self, percent: int, fixed: datetime) -> datetime | None:
        if percent == 100:
            return max(fixed, self.started_at)
        mark = self.time.after(self.started_at, self.budget * percent // 100)
        return max(mark, fixed) if mark is not None and percent > 100 else mark

    def _passed(self, mark: datetime | None) -> datetime | None:
        """Return the first instant from `mark` on at which the clock runs."""
        if mark is None:
            return None
        first = bisect_right(self.spans, mark, key=lambda span: span.end)
        for span in islice(self.spans, first, None):
            if span.start < span.end:
                return max(span.start, mark)
        return None if self.running_since is None else max(self.running_since, mark)

    def overrun_at(self, at: datetime) -> datetime | None:
        """Return when its time was up, if that was by `at`."""
        up = self.reached()
        return up if up is not None and up <= at else None

    @property
    def left(self) -> timedelta:
        """Return what is left while the clock stands still; nothing once it has overrun."""
        if self.fixed is not None and self.spans:
            return self.time.worked(self.spans[-1].end, self.fixed)
        return max(self.budget - self.spent, _NONE)
