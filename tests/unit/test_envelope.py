from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Position, PositionVector, effective_instant
from events.errors import MalformedToken
from events.partitioning import PARTITIONS, REFERENCE_PARTITION
from events.touchpoints.payment import PaymentConfirmedGenuine
from tests.support.touchpoints import recorded

FRIDAY = datetime(2026, 3, 6, 9, 12, tzinfo=UTC)

vectors = st.builds(
    PositionVector,
    st.integers(1, 2**31),
    st.tuples(*[st.integers(0, 2**62)] * (PARTITIONS + 1)),
)


def test_a_fast_branch_clock_is_corrected_by_the_collectors() -> None:
    sent = datetime(2026, 3, 9, 1, 12, tzinfo=UTC)
    collected = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)

    assert effective_instant(FRIDAY, sent, collected) == FRIDAY - timedelta(minutes=12)


def test_without_all_three_clocks_the_branchs_word_counts() -> None:
    later = FRIDAY + timedelta(days=3)

    assert effective_instant(FRIDAY, None, later) == FRIDAY
    assert effective_instant(FRIDAY, later, None) == FRIDAY


def test_facts_are_ordered_by_effect_then_source_then_sequence_never_by_position() -> None:
    said = PaymentConfirmedGenuine(payment_id="P")
    a, b = "/branches/A/till", "/branches/B/till"
    first = recorded(said, 9, effective_at=FRIDAY, source=b)
    second = recorded(said, 0, effective_at=FRIDAY + timedelta(seconds=1), source=a)
    third = recorded(said, 1, effective_at=FRIDAY + timedelta(seconds=1), source=a)
    fourth = recorded(said, 0, effective_at=FRIDAY + timedelta(seconds=1), source=b)

    for shuffled in permutations((first, second, third, fourth)):
        in_order = sorted(shuffled, key=lambda event: event.fact_key)
        assert in_order == [first, second, third, fourth]


@given(vectors)
def test_a_token_names_its_vector(vector: PositionVector) -> None:
    token = vector.token()

    assert PositionVector.from_token(token) == vector
    assert token.isascii()
    assert "=" not in token


@pytest.mark.parametrize(
    "token",
    [
        "",
        "!",
        "nonsense",
        "é",
        "\ud800",
        PositionVector.start(1).token()[:-3],
        PositionVector.start(1).token() + "AAAA",
        PositionVector(1, (0,) * PARTITIONS).token(),
        PositionVector(1, (-1,) * (PARTITIONS + 1)).token(),
    ],
)
def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    with pytest.raises(MalformedToken):
        PositionVector.from_token(token)


def test_a_vector_covers_what_it_has_counted() -> None:
    vector = _at(4, 7)

    assert vector.covers(Position(1, 4, 6))
    assert not vector.covers(Position(1, 4, 7))
    assert not vector.covers(Position(1, 5, 0))
    assert not vector.covers(Position(2, 4, 6))


def test_a_vector_reaches_another_when_it_is_behind_nowhere() -> None:
    assert _at(4, 7).reaches(_at(4, 7))
    assert _at(4, 7).reaches(_at(4, 6))
    assert not _at(4, 7).reaches(_at(5, 1))
    assert not _at(4, 7).reaches(PositionVector.start(2))


def test_a_reader_starts_with_nothing_in_every_partition() -> None:
    start = PositionVector.start(3)

    assert start.counts == (0,) * (PARTITIONS + 1)
    assert not start.covers(Position(3, REFERENCE_PARTITION, 0))


def _at(partition: int, count: int) -> PositionVector:
    counts = [0] * (PARTITIONS + 1)
    counts[partition] = count
    return PositionVector(1, tuple(counts))
