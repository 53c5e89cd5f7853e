"""Scenarios 10 and 11 of the domain rules, section 9; the value in 4 and the tiers of 7.

Each `at` also delivers the facts shuffled, repeated up to five times and in several batch
sizes, and holds the digest equal (tests/support/value.py).
"""

import pytest

from tests.support.given import credit_note, instant, invoice, paid
from tests.support.value import (
    costs_published,
    ordered,
    tiers_published,
    visited,
    worth,
)

pytestmark = pytest.mark.acceptance

PYRAMID = tiers_published(("gold", "10000.00"), ("iron", "2000.00"))
INACTIVE = (
    paid("P-1", "9000.00", on="2025-01-10 15:00"),
    paid("P-2", "3000.00", on="2025-07-01 10:00"),
)


def test_4_a_credit_note_lowers_value_by_not_being_paid() -> None:
    given = worth(
        invoice("F", "1000.00", due="2026-03-01"),
        credit_note("N", "250.00", on="2026-02-20", invoice="F"),
        paid("P", "800.00", on="2026-02-25"),
    )
    given.at("2026-02-26").then(margin="750.00", contemporary="750.00")


def test_10_inactivity_drops_the_tier_at_the_exact_instant() -> None:
    story = worth(*INACTIVE, rules=[PYRAMID])
    story.at("2025-01-11").then(tier="iron", score="9000.00")
    story.at("2025-07-01").then(tier="gold", tier_since="2025-07-01 10:00", score="12000.00")
    before = story.at("2026-01-09").then(tier="gold", warning_since=None)
    assert before.assessment.next_change_at == instant("2026-01-10")
    warned = story.at("2026-01-10 00:00").then(
        tier="gold", score="3000.00", warning_since="2026-01-10", drop_at="2026-02-09"
    )
    assert warned.warning is not None
    assert warned.warning.since == instant("2026-01-10")
    assert warned.assessment.next_change_at == instant("2026-02-09")
    story.at("2026-02-08").then(tier="gold")
    dropped = story.at("2026-02-09 00:00").then(
        tier="iron", tier_since="2026-02-09", warning_since=None
    )
    assert dropped.warning is None
    assert dropped.assessment.next_change_at == instant("2026-07-01")
    story.at("2026-07-01 00:00").then(tier="iron", score="0.00", drop_at="2026-07-31")
    story.at("2026-07-30").then(tier="iron")
    last = story.at("2026-07-31 00:00").then(tier="lead", tier_since="2026-07-31")
    assert last.assessment.next_change_at is None
    story.at("2027-05-05").then(tier="lead", tier_since="2026-07-31")


def test_10_a_payment_in_time_keeps_gold() -> None:
    story = worth(*INACTIVE, paid("P-3", "6500.00", on="2026-02-08 12:00"), rules=[PYRAMID])
    story.at("2026-02-08 11:59").then(tier="gold", drop_at="2026-02-09")
    story.at("2026-02-08").then(tier="gold", score="9500.00", warning_since=None)
    story.at("2026-06-30").then(tier="gold", tier_since="2025-07-01 10:00")


MONTHS = ("2026-01", "2026-02", "2026-03")
RATES = costs_published(per_order="50.00", capital_per_day=200)
LATER = {"2026-01": "2026-02-09", "2026-02": "2026-03-12", "2026-03": "2026-04-09"}
A = [
    fact
    for month in MONTHS
    for fact in (
        ordered(
            f"O-{month}", "100000.00", on=f"{month}-10 09:00", cost="88000.00", freight="2000.00"
        ),
        invoice(
            f"I-{month}", "100000.00", due=LATER[month], on=f"{month}-10 09:01", order=f"O-{month}"
        ),
        paid(f"P-{month}", "50000.00", on=f"{month}-10 09:02", invoices=(f"I-{month}",)),
        paid(f"Q-{month}", "50000.00", on=f"{LATER[month]} 14:00", invoices=(f"I-{month}",)),
    )
]
B = [
    fact
    for month in MONTHS
    for k in range(10, 20)
    for fact in (
        ordered(f"O-{month}-{k}", "10000.00", on=f"{month}-{k} 09:00", cost="8000.00"),
        invoice(
            f"I-{month}-{k}",
            "10000.00",
            due=f"{month}-{k}",
            on=f"{month}-{k} 09:01",
            order=f"O-{month}-{k}",
        ),
        paid(f"P-{month}-{k}", "10000.00", on=f"{month}-{k} 09:02"),
    )
]


def test_11_equal_sales_can_be_worth_twice_as_much() -> None:
    seen = visited("V", on="2026-03-20 10:00", elsewhere="230000.00")
    worth(*A, seen, rules=[RATES]).at("2026-04-10").then(
        margin="36000.00",
        freight="6000.00",
        service="150.00",
        capital="900.00",
        contemporary="28950.00",
        share_of_wallet_bp=3030,
        net_amount="300000.00",
        drifts_from=None,
    )
    worth(*B, rules=[RATES]).at("2026-04-10").then(
        margin="60000.00",
        freight="0.00",
        service="1500.00",
        capital="0.00",
        contemporary="58500.00",
        share_of_wallet_bp=10_000,
        net_amount="300000.00",
    )


SPENT_X = (
    invoice("X-1", "6000.00", due="2026-02-15", on="2026-02-01"),
    paid("PX", "6000.00", on="2026-02-10", invoices=("X-1",)),
    ordered("OX", "300.00", on="2026-02-20", cost="300.00"),
    invoice("X-2", "300.00", due="2026-03-15", on="2026-02-20 08:00", order="OX"),
)
SPENT_Y = (
    invoice("Y-1", "5000.00", due="2026-02-16", on="2026-02-02"),
    paid("PY", "5100.00", on="2026-02-11", invoices=("Y-1",)),
)
TO_Y = paid("PY-2", "50.00", on="2026-04-05 09:00")


def test_7_two_customers_are_iron_and_together_gold() -> None:
    rules = [PYRAMID]
    worth(*SPENT_X, rules=rules).at("2026-03-31").then(score="6000.00", tier="iron")
    worth(*SPENT_Y, rules=rules).at("2026-03-31").then(score="5000.00", tier="iron")
    together = worth(*SPENT_X, *SPENT_Y, rules=rules)
    together.at("2026-04-01").then(score="11000.00", tier="gold")
    paid_more = worth(*SPENT_X, *SPENT_Y, TO_Y, rules=rules)
    paid_more.at("2026-04-06").then(score="11000.00", tier="gold")
    worth(*SPENT_Y, TO_Y, rules=rules).at("2026-04-10").then(score="5000.00", tier="iron")
