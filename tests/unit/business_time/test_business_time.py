"""Business calendars: lunch, weekends, holidays, make-up workdays, versions, zones."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import structs

from events.branch_calendars import business_time
from events.business_time import STANDARD_HOURS, BusinessTime, Term
from events.calendars import zone
from events.policy import Reference
from events.public_days import knows_country, public_days
from events.touchpoints.policy import (
    BranchSet,
    CalendarSet,
    OpeningHours,
    SpecialDay,
    WorkingHours,
)
from tests.support.given import SHANGHAI, instant, recorded_events, told

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
STANDARD = BusinessTime((), SHANGHAI)


def hours(weekdays: range, opens: int, closes: int) -> tuple[OpeningHours, ...]:
    return tuple(
        OpeningHours(weekday=day, opens=opens * 60, closes=closes * 60) for day in weekdays
    )


def calendar(
    *,
    opening: tuple[OpeningHours, ...] = STANDARD_HOURS,
    holidays: tuple[date, ...] = (),
    makeup: tuple[date, ...] = (),
    country: str | None = None,
) -> CalendarSet:
    return CalendarSet(
        effective_from=LONG_AGO,
        calendar_id="service",
        hours=opening,
        holidays=holidays,
        makeup_workdays=makeup,
        country=country,
    )


def under(found: CalendarSet, tz: str = "Asia/Shanghai") -> BusinessTime:
    return BusinessTime((Term(date(2000, 1, 1), found),), zone(tz))


def worked_on(time: BusinessTime, day: date) -> timedelta:
    return sum((end - start for start, end in time.spans(day)), timedelta())


def test_lunch_nights_and_weekends_are_no_business_time() -> None:
    assert STANDARD.worked(instant("2026-03-06 11:00"), instant("2026-03-09 10:00")) == timedelta(
        hours=1 + 5 + 1
    )


def test_a_deadline_at_closing_time_stays_on_that_day() -> None:
    assert STANDARD.after(instant("2026-03-09 09:00"), timedelta(hours=8)) == instant(
        "2026-03-09 18:00"
    )
    assert STANDARD.after(instant("2026-03-09 18:00"), timedelta(microseconds=1)) == instant(
        "2026-03-10 09:00:00.000001"
    )


def test_no_time_at_all_is_reached_at_once_even_at_night() -> None:
    night = instant("2026-03-07 23:00")
    assert STANDARD.after(night, timedelta()) == night


def test_two_working_days_end_with_the_second_ones_closing() -> None:
    assert STANDARD.end_of_working_day(instant("2026-03-05 09:00"), 2) == instant(
        "2026-03-09 18:00"
    )
    assert STANDARD.end_of_working_day(instant("2026-03-07 12:00"), 2) == instant(
        "2026-03-10 18:00"
    )


def test_a_makeup_workday_works_the_hours_of_the_weekday_it_replaces() -> None:
    sunday = date(2026, 3, 8)
    friday = (*hours(range(1, 5), 9, 17), *hours(range(5, 6), 9, 12))
    assert worked_on(under(calendar(opening=friday, makeup=(sunday,))), sunday).seconds == 3 * 3600
    no_friday = hours(range(2, 4), 8, 10)
    assert worked_on(under(calendar(opening=no_friday, makeup=(sunday,))), sunday) == timedelta(
        hours=2
    )
    own = (*STANDARD_HOURS, *hours(range(7, 8), 10, 11))
    assert worked_on(under(calendar(opening=own, makeup=(sunday,))), sunday) == timedelta(hours=1)


def test_a_makeup_workday_that_the_calendar_names_is_worked_though_it_is_a_holiday() -> None:
    day = date(2026, 10, 2)
    assert not under(calendar(country="CN")).spans(day)
    assert under(calendar(country="CN", makeup=(day,))).spans(day)
    assert not under(calendar(holidays=(date(2026, 3, 9),))).spans(date(2026, 3, 9))


@pytest.mark.parametrize(
    "day",
    ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"],
)
def test_chinas_makeup_workdays_of_2026_are_worked(day: str) -> None:
    """As announced by the State Council in November 2025."""
    assert date.fromisoformat(day).isoweekday() > 5
    assert worked_on(under(calendar(country="CN")), date.fromisoformat(day)) == timedelta(hours=8)


def test_chinas_golden_weeks_are_not_worked() -> None:
    time = under(calendar(country="CN"))
    start, end = instant("2026-09-30 18:00"), instant("2026-10-08 09:00")
    assert time.worked(start, end) == timedelta()
    assert STANDARD.worked(start, end) == timedelta(hours=5 * 8)
    spring = time.worked(instant("2026-02-15"), instant("2026-02-24"))
    assert spring == timedelta()


def test_an_unknown_country_has_no_public_holidays() -> None:
    assert knows_country("CN")
    assert knows_country("it")
    assert not knows_country("XX")
    assert public_days("XX", 2026).holidays == frozenset()
    assert under(calendar(country="XX")).spans(date(2026, 10, 1))


def test_hours_that_overlap_count_once() -> None:
    twice = (*hours(range(1, 2), 9, 12), *hours(range(1, 2), 11, 14), *hours(range(1, 2), 16, 15))
    assert worked_on(under(calendar(opening=twice)), date(2026, 3, 9)) == timedelta(hours=5)


def test_a_calendar_without_hours_never_gets_anywhere() -> None:
    never = under(calendar(opening=()))
    at = instant("2026-03-09 09:00")
    assert never.after(at, timedelta(minutes=1)) is None
    assert never.end_of_working_day(at, 2) is None


def test_a_night_shift_is_as_long_as_the_clocks_make_it() -> None:
    night = under(calendar(opening=hours(range(7, 8), 0, 6)), "Europe/Rome")
    assert worked_on(night, date(2026, 3, 29)) == timedelta(hours=5)
    assert worked_on(night, date(2026, 10, 25)) == timedelta(hours=7)


def worked_between(time: BusinessTime, start: str, end: str) -> timedelta:
    return time.worked(instant(start), instant(end))


NIGHTS = hours(range(1, 6), 22, 30)


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    """Monday to Friday from 22:00 until 06:00 of the next day."""
    nights = under(calendar(opening=NIGHTS))
    assert (
        worked_between(nights, "2026-03-09 00:00", "2026-03-09 22:00") == timedelta()
    )  # Sunday has none
    assert worked_between(nights, "2026-03-09 22:00", "2026-03-10 12:00") == timedelta(hours=8)
    assert nights.after(instant("2026-03-09 23:00"), timedelta(hours=5)) == instant(
        "2026-03-10 04:00"
    )
    assert nights.after(instant("2026-03-10 05:00"), timedelta(hours=2)) == instant(
        "2026-03-10 23:00"
    )
    assert nights.after(instant("2026-03-14 05:30"), timedelta(hours=1)) == instant(
        "2026-03-16 22:30"
    )
    assert nights.end_of_working_day(instant("2026-03-12 12:00"), 1) == instant("2026-03-14 06:00")


def test_a_holiday_takes_the_shift_that_begins_on_it_and_no_other() -> None:
    nights = under(calendar(opening=NIGHTS, holidays=(date(2026, 3, 11),)))
    assert worked_between(nights, "2026-03-11 00:00", "2026-03-12 00:00") == timedelta(hours=6)
    assert worked_between(nights, "2026-03-12 00:00", "2026-03-13 00:00") == timedelta(hours=2)


def test_a_shift_over_the_end_of_the_year_is_counted_once() -> None:
    nights = under(calendar(opening=hours(range(1, 8), 22, 30)))
    assert worked_between(nights, "2026-12-31 12:00", "2027-01-01 12:00") == timedelta(hours=8)
    assert worked_between(nights, "2026-12-31 23:00", "2027-01-01 01:00") == timedelta(hours=2)
    assert nights.after(instant("2026-12-31 22:00"), timedelta(hours=3)) == instant(
        "2027-01-01 01:00"
    )


def test_a_day_has_as_many_periods_as_its_hours_name() -> None:
    three = under(
        calendar(opening=(*hours(range(1, 6), 6, 9), *hours(range(1, 6), 11, 14), *NIGHTS))
    )
    assert worked_between(three, "2026-03-10 06:00", "2026-03-11 06:00") == timedelta(hours=14)
    assert three.after(instant("2026-03-10 08:00"), timedelta(hours=5)) == instant(
        "2026-03-10 23:00"
    )


def test_half_a_holiday_has_hours_of_its_own() -> None:
    """New Year's Eve works the morning; a Sunday works an evening; a Wednesday not at all."""
    special = tuple(
        SpecialDay(
            day=day,
            hours=tuple(WorkingHours(opens=a * 60, closes=b * 60) for a, b in periods),
        )
        for day, periods in (
            (date(2026, 2, 16), [(9, 12)]),
            (date(2026, 3, 15), [(18, 21)]),
            (date(2026, 3, 18), []),
        )
    )
    time = under(structs.replace(calendar(country="CN"), special_days=special))
    assert worked_on(time, date(2026, 2, 16)) == timedelta(hours=3)  # a public holiday else
    assert worked_on(time, date(2026, 3, 15)) == timedelta(hours=3)
    assert worked_on(time, date(2026, 3, 18)) == timedelta()
    assert worked_on(time, date(2026, 3, 19)) == timedelta(hours=8)


