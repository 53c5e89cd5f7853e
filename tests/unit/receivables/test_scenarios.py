"""Scenarios 1 to 6 of the domain rules, section 9.

Each `at` also delivers the facts shuffled, repeated up to five times and in several batch
sizes, and holds the digest equal (tests/support/given.py).
"""

import pytest

from events.envelope import effective_instant
from events.touchpoints.payment import PaymentReceived
from projections.books.ageing import bucket_index, bucket_labels
from projections.protocol import Cause
from tests.support.given import (
    Told,
    account,
    confirmed,
    credit_note,
    dunned,
    event_id,
    given,
    instant,
    invoice,
    item,
    money,
    order,
    paid,
    reversed_,
)

pytestmark = pytest.mark.acceptance


def test_1_a_partial_payment_leaves_the_item_open_and_can_be_seen_as_of_before() -> None:
    story = given(
        invoice("A", "1000.00", due="2026-03-01"),
        invoice("B", "500.00", due="2026-03-15"),
        paid("P", "600.00", on="2026-03-20 10:00"),
    )
    story.at("2026-04-10").then(
        item("A", "400.00", days=40),
        item("B", "500.00", days=26),
        account(outstanding="900.00", overdue="900.00"),
    )
    assert [bucket_labels()[bucket_index(days)] for days in (40, 26)] == ["31-60", "1-30"]
    story.at("2026-03-19").then(
        item("A", "1000.00", days=18),
        item("B", "500.00", days=4),
        account(outstanding="1500.00"),
    )


OVERPAID = (
    invoice("C", "300.00", due="2026-03-01"),
    dunned("C", 1, on="2026-03-11 09:00"),
    paid("P", "500.00", on="2026-03-20 10:00"),
)


def test_2_an_over_payment_is_credit_that_a_later_item_uses() -> None:
    given(*OVERPAID).at("2026-03-20").then(
        item("C", "0.00", status="settled", dunning_due=None),
        account(credit="200.00", outstanding="0.00", dunning_level=None),
    )
    given(*OVERPAID, invoice("D", "150.00", due="2026-04-24", on="2026-03-25")).at(
        "2026-03-25"
    ).then(item("D", "0.00"), account(credit="50.00"))


def test_2_when_it_bounces_everything_is_open_again_at_the_level_it_had() -> None:
    bounced = given(
        *OVERPAID,
        invoice("D", "150.00", due="2026-04-24", on="2026-03-25"),
        reversed_("P", on="2026-04-05 11:00"),
    )
    outcome = bounced.at("2026-04-05").then(
        item("C", "300.00", days=35, dunning_level=1, dunning_due=2),
        item("D", "150.00"),
        account(credit="0.00", outstanding="450.00", dunning_level=1),
    )
    due = outcome.alert("dunning_due", "C")
    assert due is not None
    assert due.threshold == 2
    assert due.since == instant("2026-04-05 11:00")
    bounced.at("2026-04-05 10:59").then(item("C", "0.00"), account(credit="50.00"))


EARLY_PAYMENT = (
    invoice("E", "200.00", due="2026-03-01"),
    paid("P", "800.00", on="2026-03-20 10:00", orders=("ORD-9",)),
)
ITS_ORDER = (
    order("ORD-9", "800.00", on="2026-03-18 09:00"),
    invoice("I-9", "800.00", due="2026-04-18", on="2026-03-19 09:00", order="ORD-9"),
)


def test_3_a_payment_before_its_order_is_reserved() -> None:
    given(*EARLY_PAYMENT).at("2026-03-21").then(
        item("E", "200.00"), account(reserved="800.00", credit="0.00")
    )


def test_3_the_order_and_its_invoice_arrive_with_earlier_times() -> None:
    late = given(*EARLY_PAYMENT, *ITS_ORDER).at("2026-03-21")
    late.then(item("I-9", "0.00"), item("E", "200.00"), account(reserved="0.00", unbilled="0.00"))
    in_order = given(EARLY_PAYMENT[0], *ITS_ORDER, EARLY_PAYMENT[1]).at("2026-03-21")
    assert late.digest == in_order.digest


def test_3_an_invoice_within_the_72_hours_takes_what_was_reserved() -> None:
    invoiced = invoice("I-9", "800.00", due="2026-04-18", on="2026-03-22 09:00", order="ORD-9")
    given(*EARLY_PAYMENT, invoiced).at("2026-03-22").then(
        item("I-9", "0.00"), item("E", "200.00"), account(reserved="0.00")
    )


def test_3_nothing_in_72_hours_releases_it_to_the_normal_order() -> None:
    story = given(*EARLY_PAYMENT)
    story.at("2026-03-23 09:59:59.999999").then(
        item("E", "200.00"), account(reserved="800.00", credit="0.00")
    )
    story.at("2026-03-23 10:00").then(item("E", "0.00"), account(reserved="0.00", credit="600.00"))


def test_4_a_credit_note_is_shown_apart_from_payments() -> None:
    given(
        invoice("F", "1000.00", due="2026-03-01"),
        credit_note("N", "250.00", on="2026-02-20", invoice="F"),
        paid("P", "800.00", on="2026-02-25"),
    ).at("2026-02-26").then(
        item("F", "0.00", paid_minor=75_000, credited_minor=25_000), account(credit="50.00")
    )


def test_5_the_same_event_counts_once_and_a_double_report_is_suspect() -> None:
    told = (
        invoice("I", "500.00", due="2026-03-01"),
        paid("P1", "200.00", on="2026-02-10 10:00", bank="BR-7"),
    )
    given(*told).at("2026-02-11").then(item("I", "300.00"))
    again = (*told, paid("P2", "200.00", on="2026-02-10 10:05", bank="BR-7"))
    given(*again).at("2026-02-11").then(item("I", "300.00"), account(suspect="200.00"))
    given(*again, confirmed("P2", on="2026-02-12 09:00")).at("2026-02-12").then(
        item("I", "100.00"), account(suspect="0.00")
    )


def test_6_a_payment_from_an_offline_branch_counts_from_when_it_was_made() -> None:
    effective = effective_instant(
        instant("2026-03-06 17:12"), instant("2026-03-09 09:12"), instant("2026-03-09 09:00")
    )
    assert effective == instant("2026-03-06 17:00")
    payment = Told(
        PaymentReceived(payment_id="P", amount=money("400.00")),
        effective,
        recorded=instant("2026-03-09 09:00"),
        event="P",
    )
    story = given(invoice("G", "400.00", due="2026-03-06"), payment)
    before = story.known("2026-03-09 08:59").at("2026-03-09 08:59")
    before.then(item("G", "400.00"), account(overdue="400.00"))
    alert = before.alert("overdue", "G")
    assert alert is not None
    assert alert.since == instant("2026-03-07")
    now = story.at("2026-03-09 09:00").then(item("G", "0.00"))
    assert now.alert("overdue", "G") is None
    assert now.cleared("overdue", "G", 1) == Cause("paid", event_id("P"))
    story.at("2026-03-07").then(account(overdue="0.00"))
