"""What cases come to, by department, branch and stage: pure sums over their rows."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from projections.case_board.rows import CaseRow, CycleRow, ObligationRow


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
    call: a verdict stays when the case goes on, or is reopened, and they are called again.
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
        self.first_contact += case.first_contact
        self.handovers += case.handovers
        self.returns += case.returns
        self.department_handovers += case.department_handovers
        self.department_returns += case.department_returns
        self.reopened += case.reopened

    def count_calls(self, outcome: str, calls: int) -> None:
        """Count calls about a case by their outcome."""
        self.satisfied += calls if outcome == "satisfied" else 0
        self.dissatisfied += calls if outcome == "dissatisfied" else 0
        self.unreachable += calls if outcome == "unreachable" else 0

    def take_in(self, other: CaseSums) -> None:
        """Add what was counted elsewhere."""
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, Kept):
                mine.take_in(theirs)
            else:
                setattr(self, name, mine + theirs)


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


class GroupService(Struct, frozen=True):
    """The cases of a department, or a branch; the empty name: of none."""

    name: str
    sums: CaseSums


class StageService(Struct, frozen=True):
    """How a department kept a stage of a flow; both empty: handed off by hand."""

    flow: str
    stage: str
    department: str
    sums: StageSums


class DepartmentHours(Struct, frozen=True):
    """How many cases a department had in hand, and for how much working time in all."""

    department: str
    hours: Hours


class DriverScores(Struct, frozen=True):
    """How customers scored a driver of satisfaction."""

    driver: str
    scores: Scores