def test_a_day_that_a_zone_left_out_is_not_worked() -> None:
    """Samoa had no 30 December 2011."""
    always = under(calendar(opening=hours(range(1, 8), 0, 24)), "Pacific/Apia")
    assert always.spans(date(2011, 12, 30)) == []
    assert worked_on(always, date(2011, 12, 31)) == timedelta(hours=24)


def reference(*versions: CalendarSet, branch: str | None = "service") -> Reference:
    known = BranchSet(effective_from=LONG_AGO, branch_id="B-1", name="Branch", calendar_id=branch)
    return Reference(recorded_events([told(data, "2020-01-01") for data in (known, *versions)]))


def version(effective_from: str, opens: int, closes: int) -> CalendarSet:
    return CalendarSet(
        effective_from=instant(effective_from),
        calendar_id="service",
        hours=hours(range(1, 6), opens, closes),
    )


def test_a_day_follows_the_version_in_force_when_it_begins() -> None:
    known = reference(version("2026-01-01", 8, 12), version("2026-03-10 12:00", 10, 12))
    time = business_time(known, "B-1")
    assert worked_on(time, date(2025, 12, 31)) == timedelta(hours=8), "before any: the standard"
    assert worked_on(time, date(2026, 1, 1)) == timedelta(hours=4)
    assert worked_on(time, date(2026, 3, 10)) == timedelta(hours=4)
    assert worked_on(time, date(2026, 3, 11)) == timedelta(hours=2)
    due = time.after(instant("2026-03-10 08:00"), timedelta(hours=5))
    assert due == instant("2026-03-11 11:00"), "a deadline ahead follows the version in force then"


def test_branches_with_equal_calendars_share_their_business_time() -> None:
    known = reference(version("2026-01-01", 8, 12))
    assert business_time(known, "B-1") is business_time(known, "B-1")
    assert business_time(known, "unknown") is business_time(known, None)
    unset = reference(branch=None)
    assert worked_on(business_time(unset, "B-1"), date(2026, 3, 9)) == timedelta(hours=8)
    lost = reference(branch="nobody published it")
    assert worked_on(business_time(lost, "B-1"), date(2026, 3, 9)) == timedelta(hours=8)
