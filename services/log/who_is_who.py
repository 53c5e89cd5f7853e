"""Who is who, by all that the log holds: of units and branches, mirrored yet or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.envelope import CustomerId, EventId
from events.facts import Fact
from events.touchpoints.customer import CustomerErased, CustomerMerged, CustomerUnmerged
from services.log.readable import fact_of, readable, sound
from services.log.stored import stored_event
from services.ports import Beyond, CustomerRead, EventLog
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_KINDS = (CustomerMerged, CustomerUnmerged, CustomerErased)
_TYPES = [one.event_type for one in _KINDS]

_Facts = dict[CustomerId, dict[EventId, Fact]]


class Ways(NamedTuple):
    """What is known of customers, and of all whom any of them was ever merged into."""

    told: Mapping[CustomerId, Sequence[Fact]]  # who was merged, parted, erased
    unknown: frozenset[CustomerId]  # no event names them
    relied_on: Sequence[CustomerRead]  # how far each was read

    @property
    def erased(self) -> Mapping[CustomerId, datetime]:
        """Return who was erased, and when."""
        return {
            customer: fact.effective_at
            for customer, facts in self.told.items()
            for fact in facts
            if isinstance(fact.data, CustomerErased)
        }


async def ways_of(log: EventLog, pool: Pool, customers: Iterable[CustomerId]) -> Ways:
    """Return what is known on the ways from customers to their roots.

    Whether a merge of one of them counts, and which others do besides it, is decided by this
    alone. Raises: Unavailable, UnreadableEvent.
    """
    told: _Facts = {}
    unknown: set[CustomerId] = set()
    relied_on: list[CustomerRead] = []
    left = set(customers)
    while left:
        names = sorted(left)
        beyond = sound(await log.beyond(names))
        found = await _facts(pool, names, beyond)
        unknown.update(await _unknown(pool, names, beyond))
        relied_on += [beyond.read(one) for one in names]
        told |= found
        left = {into for facts in found.values() for into in _merged_into(facts.values())}
        left -= told.keys()
    return Ways(
        {one: [*facts.values()] for one, facts in told.items()}, frozenset(unknown), relied_on
    )


async def _facts(pool: Pool, customers: Sequence[CustomerId], beyond: Beyond) -> _Facts:
    found: _Facts = {customer: {} for customer in customers}
    for row in await retried(lambda: pool.fetch(sql("identity_events"), customers, _TYPES)):
        event = readable(stored_event(row))
        fact = fact_of(event.envelope, event.data)
        found[CustomerId(row["customer_id"])][fact.id] = fact
    for customer in customers:
        for envelope, data in beyond.told.get(customer, ()):
            if envelope.subject == customer and isinstance(data, _KINDS):
                found[customer][envelope.id] = fact_of(envelope, data)
    return found


async def _unknown(
    pool: Pool, customers: Sequence[CustomerId], beyond: Beyond
) -> Iterable[CustomerId]:
    rows = await retried(lambda: pool.fetch(sql("near_customers"), customers))
    return {*customers} - {CustomerId(row["customer_id"]) for row in rows} - beyond.known.keys()


def _merged_into(facts: Iterable[Fact]) -> Iterable[CustomerId]:
    return [CustomerId(fact.data.into) for fact in facts if isinstance(fact.data, CustomerMerged)]
