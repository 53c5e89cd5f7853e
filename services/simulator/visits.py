"""Visits: planned some days ahead, made, and what is seen there of other suppliers."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from events.money import Money
from events.touchpoints.contact import VisitMade, VisitPlanned
from services.simulator.company import COSTS
from services.simulator.customers import Customer
from services.simulator.world import World


def plan_visit(world: World, customer: Customer, when: datetime) -> None:
    """Let the next visit to a customer that is visited at all come; some are planned ahead."""
    dice = customer.dice
    purpose = dice.choice(("relationship", "stocktaking", "new_products", "payment"))
    visit_id = world.number(f"{customer.branch.branch_id}-S")
    days = dice.uniform(3.0, 14.0)
    if dice.random() < 0.4:
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
    """Make the visit; half of them see what the customer buys elsewhere in a month."""
    dice = customer.dice
    monthly = customer.typical_minor * customer.orders_a_year / 12
    seen = int(monthly * dice.uniform(0.1, 3.0)) if dice.random() < 0.5 else None
    minutes = dice.randrange(20, 120)
    made = VisitMade(
        visit_id=visit_id,
        purpose=purpose,
        minutes=minutes,
        staff=customer.staff,
        competitor_spend=Money(seen, customer.branch.currency) if seen is not None else None,
    )
    world.tell(customer, "sales", when, made, {"note": "拜访记录：客户关注价格与交货期"})
    customer.earn(when, COSTS.per_visit_minute, -minutes)
