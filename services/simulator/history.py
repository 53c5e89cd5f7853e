"""The whole company from a plan: its history in order of recording, and the world it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from services.simulator.arriving import arrive
from services.simulator.company import NEXT_CALENDAR, opening, renewal
from services.simulator.customers import customers
from services.simulator.devices import Recording
from services.simulator.plan import Plan
from services.simulator.pyramid import plan_lines
from services.simulator.world import World


def open_books(plan: Plan) -> World:
    """Return the company on its first day, its life ahead of it; one plan, one life."""
    world = World(plan)
    for customer in customers(plan):
        world.customers[customer.customer_id] = customer
        world.at(customer.joined_at, partial(arrive, world, customer))
    plan_lines(world)
    return world


def history(world: World) -> Iterator[Recording]:
    """Yield what is recorded before the plan's end, then the calendar set at its end.

    Each recording is no earlier than the one before. The world is left as the history ends.
    """
    plan = world.plan
    for data in opening(plan.since):
        yield world.publish(plan.since, data, plan.mark())
    yield from world.upto(plan.until)
    yield world.publish(plan.until, renewal(plan.until), NEXT_CALENDAR)
