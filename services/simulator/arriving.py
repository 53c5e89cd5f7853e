"""How customers become known, and what is agreed with them at first."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from events.money import Money
from events.touchpoints.customer import (
    ConsentGiven,
    ContactPersonAdded,
    CustomerProfileChanged,
    CustomerRegistered,
)
from events.touchpoints.payment import CreditLimitSet
from services.simulator.customers import Customer
from services.simulator.people import address, firm, person, phone
from services.simulator.sales import next_order
from services.simulator.service import request
from services.simulator.visits import plan_visit
from services.simulator.world import World


def arrive(world: World, customer: Customer, when: datetime) -> None:
    """Register a customer, agree on a limit, and let its life as a customer begin."""
    dice, branch = customer.dice, customer.branch
    city = branch.name.removesuffix("分公司")
    company = customer.segment.kind == "company"
    registered = CustomerRegistered(
        home_branch=branch.branch_id, segment=customer.segment.name, kind=customer.segment.kind
    )
    personal = {
        "name": firm(dice, city) if company else person(dice),
        "phone": phone(dice),
        "address": address(dice, city),
    }
    world.tell(customer, "sales", when, registered, personal)
    if company:
        contact = ContactPersonAdded(contact_id=f"{customer.customer_id}-1", role="buyer")
        who = {"name": person(dice), "phone": phone(dice)}
        world.tell(customer, "sales", when + timedelta(minutes=2), contact, who)
    if company or branch.currency != "CNY":
        _set_limit(world, customer, when + timedelta(minutes=30))
    if dice.random() < 0.35:
        consent = ConsentGiven(purpose="paperless_billing", channel="web")
        world.tell(customer, "sales", when + timedelta(minutes=9), consent)
    if dice.random() < 0.15:
        later = dice.uniform(60.0, 700.0)
        world.in_days(customer, when, later, partial(_move_house, world, customer))
    if dice.random() < 0.25:
        world.in_days(customer, when, dice.uniform(20.0, 700.0), partial(request, world, customer))
    if customer.segment.visits_a_year:
        first = dice.random() * 365.0 / customer.segment.visits_a_year
        world.in_days(customer, when, first, partial(plan_visit, world, customer))
    next_order(world, customer, when)


def _set_limit(world: World, customer: Customer, when: datetime) -> None:
    """Agree on a limit that fits the usual business, mostly generously."""
    usual = customer.typical_minor * (2.0 + customer.orders_a_year * 75.0 / 365.0)
    limit = int(usual * customer.dice.uniform(0.7, 2.6)) // 100_000 * 100_000 + 100_000
    customer.limit_minor = limit
    world.tell(
        customer, "finance", when, CreditLimitSet(limit=Money(limit, customer.branch.currency))
    )


def _move_house(world: World, customer: Customer, when: datetime) -> None:
    city = customer.branch.name.removesuffix("分公司")
    world.tell(
        customer, "sales", when, CustomerProfileChanged(), {"address": address(customer.dice, city)}
    )
