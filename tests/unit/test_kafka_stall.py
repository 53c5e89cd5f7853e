"""A stall is events that wait and a partition that does not move; nothing else is one."""

import pytest

from services.hosts.worker.stall import Stalled, StallWatch

HEADS = [100, 50]


def test_a_partition_that_does_not_move_while_events_wait_is_a_stall() -> None:
    watch = StallWatch(60)
    watch.compare(0, {0: 10, 1: 50}, HEADS)
    watch.compare(60, {0: 10, 1: 50}, HEADS)
    with pytest.raises(Stalled, match="90 in partition 0"):
        watch.compare(61, {0: 10, 1: 50}, HEADS)


def test_slow_progress_is_no_stall() -> None:
    watch = StallWatch(60)
    for minute in range(10):
        watch.compare(minute * 50, {0: minute}, HEADS)


def test_one_partition_that_moves_does_not_hide_another_that_does_not() -> None:
    watch = StallWatch(60)
    watch.compare(0, {0: 1, 1: 1}, HEADS)
    watch.compare(50, {0: 1, 1: 2}, HEADS)
    with pytest.raises(Stalled):
        watch.compare(70, {0: 1, 1: 3}, HEADS)


def test_a_partition_not_taken_for_too_long_is_a_stall_even_if_it_is_empty() -> None:
    watch = StallWatch(60)
    watch.compare(0, {0: -1}, [0])
    with pytest.raises(Stalled):
        watch.compare(70, {0: -1}, [0])


def test_what_went_elsewhere_or_cannot_work_is_forgotten() -> None:
    watch = StallWatch(60)
    watch.compare(0, {0: 1}, HEADS)
    watch.compare(50, {}, HEADS)
    watch.compare(100, {0: 1}, HEADS)
    watch.compare(150, {0: 1}, HEADS)
