"""Customers with all whom merges connect, by the events table and what the log holds beyond it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from events.envelope import CustomerId
from events.facts import Fact
from events.touchpoints.customer import CustomerMerged
from services.log.merged import each_merged_with
from services.log.readable import fact_of
from services.ports import Beyond, EventLog
from services.postgres.pool import Pool, retried


class Together(NamedTuple):
    """Whom merges connect with each customer, in force or not, itself among them."""

    connected: Mapping[CustomerId, Sequence[CustomerId]]
    beyond: Beyond  # of them all, whole

    @property
    def everybody(self) -> Sequence[CustomerId]:
        """Return all of them."""
        return sorted({one for some in self.connected.values() for one in some})

    def facts_beyond(self, customer: CustomerId) -> Sequence[Fact]:
        """Return what the events table does not have yet of one of them."""
        told = self.beyond.told.get(customer, ())
        return [fact_of(envelope, data) for envelope, data in told if envelope.subject == customer]


async def together(log: EventLog, pool: Pool, customers: Sequence[CustomerId]) -> Together:
    """Return customers with all whom merges connect, by all that the log holds just now.

    What the events table does not have yet is told; what it has can be read from it afterwards.
    Raises: Unavailable.
    """
    asked = sorted({*customers})
    while True:
        beyond = await log.beyond(asked, whole=True)
        by_table = await retried(lambda: each_merged_with(pool, asked))  # noqa: B023
        groups = _joined([*by_table.values(), *_merges(beyond)])
        everybody = sorted({one for customer in asked for one in groups[customer]})
        if len(everybody) == len(asked):
            return Together({customer: groups[customer] for customer in customers}, beyond)
        asked = everybody


def _merges(beyond: Beyond) -> Iterable[Sequence[CustomerId]]:
    for told in beyond.told.values():
        for envelope, data in told:
            if isinstance(data, CustomerMerged) and envelope.subject is not None:
                yield envelope.subject, CustomerId(data.into)


def _joined(
    groups: Iterable[Sequence[CustomerId]],
) -> Mapping[CustomerId, Sequence[CustomerId]]:
    """Return everybody's group, of groups that may have members in common."""
    found: dict[CustomerId, set[CustomerId]] = {}
    for group in groups:
        joined = set(group).union(*(found.get(one, ()) for one in group))
        for one in joined:
            found[one] = joined
    return {customer: sorted(group) for customer, group in found.items()}
