from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.calendars import DAY, INSTANT, UnknownZone, day_end, day_start, local_day, zone

SHANGHAI = zone("Asia/Shanghai")
NEW_YORK = zone("America/New_York")

ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "America/Havana",  # midnight happens twice
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Africa/Cairo",  # midnight is left out
    "UTC",
)


def test_a_local_day_begins_at_local_midnight() -> None:
    assert day_start(date(2026, 3, 7), SHANGHAI) == datetime(2026, 3, 6, 16, tzinfo=UTC)
    assert local_day(datetime(2026, 3, 6, 16, tzinfo=UTC), SHANGHAI) == date(2026, 3, 7)
    assert local_day(datetime(2026, 3, 6, 15, 59, 59, 999_999, UTC), SHANGHAI) == date(2026, 3, 6)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 7), 24), (date(2026, 3, 8), 23), (date(2026, 11, 1), 25)],
)
def test_a_day_on_which_clocks_change_has_its_true_length(day: date, hours: int) -> None:
    assert day_start(day + DAY, NEW_YORK) - day_start(day, NEW_YORK) == timedelta(hours=hours)


def test_a_day_whose_midnight_is_left_out_begins_with_its_first_instant() -> None:
    cairo = zone("Africa/Cairo")

    begins = day_start(date(2026, 4, 24), cairo)

    assert begins.astimezone(cairo).strftime("%d %H:%M") == "24 01:00"
    assert (begins - INSTANT).astimezone(cairo).strftime("%d %H:%M") == "23 23:59"


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(ZONES))
def test_a_local_day_holds_its_first_and_last_instants_and_not_their_neighbours(
    day: date, name: str
) -> None:
    tz = zone(name)

    assert local_day(day_start(day, tz), tz) == day
    assert local_day(day_end(day, tz), tz) == day
    assert local_day(day_start(day, tz) - INSTANT, tz) == day - DAY
    assert local_day(day_end(day, tz) + INSTANT, tz) == day + DAY


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "Asia",
        "asia/shanghai",
        "leapseconds",
        "../../etc/passwd",
        "/etc/localtime",
        "Asia//Shanghai",
        "tzdata.zi",
        "Asia/Shang\x00hai",
        "__init__.py",
    ],
)
def test_what_is_no_iana_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone(name)


def test_every_zone_of_the_pinned_data_can_be_read() -> None:
    names = files("tzdata").joinpath("zones").read_text("ascii").split()

    assert [zone(name).key for name in names] == names


def test_a_zone_is_read_once_so_that_its_days_are_found_again() -> None:
    assert zone("Asia/Shanghai") is SHANGHAI
