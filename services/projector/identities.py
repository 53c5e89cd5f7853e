"""Which customers merges connect, as a worker knows it: few of all, and asked about every batch.

Whoever writes rows holds the identities as they are until its transaction ends, and is told in
its first statement whether it knows their latest change; whoever takes in a merge is alone for
that time and connects the two. So everybody who has a part in a group is assessed with it from
the commit on that took the merge in, whichever worker took in what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from events.envelope import CustomerId
from events.facts import Fact
from events.touchpoints.customer import CustomerMerged
from services.postgres.pool import Connection
from services.postgres.statements import sql

_NOBODY: frozenset[CustomerId] = frozenset()

Merge = tuple[CustomerId, CustomerId]
"""A customer, and into whom it is merged."""


class IdentitiesMoved(Exception):
    """Customers were assessed alone whom a merge has connected since: they must be again."""


class Identities:
    """The customers whom merges connect, by their group; one for all partitions of a process."""

    def __init__(self) -> None:
        self._groups: dict[CustomerId, str] = {}
        self._ordinal = 0

    @property
    def anybody(self) -> bool:
        """Return whether there is any group."""
        return bool(self._groups)

    def connected(self, customers: Iterable[CustomerId]) -> frozenset[CustomerId]:
        """Return those of some customers who are in a group."""
        groups = self._groups
        return frozenset(one for one in customers if one in groups) if groups else _NOBODY

    def new(self, merges: Iterable[Merge]) -> list[Merge]:
        """Return the merges of customers who are not in one group yet."""
        groups = self._groups
        return [
            (one, other)
            for one, other in merges
            if one not in groups or groups[one] != groups.get(other)
        ]

    async def begin(
        self, connection: Connection, alone: Iterable[CustomerId], merges: Sequence[Merge] = ()
    ) -> None:
        """Begin to write: hold the identities, and connect whom merges connect.

        `alone` are customers who were assessed each by itself. Raises: IdentitiesMoved.
        """
        statement = "begin_connecting" if merges else "begin_writing"
        row = await connection.fetchrow(sql(statement))
        assert row is not None, "it asks for values"
        if row["ordinal"] > self._ordinal:
            await self.refresh(connection)
        if self.connected(alone):  # also where another partition's task learnt of it first
            raise IdentitiesMoved
        if merges:
            members, into = zip(*merges, strict=True)
            await connection.execute(sql("connect_customers"), list(members), list(into))

    async def refresh(self, connection: Connection) -> None:
        """Learn of the changes that were committed."""
        for row in await connection.fetch(sql("identities_since"), self._ordinal):
            self._groups[CustomerId(row["customer_id"])] = row["group_id"]
            self._ordinal = row["ordinal"]


def merges_in(batch: Mapping[CustomerId, Sequence[Fact]]) -> list[Merge]:
    """Return the merges among the facts of a batch."""
    return [
        (customer, CustomerId(fact.data.into))
        for customer, facts in batch.items()
        for fact in facts
        if type(fact.data) is CustomerMerged and fact.data.into != customer
    ]
