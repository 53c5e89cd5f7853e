"""How departments served customers over some days, recomputed from the events themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from msgspec import Struct

from events.home import Asked
from projections.case_board.sums import (
    CaseSums,
    DepartmentHours,
    DriverScores,
    GroupService,
    StageService,
)
from services.audit.service_parts import PartService, ServiceOf, ServiceParts
from services.errors import UsageError
from services.platform import Platform
from services.walk.company import walk_company
from services.walk.known import asking


class ServiceReport(Struct, frozen=True, kw_only=True):
    """The cases opened from `first` through `last`, each on its branch's day, as they stand."""

    first: date
    last: date
    at: Asked
    known_at: Asked | None
    branch_id: str | None
    position: str
    company: CaseSums
    departments: list[GroupService]
    branches: list[GroupService]
    stages: list[StageService]
    hours: list[DepartmentHours]
    drivers: list[DriverScores]


async def report_service(
    platform: Platform,
    first: date,
    last: date,
    at: Asked,
    known_at: Asked | None,
    branch_id: str | None,
    advance: Callable[[int], None],
    *,
    processes: int | None = None,
) -> ServiceReport:
    """Return how cases that were opened on some days went, as of `at` and as known at `known_at`.

    Raises: UsageError, where the days are none; Unavailable, UnreadableEvent.
    """
    if last < first:
        raise UsageError(f"--to: {last} lies before --from, {first}")
    question = await asking(platform, at, known_at)
    found = PartService()

    def done(part: PartService) -> None:
        found.take_in(part)
        advance(part.customers)

    what = ServiceOf(question, first, last, branch_id)
    await walk_company(
        platform, question.extent, ServiceParts, what, PartService, done, processes=processes
    )
    company = CaseSums()
    for sums in found.branches.values():
        company.take_in(sums)
    return ServiceReport(
        first=first,
        last=last,
        at=at,
        known_at=known_at,
        branch_id=branch_id,
        position=question.extent.position,
        company=company,
        departments=[GroupService(*pair) for pair in sorted(found.departments.items())],
        branches=[GroupService(*pair) for pair in sorted(found.branches.items())],
        stages=[StageService(*one) for one in sorted(found.each_stage(), key=lambda one: one[:3])],
        hours=[DepartmentHours(*pair) for pair in sorted(found.hours.items())],
        drivers=[DriverScores(*pair) for pair in sorted(found.drivers.items())],
    )
