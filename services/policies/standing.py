"""Where the cases that are open now would stand in flows that somebody means to publish.

A case keeps to the flow in force at its opening; this shows the flow by cases that are there. A
stage counts as done on a case if one of that name was fulfilled, or withdrawn as not needed, and
none of that name is owed now: what closing cut short begins again when the case is reopened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field

from events.cases.flows import beginning
from events.touchpoints.policy import Flow, FlowPolicy
from projections.case_board.rows import CASES, OBLIGATIONS, CaseRow, ObligationRow
from projections.protocol import Row


class FlowCounts(Struct):
    """How many open cases go through a flow, are through, and would owe each of its stages."""

    cases: int = 0
    finished: int = 0
    owed: dict[str, int] = field(default_factory=dict)

    def take_in(self, other: FlowCounts) -> None:
        """Add what was counted elsewhere."""
        self.cases += other.cases
        self.finished += other.finished
        for stage, cases in other.owed.items():
            self.owed[stage] = self.owed.get(stage, 0) + cases


class StageStanding(Struct, frozen=True):
    """A stage of a flow, and on how many open cases it would be owed now."""

    stage: str
    department: str
    is_known: bool  # reference data has such a department
    cases: int


class FlowStanding(Struct, frozen=True):
    """A flow, how many open cases would go through it, and where they would stand."""

    flow: str
    kind: str
    cases: int
    finished: int  # all of its stages are done on them
    stages: list[StageStanding]


def count_standings(
    found: dict[str, FlowCounts], policy: FlowPolicy, rows: Mapping[str, Sequence[Row]]
) -> None:
    """Count by flow where a customer's open cases would stand, by the rows of the case board."""
    for case, flow in _open_cases(policy, rows[CASES.name]):
        done = _done_on(case, rows[OBLIGATIONS.name])
        owed = {one.stage: 1 for one in beginning(flow, done, done)}
        counts = found.setdefault(flow.flow, FlowCounts())
        counts.take_in(FlowCounts(cases=1, finished=0 if owed else 1, owed=owed))


def _done_on(case: CaseRow, rows: Sequence[Row]) -> Collection[str]:
    """Return the stages that are done on a case."""
    ended: set[str] = set()
    owed: set[str] = set()
    for row in rows:
        assert isinstance(row, ObligationRow)
        if row.case_id == case.case_id and row.stage is not None:
            (owed if row.status == "open" else ended).add(row.stage)
    return ended - owed


def _open_cases(policy: FlowPolicy, rows: Sequence[Row]) -> Iterator[tuple[CaseRow, Flow]]:
    """Yield the cases of our own on which work goes on, with their flow."""
    flows: dict[str, Flow] = {flow.kind: flow for flow in policy.flows}
    for row in rows:
        assert isinstance(row, CaseRow)
        if not row.external and row.status in ("open", "waiting") and row.kind in flows:
            yield row, flows[row.kind]


def standings(
    policy: FlowPolicy, found: Mapping[str, FlowCounts], departments: Collection[str]
) -> list[FlowStanding]:
    """Return what was counted, flow by flow; `departments` are those there are."""
    told = []
    for flow in policy.flows:
        counts = found.get(flow.flow, FlowCounts())
        stages = [
            StageStanding(
                one.stage,
                one.department,
                one.department in departments,
                counts.owed.get(one.stage, 0),
            )
            for one in flow.stages
        ]
        told.append(FlowStanding(flow.flow, flow.kind, counts.cases, counts.finished, stages))
    return told
