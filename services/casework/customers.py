"""What the log holds of a customer at the moment of a command, merges and all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from events.cases.staff import Staff
from events.customers.identity import Identity
from events.envelope import CustomerId
from events.facts import Fact, fact_of
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from projections.merged import Merged
from services.casework.executing import Order
from services.errors import Unavailable, UnreadableEvent
from services.log.dossiers import PostgresDossiers
from services.log.merged import each_merged_with, merged_with
from services.log.readable import readable
from services.log.stored import stored_event
from services.ports import Beyond, CustomerRead, EventLog
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_PATIENCE_S = 5.0
_LOOK_S = 0.05

C = TypeVar("C", bound=Struct)


class CustomerOrder(Struct, Generic[C], frozen=True, kw_only=True):
    """A command about a customer: who asks, under which key, and what."""

    customer: CustomerId
    command: C
    by: Staff
    key: str
    seen: int | None = None
    personal: Mapping[str, str] | None = None
    only_tried: bool = False  # decide, and write nothing

    def order(self) -> Order:
        """Return the command as streams execute it."""
        command = self.command
        name = type(command).__name__
        content = [self.customer, name, msgspec.to_builtins(command), self.personal or {}]
        return Order(
            by=self.by.agent,
            key=self.key,
            content=msgspec.json.encode(content, order="sorted"),
            seen=self.seen,
            personal=self.personal,
            only_tried=self.only_tried,
        )


class Group(NamedTuple):
    """Customers whom merges connect, by all their facts, and how far each was read."""

    facts: Merged
    relied_on: Sequence[CustomerRead]


class _Read(NamedTuple):
    """Customers' facts, in groups that merges connect, and how far each customer was read."""

    groups: Sequence[Mapping[CustomerId, Sequence[Fact]]]
    relied_on: Sequence[CustomerRead]

    def merged(self) -> Merged:
        """Return all of them together."""
        return Merged({one: facts for group in self.groups for one, facts in group.items()})


class Customers:
    """Reads customers' facts for commands."""

    def __init__(self, log: EventLog, pool: Pool) -> None:
        self._log = log
        self._pool = pool
        self._dossiers = PostgresDossiers(pool)

    async def group(self, customer: CustomerId) -> Group:
        """Return a customer, with all whom merges connect, to decide on.

        Where the events table mirrors a topic, it is waited for.
        Raises: Unavailable, UnreadableEvent.
        """
        found = await self._read([customer])
        return Group(found.merged(), found.relied_on)

    async def read(self, *customers: CustomerId) -> Merged:
        """Return customers, with all whom merges connect, by the facts in the log just now.

        Where the events table mirrors a topic, it is waited for.
        Raises: Unavailable, UnreadableEvent.
        """
        return (await self._read(customers)).merged()

    async def read_each(self, customers: Sequence[CustomerId]) -> Mapping[CustomerId, Merged]:
        """Return the same of many customers, each in its own group, in as many round trips.

        An event that cannot be read spoils its own group alone, which is left out.
        Raises: Unavailable.
        """
        found = await self._read(customers, leave_out=True)
        groups = [Merged(one) for one in found.groups]
        return {customer: one for one in groups for customer in one.identity.customers}

    async def _read(self, customers: Sequence[CustomerId], *, leave_out: bool = False) -> _Read:
        """Return what was recorded of customers, in the groups that merges connect."""
        members: Sequence[CustomerId] = customers
        while True:
            beyond = await self._all_kept(members)
            connected = await retried(lambda: each_merged_with(self._pool, customers))
            groups = {tuple(sorted(group)) for group in connected.values()}
            everybody = sorted({one for group in groups for one in group})
            if {*members}.issuperset(everybody):
                break
            members = everybody
        facts: dict[CustomerId, Sequence[Fact]] = {}
        broken: set[CustomerId] = set()
        for dossier in await self._dossiers.facts_of(everybody, beyond.before):
            facts[dossier.customer] = dossier.facts
            for one in dossier.unreadable:
                if not leave_out:
                    raise UnreadableEvent(f"event {one.event_id} cannot be read: {one.reason}")
                broken.add(dossier.customer)
        whole = [group for group in sorted(groups) if broken.isdisjoint(group)]
        return _Read(
            [{one: facts[one] for one in group if one in facts} for group in whole],
            [beyond.read(one) for one in everybody],
        )

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
