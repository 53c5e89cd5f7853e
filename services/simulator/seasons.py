"""When business is done: the year's rhythm, the week's, and the hours of a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from events.calendars import day_start

# First days of the Chinese year, as published by the Hong Kong Observatory.
_NEW_YEARS = (
    date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6),
    date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 3), date(2031, 1, 23), date(2032, 2, 11),
)  # fmt: skip

PEAK = 1.9
"""The highest demand factor of any day."""

_BY_MONTH = (0.95, 0.75, 1.0, 1.0, 1.05, 1.1, 0.95, 0.95, 1.1, 1.0, 1.45, 1.2)
_BY_WEEKDAY = (1.1, 1.1, 1.05, 1.05, 1.1, 0.6, 0.35)


@lru_cache(maxsize=4096)
def demand(day: date) -> float:
    """Return the demand of a day against the year's average, at most `PEAK`."""
    factor = _BY_MONTH[day.month - 1] * _BY_WEEKDAY[day.weekday()]
    since_new_year = min((abs((day - first).days), (day - first).days) for first in _NEW_YEARS)[1]
    if -3 <= since_new_year <= 10:
        factor *= 0.15
    elif -21 <= since_new_year < -3:
        factor *= 1.25
    if day.month == 11 and 9 <= day.day <= 12:
        factor *= 1.6
    return min(factor, PEAK)


def holidays(first: int, last: int) -> tuple[date, ...]:
    """Return the public holidays of some years that move business: New Year and both weeks."""
    days: list[date] = []
    for year in range(first, last + 1):
        days.append(date(year, 1, 1))
        days += (
            new_year + timedelta(days=k)
            for new_year in _NEW_YEARS
            if new_year.year == year
            for k in range(-1, 7)
        )
        days += (date(year, 5, k) for k in range(1, 6))
        days += (date(year, 10, k) for k in range(1, 8))
    return tuple(days)


def office_hour(dice: Random, day: date, tz: ZoneInfo) -> datetime:
    """Return an instant within the working hours (08:30 to 18:30) of a local day."""
    return day_start(day, tz) + timedelta(seconds=30_600 + int(dice.random() * 36_000))


def workday(day: date) -> date:
    """Return the day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
