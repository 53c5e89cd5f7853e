"""Quintiles, moves between tiers, the pyramid and its calibration."""

from datetime import date
from decimal import Decimal

from events.touchpoints.policy import TierPolicy
from projections.protocol import Total
from projections.value_tiers.reports import Level, Measures, calibrated, pyramid, rfm, transitions
from tests.support.given import paid
from tests.support.value import VALUE_TIERS, tiers_published, worth

DAY = date(2026, 3, 1)


def test_ntile_breaks_ties_by_customer_and_gives_the_first_groups_the_remainder() -> None:
    people = [Measures(f"C{n}", DAY, 1, 100) for n in range(7)]
    assert [person.m for person in rfm(people, DAY, "ntile")] == [1, 1, 2, 2, 3, 4, 5]


def test_cume_dist_scores_equals_equally() -> None:
    people = [Measures(f"C{n}", DAY, days, 0) for n, days in enumerate((1, 1, 1, 2, 9))]
    assert [person.f for person in rfm(people, DAY, "cume_dist")] == [3, 3, 3, 4, 5]
    assert {person.m for person in rfm(people, DAY, "cume_dist")} == {5}


def test_who_bought_last_is_best_and_nobody_gives_nothing() -> None:
    people = [Measures("A", date(2026, 2, 1), 1, 0), Measures("B", DAY, 1, 0)]
    first, second = rfm(people, DAY, "cume_dist")
    assert (first.recency_days, second.recency_days) == (28, 0)
    assert (first.r, second.r) == (3, 5)
    assert rfm([], DAY) == []


def test_moves_are_counted_and_shared() -> None:
    moved = {("gold", "iron"): 1, ("gold", "gold"): 3, ("iron", "iron"): 1, ("iron", "tin"): 9}
    found = transitions(moved, ("gold", "iron", "lead"))
    assert found.counts == [[3, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert found.matrix[0] == [Decimal("0.750000"), Decimal("0.250000"), Decimal(0)]


def test_the_pyramid_is_drawn_from_totals() -> None:
    story = worth(paid("P", "7.00", on="2026-03-01"), rules=[tiers_published(("gold", "5.00"))])
    totals = [*VALUE_TIERS.totals(story.at("2026-03-02").row), Total("open", "CNY", "", 9, 1, 5)]
    assert pyramid(totals, "CNY", ("gold", "lead")) == [Level("gold", 1, 700), Level("lead", 0, 0)]
    unpublished = worth(paid("P", "7.00", on="2026-03-01")).at("2026-03-02").row
    assert VALUE_TIERS.totals(unpublished) == ()


def test_lines_are_drawn_at_the_shares_of_the_pyramid() -> None:
    policy = calibrated(range(900, -1, -100), TierPolicy())
    assert [(line.name, line.line_minor) for line in policy.tiers] == [
        ("platinum", 800),
        ("gold", 500),
        ("iron", 200),
    ]
    assert [(t.name, t.line_minor) for t in calibrated([0] * 9, TierPolicy()).tiers] == [
        ("platinum", 1)
    ], "no tier has the line of another"
    assert calibrated([], TierPolicy()).tiers == ()
