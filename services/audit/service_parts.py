"""What the report on service adds up of a part of the company: sums by department and stage.

Counted are the cases that were opened from one day through another, each on its branch's own
day, as they stand at the instant asked about. Each answer is as large as there are departments,
branches and stages, whatever the number of cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from msgspec import Struct, field

from events.envelope import CustomerId
from projections.case_board.projection import CaseBoard
from projections.case_board.rows import (
    ANSWERS,
    CASES,
    CYCLES,
    DEPARTMENTS,
    OBLIGATIONS,
    AnswerRow,
    CaseRow,
    CycleRow,
    DepartmentRow,
    ObligationRow,
)
from projections.case_board.sums import CaseSums, Hours, Scores, StageSums
from projections.facts import Facts
from projections.protocol import Row
from services.postgres.pool import Pool
from services.walk.known import Asking, EverybodyKnown, Told
from services.walk.parts import Part

_BOARD = CaseBoard()


class ServiceOf(Struct, frozen=True):
    """What all parts of a report on service have in common."""

    asking: Asking
    first: date
    last: date
    branch_id: str | None


class PartService(Struct):
    """A part's share of a report on service. A department nobody named is the empty one."""

    customers: int = 0
    departments: dict[str, CaseSums] = field(default_factory=dict)
    branches: dict[str, CaseSums] = field(default_factory=dict)
    stages: dict[str, dict[str, dict[str, StageSums]]] = field(default_factory=dict)
    hours: dict[str, Hours] = field(default_factory=dict)
    drivers: dict[str, Scores] = field(default_factory=dict)

    def stage(self, flow: str, stage: str, department: str) -> StageSums:
        """Return the sums of a stage; of what somebody handed off, flow and stage are empty."""
        stages = self.stages.setdefault(flow, {}).setdefault(stage, {})
        return stages.setdefault(department, StageSums())

    def sums_of(self, case: CaseRow) -> tuple[CaseSums, CaseSums]:
        """Return the sums of a case's department and of its branch."""
        return (
            self.departments.setdefault(case.department or "", CaseSums()),
            self.branches.setdefault(case.branch_id, CaseSums()),
        )

    def take_in(self, part: PartService) -> None:
        """Add another part's share."""
        self.customers += part.customers
        for name, sums in part.departments.items():
            self.departments.setdefault(name, CaseSums()).take_in(sums)
        for name, sums in part.branches.items():
            self.branches.setdefault(name, CaseSums()).take_in(sums)
        for flow, stage, department, owed in part.each_stage():
            self.stage(flow, stage, department).take_in(owed)
        for name, hours in part.hours.items():
            self.hours.setdefault(name, Hours()).take_in(hours)
        for name, scores in part.drivers.items():
            self.drivers.setdefault(name, Scores()).take_in(scores)

    def each_stage(self) -> Iterator[tuple[str, str, str, StageSums]]:
        """Yield flow, stage, department, and what they come to."""
        for flow, stages in self.stages.items():
            for stage, departments in stages.items():
                for department, sums in departments.items():
                    yield flow, stage, department, sums


class ServiceParts:
    """Adds up the cases of parts of the company."""

    def __init__(self, argument: ServiceOf, pool: Pool) -> None:
        self._asked = argument
        self._everybody = EverybodyKnown(argument.asking, pool)

    async def walk(self, part: Part) -> PartService:
        """Add up a part. Raises: Unavailable, UnreadableEvent."""
        found = PartService()
        await self._everybody.each(part, partial(self.add, found))
        return found

    def add(self, found: PartService, customer: CustomerId, told: Told) -> None:
        """Add the cases of a customer."""
        found.customers += 1
        facts = Facts(told.facts, _BOARD.handles)
        rows = _BOARD.assess(customer, facts, told.at, told.reference).rows
        asked = self._asked
        cases = {
            row.case_id: row
            for row in rows[CASES.name]
            if isinstance(row, CaseRow)
            and asked.first <= row.opened_on <= asked.last
            and asked.branch_id in (None, row.branch_id)
        }
        if not cases:
            return
        _add_cases(found, cases, rows[CYCLES.name])
        _add_departments(found, cases, (*rows[OBLIGATIONS.name], *rows[DEPARTMENTS.name]))
        _add_answers(found, cases, rows[ANSWERS.name])


def _add_cases(found: PartService, cases: Mapping[str, CaseRow], rows: Sequence[Row]) -> None:
    cycles: dict[str, list[CycleRow]] = {}
    for row in rows:
        if isinstance(row, CycleRow):
            cycles.setdefault(row.case_id, []).append(row)
    for case in cases.values():
        for sums in found.sums_of(case):
            sums.count(case, cycles.get(case.case_id, ()))


def _add_departments(found: PartService, cases: Mapping[str, CaseRow], rows: Sequence[Row]) -> None:
    for row in rows:
        if isinstance(row, ObligationRow) and row.case_id in cases:
            flow = cases[row.case_id].flow if row.stage is not None else None
            found.stage(flow or "", row.stage or "", row.department).count(row)
        elif isinstance(row, DepartmentRow) and row.case_id in cases:
            found.hours.setdefault(row.department, Hours()).take_in(Hours(1, row.held_s))


def _add_answers(found: PartService, cases: Mapping[str, CaseRow], rows: Sequence[Row]) -> None:
    for row in rows:
        if not isinstance(row, AnswerRow) or row.case_id not in cases:
            continue
        if row.about == "driver":
            scores = found.drivers.setdefault(row.name, Scores())
            scores.take_in(Scores(row.answers, row.total))
            continue
        for sums in found.sums_of(cases[row.case_id]):
            sums.count_calls(row.name, row.answers)
