"""One projection in one owned partition: its checkpoint, its rules, its parked customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.envelope import CustomerId
from events.facts import Fact
from projections.facts import Facts, Sharing
from projections.protocol import Projection
from services.postgres.pool import Connection
from services.projector.rules_read import RulesRead
from services.rows.changes import Changes, Parked
from services.rows.projection_store import Checkpoint, ProjectionStore

Batch = Mapping[CustomerId, Sequence[Fact]]
Broken = Mapping[CustomerId, Parked]
"""Customers whose events cannot be decoded, and why."""


class Lane:
    """Knows where a projection stands, and by which rules."""

    def __init__(self, projection: Projection, partition: int, store: ProjectionStore) -> None:
        self.projection = projection
        self.partition = partition
        self.store = store
        self.rules = RulesRead(projection.reads)
        self.parked: set[CustomerId] = set()
        self.checkpoint = Checkpoint(0, 0)

    async def take(self, connection: Connection) -> None:
        """Own the partition for this projection, and go on where its checkpoint stands."""
        self.checkpoint = await self.store.take(connection, self.partition)
        self.parked = await self.store.parked(connection, self.partition)

    def committed(self, upto: int, changes: Changes) -> None:
        """Take note that the changes are durable."""
        self.checkpoint = self.checkpoint._replace(next=upto)
        self.parked.update(parked.customer for parked in changes.parked)


class Listeners:
    """The lanes that are told of the same facts: one, or those that walk them once for all.

    Whoever walks is the first.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self.handles = frozenset().union(*(lane.projection.handles for lane in lanes))
        self.sharing: Sharing | None = None
        stage = self.lanes[0].projection.stage
        if len(self.lanes) > 1:
            assert stage is not None
            assert stage.walk is not None
            self.sharing = Sharing(stage.walk)

    def facts(self, dossier: Sequence[Fact]) -> Facts:
        """Return the facts of a customer that they are told of."""
        return self.share(Facts(dossier, self.handles))

    def share(self, facts: Facts) -> Facts:
        """Let them share facts."""
        facts.sharing = self.sharing
        return facts
