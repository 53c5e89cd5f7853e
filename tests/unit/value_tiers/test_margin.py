"""Collected margin, costs and what is bought elsewhere: one rule, one test."""

from msgspec import structs

from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import DebtWrittenOff, InvoiceIssued
from events.touchpoints.policy import SegmentRate
from tests.support.given import (
    amended,
    cancelled,
    credit_note,
    instant,
    invoice,
    money,
    order_cancelled,
    paid,
    refunded,
    reversed_,
    told,
)
from tests.support.value import (
    called_back,
    costs_published,
    ordered,
    provision_published,
    tiers_published,
    visited,
    worth,
)


def test_a_payment_of_an_invoice_counts_against_the_cost_of_its_order() -> None:
    story = worth(
        ordered("O", "100.00", on="2026-01-05", cost="33.34"),
        invoice("I", "100.00", due="2026-02-01", on="2026-01-05", order="O"),
        paid("P-1", "33.33", on="2026-01-10", invoices=("I",)),
        paid("P-2", "33.33", on="2026-01-11", invoices=("I",)),
        paid("P-3", "33.34", on="2026-01-12", invoices=("I",)),
    )
    story.at("2026-01-10").then(margin="22.22")
    story.at("2026-01-11").then(margin="44.44")
    story.at("2026-01-12").then(margin="66.66")


def test_a_credit_note_settles_cost_and_brings_nothing() -> None:
    worth(
        ordered("O", "1000.00", on="2026-01-05", cost="600.00"),
        invoice("I", "1000.00", due="2026-02-01", on="2026-01-05", order="O"),
        credit_note("N", "250.00", on="2026-01-06", invoice="I"),
        paid("P", "750.00", on="2026-01-07"),
    ).at("2026-01-07").then(margin="150.00", net_amount="750.00")


def test_what_is_written_off_costs_its_goods() -> None:
    written_off = told(DebtWrittenOff(invoice_id="I", amount=money("100.00")), "2026-03-01")
    worth(
        ordered("O", "100.00", on="2026-01-05", cost="60.00"),
        invoice("I", "100.00", due="2026-02-01", on="2026-01-05", order="O"),
        written_off,
        rules=[tiers_published(("gold", "1.00"))],
    ).at("2026-03-01").then(margin="-60.00", tier="lead")


def test_tax_is_no_margin() -> None:
    data = InvoiceIssued(
        invoice_id="I",
        amount=money("113.00"),
        tax=money("13.00"),
        due_on=instant("2026-02-02").date(),
    )
    worth(
        told(data, "2026-01-05"),
        paid("P", "56.50", on="2026-01-07"),
    ).at("2026-01-07").then(margin="50.00", net_amount="100.00")


def test_a_payment_of_an_order_without_an_invoice_is_a_sale_at_a_till() -> None:
    story = worth(
        ordered("O", "80.00", on="2026-01-05 09:00", cost="50.00"),
        paid("P", "80.00", on="2026-01-05 09:01", orders=("O",)),
    )
    story.at("2026-01-05").then(margin="30.00", purchase_days=1, net_amount="80.00")
    # The reservation for an invoice ends after 72 hours, and the sale stays.
    story.at("2026-01-09").then(margin="30.00")


def test_an_invoice_takes_over_what_paid_its_order() -> None:
    story = worth(
        ordered("O", "80.00", on="2026-01-05 09:00", cost="50.00"),
        paid("P", "80.00", on="2026-01-05 09:01", orders=("O",)),
        invoice("I", "80.00", due="2026-02-01", on="2026-01-06 09:00", order="O"),
    )
    before = story.at("2026-01-05").then(margin="30.00")
    after = story.at("2026-01-06").then(margin="30.00")
    assert before.row.expires_on != after.row.expires_on


