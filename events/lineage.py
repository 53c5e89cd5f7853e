"""Which place an event of an earlier generation has in a later one, and the other way round.

Every generation of the log holds all events from the first one on, partition by partition in
the same order. The events table keeps a row at the place where its event was recorded, its kept
place; a later generation has it at a place of its own. Because the order never changes, how far
a reader got is translated like a place: by the first event that it has not taken in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from msgspec import Struct

from events.envelope import Position, PositionVector


class Run(Struct, frozen=True):
    """Events that follow each other here and at their kept places.

    A partition's runs begin at 0 and leave no gap; the generation's own events follow them.
    """

    generation: int
    partition: int
    first_n: int
    events: int
    kept_generation: int
    kept_first_n: int

    @property
    def end(self) -> int:
        """Return the place after the last event."""
        return self.first_n + self.events


class Lineage:
    """One generation of the log, and all that it has of the ones before it."""

    def __init__(
        self, generation: int, runs: Sequence[Run] = (), ends: Mapping[int, Sequence[int]] = {}
    ) -> None:
        """Know the runs of this generation and those before it, in ascending order.

        `ends` are where each partition of the earlier generations ended.
        """
        self.generation = generation
        self._ends = ends
        self._runs: dict[tuple[int, int], list[Run]] = {}
        for run in runs:
            self._runs.setdefault((run.generation, run.partition), []).append(run)
        self._firsts = {key: [r.first_n for r in own] for key, own in self._runs.items()}
        self._kept_ends = {
            key: [(r.kept_generation, r.kept_first_n + r.events) for r in own]
            for key, own in self._runs.items()
        }

    def base(self, partition: int) -> int:
        """Return how many events of earlier generations a partition begins with."""
        runs = self._runs.get((self.generation, partition))
        return runs[-1].end if runs else 0

    def run_at(self, place: Position) -> Run | None:
        """Return the run that holds a place; None for a generation's own events."""
        key = (place.generation, place.partition)
        if key not in self._runs:
            return None
        run = self._runs[key][max(0, bisect_right(self._firsts[key], place.n) - 1)]
        return run if place.n < run.end else None

    def kept(self, place: Position) -> Position:
        """Return where the events table keeps what lies at a place of any generation."""
        run = self.run_at(place)
        if run is None:
            return place
        n = run.kept_first_n + place.n - run.first_n
        return Position(run.kept_generation, place.partition, n)

    def here(self, place: Position) -> Position:
        """Return the place in this generation of what lies at a place of this one or another.

        Where nothing lies there, that of the first event after it.
        """
        if place.generation == self.generation:
            return place
        kept = self.kept(place)
        key = (self.generation, place.partition)
        runs = self._runs.get(key, [])
        following = bisect_right(self._kept_ends.get(key, []), (kept.generation, kept.n))
        if following == len(runs):
            return Position(self.generation, place.partition, self.base(place.partition))
        run = runs[following]
        skipped = kept.n - run.kept_first_n if run.kept_generation == kept.generation else 0
        return Position(self.generation, place.partition, run.first_n + max(0, skipped))

    def resolve(self, vector: PositionVector) -> PositionVector | None:
        """Return how far a reader got, in this generation's places.

        None where no generation up to this one ever held so much.
        """
        if vector.generation == self.generation:
            return vector
        ends = self._ends.get(vector.generation)
        if ends is None or any(n > end for n, end in zip(vector.counts, ends, strict=True)):
            return None
        places = (Position(vector.generation, p, n) for p, n in enumerate(vector.counts))
        return PositionVector(self.generation, tuple(self.here(place).n for place in places))

    def covers(self, taken_in: PositionVector, place: Position) -> bool:
        """Return whether a reader of this generation has taken in what lies at a place."""
        return taken_in.covers(self.here(place))
