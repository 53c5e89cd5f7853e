"""Where customers are at home, by all that the events table holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from events.customers.identity import Identity
from events.envelope import CustomerId
from events.facts import Fact, fact_of
from events.home import Home
from events.touchpoints.customer import (
    CustomerMerged,
    CustomerProfileChanged,
    CustomerRegistered,
    CustomerUnmerged,
)
from services.errors import UnreadableEvent
from services.log.readable import readable
from services.log.stored import stored_event
from services.postgres.pool import Connection, Pool
from services.postgres.statements import sql

_TELLING = [
    one.event_type
    for one in (CustomerRegistered, CustomerProfileChanged, CustomerMerged, CustomerUnmerged)
]


async def homes_of(
    database: Connection | Pool, customers: Sequence[CustomerId], at: datetime
) -> Mapping[CustomerId, str]:
    """Return where each customer is at home at an instant, with all whom it belongs to by then.

    Whoever is unknown has no home, nor whoever has an event that tells of it and cannot be read.
    """
    told: dict[CustomerId, dict[CustomerId, list[Fact]]] = {}
    unreadable = set()
    for row in await database.fetch(sql("home_events"), customers, _TELLING):
        customer, member = CustomerId(row["asked"]), CustomerId(row["customer_id"])
        try:
            fact = fact_of(readable(stored_event(row)))
        except UnreadableEvent:
            unreadable.add(customer)
        else:
            told.setdefault(customer, {}).setdefault(member, []).append(fact)
    homes = {
        customer: _home(of_members, customer, at)
        for customer, of_members in told.items()
        if customer not in unreadable
    }
    return {customer: home for customer, home in homes.items() if home is not None}


def _home(
    told: Mapping[CustomerId, Sequence[Fact]], customer: CustomerId, at: datetime
) -> str | None:
    """Return where a customer is at home with those who belong to the same root."""
    identity = Identity(told)
    root = identity.root_at(customer, at)
    together = identity.groups_at(at).get(root, (root,))
    return Home([fact for one in together for fact in told.get(one, ())]).branch_at(at)