def test_two_invoices_share_the_cost_of_an_order() -> None:
    story = worth(
        ordered("O", "100.00", on="2026-01-05", cost="70.00"),
        invoice("I-1", "40.00", due="2026-02-01", on="2026-01-06", order="O"),
        invoice("I-2", "60.00", due="2026-03-01", on="2026-01-07", order="O"),
        paid("P", "40.00", on="2026-01-08", invoices=("I-1",)),
    )
    story.at("2026-01-08").then(margin="12.00")


def test_the_order_may_become_known_after_its_invoice_is_paid() -> None:
    story = worth(
        invoice("I", "100.00", due="2026-02-01", on="2026-01-06", order="O"),
        paid("P", "100.00", on="2026-01-08", invoices=("I",)),
        ordered("O", "100.00", on="2026-01-09", cost="70.00"),
    )
    story.at("2026-01-08").then(margin="100.00")
    at_last = story.at("2026-01-09").then(margin="30.00")
    assert str(at_last.row.expires_on) == "2027-01-08"  # still dated with its allocation


def test_an_invoice_replaced_by_another_carries_the_cost_only_once() -> None:
    worth(
        ordered("O", "100.00", on="2026-01-05", cost="70.00"),
        invoice("I-1", "100.00", due="2026-02-01", on="2026-01-06", order="O"),
        cancelled("I-1", on="2026-01-07"),
        invoice("I-2", "100.00", due="2026-02-01", on="2026-01-08", order="O"),
        paid("P", "100.00", on="2026-01-09"),
    ).at("2026-01-09").then(margin="30.00", net_amount="100.00")


def test_an_amended_invoice_keeps_its_part_of_the_cost() -> None:
    worth(
        ordered("O", "100.00", on="2026-01-05", cost="70.00"),
        invoice("I", "100.00", due="2026-02-01", on="2026-01-06", order="O"),
        paid("P", "80.00", on="2026-01-09", invoices=("I",)),
        amended("I", on="2026-01-10", amount="80.00"),
    ).at("2026-01-10").then(margin="10.00")


def test_a_payment_of_somebody_never_billed_is_a_sale_of_unknown_cost() -> None:
    story = worth(
        paid("P", "100.00", on="2026-01-05"),
        ordered("O", "40.00", on="2026-01-06", cost="30.00"),
        invoice("I", "40.00", due="2026-02-01", on="2026-01-06 12:00", order="O"),
        refunded("R", "25.00", on="2026-01-07"),
        paid("Q", "10.00", on="2026-01-08"),
    )
    story.at("2026-01-05").then(margin="100.00")
    story.at("2026-01-06").then(margin="70.00")  # 60.00 as before, and 40.00 less its cost
    story.at("2026-01-07").then(margin="45.00")
    story.at("2026-01-08").then(margin="45.00")  # credit of somebody who has been billed


def test_a_payment_for_an_unknown_order_counts_once_the_order_is_known() -> None:
    facts = (
        invoice("I", "10.00", due="2026-02-01", on="2026-01-02"),
        paid("P", "100.00", on="2026-01-05", orders=("O",)),
        ordered("O", "100.00", on="2026-01-06", cost="30.00"),
    )
    worth(*facts).at("2026-01-05").then(margin="0.00")
    worth(*facts).at("2026-01-06").then(margin="70.00")
    # The hours are over: the open invoice takes its part, and the order's is that much less.
    worth(*facts).at("2026-01-09").then(margin="73.00")


def test_a_cancelled_order_is_paid_no_longer_and_costs_no_freight() -> None:
    story = worth(
        ordered("O", "100.00", on="2026-01-05", cost="30.00", freight="5.00"),
        paid("P", "100.00", on="2026-01-05 12:00", orders=("O",)),
        order_cancelled("O", on="2026-01-07"),
        rules=[costs_published(per_order="2.00")],
    )
    story.at("2026-01-06").then(margin="70.00", freight="5.00", service="2.00")
    cancelled_ = story.at("2026-01-07").then(margin="0.00", freight="0.00", service="2.00")
    assert cancelled_.row.purchase_days == 0


