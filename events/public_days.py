"""Public holidays and make-up workdays by country and year, and whether they are announced yet.

They are those of the package `holidays` (MIT, monthly releases): national ones, no regions. It
carries China's make-up workdays as the State Council announces them, about a month before the
year begins. Its data is pinned with its version, and a test fails when it moves. What the company
publishes of a country and year itself (`PublicDaysSet`) counts in its place.

A year is not announced yet where the data knows a government's notice for each year and has none
for that one, or where it says itself that a day is only estimated, as by a moon that will be seen
or not. Working days of such a year may still move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import holidays

from events.touchpoints.policy import PublicDaysSet

NOTICES: Mapping[str, int] = MappingProxyType(
    {"BY": 2026, "CN": 2026, "HU": 2026, "LV": 2026, "RU": 2027, "UZ": 2026, "VN": 2026}
)
"""Countries that move working days by a notice for each year: the last that the data knows."""


class PublicDays(NamedTuple):
    """What a country's law says about the days of a year."""

    holidays: frozenset[date]
    makeup_workdays: frozenset[date]
    announced: bool


PublishedDays = Mapping[tuple[str, int], PublicDays]
"""What the company published, by country and year."""


@lru_cache(maxsize=4096)
def public_days(country: str, year: int) -> PublicDays:
    """Return a country's national holidays and make-up workdays; none for an unknown code."""
    if not knows_country(country):
        return PublicDays(frozenset(), frozenset(), True)
    found = holidays.country_holidays(country.upper(), years=year, expand=False)
    made_up = frozenset(day for day in found.weekend_workdays if day.year == year)
    days = frozenset(day for day in found if day.year == year) - made_up
    return PublicDays(days, made_up, year <= NOTICES.get(found.country, year) and _is_sure(found))


def _is_sure(found: holidays.HolidayBase) -> bool:
    """Return whether no day is called estimated."""
    label = getattr(found, "estimated_label", None)
    if label is None:
        return True
    estimated = found.tr(label).replace("%s", "").strip()
    return not any(estimated in name for name in found.values())


@lru_cache(maxsize=1024)
def knows_country(country: str) -> bool:
    """Return whether public holidays of that ISO 3166 code are known."""
    return country.upper() in holidays.list_supported_countries(include_aliases=True)


@lru_cache(maxsize=1024)
def country_code(country: str) -> str:
    """Return a country's code of two letters; CHN and cn are CN."""
    if not knows_country(country):
        return country.upper()
    return str(holidays.country_holidays(country.upper(), expand=False).country)


@lru_cache(maxsize=256)
def published_days(records: tuple[PublicDaysSet, ...]) -> PublishedDays:
    """Return what records say, each in place of those before it."""
    return MappingProxyType(
        {
            (country_code(one.country), one.year): PublicDays(
                frozenset(one.holidays) - frozenset(one.makeup_workdays),
                frozenset(one.makeup_workdays),
                True,
            )
            for one in records
        }
    )


def of_countries(
    records: Iterable[PublicDaysSet], countries: frozenset[str]
) -> tuple[PublicDaysSet, ...]:
    """Return the records that are about some countries, by their codes of two letters."""
    return tuple(one for one in records if country_code(one.country) in countries)
