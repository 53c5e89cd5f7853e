"""Decisions on escalations: told when a share of a clock's time is spent, taken up, passed on.

They are the steps that the case board's alerts stand on: each is taken at the exact instant at
which its share is spent; an acknowledged step climbs no further, but that the time is up is
always told (domain rules, section 6; decisions 19, 30, 31).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from events.cases.asking import Asking, Decision
from events.cases.clocks import Clock, reached_at
from events.cases.commands import Acknowledge, Delegate, Escalate, OnEscalation, Snooze
from events.cases.reasons import (
    ACKNOWLEDGED,
    ESCALATED_ALREADY,
    IN_THE_PAST,
    NOT_REACHED,
    SETTLED,
    UNKNOWN_STAFF,
    UNKNOWN_STEP,
)
from events.cases.staff import staff_in_force
from events.cases.state import Case
from events.cases.terms import BREACH, escalation_id
from events.refusals import Refused, refuse
from events.touchpoints.complaint import CaseEscalated, EscalationAcknowledged
from events.touchpoints.policy import AlertDelegated, AlertSnoozed


class _Step(NamedTuple):
    """A step of the ladder that a command names."""

    role: str
    escalation: str
    clock: Clock
    department: str | None  # whose head is told


def escalate(asking: Asking, command: Escalate) -> Decision:
    """Decide that whoever the ladder names is told."""
    case = asking.case
    if not (asking.is_platform or asking.is_above):
        return asking.not_yours("platform", "above")
    step = _step(asking, command)
    if isinstance(step, Refused):
        return step
    if step.escalation in case.escalated:
        return refuse(ESCALATED_ALREADY)
    return (
        CaseEscalated(
            case_id=case.case_id,
            cycle=command.cycle,
            clock=command.clock,
            percent=command.percent,
            to_role=step.role,
            obligation_id=command.obligation_id,
            by=asking.by.agent or None,
        ),
    )


def acknowledge(asking: Asking, command: Acknowledge) -> Decision:
    """Decide that whom an escalation reached has taken it up."""
    step = _reached_step(asking, command)
    if isinstance(step, Refused):
        return step
    agent = asking.by.agent
    return (
        EscalationAcknowledged(
            case_id=asking.case.case_id, escalation_id=step.escalation, agent=agent, by=agent
        ),
    )


def snooze(asking: Asking, command: Snooze) -> Decision:
    """Decide that an escalation is not to be heard of for a while; its next step is all the same.

    It is named by the escalation's id, which stays the same when customers are merged or parted.
    """
    step = _reached_step(asking, command)
    if isinstance(step, Refused):
        return step
    if command.until <= asking.now:
        return refuse(IN_THE_PAST, until=command.until, now=asking.now)
    return (AlertSnoozed(alert_id=step.escalation, by=asking.by.agent, until=command.until),)


def delegate(asking: Asking, command: Delegate) -> Decision:
    """Decide that an escalation is passed on to another member of staff, whom it reaches then."""
    step = _reached_step(asking, command)
    if isinstance(step, Refused):
        return step
    if staff_in_force(asking.rules.reference, command.to, asking.now) is None:
        return refuse(UNKNOWN_STAFF, agent=command.to)
    return (AlertDelegated(alert_id=step.escalation, by=asking.by.agent, to=command.to),)


def _reached_step(asking: Asking, command: OnEscalation) -> _Step | Refused:
    """Return the step that a command names, if it reached whoever asks."""
    step = _step(asking, command)
    if isinstance(step, Refused) or _reached(asking, command, step):
        return step
    return asking.not_yours(step.role)


def _reached(asking: Asking, command: OnEscalation, step: _Step) -> bool:
    """Return whether it reached whoever asks; of an obligation the owner is told as well."""
    if (step.escalation, asking.by.agent) in asking.case.delegated:
        return True
    if asking.is_owner and (step.role == "owner" or command.clock == "obligation"):
        return True
    match step.role:
        case "owner":
            return False
        case "department_head":
            return asking.heads(step.department)
        case "branch_manager":
            return asking.is_branch_manager
        case _:
            return step.role in asking.by.roles


def _step(asking: Asking, command: OnEscalation) -> _Step | Refused:
    """Return the step that a command names, if it was taken and nobody took it up."""
    ladder = {step.percent: step.role for step in asking.terms.ladder}
    role = ladder.get(command.percent)
    if role is None:
        steps = tuple(f"{percent}%" for percent in ladder)
        return refuse(UNKNOWN_STEP, percent=command.percent, steps=steps)
    running = _running(asking.case, command)
    if running is None:
        return refuse(SETTLED)
    clock, department = running
    due = reached_at(clock, asking.time, command.percent)
    if due is None or due > asking.now:
        return refuse(NOT_REACHED, percent=command.percent, due=due)
    escalation = _id(asking.case, command, command.percent)
    taken = set(_taken(asking, command, clock))
    if command.percent not in taken or asking.case.acknowledged_at(escalation) is not None:
        return refuse(ACKNOWLEDGED)
    return _Step(role, escalation, clock, department)


def _id(case: Case, command: OnEscalation, percent: int) -> str:
    return escalation_id(
        case.case_id, command.cycle, command.clock, percent, command.obligation_id or ""
    )


def _running(case: Case, command: OnEscalation) -> tuple[Clock, str | None] | None:
    """Return the clock that a command names, and whose it is; None: it runs no more."""
    if command.cycle != case.cycle:
        return None
    match command.clock:
        case "response":
            return None if case.answered or not case.is_live else (case.response, case.department)
        case "solution":
            return (case.solution, case.department) if case.is_live else None
        case "obligation":
            owed = case.owing(command.obligation_id or "")
            return None if owed is None else (owed.clock, owed.department)


def _taken(asking: Asking, command: OnEscalation, clock: Clock) -> Iterator[int]:
    """Yield the steps that were taken on a clock by now: those that nobody made needless."""
    taken_up = None
    for step in asking.terms.ladder:
        reached = reached_at(clock, asking.time, step.percent)
        if reached is None or reached > asking.now:
            return
        if taken_up is not None and step.percent != BREACH and taken_up <= reached:
            continue
        yield step.percent
        taken_up = asking.case.acknowledged_at(_id(asking.case, command, step.percent))
