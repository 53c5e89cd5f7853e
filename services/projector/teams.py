"""Which lanes of a partition remember customers together, and who remembers whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain

from events.envelope import CustomerId
from events.facts import Fact
from services.projector.lane import Batch, Lane
from services.projector.team import Team

Told = tuple[Team, Batch]
"""A team, and what it is told of customers; of those to whom nothing happened, nothing."""


class Teams:
    """Every lane by itself; and those of a stage together, while they stand at one place.

    A customer that all lanes of a stage take in is remembered by them together. Apart is whom
    one of them parked, or could not assess with the others; and whoever changes with time alone
    and had to be read again, which concerns one lane and not the others.
    """

    def __init__(self, make: Callable[[Sequence[Lane]], Team]) -> None:
        self._make = make
        self._alone: dict[Lane, Team] = {}
        self._shared: dict[Lane, Team] = {}
        self._apart: set[CustomerId] = set()

    def begin(self, lanes: Sequence[Lane]) -> None:
        """Be those of some lanes, as they stand now; whatever was remembered is forgotten."""
        for team in self.all():
            team.clear()
        self._alone = {lane: self._alone.get(lane) or self._make([lane]) for lane in lanes}
        self._shared = {}
        self._apart = set()
        self.join()

    def join(self) -> None:
        """Let lanes of a stage remember together that have come to stand at one place."""
        for lanes in _stages(self._alone):
            if any(lane not in self._shared for lane in lanes):
                self.clear(lanes)
                team = self._make(lanes)
                self._shared.update(dict.fromkeys(lanes, team))
                self._apart.update(*(lane.parked for lane in lanes))

    def part(self, customers: Iterable[CustomerId]) -> None:
        """Let each lane remember customers for itself from now on."""
        apart = [*customers]
        self._apart.update(apart)
        for team in self._shared.values():
            team.drop(apart)

    def told(self, lanes: Collection[Lane], batch: Batch) -> list[Told]:
        """Return who takes in which part of a batch; nobody takes in whom it parked."""
        found: list[Told] = []
        for team in dict.fromkeys(self._shared[lane] for lane in lanes if lane in self._shared):
            mine = {c: events for c, events in batch.items() if c not in self._apart}
            for lane in team.lanes:
                self._alone[lane].drop_any(mine)
            found.append((team, mine))
        for lane in lanes:
            alone = lane not in self._shared
            mine = {
                customer: events
                for customer, events in batch.items()
                if (alone or customer in self._apart) and customer not in lane.parked
            }
            found.append((self._alone[lane], mine))
        return [(team, mine) for team, mine in found if mine]

    def again(self, lane: Lane, customers: Iterable[CustomerId]) -> list[Told]:
        """Return who assesses customers again for a lane, to whom nothing happened."""
        together: dict[CustomerId, Sequence[Fact]] = {}
        apart: dict[CustomerId, Sequence[Fact]] = {}
        shared = self._shared.get(lane)
        for customer in customers:
            remembered = shared is not None and customer in shared.memory
            (together if remembered else apart)[customer] = ()
        found: list[Told] = [(self._alone[lane], apart)] if apart else []
        if shared is not None and together:
            found.append((shared, together))
        return found

    def alone(self, lane: Lane) -> Team:
        """Return who remembers whom a lane does not share."""
        return self._alone[lane]

    def drop(self, lane: Lane, customers: Collection[CustomerId]) -> None:
        """Forget what is remembered of customers for a lane."""
        for team in self._of([lane]):
            team.drop(customers)

    def clear(self, lanes: Iterable[Lane]) -> None:
        """Forget whatever is remembered for some lanes."""
        for team in self._of(lanes):
            team.clear()

    def _of(self, lanes: Iterable[Lane]) -> Iterator[Team]:
        for lane in lanes:
            yield self._alone[lane]
            if lane in self._shared:
                yield self._shared[lane]

    def all(self) -> Iterator[Team]:
        """Yield every team."""
        return chain(self._alone.values(), dict.fromkeys(self._shared.values()))


def _stages(lanes: Iterable[Lane]) -> Iterator[list[Lane]]:
    """Yield lanes that share a stage and stand at one place, whoever walks first."""
    found: defaultdict[tuple[str, int], list[Lane]] = defaultdict(list)
    for lane in lanes:
        stage = lane.projection.stage
        if stage is not None:
            found[stage.name, lane.checkpoint.next].append(lane)
    for sharing in found.values():
        sharing.sort(key=_does_not_walk)
        if len(sharing) > 1 and not _does_not_walk(sharing[0]):
            yield sharing


def _does_not_walk(lane: Lane) -> bool:
    return lane.projection.stage is None or lane.projection.stage.walk is None
