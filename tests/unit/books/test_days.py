"""Local days are those of the zone, on whichever side of a clock change an instant lies."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from events.calendars import day_start, local_day, zone
from projections.books.days import Days

ZONES = (
    "Asia/Shanghai",  # it put clocks forward in the summers of 1986 to 1991
    "Europe/Berlin",
    "America/Havana",  # clocks go back over a midnight
    "America/Sao_Paulo",  # there were days without a midnight
    "Africa/Monrovia",  # 44 minutes and 30 seconds behind until 1972
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # the 30th of December 2011 never was
)

FIRST = datetime(1960, 1, 1, tzinfo=UTC)
instants = st.timedeltas(timedelta(), timedelta(days=80 * 365)).map(lambda gone: FIRST + gone)


@given(st.sampled_from(ZONES), instants, st.integers(-30, 30))
@example("America/Havana", datetime(2024, 11, 3, 4, 30, tzinfo=UTC), 1)
@example("America/Sao_Paulo", datetime(2018, 11, 4, 2, 59, tzinfo=UTC), 1)
@example("Pacific/Apia", datetime(2011, 12, 30, 9, 59, tzinfo=UTC), 1)
def test_a_day_is_the_zones_own(name: str, at: datetime, hours: int) -> None:
    days = Days(zone(name))
    for instant in (at, at + timedelta(hours=hours)):
        found = local_day(instant, days.tz).toordinal()
        assert days.of(instant) == found
        begun = [d for d in (found, found + 1) if _start(d, days) <= instant]
        assert days.today(instant) == begun[-1]


@given(st.sampled_from(ZONES), instants, st.sampled_from(["Asia/Tokyo", "America/New_York"]))
def test_an_instant_written_elsewhere_is_the_same_day(
    name: str, at: datetime, written: str
) -> None:
    days = Days(zone(name))
    assert days.of(at.astimezone(zone(written))) == days.of(at)
    assert days.today(at.astimezone(zone(written))) == days.today(at)


def _start(day: int, days: Days) -> datetime:
    return day_start(date.fromordinal(day), days.tz)
