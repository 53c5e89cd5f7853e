"""Commands on what is known of a customer: decided by `events.customers.profile`.

They are decided on all that the log holds of the customer, published by branches or commanded. Of
two who register the same customer at once, one finds the stream moved and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from events.customers.profile import (
    ChangeProfile,
    Command,
    Personal,
    decide,
    profile_of,
)
from events.envelope import BranchId, CustomerId, RecordedEvent
from events.facts import Fact, fact_of
from events.home import Home
from events.policy import Reference
from events.refusals import Refused
from events.streams import customer_stream
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from projections.merged import Merged
from services.casework.customers import CustomerOrder, Customers
from services.casework.executing import Answer, Decided, Stream, Streams
from services.casework.identity import HEADQUARTERS
from services.vault.vault import PostgresVault

ProfileOrder = CustomerOrder[Command]


class Profiles:
    """What is known of the company's customers, as commands find it."""

    def __init__(self, streams: Streams, customers: Customers, vault: PostgresVault) -> None:
        self._streams = streams
        self._customers = customers
        self._vault = vault

    async def execute(self, asked: ProfileOrder, reference: Reference) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""
        customer = asked.customer
        group = await self._customers.read(customer)

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            together = _with(group, customer, map(fact_of, events))
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
            return found if isinstance(found, Refused) else Decided(found, at=at)

        branch = BranchId(asked.by.branch_id or HEADQUARTERS)
        stream = Stream(customer_stream(customer), customer, branch)
        return await self._streams.execute(stream, asked.order(), decided)

    async def _opened(self, asked: ProfileOrder, facts: Sequence[Fact]) -> Mapping[str, Personal]:
        """Return what was personal in what is known already, by event, where it matters.

        Raises: Unavailable, SealBroken.
        """
        found = {}
        if isinstance(asked.command, ChangeProfile) and asked.personal:
            for fact in facts:
                data = fact.data
                if isinstance(data, CustomerRegistered | CustomerProfileChanged) and data.sealed:
                    found[str(fact.id)] = (
                        await self._vault.open(asked.customer, fact.id, data.sealed) or {}
                    )
        return found


def _with(group: Merged, customer: CustomerId, news: Iterable[Fact]) -> Merged:
    """Return a group with what is in a customer's own stream by now."""
    own = {fact.id: fact for fact in (*group.own(customer), *news)}
    dossiers = {one: group.own(one) for one in group.identity.customers}
    return Merged({**dossiers, customer: [*own.values()]})
