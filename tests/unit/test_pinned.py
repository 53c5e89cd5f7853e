"""Data of libraries that decides figures stays as it was, or a test fails and says what moved."""

import datetime

import holidays
import pytest

from events.public_days import NOTICES, public_days
from tests.support.pinned import LINES, kept


@pytest.mark.parametrize("name", LINES)
def test_what_a_librarys_data_decides_has_not_moved(name: str) -> None:
    """See tests.support.pinned for what is to be done when it has."""
    found, known = set(LINES[name]()), set(kept(name))
    assert sorted(known - found) == [], "these were, and are not so any more"
    assert sorted(found - known) == [], "these are new, or otherwise than they were"


def moved_days(country: str) -> set[int]:
    """The years whose working days a government moved, by the tables of the library itself.

    An entry of four numbers is a day off, and the working day that makes up for it.
    """
    found = holidays.country_holidays(country, years=2026, expand=False)
    years = set()
    for table in (getattr(found, name) for name in dir(found) if name.startswith("special_public")):
        for year, days in table.items():
            entries = days if days and isinstance(days[0], tuple) else (days,)
            if any(len(e) >= 4 and all(isinstance(n, int) for n in e[:4]) for e in entries):
                years.add(year)
    return years


def test_the_last_notice_of_each_government_is_the_last_that_the_data_knows() -> None:
    codes = holidays.list_supported_countries(include_aliases=False)
    last = {code: max(years) for code in codes if (years := moved_days(code))}
    assert {code: year for code, year in last.items() if year >= 2026} == NOTICES


def test_the_days_of_a_year_without_a_notice_are_told_from_those_of_one_with_it() -> None:
    with_notice, without = public_days("CN", 2026), public_days("CN", 2027)
    assert with_notice.announced
    assert len(with_notice.makeup_workdays) == 6
    assert not without.announced
    assert without.makeup_workdays == frozenset()
    # Holidays that the law itself names need no notice, and a moon that was not seen is estimated.
    assert public_days("DE", 2040).announced
    assert public_days("AE", 2025).announced
    assert not public_days("AE", 2029).announced


def test_china_s_makeup_workdays_at_the_turn_of_a_year_belong_to_the_year_they_lie_in() -> None:
    """The notice of 2012 made up for 2 January by the last day of 2011."""
    assert datetime.date(2011, 12, 31) in public_days("CN", 2011).makeup_workdays
    assert datetime.date(2011, 12, 31) not in public_days("CN", 2012).makeup_workdays
