"""Commands on what is known of a customer: decided by `events.customers.profile`.

They are decided on all that the log holds of the customer, published by branches or commanded. Of
two who register the same customer at once, one finds the stream moved and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from events.customers.profile import (
    ChangeProfile,
    Command,
    Personal,
    decide,
    profile_of,
)
from events.envelope import BranchId, CustomerId, RecordedEvent
from events.facts import Fact
from events.home import Home
from events.policy import Reference
from events.refusals import Refused
from events.streams import customer_stream
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from services.casework.customers import Customers
from services.casework.executing import Answer, Decided, Stream, Streams
from services.casework.identity import HEADQUARTERS
from services.casework.ordering import CommandOn
from services.vault.vault import PostgresVault


class Profiles:
    """What is known of the company's customers, as commands find it."""

    def __init__(self, streams: Streams, customers: Customers, vault: PostgresVault) -> None:
        self._streams = streams
        self._customers = customers
        self._vault = vault

    async def execute(self, asked: CommandOn[Command], reference: Reference) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""
        customer = CustomerId(asked.on)
        group, is_new = await self._customers.group(customer), True

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            nonlocal group, is_new
            if not is_new:  # somebody moved
                group = await self._customers.group(customer)
            is_new = False
            latest = group.and_own(customer, events)
            together = latest.facts
            own, identity = together.own(customer), together.identity
            at = identity.no_earlier_than(now)
            home = Home(together.told(customer, at) or ()).branch_at(at)
            opened = await self._opened(asked, own)
            found = decide(
                profile_of(customer, own, opened, identity, home),
                asked.command,
                asked.personal,
                asked.by,
                at,
                reference.branches,
            )
            if isinstance(found, Refused):
                return found
            return Decided(found, latest.relied_on, at)

        branch = BranchId(asked.by.branch_id or HEADQUARTERS)
        stream = Stream(customer_stream(customer), customer, branch)
        return await self._streams.execute(stream, asked.order(), decided)

    async def _opened(
        self, asked: CommandOn[Command], facts: Sequence[Fact]
    ) -> Mapping[str, Personal]:
        """Return what was personal in what is known already, by event, where it matters.

        Raises: Unavailable, SealBroken.
        """
        found = {}
        if isinstance(asked.command, ChangeProfile) and asked.personal:
            for fact in facts:
                data = fact.data
                if isinstance(data, CustomerRegistered | CustomerProfileChanged) and data.sealed:
                    found[str(fact.id)] = (
                        await self._vault.open(CustomerId(asked.on), fact.id, data.sealed) or {}
                    )
        return found
