"""Projections that are assessed together over the same facts, each stage walked once.

A pass over the company asks several projections about one customer at one instant under one
state of the rules. Those that declare the same stage then get the same `Facts`, of all kinds that
any of them handles, and what one of them walks is there for the others. The one that walks is
asked first, so that what it may raise is its own; the others then walk for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from events.facts import Fact
from events.touchpoints.base import Touchpoint
from projections.facts import Facts, Sharing, Walk
from projections.protocol import Projection


class Asked(NamedTuple):
    """A projection of a pass, by its place among them, and the facts it is asked about."""

    place: int
    projection: Projection
    facts: Facts


class _Sharing(NamedTuple):
    """Projections of a pass that share a stage, by their places, and the one that walks."""

    places: frozenset[int]
    walker: int
    walk: Walk
    handles: frozenset[type[Touchpoint]]  # by any of them


class Together:
    """The projections of a pass."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self._projections = tuple(projections)
        self._sharing = tuple(self._shares())
        walkers = {one.walker for one in self._sharing}
        places = range(len(self._projections))
        self._turns = sorted(places, key=lambda place: place not in walkers)

    def _shares(self) -> Iterator[_Sharing]:
        stages = [(n, one.stage) for n, one in enumerate(self._projections) if one.stage]
        for name in dict.fromkeys(stage.name for _, stage in stages):
            sharing = frozenset(n for n, stage in stages if stage.name == name)
            kinds = [self._projections[n].handles for n in sharing]
            for n, stage in stages:
                if stage.name == name and stage.walk is not None and len(sharing) > 1:
                    yield _Sharing(sharing, n, stage.walk, frozenset().union(*kinds))

    def asked(self, told: Sequence[Fact]) -> list[Asked]:
        """Return who is asked about a customer's facts, in turn: all that handle any of them."""
        kinds = {type(fact.data) for fact in told}
        places = [n for n in self._turns if not kinds.isdisjoint(self._projections[n].handles)]
        staged: dict[int, Facts] = {}
        for sharing in self._sharing:
            mine = sharing.places.intersection(places)
            if sharing.walker in mine and len(mine) > 1:
                shared = Facts(told, sharing.handles)
                shared.sharing = Sharing(sharing.walk)
                staged.update(dict.fromkeys(mine, shared))
        found = []
        for n in places:
            projection = self._projections[n]
            facts_of = staged.get(n)
            if facts_of is None:
                facts_of = Facts(told, projection.handles)
            found.append(Asked(n, projection, facts_of))
        return found
