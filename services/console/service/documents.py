"""The JSON document of the report on service."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from projections.case_board.sums import CaseSums, GroupService, StageService
from services.console.service.report import Service
from services.console.shared.documents import Document, Positioned, tell
from services.console.shared.reading import Reader


class KeptDocument(Document):
    """How deadlines were kept."""

    in_time: int
    late: Annotated[int, Meta(description="Over, whether done since or not.")]
    open: Annotated[int, Meta(description="Neither done nor over.")]


class CaseSumsDocument(Document):
    """What the cases of a department, a branch or the company come to."""

    name: Annotated[str | None, Meta(description="Null: the company, or no department.")]
    cases: int
    under_way: int
    answers: KeptDocument
    solutions: KeptDocument
    first_contact: Annotated[
        int, Meta(description="Solved by one agent and department, by a resolve that held.")
    ]
    handovers: Annotated[int, Meta(description="From agent to agent.")]
    returns: Annotated[int, Meta(description="Ping-pong: back to who had it before.")]
    department_handovers: int
    department_returns: int
    reopened: int
    satisfied: Annotated[int, Meta(description="Calls, as are the next two.")]
    dissatisfied: int
    unreachable: int


class StageDocument(Document):
    """How a department kept what it owed; without a stage it was handed off by somebody."""

    flow: str | None
    stage: str | None
    department: str
    kept: KeptDocument
    not_needed: int
    late_s: Annotated[int, Meta(description="Working seconds, of those done late.")]


class HoursDocument(Document):
    """How many cases a department had in hand, and for how long in all."""

    department: str
    cases: int
    held_s: Annotated[int, Meta(description="Working seconds.")]


class DriverDocument(Document):
    """How customers scored a driver of satisfaction, 0 to 10."""

    driver: str
    answers: int
    total: int


class ServiceDocument(Positioned):
    """How departments served, as it stands now."""

    at: datetime
    first: date
    last: date
    branch: str | None
    company: CaseSumsDocument
    departments: list[CaseSumsDocument]
    branches: list[CaseSumsDocument]
    stages: list[StageDocument]
    hours: list[HoursDocument]
    drivers: list[DriverDocument]


def service_document(reader: Reader, found: Service) -> ServiceDocument:
    """Return the document of a report."""
    return tell(
        ServiceDocument,
        found,
        position=reader.position,
        at=reader.at,
        company=_sums(None, found.company),
        departments=[_group(one) for one in found.departments],
        branches=[_group(one) for one in found.branches],
        stages=[_stage(one) for one in found.stages],
        hours=[tell(HoursDocument, one.hours, department=one.department) for one in found.hours],
        drivers=[tell(DriverDocument, one.scores, driver=one.driver) for one in found.drivers],
    )


def _group(one: GroupService) -> CaseSumsDocument:
    return _sums(one.name or None, one.sums)


def _sums(name: str | None, sums: CaseSums) -> CaseSumsDocument:
    return tell(CaseSumsDocument, sums, name=name)


def _stage(one: StageService) -> StageDocument:
    return tell(
        StageDocument,
        one.sums,
        flow=one.flow or None,
        stage=one.stage or None,
        department=one.department,
    )
