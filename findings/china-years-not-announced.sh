#!/usr/bin/env bash
# `holidays` answers for Chinese years that nobody has announced yet as if they were known.
#
# China's days off, and the weekend days worked to make up for them, are announced each autumn for the
# coming year. Asked for a later year, `holidays` gives the days that the law fixes and no make-up
# days: a plausible calendar, with nothing that tells it from a final one. When the announcement comes,
# working days become days off and Saturdays working days; deadlines counted in working days move.
# chinesecalendar raises for such a year. workalendar raises, too, but only for a day from Monday to
# Friday: a Saturday it calls free without looking whether it knows the year.
#
# What can be told: a known year has make-up days of its own in `weekend_workdays`. Look for one of the
# year asked: the set also holds days of 2001 to 2011, whatever the year.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    holidays==0.109 chinesecalendar==1.11.0 workalendar==17.0.0
"$work/venv/bin/python" -W ignore - <<'EOF'
from datetime import date
from importlib.metadata import version

import chinese_calendar
import holidays
from workalendar.asia import China
from workalendar.exceptions import CalendarError

print(*(f"{name} {version(name)}" for name in ("holidays", "chinesecalendar", "workalendar")))
for year in (2025, 2026, 2027, 2028):
    calendar = holidays.CN(years=year)
    own = [day for day in calendar.weekend_workdays if day.year == year]
    others = {day.year for day in calendar.weekend_workdays if day.year != year}
    print(f"holidays, {year}: {len(calendar)} days off, {len(own)} make-up days of its own;"
          f" also holds some of {sorted(others)}")
    assert bool(own) == (year <= 2026), year
    assert len(calendar) > 10 and others == {2001, 2005, 2006, 2011}

# The May holiday of 2027: answered like any other.
assert holidays.CN(years=2027).is_working_day(date(2027, 5, 6)) is True
try:
    chinese_calendar.is_workday(date(2027, 5, 6))
except NotImplementedError as error:
    print("chinesecalendar, 2027:", error)
else:
    raise AssertionError("chinesecalendar knows 2027")

thursday, saturday = date(2027, 5, 6), date(2027, 5, 8)
try:
    China().is_working_day(thursday)
except CalendarError as error:
    print("workalendar,", thursday, "raises:", error)
else:
    raise AssertionError("workalendar knows 2027")
print("workalendar,", saturday, "is a working day:", China().is_working_day(saturday))
assert China().is_working_day(saturday) is False
EOF
