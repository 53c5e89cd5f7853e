"""The decision to begin a case: whose it is, how pressing, and by which clocks."""

from __future__ import annotations

from datetime import datetime

from events.cases.asking import Decision, Rules
from events.cases.commands import Open
from events.cases.flows import beginning, flow_for, handed_to
from events.cases.reasons import NOT_YOURS, OPENED_ONCE
from events.cases.staff import BY_ITSELF, Staff, staff_in_force
from events.cases.state import Case
from events.cases.terms import minutes_at, native_case_id, terms_at
from events.policy import Reference
from events.refusals import Word, department, refuse
from events.touchpoints.complaint import (
    CaseOpened,
    CaseReferred,
    ComplaintFiled,
    CustomerTold,
    ServiceRequested,
    Severity,
)
from events.touchpoints.policy import TierPolicy

_STEP_UP: dict[Severity, Severity] = {"low": "medium", "medium": "high", "high": "urgent"}


def opening_of(
    data: ComplaintFiled | ServiceRequested | CaseReferred,
    event_id: str,
    at: datetime,
    tier: str | None = None,
) -> Open:
    """Return the command that opens the case of a complaint, a request or a need overheard.

    `event_id` and `at` are those of its event, `tier` is its customer's then.
    """
    if isinstance(data, CaseReferred):
        return Open(
            case_id=data.referral_case_id,
            severity=data.severity,
            received_at=at,
            opened_by=event_id,
            department=data.department,
            tier=tier,
            referred_from=data.case_id,
        )
    requested = data if isinstance(data, ServiceRequested) else None
    return Open(
        case_id=native_case_id(event_id),
        severity=data.severity,
        received_at=at,
        opened_by=event_id,
        agent=data.agent,
        department=data.department,
        tier=tier,
        wanted_by=requested.wanted_by if requested else None,
        kind=requested.kind if requested else "complaint",
    )


def open_case(case: Case | None, command: Open, by: Staff, now: datetime, rules: Rules) -> Decision:
    """Decide that a complaint, a request or a need overheard has its case.

    Its clocks are those of the service levels in force when it came in; the highest tier is one
    step more pressing (domain rules, section 6).
    """
    if by != BY_ITSELF:
        named = {"by": by.agent, "who": (Word("platform"),), "owner": command.agent}
        return refuse(NOT_YOURS, **named, department=department(command.department))
    if case is not None:
        return refuse(OPENED_ONCE, case=case.case_id, since=case.opened_at)
    reference, at = rules.reference, command.received_at
    priority = _priority(reference, command)
    level = minutes_at(reference, at, priority)
    flow = flow_for(reference, command.kind, at)
    first = beginning(flow, (), ()) if flow is not None else ()
    return (
        CaseOpened(
            case_id=command.case_id,
            priority=priority,
            owner=command.agent or "",
            department=command.department or _department_of(reference, command.agent, at) or "",
            tier=command.tier,
            response_minutes=level.response_minutes,
            solution_minutes=level.solution_minutes,
            referred_from=command.referred_from,
            opened_by=command.opened_by,
            received_at=at,
            wanted_by=command.wanted_by,
            callback_attempts=terms_at(reference, at, priority).callback_attempts,
            flow=flow.flow if flow is not None else None,
        ),
        CustomerTold(case_id=command.case_id, step="received"),
        *handed_to(command.case_id, first, 0),
    )


def _priority(reference: Reference, command: Open) -> Severity:
    tiers = reference.in_force(TierPolicy, command.received_at).tiers
    if not tiers or command.tier != tiers[0].name:
        return command.severity
    return _STEP_UP.get(command.severity, command.severity)


def _department_of(reference: Reference, agent: str | None, at: datetime) -> str | None:
    staff = staff_in_force(reference, agent, at) if agent else None
    return staff.department if staff else None
