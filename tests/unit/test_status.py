"""How far projections are behind, while both sides go on."""

from events.partitioning import PARTITIONS
from services.audit.status import _behind


def test_what_was_taken_in_after_the_end_was_read_hides_no_event_that_waits() -> None:
    ends = [*[5] * PARTITIONS, 9]
    ahead_in_the_first = [8, *[5] * (PARTITIONS - 2), 3, 0]

    assert _behind(ends, ends) == 0
    assert _behind(ends, [8, *ends[1:]]) == 0
    assert _behind(ends, ahead_in_the_first) == 2
