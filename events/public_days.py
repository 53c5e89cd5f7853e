"""Public holidays and make-up workdays by country and year.

They are those of the package `holidays` (MIT, monthly releases): national ones, no regions. It
carries China's make-up workdays as the State Council announces them, about a month before the
year begins. So its data changes with its version: the lock pins it, and a newer one is a change
of the rules, to be proven by comparing digests. A calendar that must not depend on it names its
days itself and no country.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

import holidays


class PublicDays(NamedTuple):
    """What a country's law says about the days of a year."""

    holidays: frozenset[date]
    makeup_workdays: frozenset[date]


@lru_cache(maxsize=4096)
def public_days(country: str, year: int) -> PublicDays:
    """Return a country's national holidays and make-up workdays; none for an unknown code."""
    if not knows_country(country):
        return PublicDays(frozenset(), frozenset())
    found = holidays.country_holidays(country.upper(), years=year, expand=False)
    made_up = frozenset(day for day in found.weekend_workdays if day.year == year)
    return PublicDays(frozenset(day for day in found if day.year == year) - made_up, made_up)


@lru_cache(maxsize=1024)
def knows_country(country: str) -> bool:
    """Return whether public holidays of that ISO 3166 code are known."""
    return country.upper() in holidays.list_supported_countries(include_aliases=True)
