"""How departments work on a case: replied to, handed on, waited for, taken over, referred."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from events.cases.terms import BREACH, escalation_id
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseHandedOff,
    CaseOpened,
    CaseReferred,
    CaseReplied,
    CaseWaitingEnded,
    CaseWaitingStarted,
    EscalationAcknowledged,
    ObligationFulfilled,
    ServiceRequested,
)
from services.simulator.cases import MINUTE, WORKDAY, Case, pace, tell, tell_customer
from services.simulator.closing import finish
from services.simulator.company import clerk, head
from services.simulator.world import World

Owed = tuple[str, str]
"""A department and what it owes."""


def begin(
    world: World, case: Case, owed: Sequence[Owed], wanted_days: int | None, when: datetime
) -> None:
    """Open a case and let it be worked on, by the departments that owe something too."""
    customer, dice = case.customer, case.customer.dice
    opened = CaseOpened(
        case_id=case.case_id,
        priority=case.priority,
        owner=case.owner,
        department=case.department,
        tier=customer.tier,
        response_minutes=case.response // MINUTE,
        solution_minutes=case.solution // MINUTE,
        referred_from=case.referred_from,
    )
    tell(world, case, when + MINUTE, opened)
    tell_customer(world, case, "received", when + 2 * MINUTE)
    care = customer.branch.care
    replied = world.after(customer, when, case.response * pace(dice, care))
    world.at(replied, partial(_reply, world, case, owed))
    allowed = case.solution if wanted_days is None else wanted_days * WORKDAY * 5 / 7
    case.undone = {"work"}
    done = max(replied, world.after(customer, when, allowed * pace(dice, care))) + 5 * MINUTE
    world.at(done, partial(finish, world, case, "work"))
    if wanted_days is None and dice.random() < 0.6:
        late = world.after(customer, when, case.solution + 20 * MINUTE)
        world.at(late, partial(_acknowledge, world, case))


def _reply(world: World, case: Case, owed: Sequence[Owed], when: datetime) -> None:
    dice = case.customer.dice
    tell(world, case, when, CaseReplied(case_id=case.case_id, agent=case.owner))
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
    customer, dice = case.customer, case.customer.dice
    department, owes = owed
    obligation = world.number(f"{customer.branch.branch_id}-B")
    minutes = max(60, case.solution // MINUTE // 2)
    handed = CaseHandedOff(
        case_id=case.case_id,
        obligation_id=obligation,
        department=department,
        owes=owes,
        due_minutes=minutes,
        agent=clerk(customer.branch.branch_id, department, dice),
    )
    tell(world, case, when, handed)
    tell_customer(world, case, "handed_on", when + 6 * MINUTE, obligation)
    case.undone.add(obligation)
    case.undone.discard(f"handing on {k}")
    done = world.after(customer, when, minutes * MINUTE * pace(dice, customer.branch.care))
    world.at(max(done, when + 9 * MINUTE), partial(_fulfil, world, case, obligation, handed.agent))


def _fulfil(world: World, case: Case, obligation: str, agent: str | None, when: datetime) -> None:
    done = ObligationFulfilled(case_id=case.case_id, obligation_id=obligation, agent=agent)
    tell(world, case, when, done)
    tell_customer(world, case, "done", when + 3 * MINUTE, obligation)
    finish(world, case, obligation, when + 4 * MINUTE)


def _wait(world: World, case: Case, when: datetime) -> None:
    """Wait on the customer; the solution clock stands still."""
    dice = case.customer.dice
    waiting = CaseWaitingStarted(
        case_id=case.case_id,
        reason=dice.choice(("photo_of_damage", "appointment", "serial_number")),
        agent=case.owner,
        department=case.department,
    )
    case.waited = True
    tell(world, case, when, waiting)
    until = world.after(case.customer, when, WORKDAY * dice.uniform(0.1, 4.0))
    world.at(until, partial(_go_on, world, case))


def _go_on(world: World, case: Case, when: datetime) -> None:
    tell(world, case, when, CaseWaitingEnded(case_id=case.case_id))
    finish(world, case, "waiting", when + 7 * MINUTE)


def _take_over(world: World, case: Case, back: bool, when: datetime) -> None:
    """Let a colleague take the case over; sometimes it comes back."""
    if "work" not in case.undone:
        return
    customer, former = case.customer, case.owner
    case.owner = clerk(customer.branch.branch_id, case.department, customer.dice)
    taken = CaseAssigned(case_id=case.case_id, agent=case.owner, department=case.department)
    tell(world, case, when, taken)
    if back and case.owner != former:
        case.owner = former
        again = CaseAssigned(case_id=case.case_id, agent=former, department=case.department)
        tell(world, case, when + 25 * MINUTE, again)


def _refer(world: World, case: Case, when: datetime) -> None:
    """Overhear another need and make it a case of the department that can meet it."""
    customer = case.customer
    branch_id = customer.branch.branch_id
    owner = clerk(branch_id, "engineering", customer.dice)
    asked = ServiceRequested(
        kind="immediate_need", severity="low", department="engineering", agent=owner
    )
    event_id = world.tell(
        customer, "service", when, asked, {"text": "维修时客户说另一台电器也有问题"}
    )
    other = Case.of(event_id, customer, "low", owner, "engineering", case.case_id)
    referred = CaseReferred(
        case_id=case.case_id, referral_case_id=other.case_id, department="engineering"
    )
    tell(world, case, when + MINUTE, referred)
    begin(world, other, (), None, when)


def _acknowledge(world: World, case: Case, when: datetime) -> None:
    """Let the head of the department take up what was escalated: the time is over."""
    if world.live or case.waited or case.resolves or case.cycle > 1:
        return
    acknowledged = EscalationAcknowledged(
        case_id=case.case_id,
        escalation_id=escalation_id(case.case_id, 1, "solution", BREACH),
        agent=head(case.department),
    )
    tell(world, case, when, acknowledged)
