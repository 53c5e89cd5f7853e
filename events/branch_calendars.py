"""Which calendar a branch works by, day by day, from the stream of reference data."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.business_time import FIRST_YEAR, LAST_YEAR, BusinessTime, Term, shared
from events.calendars import DAY, day_start, local_day
from events.policy import Reference
from events.public_days import country_code, of_countries
from events.touchpoints.policy import BranchSet, CalendarSet
from events.uses import Use, calendar_use, public_days_use


class _Dated(NamedTuple):
    """Reference data in the order in which it counts, by branch and by calendar."""

    branches: Mapping[str, Sequence[BranchSet]]
    calendars: Mapping[str, Sequence[CalendarSet]]


@lru_cache(maxsize=8)
def _dated(reference: Reference) -> _Dated:
    branches: dict[str, list[BranchSet]] = {}
    calendars: dict[str, list[CalendarSet]] = {}
    for event in sorted(reference.events, key=lambda event: event.fact_key):
        match event.data:
            case BranchSet() as branch:
                branches.setdefault(branch.branch_id, []).append(branch)
            case CalendarSet() as calendar:
                calendars.setdefault(calendar.calendar_id, []).append(calendar)
            case _:
                pass
    for branch_versions in branches.values():
        branch_versions.sort(key=lambda version: version.effective_from)
    for versions in calendars.values():
        versions.sort(key=lambda version: version.effective_from)
    return _Dated(MappingProxyType(branches), MappingProxyType(calendars))


def _in_force(versions: Sequence[BranchSet] | Sequence[CalendarSet], at: datetime) -> int:
    return bisect_right(versions, at, key=lambda version: version.effective_from) - 1


def _terms(reference: Reference, branch_id: str, tz: ZoneInfo) -> tuple[Term, ...]:
    dated = _dated(reference)
    branches = dated.branches.get(branch_id, ())
    named = {branch.calendar_id for branch in branches if branch.calendar_id}
    turns = {branch.effective_from for branch in branches}
    turns.update(c.effective_from for name in named for c in dated.calendars.get(name, ()))
    terms: dict[date, CalendarSet | None] = {}
    for turn in sorted(turns):
        i = _in_force(branches, turn)
        calendar_id = branches[i].calendar_id if i >= 0 else None
        versions = dated.calendars.get(calendar_id, ()) if calendar_id else ()
        j = _in_force(versions, turn)
        terms[_first_day(turn, tz)] = versions[j] if j >= 0 else None
    return tuple(Term(day, calendar) for day, calendar in sorted(terms.items(), key=_by_day))


def _by_day(term: tuple[date, CalendarSet | None]) -> date:
    return term[0]


def _first_day(at: datetime, tz: ZoneInfo) -> date:
    """Return the first local day that begins at `at` or later."""
    if at.year < FIRST_YEAR:
        return date(FIRST_YEAR, 1, 1)
    if at.year > LAST_YEAR:
        return date(LAST_YEAR + 1, 1, 1)
    day = local_day(at, tz)
    return day if day_start(day, tz) >= at else day + DAY


@lru_cache(maxsize=16_384)
def business_time(reference: Reference, branch_id: str | None) -> BusinessTime:
    """Return the business time of a branch; branches with equal calendars share it."""
    tz = reference.zone_of(branch_id)
    terms = _terms(reference, branch_id, tz) if branch_id else ()
    countries = frozenset(
        country_code(term.calendar.country)
        for term in terms
        if term.calendar is not None and term.calendar.country is not None
    )
    return shared(terms, tz, of_countries(reference.public_days, countries))


@lru_cache(maxsize=16_384)
def business_time_uses(reference: Reference, branch_id: str | None) -> frozenset[Use]:
    """Return what `business_time` uses.

    The branch's zone, every calendar it ever named, and public days of the countries of these.
    """
    dated = _dated(reference)
    branches = dated.branches.get(branch_id, ()) if branch_id else ()
    named = {branch.calendar_id for branch in branches if branch.calendar_id}
    countries = {
        calendar.country
        for name in named
        for calendar in dated.calendars.get(name, ())
        if calendar.country is not None
    }
    return frozenset(
        (
            *reference.zone_uses(branch_id),
            *map(calendar_use, named),
            *map(public_days_use, countries),
        )
    )
