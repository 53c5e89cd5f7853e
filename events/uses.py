"""What an assessment has used of the rules and the reference data, and what a record is about.

A use names a kind of policy, or one branch, calendar, department or member of staff, whether or
not anything was published of it so far: what was asked and not found is used as well. A new
record concerns the assessments that used what it is about, and no others. Names are kept in the
database and never change.
"""

from __future__ import annotations

from functools import cache
from typing import NewType, get_type_hints

from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import (
    TYPES,
    BranchSet,
    CalendarSet,
    CompanySet,
    DepartmentSet,
    PolicyRecord,
    PublicDaysSet,
    ReferenceTouchpoint,
    StaffSet,
)

Use = NewType("Use", str)

COMPANY = Use(CompanySet.event_type)

HOME_READS: frozenset[type[ReferenceTouchpoint]] = frozenset({BranchSet, CompanySet})
"""What says in which zone a branch's days are."""

HOURS_READS: frozenset[type[ReferenceTouchpoint]] = HOME_READS | {
    CalendarSet,
    PublicDaysSet,
}
"""What says in which hours a branch works."""


def branch_use(branch_id: str) -> Use:
    """Return the use of a branch's record."""
    return Use(f"{BranchSet.event_type} {branch_id}")


def calendar_use(calendar_id: str) -> Use:
    """Return the use of a business calendar."""
    return Use(f"{CalendarSet.event_type} {calendar_id}")


def public_days_use(country: str) -> Use:
    """Return the use of a country's public days, of whatever year."""
    from events.public_days import country_code  # here: its data is large, and seldom asked for

    return Use(f"{PublicDaysSet.event_type} {country_code(country)}")


@cache
def policy_use(kind: type[PolicyRecord]) -> Use:
    """Return the use of a kind of policy, all its versions together."""
    return Use(publication_of(kind).event_type)


@cache
def publication_of(kind: type[PolicyRecord]) -> type[ReferenceTouchpoint]:
    """Return the touchpoint by which a kind of policy is published."""
    published: tuple[type[Touchpoint], ...] = TYPES
    return next(
        one
        for one in published
        if issubclass(one, ReferenceTouchpoint) and get_type_hints(one).get("policy") is kind
    )


def use_of(data: ReferenceTouchpoint) -> Use:
    """Return what a record is about: who used that is concerned by it."""
    match data:
        case BranchSet():
            return branch_use(data.branch_id)
        case CalendarSet():
            return calendar_use(data.calendar_id)
        case PublicDaysSet():
            return public_days_use(data.country)
        case DepartmentSet():
            return Use(f"{data.event_type} {data.department_id}")
        case StaffSet():
            return Use(f"{data.event_type} {data.staff_id}")
        case _:
            return Use(data.event_type)
