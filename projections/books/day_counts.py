"""Days as parts of a year, by the convention of a day count; exact, so that nothing is rounded.

A year has as many parts as every convention divides without a rest, and each convention counts the
parts from one day to another as the difference of two numbers: so a time may be cut at any
midnight, and the conventions may follow each other.

- actual/365 and actual/360: every day is a 365th, or a 360th.
- actual/actual (ISDA): a day of a leap year is a 366th, any other a 365th.
- 30/360 (30E/360, ISDA's Eurobond basis): every month has 30 days; the 31st counts for none, and
  the last day of February for as many as are missing of 30.

Source: ISDA 2006 Definitions, section 4.16 (b), (d), (e), (g).
"""

from __future__ import annotations

from datetime import date
from typing import Final

from events.touchpoints.policy import DayCount

YEAR_PARTS: Final = 1_603_080
"""The least common multiple of 360, 365 and 366 * 365."""

_OF_365: Final = YEAR_PARTS // 365
_OF_366: Final = YEAR_PARTS // 366
_OF_360: Final = YEAR_PARTS // 360
_MONTH: Final = 30


def year_parts(day: int, convention: DayCount) -> int:
    """Return the number of a day, whose distance to another day's is the time between in parts.

    The day is a proleptic ordinal; a time goes from the first day's beginning to the last day's.
    """
    if convention == "actual/365":
        return _OF_365 * day
    if convention == "actual/360":
        return _OF_360 * day
    of = date.fromordinal(day)
    if convention == "30/360":
        return _OF_360 * (360 * of.year + _MONTH * of.month + min(of.day, _MONTH))
    return _OF_365 * day - (_OF_365 - _OF_366) * _days_of_leap_years_before(of)


def _days_of_leap_years_before(day: date) -> int:
    """Return how many days before a day are in leap years."""
    year = day.year - 1
    found = 366 * (year // 4 - year // 100 + year // 400)
    if _is_leap(day.year):
        found += day.toordinal() - date(day.year, 1, 1).toordinal()
    return found


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
