"""What the log holds of a customer at the moment of a command, merges and all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from events.customers.identity import Identity
from events.envelope import CustomerId, RecordedEvent
from events.facts import Fact, fact_of
from events.streams import customer_stream
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from projections.merged import Merged
from services.casework.executing import Answer, Order, Streams
from services.errors import UnreadableEvent
from services.log.dossiers import PostgresDossiers
from services.log.homes import homes_by_log
from services.log.merged import merged_with
from services.log.readable import readable
from services.log.stored import stored_event
from services.log.together import together
from services.ports import CustomerRead, Dossier, EventLog
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql


class Group(NamedTuple):
    """Customers whom merges connect, by all their facts, and how far each was read."""

    facts: Merged
    relied_on: Sequence[CustomerRead]

    def and_own(self, customer: CustomerId, events: Sequence[RecordedEvent]) -> Group:
        """Return the same with the stream of one of them, which was read after all the rest.

        Of a merge or a parting there the rest would have to be read again: it is not relied on.
        """
        own = {fact.id: fact for fact in (*self.facts.own(customer), *map(fact_of, events))}
        dossiers = {one: self.facts.own(one) for one in self.facts.identity.customers}
        read = {one.customer: one for one in self.relied_on}
        fresh = {
            event.envelope.id
            for event in events
            if not read[customer].before.covers(event.position)
            and not isinstance(event.data, CustomerMerged | CustomerUnmerged)
        }
        if fresh:
            read[customer] = replace(read[customer], known=read[customer].known | fresh)
        return Group(Merged({**dossiers, customer: [*own.values()]}), [*read.values()])


class _Read(NamedTuple):
    """Whom merges connect, what was recorded of all of them, and how far each was read."""

    connected: Mapping[CustomerId, Sequence[CustomerId]]
    found: Mapping[CustomerId, Dossier]
    relied_on: Sequence[CustomerRead]

    def merged(self) -> Merged:
        """Return all of them together. Raises: UnreadableEvent."""
        for dossier in self.found.values():
            for one in dossier.unreadable:
                raise UnreadableEvent(f"event {one.event_id} cannot be read: {one.reason}")
        return Merged({one: self.found[one].facts for one in sorted(self.found)})


class Customers:
    """Reads customers' facts for commands."""

    def __init__(self, log: EventLog, pool: Pool) -> None:
        self._log = log
        self._pool = pool
        self._dossiers = PostgresDossiers(pool)

    async def group(self, customer: CustomerId) -> Group:
        """Return a customer, with all whom merges connect, to decide on.

        Raises: Unavailable, UnreadableEvent.
        """
        found = await self._read([customer])
        return Group(found.merged(), found.relied_on)

    async def read(self, *customers: CustomerId) -> Merged:
        """Return customers, with all whom merges connect, by the facts in the log just now.

        Raises: Unavailable, UnreadableEvent.
        """
        return (await self._read(customers)).merged()

    async def read_each(self, customers: Sequence[CustomerId]) -> Mapping[CustomerId, Merged]:
        """Return the same of many customers, each in its own group, in as many round trips.

        A group of whose events one cannot be read is left out. Raises: Unavailable.
        """
        connected, found, _ = await self._read(customers)
        groups: dict[tuple[CustomerId, ...], Merged] = {}
        each: dict[CustomerId, Merged] = {}
        for customer in customers:
            members = tuple(sorted(connected.get(customer, (customer,))))
            there = [one for one in members if one in found]
            if any(found[one].unreadable for one in there):
                continue
            if members not in groups:
                groups[members] = Merged({one: found[one].facts for one in there})
            each[customer] = groups[members]
        return each

    async def homes(
        self, customers: Sequence[CustomerId], at: datetime
    ) -> Mapping[CustomerId, str]:
        """Return where each customer is at home, by all that the log holds. Raises: Unavailable."""
        if not customers:
            return {}
        return await homes_by_log(self._log, self._pool, customers, at)

    async def _read(self, customers: Sequence[CustomerId]) -> _Read:
        """Return whom merges connect with each customer, and what was recorded of all of them.

        What the events table does not have yet is told by the log.
        """
        found = await together(self._log, self._pool, customers)
        beyond, everybody = found.beyond, found.everybody
        kept = await self._dossiers.facts_of(everybody, beyond.before)
        dossiers = {dossier.customer: dossier for dossier in kept}
        for customer in everybody:
            facts, unreadable = found.facts_beyond(customer), beyond.unreadable.get(customer, ())
            if facts or unreadable:
                dossier = dossiers.setdefault(customer, Dossier(customer, [], []))
                dossier.facts.extend(facts)
                dossier.unreadable.extend(unreadable)
        return _Read(found.connected, dossiers, [beyond.read(one) for one in everybody])


async def done_before(streams: Streams, order: Order, group: Group) -> Answer | None:
    """Return what an order of this key did, in the stream of whomever of a group that was.

    Raises: Unavailable, UnreadableEvent.
    """
    first = None if order.only_tried else order.event_id(0)
    for customer in group.facts.identity.customers:
        if any(fact.id == first for fact in group.facts.own(customer)):
            return await streams.done_before(customer_stream(customer), order)
    return None


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
