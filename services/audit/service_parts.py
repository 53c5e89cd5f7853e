"""What the report on service adds up of a part of the company: sums by department and stage.

Counted are the cases that were opened from one day through another, each on its branch's own
day, as they stand at the instant asked about. Each answer is as large as there are departments,
branches and stages, whatever the number of cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from msgspec import Struct, field

from events.envelope import CustomerId
from events.touchpoints.complaint import Outcome
from events.touchpoints.contact import CallbackMade
from projections.case_board.projection import CaseBoard
from projections.case_board.rows import (
    CASES,
    CYCLES,
    DEPARTMENTS,
    OBLIGATIONS,
    CaseRow,
    CycleRow,
    DepartmentRow,
    ObligationRow,
)
from projections.case_board.verdicts import verdicts
from projections.facts import Facts
from projections.protocol import Row
from services.postgres.pool import Pool
from services.walk.known import Asking, EverybodyKnown, Told
from services.walk.parts import Part

_BOARD = CaseBoard()


class Kept(Struct):
    """How deadlines were kept: in time, late, and open while there is time left."""

    in_time: int = 0
    late: int = 0
    open: int = 0

    def count(self, met: bool, breached: bool) -> None:
        """Count one; both: it was done, but late."""
        self.late += breached
        self.in_time += met and not breached
        self.open += not met and not breached

    def take_in(self, other: Kept) -> None:
        """Add what was counted elsewhere."""
        self.in_time += other.in_time
        self.late += other.late
        self.open += other.open


class CaseSums(Struct):
    """What the cases of a department, a branch, or the company come to.

    Solved at first contact is a case that ended in its first cycle without a resolve that did not
    hold, with one agent and one department from first to last. What customers say is counted by
    call: a verdict stays when the case goes on, or is reopened, and they are called again. A call
    that is reported when its case is not resolved, above all when it was closed, decides nothing.
    """

    cases: int = 0
    under_way: int = 0
    answers: Kept = field(default_factory=Kept)
    solutions: Kept = field(default_factory=Kept)
    first_contact: int = 0
    handovers: int = 0  # from agent to agent
    returns: int = 0  # ping-pong: back to the agent before the last
    department_handovers: int = 0
    department_returns: int = 0
    reopened: int = 0
    satisfied: int = 0
    dissatisfied: int = 0
    unreachable: int = 0

    def count(self, case: CaseRow, cycles: Sequence[CycleRow]) -> None:
        """Count a case; the deadlines of each of its cycles."""
        self.cases += 1
        self.under_way += case.status in ("open", "waiting")
        for cycle in cycles:
            self.answers.count(
                cycle.response_met_at is not None, cycle.response_breached_at is not None
            )
            self.solutions.count(
                cycle.solution_met_at is not None, cycle.solution_breached_at is not None
            )
        self.first_contact += _at_first_contact(case)
        self.handovers += case.handovers
        self.returns += case.returns
        self.department_handovers += case.department_handovers
        self.department_returns += case.department_returns
        self.reopened += case.reopened

    def count_call(self, outcome: Outcome) -> None:
        """Count a call about a case."""
        self.satisfied += outcome == "satisfied"
        self.dissatisfied += outcome == "dissatisfied"
        self.unreachable += outcome == "unreachable"

    def take_in(self, other: CaseSums) -> None:
        """Add what was counted elsewhere."""
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, Kept):
                mine.take_in(theirs)
            else:
                setattr(self, name, mine + theirs)


def _at_first_contact(case: CaseRow) -> bool:
    ended = case.status in ("resolved", "closed") and case.resolves == 1
    moved = case.handovers or case.department_handovers or case.reopened or case.resumed
    return ended and not moved


class StageSums(Struct):
    """What departments owed: by the stage of a flow, or handed off by somebody."""

    kept: Kept = field(default_factory=Kept)
    not_needed: int = 0
    late_s: int = 0  # in all, of those that were done late, in working time

    def count(self, owed: ObligationRow) -> None:
        """Count what was owed."""
        if owed.status == "void" and owed.breached_at is None:
            self.not_needed += 1
            return
        self.kept.count(owed.done_at is not None, owed.breached_at is not None)
        self.late_s += owed.late_s or 0

    def take_in(self, other: StageSums) -> None:
        """Add what was counted elsewhere."""
        self.kept.take_in(other.kept)
        self.not_needed += other.not_needed
        self.late_s += other.late_s


class Hours(Struct):
    """How many cases a department had in hand, and for how much working time in all."""

    cases: int = 0
    held_s: int = 0

    def take_in(self, other: Hours) -> None:
        """Add what was counted elsewhere."""
        self.cases += other.cases
        self.held_s += other.held_s


class Scores(Struct):
    """How customers scored a driver of satisfaction, 0 to 10."""

    answers: int = 0
    total: int = 0

    def take_in(self, other: Scores) -> None:
        """Add what was counted elsewhere."""
        self.answers += other.answers
        self.total += other.total


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
        _add_calls(found, cases, verdicts(facts, told.at, told.reference).values())


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


def _add_calls(
    found: PartService, cases: Mapping[str, CaseRow], calls: Iterable[tuple[str, CallbackMade]]
) -> None:
    for case_id, data in calls:
        case = cases.get(case_id)
        if case is None:
            continue
        for sums in found.sums_of(case):
            sums.count_call(data.outcome)
        for one in data.scores:
            found.drivers.setdefault(one.driver, Scores()).take_in(Scores(1, one.score))
