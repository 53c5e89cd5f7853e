"""Business time: the working hours of a branch's calendar, and arithmetic in them.

A day works the hours of its weekday unless it is a holiday or a make-up workday. What the
calendar itself names comes first (a make-up workday before a holiday), then the public
holidays and make-up workdays of its country, of which a year may not be announced yet: what is
reckoned through that year is provisional. A make-up workday that falls on a weekday without
hours works Friday's, and where Friday has none those of the first weekday that has any. A day
may have hours of its own (half a holiday, a long evening), which come before all of that.

A day works in as many periods as its hours name. One that goes over midnight belongs to the day
on which it begins, whole: that day's calendar and holidays decide it, and it ends that working day.

A day's calendar is the version in force when that local day begins (decision 29), so a
deadline far ahead follows a version that is published but not yet in force. Before the first
version, and for a branch without a calendar, `STANDARD_HOURS` hold, without holidays.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.calendars import DAY, day_start, local_day
from events.public_days import (
    PublicDays,
    PublishedDays,
    country_code,
    public_days,
    published_days,
)
from events.touchpoints.policy import CalendarSet, OpeningHours, PublicDaysSet

STANDARD_HOURS = tuple(
    OpeningHours(weekday=weekday, opens=opens, closes=closes)
    for weekday in range(1, 6)
    for opens, closes in ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
)
"""Where no calendar is in force: Monday to Friday, 9 to 12 and 13 to 18 (domain, section 9)."""

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Business time exists in these years only, so that every search for it ends."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FRIDAY = 5
_MIDNIGHT = 24 * 60  # the minute at which a day ends


class Term(NamedTuple):
    """The calendar that holds from a local day on, until the next term's; None: none."""

    first_day: date
    calendar: CalendarSet | None


class _Week:
    """A calendar's hours by weekday, in minutes since midnight, merged and in order."""

    __slots__ = (
        "_published", "closed", "country", "hours", "makeup", "opened", "overnight", "special",
    )  # fmt: skip

    def __init__(self, calendar: CalendarSet | None, published: PublishedDays) -> None:
        self.country = country_code(calendar.country) if calendar and calendar.country else None
        self._published = published
        by_day: dict[int, list[tuple[int, int]]] = {}
        for entry in calendar.hours if calendar else STANDARD_HOURS:
            by_day.setdefault(entry.weekday, []).append((entry.opens, entry.closes))
        self.hours: Mapping[int, Sequence[tuple[int, int]]] = {
            weekday: merged for weekday, entries in by_day.items() if (merged := _merged(entries))
        }
        usual = self.hours.get(_FRIDAY) or next(
            (self.hours[weekday] for weekday in sorted(self.hours)), ()
        )
        self.makeup = usual
        self.opened = frozenset(calendar.makeup_workdays) if calendar else frozenset()
        self.closed = frozenset(calendar.holidays) if calendar else frozenset()
        self.special: Mapping[date, Sequence[tuple[int, int]]] = {
            one.day: _merged([(period.opens, period.closes) for period in one.hours])
            for one in (calendar.special_days if calendar else ())
        }
        worked = (*self.hours.values(), *self.special.values())
        self.overnight = any(closes > _MIDNIGHT for spans in worked for _, closes in spans)

    def on(self, day: date) -> Sequence[tuple[int, int]]:
        """Return the hours of a day; none: it is not worked."""
        if self.special and (special := self.special.get(day)) is not None:
            return special
        hours = self.hours.get(day.isoweekday(), ())
        if day in self.opened:
            return hours or self.makeup
        if day in self.closed:
            return ()
        if self.country is not None:
            public = self._public(day.year)
            if day in public.makeup_workdays:
                return hours or self.makeup
            if day in public.holidays:
                return ()
        return hours

    def _public(self, year: int) -> PublicDays:
        """Return the public holidays of the country, of which there is one."""
        assert self.country is not None
        return self._published.get((self.country, year)) or public_days(self.country, year)

    def is_announced(self, year: int) -> bool:
        """Return whether working days of a year cannot move any more."""
        return self.country is None or self._public(year).announced


