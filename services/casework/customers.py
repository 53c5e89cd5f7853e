"""What the log holds of a customer at the moment of a command, merges and all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from events.cases.staff import Staff
from events.customers.identity import Identity
from events.envelope import CustomerId, PositionVector
from events.facts import Fact, fact_of
from events.partitioning import partition_of
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from projections.merged import Merged
from services.casework.executing import Order
from services.errors import Unavailable, UnreadableEvent
from services.log.dossiers import PostgresDossiers
from services.log.merged import each_merged_with, merged_with
from services.log.readable import readable
from services.log.stored import stored_event
from services.ports import Dossier, EventLog
from services.postgres.pool import Pool, retried, translated
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


class Customers:
    """Reads customers' facts for commands."""

    def __init__(self, log: EventLog, pool: Pool) -> None:
        self._log = log
        self._pool = pool
        self._dossiers = PostgresDossiers(pool)

    async def read(self, *customers: CustomerId) -> Merged:
        """Return customers, with all whom merges connect, by the facts in the log just now.

        Where the events table mirrors a topic, it is waited for.
        Raises: Unavailable, UnreadableEvent.
        """
        connected, found = await self._read(customers)
        for dossier in found.values():
            for one in dossier.unreadable:
                raise UnreadableEvent(f"event {one.event_id} cannot be read: {one.reason}")
        members = {one for some in connected.values() for one in some}
        return Merged({one: found[one].facts for one in sorted(members & found.keys())})

    async def read_each(self, customers: Sequence[CustomerId]) -> Mapping[CustomerId, Merged]:
        """Return the same of many customers, each in its own group, in as many round trips.

        A group of whose events one cannot be read is left out. Raises: Unavailable.
        """
        connected, found = await self._read(customers)
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

    async def _read(
        self, customers: Sequence[CustomerId]
    ) -> tuple[Mapping[CustomerId, Sequence[CustomerId]], Mapping[CustomerId, Dossier]]:
        """Return whom merges connect with each customer, and what was recorded of all of them."""
        heads = await self._log.heads()
        connected = await retried(lambda: each_merged_with(self._pool, customers))
        members = sorted({one for some in connected.values() for one in some})
        await self._kept(heads, {partition_of(one) for one in members})
        found = await self._dossiers.facts_of(members, heads)
        return connected, {dossier.customer: dossier for dossier in found}

    async def _kept(self, heads: PositionVector, partitions: set[int]) -> None:
        """Wait until the events table has what the log had. Raises: Unavailable."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while True:
            with translated():
                rows = await self._pool.fetch(sql("readable_heads"), heads.generation)
            if all(rows[one]["next_n"] >= heads.counts[one] for one in partitions):
                return
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
