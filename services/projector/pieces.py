"""A piece of work: what lanes of a partition take in, or whom one judges again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.envelope import CustomerId, EventId
from events.facts import Fact
from services.projector.identities import Merge
from services.projector.lane import Lane
from services.projector.teams import Teams, Told


class Piece(NamedTuple):
    """What lanes of a partition take in, or whom one judges again.

    `groups` are customers who are assessed with others, and not told to the teams.
    """

    teams: Teams
    lanes: Sequence[Lane]
    told: Sequence[Told]  # each team that remembers some of the customers
    upto: int  # where the checkpoints stand afterwards
    at: datetime  # the instant to be judged
    heard_of: Mapping[CustomerId, Sequence[Fact]] = {}  # all facts, also of whom lanes parked
    merges: Sequence[Merge] = ()  # among the facts
    due: bool = False  # nothing happened: the time has come, or the rules are others
    groups: frozenset[CustomerId] = frozenset()

    @property
    def partition(self) -> int:
        """Return the partition."""
        return self.lanes[0].partition

    def customers(self, lane: Lane) -> Iterator[CustomerId]:
        """Yield whom a lane is asked about."""
        for team, batch in self.told:
            if lane in team.lanes:
                yield from batch

    def everybody(self) -> Iterator[CustomerId]:
        """Yield whom any lane is asked about, some of them more than once."""
        for _, batch in self.told:
            yield from batch

    @property
    def size(self) -> int:
        """Return how many customers there are."""
        return sum(len(batch) for _, batch in self.told) + len(self.groups)

    def apart(self, groups: frozenset[CustomerId]) -> Piece:
        """Return the same with those set apart who are assessed with others."""
        if not groups:
            return self
        told = [
            (team, {one: facts for one, facts in batch.items() if one not in groups})
            for team, batch in self.told
        ]
        return self._replace(told=[(team, mine) for team, mine in told if mine], groups=groups)

    @property
    def news(self) -> frozenset[EventId]:
        """Return the events of groups that are taken in."""
        return frozenset(fact.id for one in self.groups for fact in self.heard_of.get(one, ()))
