"""How departments work on a case: replied to, handed on, waited for, taken over, referred."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from events.cases.commands import (
    Acknowledge,
    Assign,
    Escalate,
    Fulfil,
    HandOff,
    Refer,
    Reply,
    Resume,
    Take,
    Wait,
)
from events.cases.state import Obligation
from events.cases.terms import BREACH
from events.streams import CASES
from services.simulator.cases import MINUTE, WORKDAY, Case, order, pace
from services.simulator.closing import finish
from services.simulator.company import clerk, head
from services.simulator.customers import Customer
from services.simulator.devices import Recording
from services.simulator.world import World

Owed = tuple[str, str]
"""A department and what it owes."""


def expect(
    world: World, customer: Customer, opener: Recording, owed: Sequence[Owed], days: int | None,
    when: datetime,
) -> None:  # fmt: skip
    """Let a complaint or request have its case as soon as it has come in, and work begin."""
    comes = when + MINUTE if world.live else opener.recorded_at
    world.at(comes, partial(_opened, world, customer, opener, owed, days))


def _opened(
    world: World, customer: Customer, opener: Recording, owed: Sequence[Owed], days: int | None,
    when: datetime,
) -> None:  # fmt: skip
    done = world.open_case(opener, customer.tier, when)
    if done is None:
        return
    state = world.cases.case(done.events[0].envelope.source.removeprefix(CASES))
    assert state is not None, "it was opened"
    _begin(world, Case(customer, state), owed, days, when)


def _begin(
    world: World, case: Case, owed: Sequence[Owed], days: int | None, when: datetime
) -> None:
    """Let a case be worked on, by the departments that owe something too."""
    customer, dice = case.customer, case.customer.dice
    care = customer.branch.care
    replied = world.after(customer, when, case.response * pace(dice, care))
    if not case.owner:
        taken = world.after(customer, when, case.response * 0.2)
        world.at(taken, partial(_take_first, world, case))
        replied = max(replied, taken + MINUTE)
    world.at(replied, partial(_reply, world, case, owed))
    allowed = case.solution if days is None else days * WORKDAY * 5 / 7
    case.undone = {"work"}
    done = max(replied, world.after(customer, when, allowed * pace(dice, care))) + 5 * MINUTE
    world.at(done, partial(finish, world, case, "work"))
    if days is None and dice.random() < 0.6:
        late = world.after(customer, when, case.solution + 20 * MINUTE)
        world.at(late, partial(_acknowledge, world, case))


def _take_first(world: World, case: Case, when: datetime) -> None:
    """Let somebody of the department take a case that nobody owns yet."""
    if world.kept_waiting(case.customer, when, partial(_take_first, world, case)):
        return
    customer = case.customer
    agent = clerk(customer.branch.branch_id, case.department, customer.dice)
    order(world, case, agent, when, Take())


def _reply(world: World, case: Case, owed: Sequence[Owed], when: datetime) -> None:
    if world.kept_waiting(case.customer, when, partial(_reply, world, case, owed)):
        return
    dice = case.customer.dice
    order(world, case, case.owner, when, Reply())
    for k, each in enumerate(owed):
        at = world.after(case.customer, when, (4 + k * dice.randrange(30, 200)) * MINUTE)
        case.undone.add(f"handing on {k}")
        world.at(at, partial(_hand_off, world, case, each, k))
    chance = dice.random()
    if chance < 0.20:
        case.undone.add("waiting")
        at = world.after(case.customer, when, case.solution * dice.uniform(0.05, 0.4))
        world.at(at, partial(_wait, world, case))
    elif chance < 0.40:
        at = world.after(case.customer, when, case.solution * dice.uniform(0.05, 0.3))
        world.at(at, partial(_take_over, world, case, chance < 0.25))
    elif chance < 0.45:
        at = world.after(case.customer, when, 15 * MINUTE)
        world.at(at, partial(_refer, world, case))


def _hand_off(world: World, case: Case, owed: Owed, k: int, when: datetime) -> None:
    """Let a department owe something; the owner stays."""
    if world.kept_waiting(case.customer, when, partial(_hand_off, world, case, owed, k)):
        return
    customer, dice = case.customer, case.customer.dice
    department, owes = owed
    minutes = max(60, case.solution // MINUTE // 2)
    agent = clerk(customer.branch.branch_id, department, dice)
    command = HandOff(department=department, owes=owes, due_minutes=minutes, agent=agent)
    handed = order(world, case, case.owner, when, command)
    case.undone.discard(f"handing on {k}")
    if handed is None:
        return
    obligation = case.state.owed[-1]
    case.undone.add(obligation.obligation_id)
    done = world.after(customer, when, minutes * MINUTE * pace(dice, customer.branch.care))
    world.at(max(done, when + 9 * MINUTE), partial(_fulfil, world, case, obligation))


def _fulfil(world: World, case: Case, obligation: Obligation, when: datetime) -> None:
    if world.kept_waiting(case.customer, when, partial(_fulfil, world, case, obligation)):
        return
    owed = obligation.obligation_id
    order(world, case, obligation.agent or case.owner, when, Fulfil(obligation_id=owed))
    finish(world, case, owed, when + 4 * MINUTE)


def _wait(world: World, case: Case, when: datetime) -> None:
    """Wait on the customer; the solution clock stands still."""
    if world.kept_waiting(case.customer, when, partial(_wait, world, case)):
        return
    dice = case.customer.dice
    reason = dice.choice(("photo_of_damage", "appointment", "serial_number"))
    case.waited = True
    order(world, case, case.owner, when, Wait(reason=reason))
    until = world.after(case.customer, when, WORKDAY * dice.uniform(0.1, 4.0))
    world.at(until, partial(_go_on, world, case))


def _go_on(world: World, case: Case, when: datetime) -> None:
    if world.kept_waiting(case.customer, when, partial(_go_on, world, case)):
        return
    order(world, case, case.owner, when, Resume())
    finish(world, case, "waiting", when + 7 * MINUTE)


def _take_over(world: World, case: Case, back: bool, when: datetime) -> None:
    """Let a colleague take the case over; sometimes it comes back."""
    if "work" not in case.undone:
        return
    if world.kept_waiting(case.customer, when, partial(_take_over, world, case, back)):
        return
    customer, former = case.customer, case.owner
    colleague = clerk(customer.branch.branch_id, case.department, customer.dice)
    taken = order(world, case, colleague, when, Take()) if colleague != former else None
    if back and taken is not None:
        world.at(when + 25 * MINUTE, partial(_give_back, world, case, former))


def _give_back(world: World, case: Case, former: str, when: datetime) -> None:
    if not world.kept_waiting(case.customer, when, partial(_give_back, world, case, former)):
        order(world, case, case.owner, when, Assign(agent=former))


def _refer(world: World, case: Case, when: datetime) -> None:
    """Overhear another need: it becomes a case of the department that can meet it."""
    if world.kept_waiting(case.customer, when, partial(_refer, world, case)):
        return
    note = "维修时客户说另一台电器也有问题"
    referred = order(
        world, case, case.owner, when, Refer(department="engineering", severity="low"), note
    )
    if referred is not None:
        [event] = referred.events
        at = event.envelope.effective_at
        overheard = Recording(at, event.envelope, event.data)
        expect(world, case.customer, overheard, (), None, when)


def _acknowledge(world: World, case: Case, when: datetime) -> None:
    """Let the head of the department take up what was escalated: the time is over."""
    if world.live or case.waited or case.state.resolves or case.state.cycle > 1:
        return
    order(world, case, None, when, Escalate(clock="solution", percent=BREACH, cycle=1))
    taken_up = Acknowledge(clock="solution", percent=BREACH, cycle=1)
    order(world, case, head(case.department), when, taken_up)
