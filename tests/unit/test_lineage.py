"""Places of earlier generations in a later one, with the gaps and duplicates that Kafka leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Position, PositionVector
from events.lineage import Lineage, Run
from events.partitioning import REFERENCE_PARTITION

P = 4

# Generation 1 kept 0..4 in PostgreSQL. Generation 2, in Kafka, has them as 0..4 and its own events
# at 5, 6 and 9: what lay at 7 and 8 was dropped. Generation 3 has them all, closed up.
RUNS = [
    Run(2, P, 0, 5, 1, 0),
    Run(3, P, 0, 5, 1, 0),
    Run(3, P, 5, 2, 2, 5),
    Run(3, P, 7, 1, 2, 9),
]
ENDS = {1: [0] * P + [5] + [0] * 8, 2: [0] * P + [10] + [0] * 8}
LINEAGE = Lineage(3, RUNS, ENDS)


def at(generation: int, n: int) -> Position:
    return Position(generation, P, n)


def taken(generation: int, n: int) -> PositionVector:
    counts = [0] * (REFERENCE_PARTITION + 1)
    counts[P] = n
    return PositionVector(generation, tuple(counts))


def test_a_place_is_found_in_the_next_generation() -> None:
    assert LINEAGE.here(at(1, 3)) == at(3, 3)
    assert LINEAGE.here(at(2, 6)) == at(3, 6)
    assert LINEAGE.here(at(2, 9)) == at(3, 7)
    assert LINEAGE.here(at(3, 2)) == at(3, 2)


def test_a_copys_place_is_that_of_the_event() -> None:
    assert LINEAGE.here(at(2, 3)) == at(3, 3)
    assert LINEAGE.kept(at(2, 3)) == at(1, 3)


def test_where_nothing_lies_the_next_event_counts() -> None:
    assert LINEAGE.here(at(2, 7)) == at(3, 7)
    assert LINEAGE.here(at(1, 5)) == at(3, 5)


def test_after_the_last_event_its_own_begin() -> None:
    assert LINEAGE.base(P) == 8
    assert LINEAGE.here(at(2, 10)) == at(3, 8)
    assert LINEAGE.kept(at(3, 8)) == at(3, 8)


def test_a_readers_bound_is_translated() -> None:
    assert LINEAGE.resolve(taken(1, 5)) == taken(3, 5)
    assert LINEAGE.resolve(taken(2, 8)) == taken(3, 7)
    assert LINEAGE.resolve(taken(2, 10)) == taken(3, 8)
    assert LINEAGE.resolve(taken(3, 11)) == taken(3, 11)


def test_what_no_generation_held_is_not_resolved() -> None:
    assert LINEAGE.resolve(taken(1, 6)) is None
    assert LINEAGE.resolve(taken(4, 1)) is None
    assert LINEAGE.resolve(taken(0, 0)) is None


def test_a_reader_covers_an_event_by_its_place_here() -> None:
    assert LINEAGE.covers(taken(3, 7), at(2, 6))
    assert not LINEAGE.covers(taken(3, 7), at(2, 9))


def test_a_first_generation_is_its_own_past() -> None:
    lineage = Lineage(1)
    assert lineage.kept(at(1, 7)) == lineage.here(at(1, 7)) == at(1, 7)
    assert lineage.resolve(taken(2, 0)) is None


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_the_order_never_changes_and_translating_back_finds_the_event(
    first: set[int], second: set[int]
) -> None:
    """Two generations with any gaps; the second begins with what the first kept."""
    older = [at(1, n) for n in sorted(first)]
    copies = [Run(2, P, n, 1, 1, place.n) for n, place in enumerate(older)]
    own = [at(2, len(older) + n) for n in sorted(second)]
    kept = [*older, *own]
    runs = [Run(3, P, n, 1, place.generation, place.n) for n, place in enumerate(kept)]
    lineage = Lineage(3, [*copies, *runs], {})
    assert [lineage.here(place) for place in kept] == [at(3, n) for n in range(len(kept))]
    assert [lineage.kept(at(3, n)) for n in range(len(kept))] == kept
    for copy, place in enumerate(older):
        assert lineage.here(at(2, copy)) == lineage.here(place)
    bounds = [lineage.here(at(2, n)).n for n in range(45 + len(older))]
    assert bounds == sorted(bounds)
