"""Company-wide figures from terms."""

from datetime import date
from decimal import Decimal

from events.touchpoints.policy import AgeingPolicy
from projections.books.ageing import Balance, ageing, bucket_labels
from projections.receivables.reports import dso, mean_days_late

TODAY = date(2026, 4, 10)


def _due(days_ago: int, amount: int) -> Balance:
    return Balance(TODAY.toordinal() - days_ago, amount)


def test_each_balance_falls_into_the_bucket_of_its_days_past_due() -> None:
    found = ageing([_due(d, 100) for d in (-5, 0, 1, 30, 31, 120, 121, 999)], TODAY)
    assert [(b.label, b.items) for b in found.buckets] == [
        ("not_due", 2),
        ("1-30", 2),
        ("31-60", 1),
        ("61-90", 0),
        ("91-120", 1),
        ("121+", 2),
    ]
    assert (found.overdue_items, found.overdue_minor) == (6, 600)


def test_provision_is_a_share_of_each_bucket_rounded_half_even() -> None:
    policy = AgeingPolicy(upper_days=(0, 30), provision=(0, 50, 10_000))
    found = ageing([_due(0, 1000), _due(3, 100), _due(40, 77)], TODAY, policy)
    assert [bucket.provision_minor for bucket in found.buckets] == [0, 0, 77]
    assert found.provision_minor == 77


def test_labels_follow_the_policy() -> None:
    assert bucket_labels(AgeingPolicy(upper_days=(0, 7))) == ("not_due", "1-7", "8+")


def test_ratios_have_four_digits_and_none_without_a_base() -> None:
    assert dso(2_502_000, 15_243_100) == Decimal("14.7726")
    assert dso(1, 0) is None
    assert mean_days_late(10, 3) == Decimal("3.3333")
    assert mean_days_late(0, 0) is None
