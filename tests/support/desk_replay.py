"""The help-desk log as commands: each step is given by whoever did it, and decided as ever.

A step is refused where it is not legal here; then, where there is a legal way to the same, that is
gone, as somebody who works with the product would. What was refused is kept, with its rule.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from events.cases.asking import Rules
from events.cases.commands import (
    AddNote,
    Assign,
    Close,
    Command,
    Reopen,
    Resolve,
    Resume,
    Take,
    Wait,
)
from events.cases.opening import opening_of
from events.cases.staff import BY_ITSELF, Staff
from events.cases.terms import native_case_id
from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.policy import Reference
from events.refusals import Refused
from events.streams import case_stream
from events.touchpoints.complaint import ComplaintFiled, Severity
from services.casework.executing import Stream
from services.casework.memory import CasesInMemory, Ordered
from services.casework.ordering import CommandOn
from services.intake.draft import Draft
from tests.support.given import event_id
from tests.support.helpdesk import BRANCH


class Activity(StrEnum):
    """What steps mean to a case; any other is work on it."""

    RESOLVE = "Resolve ticket"
    CLOSED = "Closed"
    WAIT = "Wait"


_SEVERITIES: Mapping[str, Severity] = {"1": "low", "2": "medium", "3": "high", "4": "urgent"}


class Step(NamedTuple):
    """A row of the log."""

    case: str
    number: int
    activity: str
    resource: str
    at: datetime
    customer: str
    workgroup: str
    seriousness: str


def steps_of(file: Path) -> Mapping[str, Sequence[Step]]:
    """Return the steps of each case, in order."""
    found: dict[str, list[Step]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            step = Step(
                case=row["case_id"],
                number=int(row["event_no"]),
                activity=row["activity"],
                resource=row["resource"],
                at=datetime.fromisoformat(row["timestamp"]).astimezone(UTC),
                customer=row["customer"],
                workgroup=row["workgroup"],
                seriousness=row["seriousness_2"],
            )
            found.setdefault(step.case, []).append(step)
    for steps in found.values():
        steps.sort(key=lambda step: step.number)
    return found


class Given(NamedTuple):
    """A command that was done, and what it recorded."""

    asked: CommandOn[Command]
    done: Ordered


class Replay:
    """Gives the steps of the log to cases in memory."""

    def __init__(self, reference: Reference) -> None:
        self._rules = Rules(reference)
        self._cases = CasesInMemory()
        self._next = 0
        self.given: list[Given] = []
        self.refused: Counter[tuple[str, str]] = Counter()  # the command, and the rule
        self.not_done: set[tuple[str, int]] = set()  # steps that no command comes to
        self.not_moved: set[tuple[str, int]] = set()  # those whose department did not move

    def complaints(self, steps: Mapping[str, Sequence[Step]]) -> Iterator[Draft]:
        """Yield what the customers told the desk: the first step of each case."""
        for case, mine in steps.items():
            first = mine[0]
            data = ComplaintFiled(
                severity=_SEVERITIES[first.seriousness],
                agent=f"resource-{first.resource}",
                department=f"workgroup-{first.workgroup}",
            )
            envelope = Envelope(
                id=_filed(case),
                source=f"/branches/{BRANCH}/desk",
                type=data.event_type,
                subject=_customer(first),
                branch_id=BranchId(BRANCH),
                epoch=0,
                sequence=int(case),
                created_at=first.at,
                effective_at=first.at,
            )
            yield Draft(envelope, data)

    def replay(self, complaint: Draft, steps: Sequence[Step]) -> None:
        """Open a case by its complaint, and give its steps."""
        data, first = complaint.data, steps[0]
        assert isinstance(data, ComplaintFiled)
        opens = opening_of(data, complaint.envelope.id, first.at)
        self._give(first, BY_ITSELF, opens)
        for step in steps:
            self._step(step)

    def _step(self, step: Step) -> None:
        match step.activity:
            case Activity.CLOSED:
                done = self._close(step)
            case Activity.RESOLVE:
                done = self._work(step, Resolve())
            case Activity.WAIT:
                done = self._work(step, Wait())
            case _:
                done = self._work(step, AddNote())
        if not done:
            self.not_done.add((step.case, step.number))

    def _work(self, step: Step, command: Command) -> bool:
        """Give a step of work to whoever did it; a case that is over is reopened for it."""
        if self._status(step) in ("resolved", "closed"):
            assert not self._give(step, _staff(step), command), "nobody works on what is over"
            assert self._give(step, _staff(step), Reopen(reason=step.activity))
        self._hand_on(step)
        if self._status(step) == "waiting" and isinstance(command, AddNote):
            command = Resume()
        return self._give(step, _staff(step), command)

    def _close(self, step: Step) -> bool:
        """Close a case as this desk does: after weeks, and nobody calls the customer."""
        close = Close(reason="closed by the desk")
        if self._status(step) == "closed":
            return self._give(step, _staff(step), close)
        if self._status(step) == "resolved":
            assert not self._give(step, _staff(step), close), "the customer is to be called back"
            assert self._give(step, _staff(step), Reopen(reason=step.activity))
        self._hand_on(step)
        return self._give(step, _staff(step), close)

    def _hand_on(self, step: Step) -> None:
        """Let whoever did a step own the case: takes it, or is given it from elsewhere."""
        case = self._cases.case(case_id(step.case))
        assert case is not None
        staff = _staff(step)
        if (case.owner, case.department) == (staff.agent, staff.department):
            return
        if self._give(step, staff, Take()):
            return
        owner = Staff(case.owner or "", case.department, BRANCH, frozenset())
        given = Assign(agent=staff.agent, department=staff.department)
        if not self._give(step, owner, given):
            self.not_moved.add((step.case, step.number))

    def _give(self, step: Step, by: Staff, command: Command) -> bool:
        """Give a command; return whether it was done."""
        self._next += 1
        opens = None
        if by == BY_ITSELF:
            opens = Stream(case_stream(case_id(step.case)), _customer(step), BranchId(BRANCH))
        asked = CommandOn(
            on=case_id(step.case),
            command=command,
            by=by,
            key=f"step-{self._next}" if opens is None else _filed(step.case),
            opens=opens,
            created_at=step.at,
        )
        done = self._cases.execute(asked, step.at, self._rules)
        if isinstance(done, Refused):
            self.refused[type(command).__name__, done.rule] += 1
            return False
        self.given.append(Given(asked, done))
        return True

    def _status(self, step: Step) -> str:
        case = self._cases.case(case_id(step.case))
        assert case is not None
        return case.status


def _staff(step: Step) -> Staff:
    """Return whoever did a step, of the workgroup that the log names there."""
    return Staff(f"resource-{step.resource}", f"workgroup-{step.workgroup}", BRANCH, frozenset())


def _filed(case: str) -> EventId:
    return event_id(f"helpdesk complaint {case}")


def case_id(case: str) -> str:
    """Return the case that a complaint of the log opens."""
    return native_case_id(_filed(case))


def _customer(step: Step) -> CustomerId:
    return CustomerId(f"helpdesk-{step.customer}")
