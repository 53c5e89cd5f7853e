"""Local days of a zone as whole numbers, and the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from events.calendars import DAY, day_start, local_day

BEGINNING = datetime.min.replace(tzinfo=UTC)
ENDING = datetime.max.replace(tzinfo=UTC)

_FIRST_DAY: Final = date(2, 1, 1).toordinal()
_LAST_DAY: Final = date(9998, 12, 31).toordinal()
_KEPT_DAYS: Final = 20_000  # of each zone
_NOON: Final = timedelta(hours=12)

_Midnight = tuple[datetime, int]
"""When a local day begins within a day of UTC, and the number of the day that ends then."""


class Days:
    """Local days of one zone as ordinals; days beyond the calendar count as its ends.

    A local day begins once in a day of UTC, but for those on which a clock is changed: where
    is kept, so that an instant's day is a comparison.
    """

    __slots__ = ("_midnights", "_starts", "tz")

    def __init__(self, tz: ZoneInfo) -> None:
        self.tz = tz
        self._starts: dict[int, datetime] = {}
        self._midnights: dict[int, _Midnight | None] = {}  # by day of UTC; None: a clock changes

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
        midnight = self._midnights.get(at.toordinal()) if at.tzinfo is UTC else None
        if midnight is None:
            midnight = self._midnight(at)
            if midnight is None:
                return local_day(at, self.tz).toordinal()
        return midnight[1] if at < midnight[0] else midnight[1] + 1

    def today(self, at: datetime) -> int:
        """Return the last day whose start is not after `at`, also where a clock goes back."""
        midnight = self._midnights.get(at.toordinal()) if at.tzinfo is UTC else None
        if midnight is None:
            midnight = self._midnight(at)
            if midnight is None:
                day = local_day(at, self.tz).toordinal()
                return day + 1 if at >= self.start(day + 1) else day
        return midnight[1] if at < midnight[0] else midnight[1] + 1

    def _midnight(self, at: datetime) -> _Midnight | None:
        if at.tzinfo is not UTC:
            return None
        utc_day = at.toordinal()
        found = self._midnights.get(utc_day)
        if found is None and utc_day not in self._midnights:
            if len(self._midnights) == _KEPT_DAYS:
                self._midnights.clear()
            found = self._midnights[utc_day] = self._midnight_on(utc_day)
        return found

    def _midnight_on(self, utc_day: int) -> _Midnight | None:
        """Return where a local day begins; None: the clock is not the same all day, or the end."""
        if not _FIRST_DAY < utc_day < _LAST_DAY:
            return None
        begins = datetime.fromordinal(utc_day).replace(tzinfo=UTC)
        offset = begins.astimezone(self.tz).utcoffset()
        for later in (begins + _NOON, begins + DAY):
            if later.astimezone(self.tz).utcoffset() != offset:
                return None
        day = local_day(begins, self.tz).toordinal()
        starts = self.start(day + 1)
        if self.start(day) <= begins < starts <= begins + DAY:
            return starts, day
        return None


@cache
def days_in(tz: ZoneInfo) -> Days:
    """Return the days of a zone."""
    return Days(tz)
