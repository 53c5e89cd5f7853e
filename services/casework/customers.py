"""What the log holds of a customer at the moment of a command, merges and all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from events.customers.identity import Identity
from events.envelope import CustomerId
from events.facts import Fact, fact_of
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from projections.merged import Merged
from services.errors import Unavailable, UnreadableEvent
from services.log.dossiers import PostgresDossiers
from services.log.merged import merged_with
from services.log.readable import readable
from services.log.stored import stored_event
from services.ports import Beyond, CustomerRead, EventLog
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_PATIENCE_S = 5.0
_LOOK_S = 0.05


class Group(NamedTuple):
    """Customers whom merges connect, by all their facts, and how far each was read."""

    facts: Merged
    relied_on: Sequence[CustomerRead]


class Customers:
    """Reads customers' facts for commands."""

    def __init__(self, log: EventLog, pool: Pool) -> None:
        self._log = log
        self._pool = pool
        self._dossiers = PostgresDossiers(pool)

    async def read(self, customer: CustomerId) -> Group:
        """Return a customer, with all whom merges connect, by the facts in the log just now.

        Where the events table mirrors a topic, it is waited for.
        Raises: Unavailable, UnreadableEvent.
        """
        members: Sequence[CustomerId] = [customer]
        while True:
            beyond = await self._all_kept(members)
            connected = await retried(lambda: merged_with(self._pool, customer))
            if {*connected} == {*members}:
                break
            members = connected
        found = await self._dossiers.facts_of(members, beyond.before)
        for dossier in found:
            for one in dossier.unreadable:
                raise UnreadableEvent(f"event {one.event_id} cannot be read: {one.reason}")
        facts = Merged({dossier.customer: dossier.facts for dossier in found})
        return Group(facts, [beyond.read(one) for one in members])

    async def _all_kept(self, members: Sequence[CustomerId]) -> Beyond:
        """Wait until the events table has all that there is of customers. Raises: Unavailable."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while True:
            beyond = await self._log.beyond(members)
            if not beyond.known:
                return beyond
            if loop.time() > end:
                raise Unavailable(
                    "the customer's latest events are not readable yet; try again in a moment"
                )
            await asyncio.sleep(_LOOK_S)


async def root_of(pool: Pool, customer: CustomerId, at: datetime) -> CustomerId:
    """Return whom a customer belongs to at an instant, by what the events table holds.

    Raises: Unavailable, UnreadableEvent.
    """
    members = await retried(lambda: merged_with(pool, customer))
    if len(members) == 1:
        return customer
    kinds = [CustomerMerged.event_type, CustomerUnmerged.event_type]
    told: dict[CustomerId, list[Fact]] = {}
    for row in await retried(lambda: pool.fetch(sql("identity_events"), members, kinds)):
        mine = told.setdefault(CustomerId(row["customer_id"]), [])
        mine.append(fact_of(readable(stored_event(row))))
    return Identity(told).root_at(customer, at)
