"""How cases end: resolved, called back, closed, and now and then opened again."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from events.touchpoints.complaint import (
    CaseClosed,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    Outcome,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised, DriverScore
from services.simulator.cases import MINUTE, WORKDAY, Case, pace, tell, tell_customer
from services.simulator.company import COSTS
from services.simulator.world import World

_ATTEMPTS = 3
_DRIVERS = ("speed", "attitude", "result")


def finish(world: World, case: Case, what: str, when: datetime) -> None:
    """Note that something is done; when nothing is left, the owner resolves the case."""
    case.undone.discard(what)
    if not case.undone:
        world.at(when + 2 * MINUTE, partial(resolve, world, case))


def resolve(world: World, case: Case, when: datetime) -> None:
    """Say that it is solved, and call the customer within two business days, mostly."""
    customer, dice = case.customer, case.customer.dice
    case.resolves += 1
    case.attempts = 0
    resolved = CaseResolved(case_id=case.case_id, agent=case.owner, department=case.department)
    tell(world, case, when, resolved)
    tell_customer(world, case, "resolved", when + 3 * MINUTE)
    callback_id = world.number(f"{customer.branch.branch_id}-K")
    if dice.random() < 0.3:
        promised = CallbackPromised(
            callback_id=callback_id,
            purpose="satisfaction",
            due_at=world.told_instant(world.after(customer, when, 2 * WORKDAY)),
            case_id=case.case_id,
        )
        world.tell(customer, "casework", when + 4 * MINUTE, promised)
    at = world.after(customer, when, 2 * WORKDAY * pace(dice, customer.branch.care))
    world.at(at, partial(_call_back, world, case, callback_id))


def _call_back(world: World, case: Case, callback_id: str, when: datetime) -> None:
    """Ask whether the customer is satisfied; if not, the same cycle goes on."""
    customer, dice = case.customer, case.customer.dice
    case.attempts += 1
    outcome = _outcome(case)
    minutes = 1 if outcome == "unreachable" else dice.randrange(2, 14)
    lowest = 6 if outcome == "satisfied" else 1
    made = CallbackMade(
        callback_id=callback_id,
        outcome=outcome,
        minutes=minutes,
        case_id=case.case_id,
        scores=()
        if outcome == "unreachable"
        else tuple(DriverScore(driver=d, score=lowest + dice.randrange(5)) for d in _DRIVERS),
    )
    world.tell(customer, "casework", when, made)
    customer.earn(when, COSTS.per_callback_minute, -minutes)
    if outcome == "dissatisfied":
        left = case.solution * 0.2 * pace(dice, customer.branch.care)
        world.at(world.after(customer, when, left + 5 * MINUTE), partial(resolve, world, case))
    elif outcome == "unreachable" and case.attempts < _ATTEMPTS:
        again = world.after(customer, when, WORKDAY * dice.uniform(0.2, 0.6))
        world.at(again, partial(_call_back, world, case, callback_id))
    else:
        _close(world, case, outcome == "satisfied", when + 2 * MINUTE)


def _outcome(case: Case) -> Outcome:
    chance = case.customer.dice.random()
    if chance < 0.12:
        return "unreachable"
    unhappy = (1.05 - case.customer.branch.care) / case.resolves
    return "dissatisfied" if chance < 0.12 + 0.88 * unhappy else "satisfied"


def _close(world: World, case: Case, confirmed: bool, when: datetime) -> None:
    customer, dice = case.customer, case.customer.dice
    closed = CaseClosed(
        case_id=case.case_id,
        confirmed=confirmed,
        agent=case.owner,
        department=case.department,
    )
    tell(world, case, when, closed)
    if case.cycle < 3 and dice.random() < 0.02 + 0.12 * (1.0 - customer.branch.care):
        again = world.after(customer, when, WORKDAY * dice.uniform(2.0, 15.0))
        world.at(again, partial(_reopen, world, case))


def _reopen(world: World, case: Case, when: datetime) -> None:
    """Begin the next cycle, with fresh clocks: what was solved has come back."""
    customer, dice = case.customer, case.customer.dice
    case.cycle += 1
    tell(world, case, when, CaseReopened(case_id=case.case_id, reason="came_back"))
    care = customer.branch.care
    replied = world.after(customer, when, case.response * pace(dice, care))
    world.at(replied, partial(_reply_again, world, case))
    done = world.after(customer, when, case.solution * pace(dice, care))
    world.at(max(done, replied + timedelta(minutes=5)), partial(resolve, world, case))


def _reply_again(world: World, case: Case, when: datetime) -> None:
    tell(world, case, when, CaseReplied(case_id=case.case_id, agent=case.owner))