def test_contacts_cost_the_rate_of_their_own_instant() -> None:
    worth(
        visited("V", on="2026-01-05", minutes=30),
        visited("V", on="2026-01-05 10:00", minutes=30),
        called_back("K", on="2026-01-06", minutes=10),
        called_back("K", on="2026-02-06", minutes=10),
        told(ComplaintFiled(severity="low"), "2026-02-07"),
        rules=[
            costs_published(per_visit_minute="1.00", per_callback_minute="0.50"),
            costs_published(on="2026-02-01", per_callback_minute="2.00", per_complaint="7.00"),
        ],
    ).at("2026-02-08").then(service="62.00", visits=1, callbacks=2, complaints=1)


def test_provision_follows_the_bucket_and_is_foreseen() -> None:
    story = worth(
        invoice("I", "200.00", due="2026-01-31", on="2026-01-01"),
        rules=[provision_published(0, 100, 1000, 0, 0, 5000)],
    )
    first = story.at("2026-01-15").then(provision="0.00")
    assert first.assessment.next_change_at == instant("2026-02-01")
    second = story.at("2026-02-01 00:00").then(provision="2.00", contemporary="-2.00")
    assert second.assessment.next_change_at == instant("2026-03-03")
    story.at("2026-03-03 00:00").then(provision="20.00")


def test_another_currency_is_listed_and_not_scored() -> None:
    dollars = told(
        InvoiceIssued(
            invoice_id="I", amount=money("50.00", "USD"), due_on=instant("2026-02-02").date()
        ),
        "2026-01-05",
    )
    worth(paid("P", "10.00", on="2026-01-04"), dollars).at("2026-01-05").then(
        margin="10.00", other_currencies="USD", currency="CNY"
    )


def test_share_of_wallet_compares_months_through_the_visit() -> None:
    story = worth(
        invoice("I-1", "300.00", due="2026-02-01", on="2026-01-20"),
        invoice("I-2", "100.00", due="2026-03-01", on="2026-02-25"),
        visited("V", on="2026-02-10", elsewhere="300.00"),
        invoice("I-3", "900.00", due="2026-05-01", on="2026-04-01"),
    )
    story.at("2026-02-01").then(share_of_wallet_bp=10_000, model_minor=None)
    story.at("2026-04-02").then(share_of_wallet_bp=4000)  # 200.00 of 500.00 a month
    gone = story.at("2027-02-10 00:00").then(share_of_wallet_bp=10_000)
    assert story.at("2027-02-09").row.share_of_wallet_bp != gone.row.share_of_wallet_bp


def test_model_value_is_what_could_be_won_over_in_a_year() -> None:
    rates = costs_published(
        margin_rate=2_000, win_rates=(SegmentRate(segment="trade", win_rate=2_500),)
    )
    weighed = tiers_published(("gold", "500.00"), weight_contemporary=0, weight_model=10_000)
    story = worth(
        told(CustomerRegistered(segment="trade"), "2026-01-01"),
        visited("V", on="2026-02-10", elsewhere="1000.00"),
        rules=[rates, weighed],
    )
    found = story.at("2026-02-10").then(
        model="600.00", score="600.00", tier="gold", potential_minor=None, segment="trade"
    )
    assert found.assessment.next_change_at == instant("2027-02-10")


def test_a_reversed_payment_never_counted() -> None:
    story = worth(
        invoice("I", "50.00", due="2026-02-01", on="2026-01-01"),
        paid("P", "50.00", on="2026-01-05"),
        reversed_("P", on="2026-01-20"),
    )
    story.at("2026-01-19").then(margin="50.00")
    story.at("2026-01-20").then(margin="0.00", expires_on=None)


def test_rows_have_columns_that_a_table_can_hold() -> None:
    row = worth(paid("P", "1.00", on="2026-01-01")).at("2026-01-01").row
    assert all(
        value is None or isinstance(value, int | str) or hasattr(value, "isoformat")
        for value in structs.asdict(row).values()
    )
