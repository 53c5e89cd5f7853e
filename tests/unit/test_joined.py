"""Partitions with little to do are taken in together, and never more than one full batch."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.projector.owner import BATCH_EVENTS
from services.projector.schedule import joined


@given(
    st.dictionaries(st.integers(0, 11), st.integers(1, BATCH_EVENTS)),
)
def test_groups_hold_every_partition_once_and_no_more_than_a_batch(waiting: dict[int, int]) -> None:
    groups = joined(waiting)
    assert [partition for group in groups for partition in group] == [*waiting]
    assert all(sum(waiting[p] for p in group) <= BATCH_EVENTS for group in groups)
    for one, following in pairwise(groups):
        assert sum(waiting[p] for p in (*one, following[0])) > BATCH_EVENTS


def test_a_trickle_everywhere_is_one_group() -> None:
    assert joined(dict.fromkeys(range(12), 5)) == [[*range(12)]]
