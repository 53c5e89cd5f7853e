"""A case as those who work on it know it, and how long work takes where.

Work takes business time. How much of the time allowed it takes is a matter of the branch: a
careful one breaches one deadline in sixteen, the least careful one in three. Now and then
a case gets stuck for weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp
from random import Random

from events.cases.terms import native_case_id
from events.touchpoints.complaint import CaseTouchpoint, CustomerTold, Severity, ToldOf
from events.touchpoints.policy import ServiceLevelPolicy
from services.simulator.customers import Customer
from services.simulator.world import World

MINUTE = timedelta(minutes=1)
WORKDAY = timedelta(hours=8)

_STEP_UP: dict[Severity, Severity] = {"low": "medium", "medium": "high", "high": "urgent"}
_LEVELS = {level.severity: level for level in ServiceLevelPolicy().levels}


@dataclass(slots=True)
class Case:
    """A case as those who work on it know it; `undone` is what keeps it from being resolved."""

    case_id: str
    customer: Customer
    priority: Severity
    owner: str
    department: str
    referred_from: str | None = None
    cycle: int = 1
    resolves: int = 0
    attempts: int = 0
    waited: bool = False
    undone: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        event_id: str,
        customer: Customer,
        severity: Severity,
        owner: str,
        department: str,
        referred_from: str | None = None,
    ) -> Case:
        """Return the case that a complaint or request opens; platinum is one step up."""
        platinum = customer.tier == "platinum"
        priority = _STEP_UP.get(severity, severity) if platinum else severity
        case_id = native_case_id(event_id)
        return cls(case_id, customer, priority, owner, department, referred_from)

    @property
    def response(self) -> timedelta:
        """Return the business time allowed until the first answer."""
        return _LEVELS[self.priority].response_minutes * MINUTE

    @property
    def solution(self) -> timedelta:
        """Return the business time allowed until the solution."""
        return _LEVELS[self.priority].solution_minutes * MINUTE


def pace(dice: Random, care: float) -> float:
    """Return how much of the time allowed something takes; above 1 it is late."""
    taken = (1.35 - 1.03 * care) * exp(dice.gauss(0.0, 0.6))
    stuck = dice.random() < 0.02 + 0.08 * (1.0 - care)
    return taken * dice.uniform(3.0, 14.0) if stuck else taken


def tell(world: World, case: Case, when: datetime, data: CaseTouchpoint) -> None:
    """Report a step of the case."""
    world.tell(case.customer, "casework", when, data)


def tell_customer(
    world: World, case: Case, step: ToldOf, when: datetime, obligation: str | None = None
) -> None:
    """Tell the customer of a step: whoever told it once need not ask again."""
    told = CustomerTold(case_id=case.case_id, step=step, channel="phone", obligation_id=obligation)
    tell(world, case, when, told)
