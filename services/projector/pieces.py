"""A piece of work: what one lane takes in, or whom it judges again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.envelope import CustomerId, EventId
from events.facts import Fact
from services.projector.identities import Merge
from services.projector.lane import Batch, Lane


class Piece(NamedTuple):
    """What one lane takes in, or whom it judges again: customers, with their events if any.

    `groups` are those of them who are assessed with others, and not among the `batch`.
    """

    lane: Lane
    batch: Batch
    upto: int  # where its checkpoint stands afterwards
    at: datetime  # the instant to be judged
    heard_of: Mapping[CustomerId, Sequence[Fact]] = {}  # facts of the batch, also of the parked
    merges: Sequence[Merge] = ()  # among the facts
    due: bool = False  # nothing happened: the time has come, or the rules are others
    groups: frozenset[CustomerId] = frozenset()

    def apart(self, groups: frozenset[CustomerId]) -> Piece:
        """Return the same with those set apart who are assessed with others."""
        if not groups:
            return self
        batch = {
            customer: facts for customer, facts in self.batch.items() if customer not in groups
        }
        return self._replace(batch=batch, groups=groups)

    @property
    def news(self) -> frozenset[EventId]:
        """Return the events of groups that are taken in."""
        return frozenset(fact.id for one in self.groups for fact in self.heard_of.get(one, ()))
