"""Up, down, warnings, corrections, policies and drift: when exactly the tier moves."""

from datetime import date

from events.policy import Reference
from events.touchpoints.policy import TierPolicy
from projections.protocol import AlertKey, Cause
from projections.value_tiers.explain import MoveCause, ValueExplained, explain_value
from projections.value_tiers.rows import figures_on
from tests.support.given import (
    CUSTOMER,
    asked,
    event_id,
    instant,
    invoice,
    paid,
    recorded_events,
    reversed_,
)
from tests.support.value import (
    Worth,
    costs_published,
    tiers_published,
    visited,
    worth,
)

PYRAMID = tiers_published(("gold", "100.00"), ("iron", "20.00"))


def explained(story: Worth, text: str) -> ValueExplained:
    found = explain_value(CUSTOMER, story.facts, asked(text), story.reference)
    assert found is not None
    return found


def test_without_published_tiers_nobody_is_in_one() -> None:
    worth(paid("P", "500.00", on="2026-01-01")).at("2026-01-02").then(
        tier=None, tier_since=None, score="500.00"
    )


def test_up_is_at_once_and_over_several_tiers() -> None:
    story = worth(
        paid("P", "1.00", on="2026-01-01"),
        paid("Q", "99.00", on="2026-01-05 10:00"),
        rules=[PYRAMID],
    )
    story.at("2026-01-05 09:59").then(tier="lead")
    story.at("2026-01-05 10:00").then(tier="gold", tier_since="2026-01-05 10:00")


def test_the_day_of_the_fall_is_the_first_of_the_days() -> None:
    story = worth(
        paid("P", "100.00", on="2026-01-01"),
        visited("V", on="2026-01-10 15:30", minutes=11),
        rules=[PYRAMID, costs_published(per_visit_minute="1.00")],
    )
    story.at("2026-01-10").then(
        tier="gold", score="89.00", warning_since="2026-01-10 15:30", drop_at="2026-02-09"
    )
    story.at("2026-02-08").then(tier="gold")
    story.at("2026-02-09 00:00").then(tier="iron", tier_since="2026-02-09")


def test_at_the_keep_line_nothing_is_warned_of() -> None:
    worth(
        paid("P", "100.00", on="2026-01-01"),
        visited("V", on="2026-01-10", minutes=10),
        rules=[PYRAMID, costs_published(per_visit_minute="1.00")],
    ).at("2026-01-10").then(tier="gold", score="90.00", warning_since=None)


def test_a_fact_at_the_instant_of_the_drop_comes_before_it() -> None:
    facts = (paid("P", "100.00", on="2025-01-10"), paid("Q", "95.00", on="2026-02-09 00:00"))
    worth(*facts, rules=[PYRAMID]).at("2026-02-09 00:00").then(tier="gold", warning_since=None)
    worth(facts[0], rules=[PYRAMID]).at("2026-02-09 00:00").then(tier="iron")


def test_one_tier_at_a_time_each_with_days_of_its_own() -> None:
    story = worth(paid("P", "100.00", on="2025-01-10"), rules=[PYRAMID])
    story.at("2026-02-09 00:00").then(tier="iron", warning_since="2026-02-09", drop_at="2026-03-11")
    story.at("2026-03-11 00:00").then(tier="lead", warning_since=None)


def test_without_days_the_tier_falls_through_at_once() -> None:
    lines = (("gold", "100.00"), ("iron", "20.00"))
    story = worth(
        paid("P", "100.00", on="2025-01-10"), rules=[tiers_published(*lines, drop_days=0)]
    )
    story.at("2026-01-09").then(tier="gold")
    story.at("2026-01-10 00:00").then(tier="lead", tier_since="2026-01-10")


def test_a_value_below_zero_is_lead_by_the_normal_way_down() -> None:
    lines = tiers_published(("iron", "-50.00"))
    story = worth(
        paid("P", "1.00", on="2026-01-01"),
        visited("V", on="2026-01-10", minutes=2),
        rules=[lines, costs_published(per_visit_minute="1.00")],
    )
    story.at("2026-01-01").then(tier="iron")
    story.at("2026-01-10").then(tier="iron", score="-1.00", drop_at="2026-02-09")
    story.at("2026-02-09 00:00").then(tier="lead")


