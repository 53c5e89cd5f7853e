"""The facts of customers whom merges connect, as far as projections have taken them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from events.envelope import CustomerId, PositionVector
from events.errors import EventError
from events.facts import Fact
from events.partitioning import partition_of
from projections.merged import Merged
from services.log.dossiers import dossier_arguments
from services.log.readable import fact
from services.log.stored import stored_event
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.rows.changes import Parked

Group = Sequence[CustomerId]
_Dossiers = Mapping[CustomerId, Sequence[Fact]]
_Counts = Mapping[int, int]  # how many events were taken in, by partition


class GroupRead(NamedTuple):
    """A group's facts, or why it is parked: one of its events cannot be read."""

    merged: Merged
    dossiers: _Dossiers
    broken: Parked | None


class GroupReading:
    """Reads groups' facts on a transaction's own connection, which alone sees what it mirrored.

    Each is read once for all projections that have taken in as much of its customers.
    """

    def __init__(self, connection: Connection, generation: int) -> None:
        self._connection = connection
        self._generation = generation
        self._read: dict[tuple[object, ...], GroupRead] = {}

    async def of(self, groups: Sequence[Group], taken_in: _Counts) -> Sequence[GroupRead]:
        """Return the facts of groups that were taken in, in the same order."""
        places = [self._place(group, taken_in) for group in groups]
        unread = {
            place: group
            for place, group in zip(places, groups, strict=True)
            if place not in self._read
        }
        if unread:
            everybody = [customer for group in unread.values() for customer in group]
            facts, broken = await self._facts(everybody, taken_in)
            for place, group in unread.items():
                dossiers = {customer: facts[customer] for customer in group}
                parked = next((broken[one] for one in group if one in broken), None)
                self._read[place] = GroupRead(Merged(dossiers), dossiers, parked)
        return [self._read[place] for place in places]

    @staticmethod
    def _place(group: Group, taken_in: _Counts) -> tuple[object, ...]:
        return tuple((customer, taken_in.get(partition_of(customer), 0)) for customer in group)

    async def _facts(
        self, customers: Group, taken_in: _Counts
    ) -> tuple[_Dossiers, Mapping[CustomerId, Parked]]:
        """Return customers' facts, and those who have an event that cannot be read."""
        counts = PositionVector.start(self._generation).counts
        before = PositionVector(
            self._generation, tuple(taken_in.get(p, 0) for p in range(len(counts)))
        )
        facts: dict[CustomerId, list[Fact]] = {customer: [] for customer in customers}
        broken: dict[CustomerId, Parked] = {}
        rows = await self._connection.fetch(sql("dossiers"), *dossier_arguments(customers, before))
        for row in rows:
            customer, stored = CustomerId(row["customer_id"]), stored_event(row)
            try:
                facts[customer].append(fact(stored))
            except EventError as error:
                broken[customer] = Parked(customer, str(error), stored.envelope.id)
        return facts, broken
