"""What is pinned on a case when it opens: durations, the ladder of escalation, the call-back.

A case opened by casework carries its durations; any other gets those that the policy in force
at its opening gives its severity. Later policies do not touch it (decision 29).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID, uuid5

from msgspec import Struct

from events.policy import Reference
from events.touchpoints.complaint import Severity
from events.touchpoints.policy import (
    EscalationPolicy,
    EscalationStep,
    ServiceLevel,
    ServiceLevelPolicy,
)
from events.uses import policy_use, publication_of

CASE_NAMESPACE = UUID("0b6d8f4e-2a6b-5c39-8c57-4f1d9a7e3b20")
ESCALATION_NAMESPACE = UUID("5d1f7c92-8e34-5b06-9a41-c3e07d2b6f58")
"""Namespaces of ids; chosen once, never to change."""

TERMS_USED = frozenset({policy_use(EscalationPolicy), policy_use(ServiceLevelPolicy)})
TERMS_READ = frozenset({publication_of(EscalationPolicy), publication_of(ServiceLevelPolicy)})

BREACH = 100
"""The percent of a clock at which its time is up."""

_STANDARD = {level.severity: level for level in ServiceLevelPolicy().levels}


def native_case_id(event_id: str) -> str:
    """Return the case that a complaint or service request opens (decision 19)."""
    return str(uuid5(CASE_NAMESPACE, event_id))


def escalation_id(
    case_id: str, cycle: int, clock: str, percent: int, obligation_id: str = ""
) -> str:
    """Return the identity of an escalation: uuid5 of case, cycle, clock and percent.

    Obligations have a clock each, so theirs are told apart by the obligation's id as well.
    """
    name = "\x1f".join((case_id, str(cycle), clock, str(percent), obligation_id))
    return str(uuid5(ESCALATION_NAMESPACE, name))


class ServiceTerms(Struct, frozen=True):
    """The durations and the ladder of a case."""

    response: timedelta
    solution: timedelta
    callback_days: int
    callback_attempts: int
    ladder: tuple[EscalationStep, ...]  # by rising percent; the breach is always a step


def _level(levels: ServiceLevelPolicy, severity: Severity) -> ServiceLevel:
    return next((lv for lv in levels.levels if lv.severity == severity), _STANDARD[severity])


def minutes_at(reference: Reference, at: datetime, severity: Severity) -> ServiceLevel:
    """Return the times that the policy in force at an instant gives a severity."""
    return _level(reference.in_force(ServiceLevelPolicy, at), severity)


@lru_cache(maxsize=256)
def _terms(
    levels: ServiceLevelPolicy, ladder: EscalationPolicy, severity: Severity
) -> ServiceTerms:
    level = _level(levels, severity)
    steps = {BREACH: EscalationStep(percent=BREACH, role="department_head")}
    steps.update((step.percent, step) for step in ladder.steps)
    return ServiceTerms(
        response=timedelta(minutes=level.response_minutes),
        solution=timedelta(minutes=level.solution_minutes),
        callback_days=levels.callback_business_days,
        callback_attempts=max(1, levels.callback_attempts),
        ladder=tuple(steps[percent] for percent in sorted(steps)),
    )


def terms_at(reference: Reference, opened_at: datetime, severity: Severity) -> ServiceTerms:
    """Return what the policies in force at its opening give a case of that severity."""
    return _terms(
        reference.in_force(ServiceLevelPolicy, opened_at),
        reference.in_force(EscalationPolicy, opened_at),
        severity,
    )
