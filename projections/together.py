"""Projections that are assessed together over the same facts, each stage walked once.

A pass over the company asks several projections about one customer at one instant under one
state of the rules. Those that declare the same stage then get the same `Facts`, of all kinds that
any of them handles, and what one of them walks is there for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events.facts import Fact
from events.touchpoints.base import Touchpoint
from projections.protocol import Facts, Projection, Stage, Staged


class Together:
    """The projections of a pass."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self.projections = tuple(projections)
        self._handles: dict[str, frozenset[type[Touchpoint]]] = {}  # of stages that are shared
        self._walkers: dict[str, Stage] = {}
        for name in dict.fromkeys(one.stage.name for one in self.projections if one.stage):
            sharing = [one for one in self.projections if one.stage and one.stage.name == name]
            walkers = [one.stage for one in sharing if one.stage and one.stage.walk is not None]
            if len(sharing) > 1 and len(walkers) == 1:
                self._walkers[name] = walkers[0]
                self._handles[name] = frozenset().union(*(one.handles for one in sharing))

    def facts_of(self, told: Sequence[Fact]) -> list[Facts]:
        """Return what each projection is to be asked about, in their order; it may be empty."""
        shared: dict[str, Facts] = {}
        return [self._facts(projection, told, shared) for projection in self.projections]

    def _facts(
        self, projection: Projection, told: Sequence[Fact], shared: dict[str, Facts]
    ) -> Facts:
        stage = projection.stage
        walker = None if stage is None else self._walkers.get(stage.name)
        if walker is None or walker.walk is None:
            return Facts(told, projection.handles)
        if not any(type(fact.data) in projection.handles for fact in told):
            return Facts()
        facts = shared.get(walker.name)
        if facts is None:
            facts = shared[walker.name] = Facts(told, self._handles[walker.name])
            facts.staged = Staged(walker.walk)
        return facts