REVERSED = (
    paid("P", "95.00", on="2026-01-01"),
    paid("Q", "10.00", on="2026-01-05"),
    reversed_("Q", on="2026-01-20 11:00"),
)


def test_a_correction_acts_at_once_and_what_was_shown_stays() -> None:
    """With 95.00 gold would be kept; but it was never earned."""
    story = worth(*REVERSED, rules=[PYRAMID])
    story.at("2026-01-19").then(tier="gold")
    story.at("2026-01-20").then(tier="iron", tier_since="2026-01-20 11:00", warning_since=None)
    moves = explained(story, "2026-01-21").moves
    assert [(move.tier, move.reason) for move in moves] == [
        ("iron", "first"),
        ("gold", "earned"),
        ("iron", "corrected"),
    ]
    assert moves[-1].causes == [MoveCause("corrected", event_id("reversal of Q"), -1000)]


def test_a_correction_that_changes_no_tier_leaves_its_date() -> None:
    story = worth(*REVERSED, paid("S", "20.00", on="2026-01-02"), rules=[PYRAMID])
    story.at("2026-01-21").then(tier="gold", tier_since="2026-01-02", score="115.00")


def test_a_correction_ends_the_warning_it_had_hidden_or_shows_it_with_its_date() -> None:
    story = worth(
        paid("P", "100.00", on="2025-01-10"),
        paid("Q", "95.00", on="2026-01-05"),
        reversed_("Q", on="2026-01-25"),
        rules=[PYRAMID],
    )
    story.at("2026-01-24").then(tier="gold", warning_since=None)
    story.at("2026-01-25").then(tier="gold", warning_since="2026-01-10", drop_at="2026-02-09")


def test_a_new_policy_moves_tiers_by_its_own_lines_from_its_own_instant() -> None:
    story = worth(
        paid("P", "60.00", on="2026-01-01"),
        rules=[PYRAMID, tiers_published(("gold", "50.00"), ("iron", "20.00"), on="2026-02-01")],
    )
    before = story.at("2026-01-31").then(tier="iron")
    assert before.assessment.next_change_at == instant("2026-02-01")
    story.at("2026-02-01 00:00").then(tier="gold", tier_since="2026-02-01")
    higher = worth(
        paid("P", "60.00", on="2026-01-01"),
        rules=[PYRAMID, tiers_published(("gold", "200.00"), ("iron", "80.00"), on="2026-02-01")],
    )
    higher.at("2026-02-01 00:00").then(tier="iron", warning_since="2026-02-01")
    higher.at("2026-03-03 00:00").then(tier="lead")


def test_a_tier_that_is_no_more_is_replaced_by_the_one_earned() -> None:
    worth(
        paid("P", "60.00", on="2026-01-01"),
        rules=[PYRAMID, tiers_published(("star", "200.00"), ("good", "10.00"), on="2026-02-01")],
    ).at("2026-02-01").then(tier="good", tier_since="2026-02-01")


def test_another_window_counts_from_its_policy_on() -> None:
    story = worth(
        paid("P", "60.00", on="2026-01-01"),
        paid("Q", "30.00", on="2026-01-25"),
        rules=[
            PYRAMID,
            tiers_published(("gold", "100.00"), ("iron", "20.00"), on="2026-02-01", window_days=10),
        ],
    )
    story.at("2026-01-31").then(score="90.00")
    story.at("2026-02-01").then(score="30.00", tier="iron")
    story.at("2026-02-04 00:00").then(score="0.00", warning_since="2026-02-04")


