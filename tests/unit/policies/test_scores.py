"""Places in a ranking of scores are exact, however large the file that keeps them."""

from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import CustomerId
from services.policies.calibration import ScoreRefused, held
from services.policies.scores import Scores

_ANY = st.integers(-(2**63), 2**63 - 1)
_MONEY = st.integers(-5_000, 900_000) | st.sampled_from((0, 100, 1_000_000_000))


@given(st.lists(st.lists(_ANY | _MONEY, max_size=30), max_size=6))
def test_every_place_and_every_count_is_that_of_the_sorted_list(parts: list[list[int]]) -> None:
    ranked = sorted((score for part in parts for score in part), reverse=True)
    with TemporaryFile() as file:
        scores = Scores(file)
        for part in parts:
            scores.add(part)
        assert len(scores) == len(ranked)
        assert [scores[place] for place in range(len(ranked))] == ranked
        for line in ranked:
            assert scores.reaching(line) == sum(score >= line for score in ranked)
        with pytest.raises(IndexError):
            scores[len(ranked)]


def test_a_score_that_no_row_can_hold_is_refused_by_its_customer() -> None:
    customer = CustomerId("C-7")
    assert [held(customer, score) for score in (2**63 - 1, -(2**63))] == [2**63 - 1, -(2**63)]
    for score in (2**63, -(2**63) - 1):
        with pytest.raises(ScoreRefused, match=rf"of C-7 is {score}, .*correct the amounts"):
            held(customer, score)
