"""The clock of a case as its stream tells it: when it ran, and how much time it was given.

It holds instants alone. How much of them was working time is asked with the calendars at hand,
so that a calendar that is learnt late counts at once. A fact at an instant precedes a deadline
at that instant: a clock that is stopped exactly when its time is up has not overrun.
Source: domain rules, sections 2 and 6.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from events.business_time import BusinessTime

_NONE = timedelta()


class Clock(Struct, frozen=True):
    """When a clock ran, of how many minutes of working time; `fixed` is a date asked for.

    `set_at` is when its minutes were last set: no share of them is spent before. `earlier` are the
    minutes that it had until then, with when these were set.
    """

    started_at: datetime
    minutes: int
    set_at: datetime
    running_since: datetime | None
    ran: tuple[tuple[datetime, datetime], ...] = ()
    fixed: datetime | None = None
    earlier: tuple[tuple[int, datetime], ...] = ()


def started(now: datetime, minutes: int, fixed: datetime | None = None) -> Clock:
    """Return a clock that runs from now on."""
    return Clock(now, minutes, now, now, (), fixed)


def stopped(clock: Clock, now: datetime) -> Clock:
    """Return the clock standing still from now on."""
    if clock.running_since is None:
        return clock
    return replace(clock, ran=(*clock.ran, (clock.running_since, now)), running_since=None)


def paused(clock: Clock, now: datetime) -> Clock:
    """Return the clock while the customer is waited for; a date asked for does not move."""
    return clock if clock.fixed is not None else stopped(clock, now)


def going_on(clock: Clock, now: datetime) -> Clock:
    """Return the clock running again from now on."""
    return clock if clock.running_since is not None else replace(clock, running_since=now)


def given(clock: Clock, minutes: int, now: datetime) -> Clock:
    """Return the clock with other minutes; what was spent stays spent, pauses stay pauses.

    Once its time was up they come too late: a deadline that was broken stays where it was.
    """
    if clock.fixed is not None:
        return clock
    earlier = (*clock.earlier, (clock.minutes, clock.set_at))
    return replace(clock, minutes=minutes, set_at=now, earlier=earlier)


def reached_at(clock: Clock, time: BusinessTime, percent: int = 100) -> datetime | None:
    """Return when that share was or, if it goes on running, will be spent; None: it is not so."""
    if clock.fixed is not None:
        return _running_from(clock, _mark(clock, clock.fixed, time, percent))
    given = (*clock.earlier, (clock.minutes, clock.set_at))
    for (minutes, set_at), (_, until) in pairwise(given):
        up = _spent_at(clock, timedelta(minutes=minutes), set_at, time)
        if up is not None and up < until:
            break  # it was up before it was given others
    else:
        minutes, set_at = given[-1]
    return _spent_at(clock, timedelta(minutes=minutes) * percent // 100, set_at, time)


def _spent_at(
    clock: Clock, left: timedelta, set_at: datetime, time: BusinessTime
) -> datetime | None:
    """Return when so much of working time was or will be spent, at the earliest when it was set."""
    for start, end in clock.ran:
        at = time.after(start, left)
        if at is not None and at < end:
            return max(at, set_at)
        left = max(left - time.worked(start, end), _NONE)
    if clock.running_since is None:
        return None
    at = time.after(clock.running_since, left)
    return None if at is None else max(at, set_at)


def _mark(clock: Clock, fixed: datetime, time: BusinessTime, percent: int) -> datetime | None:
    if percent == 100:
        return max(fixed, clock.started_at)
    whole = time.worked(clock.started_at, fixed)
    mark = time.after(clock.started_at, whole * percent // 100)
    return max(mark, fixed) if mark is not None and percent > 100 else mark


def _running_from(clock: Clock, mark: datetime | None) -> datetime | None:
    """Return the first instant from `mark` on at which the clock runs."""
    if mark is None:
        return None
    for start, end in clock.ran:
        if start < end and mark < end:
            return max(start, mark)
    return None if clock.running_since is None else max(clock.running_since, mark)
