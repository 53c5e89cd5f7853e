"""Laws of business time: adding up, inverses, and none of it outside working hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.business_time import BusinessTime, Term
from events.calendars import DAY, local_day, zone
from events.touchpoints.policy import CalendarSet, OpeningHours, SpecialDay, WorkingHours

_minutes = st.sampled_from([0, 1, 540, 720, 721, 1080, 1439, 1440])
_closing = st.one_of(_minutes, st.sampled_from([1441, 1800, 2400, 2880]))
_hours = st.lists(
    st.builds(OpeningHours, weekday=st.integers(1, 7), opens=_minutes, closes=_closing), max_size=8
).map(tuple)
_days = st.dates(date(2025, 12, 20), date(2026, 4, 10))
_special = st.builds(
    SpecialDay,
    day=_days,
    hours=st.lists(st.builds(WorkingHours, opens=_minutes, closes=_closing), max_size=3).map(tuple),
)
_calendars = st.one_of(
    st.none(),
    st.builds(
        CalendarSet,
        effective_from=st.just(datetime(2000, 1, 1, tzinfo=UTC)),
        calendar_id=st.just("any"),
        hours=_hours,
        holidays=st.lists(_days, max_size=4).map(tuple),
        makeup_workdays=st.lists(_days, max_size=4).map(tuple),
        country=st.sampled_from([None, "CN", "IT", "cn", "XX", ""]),
        special_days=st.lists(_special, max_size=3).map(tuple),
    ),
)
_zones = st.sampled_from(
    ["Asia/Shanghai", "UTC", "Europe/Rome", "America/Santiago", "Pacific/Apia", "Asia/Gaza"]
)
_instants = st.timedeltas(timedelta(), timedelta(days=110)).map(
    lambda past: datetime(2025, 12, 20, tzinfo=UTC) + past
)
_amounts = st.one_of(
    st.timedeltas(timedelta(), timedelta(days=12)),
    st.integers(0, 100).map(lambda hours: timedelta(hours=hours)),
)


@st.composite
def times(draw: st.DrawFn) -> BusinessTime:
    """Business time under up to three calendars that follow each other."""
    terms = [Term(draw(_days), draw(_calendars)) for _ in range(draw(st.integers(0, 3)))]
    terms.sort(key=lambda term: term.first_day)
    return BusinessTime(tuple(terms), zone(draw(_zones)))


@given(times(), _instants, _instants, _instants)
def test_business_time_adds_up(
    time: BusinessTime, one: datetime, two: datetime, three: datetime
) -> None:
    a, b, c = sorted((one, two, three))
    assert time.worked(a, b) + time.worked(b, c) == time.worked(a, c)
    assert timedelta() <= time.worked(a, b) <= b - a
    assert time.worked(b, a) == timedelta()


@given(times(), _instants, _amounts)
def test_after_is_the_first_instant_by_which_the_amount_is_worked(
    time: BusinessTime, start: datetime, amount: timedelta
) -> None:
    end = time.after(start, amount)
    if end is None:
        assert time.worked(start, datetime(2199, 12, 31, tzinfo=UTC)) < amount
        return
    assert time.worked(start, end) == amount
    if amount:
        assert time.worked(start, end - timedelta(microseconds=1)) < amount
    else:
        assert end == start


@given(times(), _instants, _instants)
def test_what_was_worked_is_reached_no_later(
    time: BusinessTime, one: datetime, two: datetime
) -> None:
    start, end = sorted((one, two))
    reached = time.after(start, time.worked(start, end))
    assert reached is not None
    assert reached <= end


@given(times(), _instants, _instants)
def test_the_spans_of_the_days_are_what_is_worked(
    time: BusinessTime, one: datetime, two: datetime
) -> None:
    start, end = sorted((one, two))
    total = timedelta()
    before = None
    day = start.date() - timedelta(days=2)
    while day <= end.date() + timedelta(days=2):
        for opens, closes in time.spans(day):
            assert opens < closes
            assert before is None or before <= opens
            before = closes
            total += max(timedelta(), min(closes, end) - max(opens, start))
        day += timedelta(days=1)
    assert total == time.worked(start, end)


@given(times(), _instants, st.integers(1, 5))
def test_the_nth_working_day_ends_when_its_last_hours_do(
    time: BusinessTime, at: datetime, n: int
) -> None:
    end = time.end_of_working_day(at, n)
    if end is None:
        return
    closing = local_day(end - timedelta.resolution, time.tz)
    found = [day for day in (closing, closing - DAY) if any(e == end for _, e in time.spans(day))]
    (last,) = found  # a shift that goes over midnight ends the day on which it began
    assert local_day(at, time.tz) < last
    assert time.spans(last)[-1][1] == end
    if n > 1:
        before = time.end_of_working_day(at, n - 1)
        assert before is not None
        assert before < end


@given(st.sampled_from([1, 1969, 1970, 2199, 2200, 9999]), _amounts, _zones)
def test_at_the_ends_of_time_there_are_answers(year: int, amount: timedelta, name: str) -> None:
    time = BusinessTime((), zone(name))
    at = datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, tzinfo=UTC)
    for moment in (at, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        reached = time.after(moment, amount)
        assert reached is None or time.worked(moment, reached) == amount
        time.end_of_working_day(moment, 3)
