"""How a company opens its books: policies, calendar, branches, departments and staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random

from msgspec import structs

from events.calendars import DEFAULT_ZONE, day_start, zone
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import (
    AgeingPolicy,
    AgeingPolicyPublished,
    AlertsPolicy,
    AlertsPolicyPublished,
    BranchSet,
    CalendarSet,
    CompanySet,
    CostPolicy,
    CostPolicyPublished,
    CreditPolicy,
    CreditPolicyPublished,
    DepartmentSet,
    DunningPolicy,
    DunningPolicyPublished,
    EscalationPolicy,
    EscalationPolicyPublished,
    OpeningHours,
    Role,
    SegmentRate,
    ServiceLevelPolicy,
    ServiceLevelPolicyPublished,
    StaffSet,
)
from services.simulator.branches import BRANCHES
from services.simulator.people import in_letters, person
from services.simulator.seasons import holidays

DEPARTMENTS = (
    ("sales", "销售部", "Sales"),
    ("finance", "财务部", "Finance"),
    ("service", "客户服务部", "Customer service"),
    ("logistics", "物流部", "Logistics"),
    ("engineering", "工程部", "Engineering"),
)
STAFF_PER_BRANCH = 10
OFFICES: Mapping[str, Role] = {
    "HQ-H1": "headquarters", "HQ-K1": "credit", "HQ-R1": "receivables", "HQ-O1": "order_entry",
    "HQ-A1": "auditor", "HQ-M1": "administrator",
}  # fmt: skip
"""Who decides about customers and their accounts, proves the figures, and looks after people and
keys: one of each office."""

CALLERS = ("HQ-C1", "HQ-C2", "HQ-C3", "HQ-C4")
"""Who calls customers back: never whoever solved the case."""

NEXT_CALENDAR = "next-calendar"
"""What names the history's last event, which sets the calendar of the years to come."""

COSTS = CostPolicy(
    per_order=Money(1_500, "CNY"),
    per_visit_minute=Money(200, "CNY"),
    per_callback_minute=Money(150, "CNY"),
    per_complaint=Money(6_000, "CNY"),
    capital_per_day=150,
    margin_rate=2_000,
    win_rates=(
        SegmentRate(segment="大客户", win_rate=2_500),
        SegmentRate(segment="企业", win_rate=2_000),
        SegmentRate(segment="门店", win_rate=1_500),
    ),
)
"""What serving a customer costs, as headquarters publishes it."""

_CALENDAR = "office"
_MORNING, _NOON, _AFTERNOON, _EVENING = 9 * 60, 12 * 60, 13 * 60, 18 * 60


def opening(since: datetime) -> Iterator[Touchpoint]:
    """Yield everything that headquarters publishes on the day the books open."""
    yield CompanySet(effective_from=since, name="恒通家电集团", zone=DEFAULT_ZONE, currency="CNY")
    year = since.astimezone(zone(DEFAULT_ZONE)).year
    yield calendar(since, year, year + 2)
    for branch in BRANCHES:
        yield BranchSet(
            effective_from=since,
            branch_id=branch.branch_id,
            name=branch.name,
            name_en=branch.name_en,
            region=branch.region,
            zone=branch.zone,
            calendar_id=_CALENDAR,
        )
    for department_id, name, name_en in DEPARTMENTS:
        yield DepartmentSet(
            effective_from=since, department_id=department_id, name=name, name_en=name_en,
            head=head(department_id),
        )  # fmt: skip
    for one in _staff(since):
        name = person(Random(one.staff_id))  # dice of its own: all else stays as it was
        yield structs.replace(one, name=name, name_en=in_letters(name))
    yield from _policies(since)


def _staff(since: datetime) -> Iterator[StaffSet]:
    for branch in BRANCHES:
        for number in range(1, STAFF_PER_BRANCH + 1):
            yield StaffSet(
                effective_from=since,
                staff_id=f"{branch.branch_id}-S{number}",
                branch_id=branch.branch_id,
                department_id=DEPARTMENTS[number % len(DEPARTMENTS)][0],
                role="manager" if number == 1 else "clerk",
                roles=("branch_manager",) if number == 1 else (),
            )
    for staff_id in CALLERS:
        yield StaffSet(
            effective_from=since,
            staff_id=staff_id,
            branch_id="HQ",
            department_id="service",
            role="caller",
            roles=("call_centre",),
        )
    for department_id, _, _ in DEPARTMENTS:
        yield StaffSet(
            effective_from=since, staff_id=head(department_id), department_id=department_id
        )
    for staff_id, office in OFFICES.items():
        yield StaffSet(effective_from=since, staff_id=staff_id, branch_id="HQ", roles=(office,))


def clerk(branch_id: str, department_id: str, dice: Random) -> str:
    """Return one of those who work in a branch's department."""
    first = next(i for i, known in enumerate(DEPARTMENTS) if known[0] == department_id)
    desks = STAFF_PER_BRANCH // len(DEPARTMENTS)
    number = first + len(DEPARTMENTS) * dice.randrange(desks)
    return f"{branch_id}-S{number or STAFF_PER_BRANCH}"


def everybody() -> Iterator[str]:
    """Yield the numbers of all who work for the company."""
    for branch in BRANCHES:
        yield from (f"{branch.branch_id}-S{n}" for n in range(1, STAFF_PER_BRANCH + 1))
    yield from (head(department_id) for department_id, _, _ in DEPARTMENTS)
    yield from CALLERS


def head(department_id: str) -> str:
    """Return who heads a department."""
    return f"HQ-{department_id}"


def _policies(since: datetime) -> Iterator[Touchpoint]:
    yield AgeingPolicyPublished(
        effective_from=since, policy=AgeingPolicy(provision=(0, 100, 500, 2_000, 5_000, 10_000))
    )
    yield AlertsPolicyPublished(effective_from=since, policy=AlertsPolicy())
    yield DunningPolicyPublished(effective_from=since, policy=DunningPolicy())
    yield CreditPolicyPublished(
        effective_from=since, policy=CreditPolicy(default_limit=Money(30_000_000, "CNY"))
    )
    yield CostPolicyPublished(effective_from=since, policy=COSTS)
    yield ServiceLevelPolicyPublished(effective_from=since, policy=ServiceLevelPolicy())
    yield EscalationPolicyPublished(effective_from=since, policy=EscalationPolicy())


def calendar(effective_from: datetime, first: int, last: int) -> CalendarSet:
    """Return the offices' business calendar with the holidays of those years."""
    return CalendarSet(
        effective_from=effective_from,
        calendar_id=_CALENDAR,
        hours=tuple(
            OpeningHours(weekday=weekday, opens=opens, closes=closes)
            for weekday in range(1, 6)
            for opens, closes in ((_MORNING, _NOON), (_AFTERNOON, _EVENING))
        ),
        holidays=holidays(first, last),
    )


def renewal(until: datetime) -> CalendarSet:
    """Return the calendar that headquarters sets as the history ends, for two more years."""
    tz = zone(DEFAULT_ZONE)
    today = (until + timedelta(hours=1)).astimezone(tz).date()
    return calendar(day_start(today, tz), today.year, today.year + 2)