def test_the_cost_of_capital_crosses_a_line_at_a_midnight_that_is_foreseen() -> None:
    story = worth(
        invoice("J", "110.00", due="2026-12-31", on="2026-01-01 08:00"),
        paid("P", "110.00", on="2026-01-01 08:30", invoices=("J",)),
        invoice("I", "100.00", due="2026-12-31", on="2026-01-01 09:00"),
        rules=[PYRAMID, costs_published(capital_per_day=10_000)],
    )
    now = story.at("2026-01-01").then(
        tier="gold", capital="0.00", drifts_from=date(2026, 1, 1), drift_minor=100, drift_ppm=0
    )
    # 1.00 a night: 90.00 is left on the 21st, and 89.00 on the 22nd.
    assert now.assessment.next_change_at == instant("2026-01-22")
    same = story.at("2026-01-21")
    assert same.row == now.row
    policy = Reference(recorded_events([PYRAMID])).in_force(TierPolicy, asked("2026-01-21"))
    assert figures_on(same.row, date(2026, 1, 21), policy).score_minor == 90_00
    warned = story.at("2026-01-22 00:00").then(warning_since="2026-01-22", drop_at="2026-02-21")
    assert figures_on(warned.row, date(2026, 1, 22), policy).score_minor == 89_00
    assert warned.assessment.next_change_at == instant("2026-02-21")
    dropped = story.at("2026-02-21 00:00").then(tier="iron", warning_since=None)
    # Iron is kept at 18.00: the cost reaches 93.00 on 4 April.
    assert dropped.assessment.next_change_at == instant("2026-04-04")


def test_a_cost_that_leaves_the_window_lifts_the_score_without_an_event() -> None:
    story = worth(
        invoice("J", "110.00", due="2026-12-31", on="2026-01-01 08:00"),
        paid("P", "110.00", on="2026-01-10 08:30", invoices=("J",)),
        rules=[
            tiers_published(("gold", "102.00"), window_days=30),
            costs_published(capital_per_day=10_000),
        ],
    )
    story.at("2026-01-10").then(tier="lead", capital="9.90", score="100.10")
    # Nine days' cost of 1.10 each: the 1st leaves on the 31st, the 2nd a day later.
    lifted = story.at("2026-02-01 00:00")
    lifted.then(tier="gold", tier_since="2026-02-01")


def test_a_warning_ends_citing_the_payment_that_ended_it() -> None:
    story = worth(
        paid("P", "100.00", on="2025-01-10"),
        paid("Q", "95.00", on="2026-02-01 12:00"),
        rules=[PYRAMID],
    )
    key = AlertKey("tier_warning", "gold", 0)
    warned = story.at("2026-01-31")
    assert warned.warning is not None
    assert warned.warning.key == key
    assert warned.warning.amount_minor == 90_00
    assert story.at("2026-02-02").assessment.cleared[key] == Cause("recovered", event_id("Q"))
    dropped = worth(paid("P", "100.00", on="2025-01-10"), rules=[PYRAMID]).at("2026-02-09")
    assert dropped.assessment.cleared[key] == Cause("dropped")


def test_the_drop_by_inactivity_cites_the_payment_that_expired() -> None:
    story = worth(
        paid("P-1", "90.00", on="2025-01-10 15:00"),
        paid("P-2", "30.00", on="2025-07-01 10:00"),
        rules=[PYRAMID],
    )
    found = explained(story, "2027-01-01")
    assert [(move.at, move.tier) for move in found.moves] == [
        (instant("2025-01-10 15:00"), "iron"),
        (instant("2025-07-01 10:00"), "gold"),
        (instant("2026-02-09"), "iron"),
        (instant("2026-07-31"), "lead"),
    ]
    drop = found.moves[2]
    assert drop.warned_at == instant("2026-01-10")
    assert drop.causes == [MoveCause("expired", event_id("P-1"), -9000)]
    assert [counted.event_id for counted in found.expired] == [event_id("P-2"), event_id("P-1")]
    assert found.next_change_at is None
    before = explained(story, "2026-01-11")
    assert [counted.event_id for counted in before.counting] == [event_id("P-2")]
    assert before.next_change_at == instant("2026-02-09")
    assert before.row.expires_on == date(2026, 7, 1)
    assert before.row.expires_minor == -3000
    assert before.potential == "not fitted"


def test_another_window_while_something_is_open_warns_of_nothing_that_never_was() -> None:
    story = worth(
        paid("P", "30.00", on="2026-01-01"),
        invoice("I", "50.00", due="2026-06-01", on="2026-01-03"),
        rules=[
            tiers_published(("gold", "10.00")),
            tiers_published(("gold", "10.00"), on="2026-01-20", window_days=60),
            costs_published(capital_per_day=1_000),
        ],
    )
    found = story.at("2026-01-25").then(tier="gold", tier_since="2026-01-01", warning_since=None)
    assert AlertKey("tier_warning", "gold", 0) not in found.assessment.cleared
