#!/usr/bin/env bash
# "30/360 ISDA" is one rule in QuantLib and another in pyxirr, and days do not add up to months.
#
# QuantLib 1.44's Thirty360.ISDA takes the last of February for the 30th; pyxirr 0.10.8's
# THIRTY_360_ISDA does not (it equals QuantLib's BondBasis), and calls the other rule
# THIRTY_E_360_ISDA. Days of interest from one to the other, by the same name:
#   29 Feb 2024 - 31 Mar 2024   QuantLib 30   pyxirr 32
#   28 Feb 2023 - 29 Feb 2024   QuantLib 360  pyxirr 361
# Whoever checks one library by the other finds March dearer by a fifteenth.
#
# Nor may such interest be booked day by day under every rule: over the 366 days of 2024 the single
# days of QuantLib's USA add up to 359 and those of pyxirr's THIRTY_E_PLUS_360 to 367, though both
# say 360 for the year as a whole. BondBasis, European and ISDA do add up.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check QuantLib==1.44 pyxirr==0.10.8
"$work/venv/bin/python" - <<'PY'
from datetime import date, timedelta

import pyxirr
import QuantLib


def quantlib(rule):
    counter = QuantLib.Thirty360(getattr(QuantLib.Thirty360, rule))
    return lambda *days: counter.dayCount(*(QuantLib.Date(d.day, d.month, d.year) for d in days))


def by_pyxirr(rule):
    return lambda start, end: pyxirr.days_between(start, end, getattr(pyxirr.DayCount, rule))


periods = [
    (date(2024, 2, 29), date(2024, 3, 31)),
    (date(2023, 2, 28), date(2024, 2, 29)),
    (date(2024, 2, 29), date(2025, 2, 28)),
    (date(2024, 1, 31), date(2024, 2, 29)),
]


def days(rule):
    return [rule(start, end) for start, end in periods]


same_name = {
    "QuantLib ISDA": days(quantlib("ISDA")),
    "pyxirr THIRTY_360_ISDA": days(by_pyxirr("THIRTY_360_ISDA")),
}
for name, found in same_name.items():
    print(f"{name}: {found}")
assert list(same_name.values()) == [[30, 360, 360, 30], [32, 361, 359, 29]], same_name
assert days(quantlib("BondBasis")) == same_name["pyxirr THIRTY_360_ISDA"]
assert days(by_pyxirr("THIRTY_E_360_ISDA")) == same_name["QuantLib ISDA"]

start, end, day = date(2024, 1, 1), date(2025, 1, 1), timedelta(1)
rules = {
    **{f"QuantLib {rule}": quantlib(rule) for rule in ("BondBasis", "European", "ISDA", "USA")},
    "pyxirr THIRTY_E_PLUS_360": by_pyxirr("THIRTY_E_PLUS_360"),
}
years = {
    name: (rule(start, end), sum(rule(start + day * n, start + day * (n + 1)) for n in range(366)))
    for name, rule in rules.items()
}
print(f"2024, whole and day by day: {years}")
assert years == {
    "QuantLib BondBasis": (360, 360),
    "QuantLib European": (360, 360),
    "QuantLib ISDA": (360, 360),
    "QuantLib USA": (360, 359),
    "pyxirr THIRTY_E_PLUS_360": (360, 367),
}, years
PY
