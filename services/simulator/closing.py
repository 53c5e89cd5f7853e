"""How cases end: resolved, called back, closed by the call, and now and then opened again."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from events.cases.commands import (
    Fulfil,
    RecordCallback,
    Reopen,
    Reply,
    Resolve,
    Resume,
    Take,
)
from events.touchpoints.complaint import Outcome
from events.touchpoints.contact import DriverScore
from services.simulator.cases import MINUTE, WORKDAY, Case, order, pace
from services.simulator.company import CALLERS, COSTS, clerk
from services.simulator.world import World

_DRIVERS = ("speed", "attitude", "result")


def finish(world: World, case: Case, what: str, when: datetime) -> None:
    """Note that something is done; when nothing is left, the owner resolves the case."""
    case.undone.discard(what)
    if not case.undone:
        world.at(when + 2 * MINUTE, partial(resolve, world, case))


def resolve(world: World, case: Case, when: datetime) -> None:
    """Say that it is solved; somebody calls the customer within two business days, mostly."""
    if world.kept_waiting(case.customer, when, partial(resolve, world, case)):
        return
    customer, dice = case.customer, case.customer.dice
    if order(world, case, case.owner, when, Resolve(channel="phone")) is None:
        return
    at = world.after(customer, when, 2 * WORKDAY * pace(dice, customer.branch.care))
    world.at(at, partial(_call_back, world, case))


def take_up(world: World, case: Case, when: datetime) -> None:
    """Go on with a case that was left as it was: solve it, or call about what was solved."""
    if case.state.status == "resolved":
        _call_back(world, case, when)
        return
    if not case.owner:
        customer = case.customer
        agent = clerk(customer.branch.branch_id, case.department, customer.dice)
        order(world, case, agent, when, Take())
    if case.state.status == "waiting":
        order(world, case, case.owner, when, Resume())
    for owed in case.state.owed:
        done = Fulfil(obligation_id=owed.obligation_id)
        order(world, case, owed.agent or case.owner, when, done)
    resolve(world, case, when)


def _call_back(world: World, case: Case, when: datetime) -> None:
    """Ask whether the customer is satisfied; if not, the same cycle goes on."""
    customer, dice = case.customer, case.customer.dice
    outcome = _outcome(case)
    minutes = 1 if outcome == "unreachable" else dice.randrange(2, 14)
    lowest = 6 if outcome == "satisfied" else 1
    scores = tuple(DriverScore(driver=d, score=lowest + dice.randrange(5)) for d in _DRIVERS)
    made = RecordCallback(
        outcome=outcome, minutes=minutes, scores=() if outcome == "unreachable" else scores
    )
    if order(world, case, dice.choice(CALLERS), when, made) is None:
        return
    customer.earn(when, COSTS.per_callback_minute, -minutes)
    if case.state.status == "resolved":
        again = world.after(customer, when, WORKDAY * dice.uniform(0.2, 0.6))
        world.at(again, partial(_call_back, world, case))
    elif case.state.status == "open":
        left = case.solution * 0.2 * pace(dice, customer.branch.care)
        world.at(world.after(customer, when, left + 5 * MINUTE), partial(resolve, world, case))
    elif case.state.cycle < 3 and dice.random() < 0.02 + 0.12 * (1.0 - customer.branch.care):
        again = world.after(customer, when, WORKDAY * dice.uniform(2.0, 15.0))
        world.at(again, partial(_reopen, world, case))


def _outcome(case: Case) -> Outcome:
    chance = case.customer.dice.random()
    away = 0.12 if case.state.attempts == 0 else 0.4  # who did not answer is away
    if chance < away:
        return "unreachable"
    unhappy = (1.05 - case.customer.branch.care) / case.state.resolves
    return "dissatisfied" if chance < away + (1.0 - away) * unhappy else "satisfied"


def _reopen(world: World, case: Case, when: datetime) -> None:
    """Begin the next cycle, with fresh clocks: what was solved has come back."""
    if world.kept_waiting(case.customer, when, partial(_reopen, world, case)):
        return
    customer, dice = case.customer, case.customer.dice
    if order(world, case, case.owner, when, Reopen(reason="came_back")) is None:
        return
    care = customer.branch.care
    replied = world.after(customer, when, case.response * pace(dice, care))
    world.at(replied, partial(_reply_again, world, case))
    done = world.after(customer, when, case.solution * pace(dice, care))
    world.at(max(done, replied + timedelta(minutes=5)), partial(resolve, world, case))


def _reply_again(world: World, case: Case, when: datetime) -> None:
    if not world.kept_waiting(case.customer, when, partial(_reply_again, world, case)):
        order(world, case, case.owner, when, Reply())
