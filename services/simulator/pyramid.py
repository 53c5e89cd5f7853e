"""The customer pyramid of the invented company: lines drawn each quarter from its own books.

The branches' books know what each customer's payments earned and what serving it cost; they
leave out the cost of capital and the provision. Headquarters ranks that, as `touchstone policy
calibrate` ranks the exact scores, and publishes the lines from the second year on: before,
a year's window is not full.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial

from events.calendars import DEFAULT_ZONE, day_start, local_day, zone
from events.touchpoints.policy import TierPolicy, TierPolicyPublished
from projections.value_tiers.reports import calibrated
from services.simulator.customers import Customer
from services.simulator.plan import Plan
from services.simulator.world import World

_FIRST_LINES = timedelta(days=350)
_CURRENCY = "CNY"


def plan_lines(world: World) -> None:
    """Let lines be published at the beginning of each quarter of the history."""
    for quarter in _quarters(world.plan):
        world.at(quarter, partial(_publish_lines, world))


def _quarters(plan: Plan) -> Iterator[datetime]:
    tz = zone(DEFAULT_ZONE)
    day = local_day(plan.since + _FIRST_LINES, tz).replace(day=1)
    while (start := day_start(day, tz)) < plan.until:
        if day.month % 3 == 1 and start >= plan.since + _FIRST_LINES:
            yield start
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _publish_lines(world: World, when: datetime) -> None:
    known = [c for c in world.customers.values() if c.joined_at < when]
    scores = {customer.customer_id: _score(customer, when) for customer in known}
    policy = calibrated(sorted(scores.values(), reverse=True), TierPolicy(currency=_CURRENCY))
    world.announce(when, TierPolicyPublished(effective_from=when, policy=policy))
    for customer in known:
        reached = (t.name for t in policy.tiers if scores[customer.customer_id] >= t.line_minor)
        customer.tier = next(reached, policy.lowest)


def _score(customer: Customer, when: datetime) -> int:
    """Return what a customer earned in the year before, where the pyramid counts its money."""
    if customer.branch.currency != _CURRENCY:
        return 0
    since = when - timedelta(days=365)
    return sum(minor for at, minor in customer.earned if since <= at < when)
