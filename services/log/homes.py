"""Where customers are at home, by all that the log holds, or by what the events table has."""

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
from services.log.merged import each_merged_with
from services.log.readable import readable
from services.log.stored import stored_event
from services.log.together import Together, together
from services.ports import EventLog
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_TELLING = [
    one.event_type
    for one in (CustomerRegistered, CustomerProfileChanged, CustomerMerged, CustomerUnmerged)
]


async def homes_of(
    pool: Pool, customers: Sequence[CustomerId], at: datetime
) -> Mapping[CustomerId, str]:
    """Return where each customer is at home at an instant, by what the events table has.

    All whom it belongs to by then count. Whoever is unknown has no home, nor whoever has an event
    that tells of it and cannot be read. Raises: Unavailable.
    """
    connected = await retried(lambda: each_merged_with(pool, customers))
    return await _homes(pool, connected, None, at)


async def homes_by_log(
    log: EventLog, pool: Pool, customers: Sequence[CustomerId], at: datetime
) -> Mapping[CustomerId, str]:
    """Return the same by all that the log holds just now. Raises: Unavailable."""
    found = await together(log, pool, customers)
    return await _homes(pool, found.connected, found, at)


async def _homes(
    pool: Pool,
    connected: Mapping[CustomerId, Sequence[CustomerId]],
    ahead: Together | None,
    at: datetime,
) -> Mapping[CustomerId, str]:
    everybody = sorted({one for some in connected.values() for one in some})
    told: dict[CustomerId, list[Fact]] = {one: [] for one in everybody}
    unreadable: set[CustomerId] = set()
    if ahead is not None:
        unreadable.update(map(CustomerId, ahead.beyond.unreadable))
        for one in everybody:
            told[one] += ahead.facts_beyond(one)
    for row in await retried(lambda: pool.fetch(sql("home_events"), everybody, _TELLING)):
        customer = CustomerId(row["customer_id"])
        try:
            told[customer].append(fact_of(readable(stored_event(row))))
        except UnreadableEvent:
            unreadable.add(customer)
    homes = {
        customer: _home({one: told[one] for one in members if told[one]}, customer, at)
        for customer, members in connected.items()
        if unreadable.isdisjoint(members)
    }
    return {customer: home for customer, home in homes.items() if home is not None}


def _home(
    told: Mapping[CustomerId, Sequence[Fact]], customer: CustomerId, at: datetime
) -> str | None:
    """Return where a customer is at home with those who belong to the same root."""
    identity = Identity(told)
    root = identity.root_at(customer, at)
    belonging = identity.groups_at(at).get(root, (root,))
    return Home([fact for one in belonging for fact in told.get(one, ())]).branch_at(at)