def _merged(entries: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for opens, closes in sorted(entries):
        if opens >= closes:
            continue
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
        else:
            merged.append((opens, closes))
    return merged


class _Year(NamedTuple):
    """The working spans of a year, in microseconds since 1970, and what was worked before each."""

    starts: Sequence[int]
    ends: Sequence[int]
    worked: Sequence[int]  # one more than there are spans: the last is the whole year's
    days: Sequence[tuple[int, int]]  # when each working day opens and closes

    def before(self, t: int) -> int:
        """Return what was worked in this year before an instant."""
        i = bisect_right(self.starts, t)
        if i == 0:
            return 0
        left = self.ends[i - 1] - t
        return self.worked[i] - left if left > 0 else self.worked[i]

    def reaching(self, amount: int) -> int:
        """Return the first instant by which that much was worked; 0 < amount <= the year's."""
        i = bisect_left(self.worked, amount) - 1
        return self.starts[i] + amount - self.worked[i]


@lru_cache(maxsize=64)
def _year_bounds(tz: ZoneInfo) -> Sequence[int]:
    """Return when each year begins, and when the last one ends."""
    years = range(FIRST_YEAR, LAST_YEAR + 2)
    return [_micros(day_start(date(year, 1, 1), tz)) for year in years]


class BusinessTime:
    """Working hours of one zone under a succession of calendars. Exact to the microsecond.

    Instants outside FIRST_YEAR to LAST_YEAR lie in no working hours.
    """

    __slots__ = ("_bounds", "_certain", "_days", "_overnight", "_weeks", "_years", "tz")

    def __init__(
        self, terms: Sequence[Term], tz: ZoneInfo, published: Sequence[PublicDaysSet] = ()
    ) -> None:
        self.tz = tz
        self._bounds = _year_bounds(tz)
        self._days = [term.first_day for term in terms]
        public = published_days(published)
        self._weeks = [_Week(None, public), *(_Week(term.calendar, public) for term in terms)]
        self._certain = all(week.country is None for week in self._weeks)
        self._overnight = any(week.overnight for week in self._weeks)
        self._years: dict[int, _Year] = {}

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the working spans [start, end) of a local day, as instants, in order."""
        return [(_instant(a), _instant(b)) for a, b in self._spans(day)]

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Return the business time in [start, end); none if it ends before it starts."""
        if end <= start:
            return timedelta()
        begins, ends = _micros(start), _micros(end)
        first, last = self._year_of(begins), self._year_of(ends)
        total = self._year(last).before(ends) - self._year(first).before(begins)
        for year in range(first, last):
            total += self._year(year).worked[-1]
        return total * _MICROSECOND

    def after(self, start: datetime, amount: timedelta) -> datetime | None:
        """Return the first instant by which `amount` is worked since `start`.

        What is reached exactly at closing time is reached on that day, not the next morning;
        nothing is reached at once. None: not before business time ends.
        """
        wanted = amount // _MICROSECOND
        if wanted <= 0:
            return start
        begins = _micros(start)
        year = self._year_of(begins)
        wanted += self._year(year).before(begins)
        while wanted > self._year(year).worked[-1]:
            wanted -= self._year(year).worked[-1]
            year += 1
            if year > LAST_YEAR:
                return None
        return _instant(self._year(year).reaching(wanted))

    def end_of_working_day(self, at: datetime, n: int) -> datetime | None:
        """Return the closing time of the n-th working day after the local day of `at`.

        The day of `at` is not counted; with n = 0 it is its own end: `at` itself.
        """
        if n <= 0:
            return at
        bounds = self._bounds
        day = local_day(_instant(min(max(_micros(at), bounds[0]), bounds[-1])), self.tz) + DAY
        tomorrow = _micros(day_start(day, self.tz))
        for year in range(day.year, LAST_YEAR + 1):
            days = self._year(year).days
            i = bisect_left(days, tomorrow, key=_opening) + n - 1
            if i < len(days):
                return _instant(days[i][1])
            n = i - len(days) + 1
        return None

    def is_provisional(self, start: datetime, end: datetime) -> bool:
        """Return whether working days from `start` to `end` may move until they are announced."""
        if self._certain:  # no calendar follows a country: nothing is announced later
            return False
        first, last = self._year_of(_micros(start)), self._year_of(_micros(end))
        begins, ends = local_day(start, self.tz), local_day(end, self.tz)
        return any(
            not self._weeks[term].is_announced(year)
            for year in range(first, last + 1)
            for term in self._terms_of(max(begins, date(year, 1, 1)), min(ends, date(year, 12, 31)))
        )

    def _terms_of(self, first: date, last: date) -> range:
        """Return the calendars in force on days from the first to the last, by number."""
        return range(bisect_right(self._days, first), bisect_right(self._days, last) + 1)

    def _year_of(self, t: int) -> int:
        """Return the local year of an instant, or the nearest that has business time."""
        return min(max(FIRST_YEAR - 1 + bisect_right(self._bounds, t), FIRST_YEAR), LAST_YEAR)

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            first, last = date(number, 1, 1), date(number, 12, 31)
            length = last.toordinal() - first.toordinal() + 1
            worked = [spans for i in range(length) if (spans := self._spans(first + i * DAY))]
            flat = [span for spans in worked for span in spans]
            if self._overnight:
                flat = self._within(number, [*self._spans(first - DAY), *flat])
            year = self._years[number] = _Year(
                starts=[start for start, _ in flat],
                ends=[end for _, end in flat],
                worked=list(accumulate((end - start for start, end in flat), initial=0)),
                days=[(spans[0][0], spans[-1][1]) for spans in worked],
            )
        return year

    def _within(self, year: int, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return what of some spans lies in a year: a shift may go over its midnight."""
        begins, ends = self._bounds[year - FIRST_YEAR], self._bounds[year - FIRST_YEAR + 1]
        inside = ((max(start, begins), min(end, ends)) for start, end in spans)
        return [(start, end) for start, end in inside if start < end]

    def _hours(self, day: date) -> Sequence[tuple[int, int]]:
        return self._weeks[bisect_right(self._days, day)].on(day)

    def _spans(self, day: date) -> list[tuple[int, int]]:
        """Return a day's working spans; clocks put forward or back never make two days overlap."""
        hours = self._hours(day)
        if not hours:
            return []
        low = _micros(day_start(day, self.tz))
        if self._overnight:
            low = max(low, self._closes(day - DAY, self._hours(day - DAY)))
        spans: list[tuple[int, int]] = []
        for opens, closes in hours:
            start = max(low, self._at(day, opens))
            end = min(self._end_of(day, closes), self._at(day, closes))
            if start < end:
                spans.append((start, end))
                low = end
        return spans

    def _closes(self, day: date, hours: Sequence[tuple[int, int]]) -> int:
        """Return when a day's hours are over, if that is after its midnight; else that."""
        if not hours or hours[-1][1] <= _MIDNIGHT:
            return _micros(day_start(day + DAY, self.tz))
        closes = hours[-1][1]
        return min(self._end_of(day, closes), self._at(day, closes))

    def _end_of(self, day: date, closes: int) -> int:
        """Return the midnight that hours of a day do not go beyond."""
        days = 1 if closes <= _MIDNIGHT else 2
        return _micros(day_start(day + days * DAY, self.tz))

    def _at(self, day: date, minute: int) -> int:
        if minute >= _MIDNIGHT:
            day, minute = day + DAY, minute - _MIDNIGHT
        if minute in (0, _MIDNIGHT):
            return _micros(day_start(day + (minute // _MIDNIGHT) * DAY, self.tz))
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=self.tz)
        return _micros(local.astimezone(UTC))


def _opening(day: tuple[int, int]) -> int:
    return day[0]


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


@lru_cache(maxsize=1024)
def shared(
    terms: tuple[Term, ...], tz: ZoneInfo, published: tuple[PublicDaysSet, ...] = ()
) -> BusinessTime:
    """Return the business time of a zone under calendars, the same for all that have them.

    `published` are the public holidays that count in place of those of the pinned data.
    """
    return BusinessTime(terms, tz, published)
