"""Complaints and requests with the events of their cases, call-backs and visits."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID, uuid5

from events.money import Money
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseClosed,
    CaseHandedOff,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    ComplaintFiled,
    CustomerTold,
    ObligationFulfilled,
    ServiceKind,
    ServiceRequested,
    Severity,
    ToldOf,
)
from events.touchpoints.contact import (
    CallbackMade,
    CallbackPromised,
    DriverScore,
    VisitMade,
    VisitPlanned,
)
from services.simulator.customers import Customer
from services.simulator.people import phone
from services.simulator.world import World

_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "medium", "high", "urgent")
_KINDS: tuple[ServiceKind, ...] = ("enquiry", "account_query", "immediate_need", "membership")
_CATEGORIES = ("delivery", "quality", "installation", "billing", "attitude")
_TEXTS = (
    "送货比约定晚了两天，没有人提前通知",
    "安装后噪音很大，请尽快派人检查",
    "发票金额与合同不一致",
    "电话打了几次没有人接",
    "外包装破损，面板有划痕",
)


def case_of(event_id: str) -> str:
    """Return the id of the case that a complaint or request opens."""
    return str(uuid5(UUID(event_id), "case"))


def complain(world: World, customer: Customer, order_id: str, when: datetime) -> None:
    """File a complaint about an order and let the departments work on it."""
    dice = customer.dice
    filed = ComplaintFiled(
        severity=dice.choice(_SEVERITIES),
        category=dice.choice(_CATEGORIES),
        department="service",
        agent=customer.staff,
        order_id=order_id,
        case_ref=world.number(f"{customer.branch.branch_id}-C"),
    )
    personal = {"text": dice.choice(_TEXTS), "callback_phone": phone(dice)}
    case_id = case_of(world.tell(customer, "service", when, filed, personal))
    _work(world, customer, case_id, when, handed_on=dice.random() < 0.4)


def request(world: World, customer: Customer, when: datetime) -> None:
    """Ask the service desk for something, and again some months later."""
    dice = customer.dice
    asked = ServiceRequested(
        kind=dice.choice(_KINDS),
        department="service",
        agent=customer.staff,
        case_ref=world.number(f"{customer.branch.branch_id}-Q"),
    )
    case_id = case_of(world.tell(customer, "service", when, asked, {"text": "咨询产品与账户事宜"}))
    _work(world, customer, case_id, when, handed_on=False)
    world.in_days(customer, when, dice.uniform(200.0, 900.0), partial(request, world, customer))


def _tell_step(
    world: World, customer: Customer, case_id: str, step: ToldOf, when: datetime
) -> None:
    world.tell(customer, "service", when, CustomerTold(case_id=case_id, step=step, channel="phone"))


def _work(world: World, customer: Customer, case_id: str, when: datetime, handed_on: bool) -> None:
    dice = customer.dice
    minute = timedelta(minutes=1)
    _tell_step(world, customer, case_id, "received", when + minute)
    taken = CaseAssigned(case_id=case_id, agent=customer.staff, department="service")
    world.tell(customer, "service", when + 4 * minute, taken)
    replied = when + minute * int(dice.uniform(8, 60) / customer.branch.care)
    world.at(replied, partial(_reply, world, customer, case_id))
    days = dice.uniform(0.2, 4.0) / customer.branch.care
    if handed_on:
        world.at(replied + 9 * minute, partial(_hand_off, world, customer, case_id))
        days += 0.8
    world.in_days(customer, when, days, partial(_resolve, world, customer, case_id, 1))


def _reply(world: World, customer: Customer, case_id: str, when: datetime) -> None:
    world.tell(customer, "service", when, CaseReplied(case_id=case_id, agent=customer.staff))


def _hand_off(world: World, customer: Customer, case_id: str, when: datetime) -> None:
    dice = customer.dice
    department = dice.choice(("logistics", "engineering", "finance", "sales"))
    obligation_id = world.number(f"{customer.branch.branch_id}-B")
    handed = CaseHandedOff(
        case_id=case_id,
        obligation_id=obligation_id,
        department=department,
        owes=dice.choice(("replacement", "inspection", "credit_note", "explanation")),
        due_minutes=dice.choice((240, 480, 960)),
        agent=customer.staff,
    )
    world.tell(customer, "service", when, handed)
    _tell_step(world, customer, case_id, "handed_on", when + timedelta(minutes=6))
    world.in_days(
        customer,
        when,
        dice.uniform(0.1, 0.7),
        partial(_fulfil, world, customer, case_id, obligation_id),
    )


def _fulfil(
    world: World, customer: Customer, case_id: str, obligation_id: str, when: datetime
) -> None:
    done = ObligationFulfilled(case_id=case_id, obligation_id=obligation_id)
    world.tell(customer, "logistics", when, done)
    _tell_step(world, customer, case_id, "done", when + timedelta(minutes=15))


def _resolve(world: World, customer: Customer, case_id: str, cycle: int, when: datetime) -> None:
    world.tell(customer, "service", when, CaseResolved(case_id=case_id, agent=customer.staff))
    _tell_step(world, customer, case_id, "resolved", when + timedelta(minutes=3))
    callback_id = world.number(f"{customer.branch.branch_id}-K")
    promised = CallbackPromised(
        callback_id=callback_id,
        purpose="satisfaction",
        due_at=world.told_instant(when) + timedelta(days=2),
        case_id=case_id,
    )
    world.tell(customer, "service", when + timedelta(minutes=4), promised)
    world.in_days(
        customer, when, customer.dice.uniform(0.5, 1.9),
        partial(_call_back, world, customer, case_id, callback_id, cycle),
    )  # fmt: skip


def _call_back(
    world: World, customer: Customer, case_id: str, callback_id: str, cycle: int, when: datetime
) -> None:
    """Ask whether the customer is satisfied; if not, the case goes on once more."""
    dice = customer.dice
    satisfied = cycle > 1 or dice.random() < customer.branch.care
    outcome: Literal["satisfied", "dissatisfied"] = "satisfied" if satisfied else "dissatisfied"
    drivers = ("speed", "attitude", "result")
    lowest = 6 if satisfied else 1
    made = CallbackMade(
        callback_id=callback_id,
        outcome=outcome,
        minutes=dice.randrange(2, 14),
        case_id=case_id,
        scores=tuple(DriverScore(driver=d, score=lowest + dice.randrange(5)) for d in drivers),
    )
    world.tell(customer, "service", when, made)
    if satisfied:
        closed = CaseClosed(case_id=case_id)
        world.tell(customer, "service", when + timedelta(minutes=2), closed)
        if dice.random() < 0.03:
            world.in_days(customer, when, 12.0, partial(_reopen, world, customer, case_id))
    else:
        wait = dice.uniform(0.3, 2.0)
        world.in_days(customer, when, wait, partial(_resolve, world, customer, case_id, 2))


def _reopen(world: World, customer: Customer, case_id: str, when: datetime) -> None:
    world.tell(customer, "service", when, CaseReopened(case_id=case_id, reason="came_back"))
    world.in_days(customer, when, 1.5, partial(_resolve, world, customer, case_id, 2))


def plan_visit(world: World, customer: Customer, when: datetime) -> None:
    """Plan the next visit to a customer that is visited at all, some days ahead."""
    dice = customer.dice
    purpose = dice.choice(("relationship", "stocktaking", "new_products", "payment"))
    visit_id = world.number(f"{customer.branch.branch_id}-S")
    days = dice.uniform(3.0, 14.0)
    planned = VisitPlanned(
        visit_id=visit_id,
        purpose=purpose,
        planned_at=world.told_instant(when) + timedelta(days=round(days)),
        staff=customer.staff,
    )
    world.tell(customer, "sales", when, planned)
    world.in_days(customer, when, days, partial(_visit, world, customer, visit_id, purpose))
    pause = dice.uniform(0.6, 1.4) * 365.0 / customer.segment.visits_a_year
    world.in_days(customer, when, pause, partial(plan_visit, world, customer))


def _visit(world: World, customer: Customer, visit_id: str, purpose: str, when: datetime) -> None:
    dice = customer.dice
    seen = int(customer.typical_minor * dice.uniform(0.2, 4.0)) if dice.random() < 0.5 else None
    made = VisitMade(
        visit_id=visit_id,
        purpose=purpose,
        minutes=dice.randrange(20, 120),
        staff=customer.staff,
        competitor_spend=Money(seen, customer.branch.currency) if seen is not None else None,
    )
    world.tell(customer, "sales", when, made, {"note": "拜访记录：客户关注价格与交货期"})
