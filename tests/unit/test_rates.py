"""A key may send so much on average, and catch up after silence; others are not its debtors."""

import pytest

from services.web.patience import Slots
from services.web.problems import Problem
from services.web.rates import Bucket, Rates, Throttle


class Watch:
    """A clock that is told the time."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_over_any_time_a_key_takes_its_rate_and_one_burst() -> None:
    watch = Watch()
    bucket = Bucket(5.0, watch)
    taken = 0
    for tick in range(1000):
        watch.at = tick / 10
        while not bucket.wait_s("a") and taken < 10_000:
            bucket.take("a", 1)
            taken += 1
    # 5 a second over 99.9 s, ten seconds' worth at once, and one that went into debt.
    assert 5 * 99.9 + 50 <= taken <= 5 * 99.9 + 50 + 2
    assert not bucket.wait_s("b")


def test_a_batch_larger_than_a_burst_is_taken_once_and_then_paid_off() -> None:
    watch = Watch()
    bucket = Bucket(10.0, watch)
    bucket.take("a", 1_000)
    assert bucket.wait_s("a") == pytest.approx((1_000 - 100) / 10)
    watch.at = 90.0
    assert bucket.wait_s("a") == 0


def test_who_sent_too_much_is_told_when_to_come_again() -> None:
    throttle = Throttle(Rates(requests_per_s=1_000, events_per_s=2), Watch())
    throttle.enter("a")
    throttle.count("a", 25)
    with pytest.raises(Problem) as refused:
        throttle.enter("a")
    assert (refused.value.status, refused.value.code) == (429, "too_many")
    assert refused.value.headers is not None
    assert refused.value.headers["Retry-After"] == "3"  # 5 events too many, 2 a second
    throttle.enter("b")


def test_no_key_takes_more_than_its_share_of_the_places() -> None:
    slots = Slots(3, share=2)
    with slots.slot("a"), slots.slot("a"):
        with pytest.raises(Problem) as refused, slots.slot("a"):
            pass
        assert (refused.value.status, refused.value.code) == (429, "too_many_at_once")
        with slots.slot("b"):
            with pytest.raises(Problem) as busy, slots.slot("c"):
                pass
            assert (busy.value.status, busy.value.code) == (503, "busy")
    with slots.slot("a"), slots.slot("a"):
        pass
