"""The course of a case, followed by rules of its own: a few lines for each type of event.

Nothing of the platform decides here what is in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from events.cases.terms import escalation_id
from events.envelope import RecordedEvent
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseClosed,
    CaseEscalated,
    CaseHandedOff,
    CaseNoted,
    CaseOpened,
    CasePrioritySet,
    CaseReferred,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseWaitingEnded,
    CaseWaitingStarted,
    CustomerTold,
    EscalationAcknowledged,
    ObligationFulfilled,
    ObligationWithdrawn,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised

_LIVE = ("open", "waiting")
_ATTEMPTS = 3


@dataclass(slots=True)
class Course:
    """A case on its way: where it stands, and every step that was out of order."""

    status: str = "none"
    owner: str | None = None
    cycle: int = 1
    owed: set[str] = field(default_factory=set)
    ever_owed: set[str] = field(default_factory=set)
    answered: bool = False
    resolves: int = 0
    attempts: int = 0
    promised: set[str] = field(default_factory=set)
    escalated: set[tuple[str, int, int, str]] = field(default_factory=set)
    settled: set[tuple[str, str]] = field(default_factory=set)  # clocks that ended: name and part
    moved: set[str] = field(default_factory=set)  # cycles whose clocks were given other times
    taken_up: set[tuple[str, str]] = field(default_factory=set)  # clocks of which somebody knows
    wrong: list[str] = field(default_factory=list)

    def take(self, event: RecordedEvent) -> None:
        """Take a step, and note if it was out of order."""
        data = event.data
        step = _STEPS.get(type(data))
        if step is None:
            self.wrong.append(f"{event.envelope.type} belongs to no case")
            return
        before = f"{self.status}, owing {len(self.owed)}"
        in_order = (self.status == "none") == isinstance(data, CaseOpened)
        if not in_order or not step(self, event):
            self.wrong.append(f"{event.envelope.type} while {before}")

    @property
    def live(self) -> bool:
        """Return whether it is worked on or waits."""
        return self.status in _LIVE

    def stop(self, status: str) -> bool:
        """End the clocks of the cycle, and those of what is owed where the case is closed."""
        self.settled |= {("response", str(self.cycle)), ("solution", str(self.cycle))}
        if status == "closed":
            self.settled |= {("obligation", one) for one in self.owed}
            self.owed.clear()
        self.status, self.answered = status, True
        return True

    def go_on(self) -> bool:
        """Work on it again, in the same cycle."""
        self.status = "open"
        return True


Step = Callable[[Course, RecordedEvent], bool]


def _opened(course: Course, event: RecordedEvent) -> bool:
    assert isinstance(event.data, CaseOpened)
    course.status, course.owner = "open", event.data.owner or None
    return event.envelope.sequence == 1


def _assigned(course: Course, event: RecordedEvent) -> bool:
    assert isinstance(event.data, CaseAssigned)
    changed = course.owner != event.data.agent
    course.owner = event.data.agent
    return course.live and changed


def _replied(course: Course, event: RecordedEvent) -> bool:
    course.answered = True
    course.settled.add(("response", str(course.cycle)))
    return course.live


def _handed_off(course: Course, event: RecordedEvent) -> bool:
    assert isinstance(event.data, CaseHandedOff)
    new = event.data.obligation_id not in course.ever_owed
    course.owed.add(event.data.obligation_id)
    course.ever_owed.add(event.data.obligation_id)
    return course.live and new


def _settled(course: Course, event: RecordedEvent) -> bool:
    assert isinstance(event.data, ObligationFulfilled | ObligationWithdrawn)
    owed = event.data.obligation_id in course.owed
    course.owed.discard(event.data.obligation_id)
    course.settled.add(("obligation", event.data.obligation_id))
    return course.live and owed


def _waits(course: Course, event: RecordedEvent) -> bool:
    before, course.status = course.status, "waiting"
    return before == "open"


def _waited(course: Course, event: RecordedEvent) -> bool:
    before, course.status = course.status, "open"
    return before == "waiting"


def _resolved(course: Course, event: RecordedEvent) -> bool:
    in_order = course.live and not course.owed
    course.resolves, course.attempts = course.resolves + 1, 0
    return course.stop("resolved") and in_order


def _promised(course: Course, event: RecordedEvent) -> bool:
    assert isinstance(event.data, CallbackPromised)
    new = event.data.callback_id not in course.promised
    course.promised.add(event.data.callback_id)
    return course.status == "resolved" and new and len(course.promised) == course.resolves


def _called(course: Course, event: RecordedEvent) -> bool:
    assert isinstance(event.data, CallbackMade)
    in_order = course.status == "resolved" and event.data.callback_id in course.promised
    course.attempts += 1
    match event.data.outcome:
        case "satisfied":
            course.stop("closed")
        case "dissatisfied":
            course.go_on()
        case _ if course.attempts == _ATTEMPTS:
            course.stop("closed")
    return in_order


def _closed(course: Course, event: RecordedEvent) -> bool:
    in_order = course.live and not course.owed
    return course.stop("closed") and in_order


def _reopened(course: Course, event: RecordedEvent) -> bool:
    if course.status == "closed":
        course.cycle, course.answered, course.attempts = course.cycle + 1, False, 0
        return course.go_on()
    return course.status == "resolved" and course.go_on()


def _escalated(course: Course, event: RecordedEvent) -> bool:
    """Each level of a clock's ladder is told once, while the clock runs."""
    data = event.data
    assert isinstance(data, CaseEscalated)
    part = data.obligation_id or ""
    level = (data.clock, data.cycle, data.percent, part)
    new = level not in course.escalated
    course.escalated.add(level)
    name = escalation_id(data.case_id, data.cycle, data.clock, data.percent, part)
    runs = course.live if not part else part in course.owed
    runs = runs and not (data.clock == "response" and course.answered)
    return new and runs and event.envelope.id == name and data.cycle == course.cycle


def _acknowledged(course: Course, event: RecordedEvent) -> bool:
    assert isinstance(event.data, EscalationAcknowledged)
    for clock, cycle, percent, part in course.escalated:
        name = escalation_id(event.data.case_id, cycle, clock, percent, part)
        if name == event.data.escalation_id:
            course.taken_up.add((clock, part or str(cycle)))
    return course.live


def _priority_set(course: Course, event: RecordedEvent) -> bool:
    course.moved.add(str(course.cycle))
    return course.live


def _live_only(course: Course, event: RecordedEvent) -> bool:
    return course.live


def _whenever(course: Course, event: RecordedEvent) -> bool:
    return True


_STEPS: Mapping[type[Touchpoint], Step] = {
    CaseOpened: _opened,
    CaseAssigned: _assigned,
    CaseReplied: _replied,
    CaseHandedOff: _handed_off,
    ObligationFulfilled: _settled,
    ObligationWithdrawn: _settled,
    CaseWaitingStarted: _waits,
    CaseWaitingEnded: _waited,
    CaseResolved: _resolved,
    CallbackPromised: _promised,
    CallbackMade: _called,
    CaseClosed: _closed,
    CaseReopened: _reopened,
    CaseEscalated: _escalated,
    EscalationAcknowledged: _acknowledged,
    CaseNoted: _live_only,
    CasePrioritySet: _priority_set,
    CaseReferred: _whenever,
    CustomerTold: _whenever,
}
