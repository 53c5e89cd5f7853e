"""Local days of a zone as whole numbers, and the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from events.calendars import day_start, local_day

BEGINNING = datetime.min.replace(tzinfo=UTC)
ENDING = datetime.max.replace(tzinfo=UTC)

_FIRST_DAY = date(2, 1, 1).toordinal()
_LAST_DAY = date(9998, 12, 31).toordinal()
_KEPT_DAYS = 20_000  # of each zone


class Days:
    """Local days of one zone as ordinals; days beyond the calendar count as its ends.

    It keeps what was looked up last: facts come in order, and most ask for days nearby.
    """

    __slots__ = ("_begins", "_day", "_ends", "_starts", "tz")

    def __init__(self, tz: ZoneInfo) -> None:
        self.tz = tz
        self._starts: dict[int, datetime] = {}
        self._day, self._begins, self._ends = 0, ENDING, BEGINNING  # of today

    def __reduce__(self) -> tuple[object, ...]:
        """Come back from bytes as the days that everybody uses."""
        return days_in, (self.tz,)

    def start(self, day: int) -> datetime:
        """Return the instant at which a local day begins."""
        found = self._starts.get(day)
        if found is None:
            if len(self._starts) == _KEPT_DAYS:
                self._starts.clear()
            known = date.fromordinal(min(max(day, _FIRST_DAY), _LAST_DAY))
            found = self._starts[day] = day_start(known, self.tz)
        return found

    def of(self, at: datetime) -> int:
        """Return the local day of an instant."""
        return local_day(at, self.tz).toordinal()

    def today(self, at: datetime) -> int:
        """Return the last day whose start is not after `at`, also where a clock goes back."""
        if not self._begins <= at < self._ends:
            day = self.of(at)
            if at >= self.start(day + 1):
                day += 1
            self._day, self._begins, self._ends = day, self.start(day), self.start(day + 1)
        return self._day


@cache
def days_in(tz: ZoneInfo) -> Days:
    """Return the days of a zone."""
    return Days(tz)
