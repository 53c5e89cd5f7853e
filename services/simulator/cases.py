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

from events.cases.commands import Command
from events.cases.state import Case as CaseState
from services.casework.memory import Ordered
from services.simulator.customers import Customer
from services.simulator.world import World

MINUTE = timedelta(minutes=1)
WORKDAY = timedelta(hours=8)


@dataclass(slots=True)
class Case:
    """A case as those who work on it know it; `undone` is what keeps it from being resolved."""

    customer: Customer
    state: CaseState
    waited: bool = False
    undone: set[str] = field(default_factory=set)

    @property
    def case_id(self) -> str:
        """Return the case's id."""
        return self.state.case_id

    @property
    def owner(self) -> str:
        """Return who owns it."""
        return self.state.owner or ""

    @property
    def department(self) -> str:
        """Return the department that has it."""
        return self.state.department or ""

    @property
    def response(self) -> timedelta:
        """Return the business time allowed until the first answer."""
        return self.state.response_minutes * MINUTE

    @property
    def solution(self) -> timedelta:
        """Return the business time allowed until the solution."""
        return self.state.solution_minutes * MINUTE


def pace(dice: Random, care: float) -> float:
    """Return how much of the time allowed something takes; above 1 it is late."""
    taken = (1.35 - 1.03 * care) * exp(dice.gauss(0.0, 0.6))
    stuck = dice.random() < 0.02 + 0.08 * (1.0 - care)
    return taken * dice.uniform(3.0, 14.0) if stuck else taken


def order(
    world: World,
    case: Case,
    agent: str | None,
    when: datetime,
    command: Command,
    note: str | None = None,
) -> Ordered | None:
    """Let somebody command, or the platform, and see what became of the case; None: refused."""
    done = world.order(agent, case.case_id, when, command, note)
    state = world.cases.case(case.case_id)
    assert state is not None, "it was opened"
    case.state = state
    return done
