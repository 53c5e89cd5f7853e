"""Service flows: which stage of a case begins when, and what a published flow gets wrong.

A stage is what a department owes on a case, handed off by the flow and not by a person. It is
done when it was fulfilled, or withdrawn as not needed for this case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from events.cases.state import Case, Obligation, part_id
from events.policy import Reference
from events.texts import worded
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseHandedOff, CustomerTold
from events.touchpoints.policy import CaseKind, Flow, FlowPolicy, Stage


def flow_for(reference: Reference, kind: CaseKind | None, at: datetime) -> Flow | None:
    """Return the flow in force for a kind of case; None: it has none."""
    flows = reference.in_force(FlowPolicy, at).flows
    return next((one for one in flows if one.kind == kind), None)


def flow_named(reference: Reference, name: str | None, at: datetime) -> Flow | None:
    """Return a flow in force by its name."""
    flows = reference.in_force(FlowPolicy, at).flows
    return next((one for one in flows if one.flow == name), None)


def beginning(flow: Flow, begun: Collection[str], done: Collection[str]) -> Sequence[Stage]:
    """Return the stages that begin now: not begun, and all that they wait for is done."""
    return [
        one
        for one in flow.stages
        if one.stage not in begun and all(before in done for before in one.after)
    ]


def next_stages(
    reference: Reference, case: Case, ended: Obligation | None = None
) -> Iterator[Touchpoint]:
    """Yield what begins in the flow of a case, once something ends that was owed on it."""
    flow = flow_named(reference, case.flow, case.opened_at)
    if flow is None:
        return
    owed = {one.stage for one in case.owed if one is not ended}
    stages = beginning(flow, case.begun, case.begun - owed)
    yield from handed_to(case.case_id, stages, case.handed_off)


def handed_to(case_id: str, stages: Sequence[Stage], handed_off: int) -> Iterator[Touchpoint]:
    """Yield what begins stages of a case on which so many obligations were handed off before.

    The customer is told of each, as of everything that is handed on.
    """
    for number, one in enumerate(stages, handed_off + 1):
        obligation_id = part_id(case_id, "obligation", number)
        yield CaseHandedOff(
            case_id=case_id,
            obligation_id=obligation_id,
            department=one.department,
            owes=one.owes,
            due_minutes=one.minutes,
            stage=one.stage,
        )
        yield CustomerTold(case_id=case_id, step="handed_on", obligation_id=obligation_id)


class Fault(NamedTuple):
    """What is wrong with a policy of flows: where, what, and the remedy."""

    field: str
    reason: str
    remedy: str


def fault_in(policy: FlowPolicy) -> Fault | None:
    """Return the first thing wrong with service flows, if anything is."""
    return next(_faults(policy), None)


def _faults(policy: FlowPolicy) -> Iterator[Fault]:
    for field, names in (
        ("flow", [one.flow for one in policy.flows]),
        ("kind", [one.kind for one in policy.flows]),
    ):
        if (i := _repeated(names)) is not None:
            remedy = worded("give each flow a name of its own, and each kind of case one flow")
            yield Fault(
                f"flows[{i}].{field}",
                worded("names %(name)s a second time", name=names[i]),
                remedy,
            )
    for i, flow in enumerate(policy.flows):
        yield from _faults_of(flow, f"flows[{i}].stages")


def _faults_of(flow: Flow, where: str) -> Iterator[Fault]:
    names = [one.stage for one in flow.stages]
    if not names:
        yield Fault(
            where, worded("is empty"), worded("give the flow a stage, or leave the flow out")
        )
    if (i := _repeated(names)) is not None:
        remedy = worded("give each stage of a flow a name of its own")
        yield Fault(
            f"{where}[{i}].stage", worded("names %(name)s a second time", name=names[i]), remedy
        )
    for i, one in enumerate(flow.stages):
        for k, before in enumerate(one.after):
            if before not in names:
                known = ", ".join(names)
                yield Fault(
                    f"{where}[{i}].after[{k}]",
                    worded(
                        "is %(before)s, which is no stage of %(flow)s",
                        before=before,
                        flow=flow.flow,
                    ),
                    worded("name one of its stages: %(known)s", known=known),
                )
    try:
        TopologicalSorter({one.stage: one.after for one in flow.stages}).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        remedy = worded("let one of them begin without the others, or the flow never ends")
        yield Fault(where, worded("wait for each other: %(circle)s", circle=circle), remedy)


def _repeated(names: Sequence[str]) -> int | None:
    """Return where a name stands for the second time, if one does."""
    return next((i for i, name in enumerate(names) if name in names[:i]), None)
