"""What gives way, what is owed back, and what is told of it: one rule, one test."""

from __future__ import annotations

from datetime import date

import pytest

from events.facts import fact_of
from events.policy import Reference
from events.touchpoints.contact import VisitMade
from events.touchpoints.payment import DebtWrittenOff, Instalment, InvoiceIssued
from events.touchpoints.policy import BranchSet, CompanySet
from projections.books.ageing import ageing
from projections.facts import Facts
from projections.receivables.lines import Statement
from projections.receivables.reports import dso, invoiced_in_window, invoices_open, open_balances
from projections.receivables.rows import ItemRow
from projections.receivables.statement import explain
from tests.support.given import (
    CUSTOMER,
    RECEIVABLES,
    Given,
    Told,
    account,
    asked,
    cancelled,
    credit_note,
    event_id,
    given,
    instant,
    invoice,
    item,
    limit,
    money,
    order_cancelled,
    paid,
    recorded_events,
    refunded,
    rejected,
    reversed_,
    told,
)
from tests.support.value import ordered, tiers_published, worth

A = invoice("A", "1000.00", due="2026-03-01")
B = invoice("B", "500.00", due="2026-03-15")


def written_off(amount: str, on: str, invoice_id: str = "A") -> Told:
    return told(DebtWrittenOff(invoice_id=invoice_id, amount=money(amount)), on, "W")


def statement_of(story: Given, on: str) -> Statement:
    return explain(CUSTOMER, Facts(story.facts), asked(on), story.reference)


# --- credit notes ---


def test_a_displaced_payment_goes_to_what_else_it_cites_and_then_is_credit() -> None:
    both = paid("P", "1200.00", on="2026-02-10", invoices=("A", "B"))
    note = credit_note("N", "1000.00", on="2026-02-12", invoice="A")
    given(A, B, both, note).at("2026-02-12").then(
        item("A", "0.00", credited_minor=100_000, paid_minor=0),
        item("B", "0.00", paid_minor=50_000),
        account(credit="700.00"),
    )


def test_the_latest_allocated_payment_gives_way_first() -> None:
    story = given(
        A,
        paid("P1", "600.00", on="2026-02-05", invoices=("A",)),
        paid("P2", "400.00", on="2026-02-06", invoices=("A",)),
        credit_note("N", "500.00", on="2026-02-07", invoice="A"),
    )
    [line] = statement_of(story, "2026-02-07").items
    live = {(a.source_id, a.amount_minor) for a in line.allocations if a.undone_at is None}
    assert live == {("P1", 50_000), ("N", 40_000), ("N", 10_000)}
    gone = {(a.source_id, a.undone_by) for a in line.allocations if a.undone_at is not None}
    assert gone == {("P1", event_id("N")), ("P2", event_id("N"))}
    instead = {a.in_place_of for a in line.allocations if a.source_id == "N"}
    assert instead == {event_id("P1"), event_id("P2")}


def test_a_settled_item_keeps_its_day_when_a_note_takes_the_place_of_its_payment() -> None:
    given(
        A,
        paid("P", "1000.00", on="2026-03-11", invoices=("A",)),
        credit_note("N", "400.00", on="2026-04-20", invoice="A"),
    ).at("2026-04-20").then(item("A", "0.00", settled_on=date(2026, 3, 11), days_late=10))


def test_what_gave_way_ends_on_the_day_of_the_note_and_its_cost_keeps_its_own() -> None:
    story = worth(
        ordered("O", "1000.00", on="2026-01-05", cost="600.00"),
        invoice("I", "1000.00", due="2026-02-01", on="2026-01-05 12:00", order="O"),
        paid("P", "1000.00", on="2026-01-10", invoices=("I",)),
        credit_note("N", "300.00", on="2026-06-10", invoice="I"),
    )
    story.at("2026-06-09").then(margin="400.00")
    story.at("2026-06-10").then(margin="100.00")
    story.at("2027-01-09").then(margin="100.00")
    # The payment's day leaves the window with its whole cost: no hole stays behind.
    story.at("2027-01-10 00:00").then(margin="0.00", expires_on=None)


def test_the_return_of_a_till_sale_is_no_unseen_order_and_lowers_the_net_amount() -> None:
    facts = (
        ordered("O", "80.00", on="2026-01-05 09:00", cost="50.00"),
        paid("P", "80.00", on="2026-01-05 09:01", orders=("O",)),
        credit_note("N", "20.00", on="2026-01-06", order="O"),
    )
    worth(*facts).at("2026-01-10").then(margin="10.00", purchase_days=1, net_amount="60.00")
    story = given(*facts)
    assert not statement_of(story, "2026-01-10").ignored
    story.at("2026-01-10").then(account(credit="80.00", unbilled="60.00", exposure="-20.00"))


def test_a_note_on_a_till_sale_goes_to_its_invoice_when_there_is_one() -> None:
    given(
        ordered("O", "80.00", on="2026-01-05 09:00"),
        paid("P", "80.00", on="2026-01-05 09:01", orders=("O",)),
        credit_note("N", "20.00", on="2026-01-06", order="O"),
        invoice("I", "80.00", due="2026-02-01", on="2026-01-07", order="O"),
    ).at("2026-01-07").then(
        item("I", "0.00", credited_minor=2_000, paid_minor=6_000),
        account(credit="20.00", unbilled="0.00"),
    )


def test_the_note_of_a_cancelled_order_is_no_credit_beside_its_payment() -> None:
    for first, second in (("2026-01-06", "2026-01-07"), ("2026-01-07", "2026-01-06")):
        facts = (
            ordered("O", "80.00", on="2026-01-05 09:00", cost="50.00"),
            paid("P", "80.00", on="2026-01-05 09:01", orders=("O",)),
            credit_note("N", "80.00", on=first, order="O"),
            order_cancelled("O", on=second),
        )
        given(*facts).at("2026-01-10").then(account(credit="80.00", exposure="-80.00"))
        worth(*facts).at("2026-01-10").then(margin="0.00", net_amount="0.00", purchase_days=0)


# --- write-offs ---


def test_money_for_the_invoice_recovers_what_was_written_off_and_says_so() -> None:
    story = given(
        A,
        B,
        written_off("1000.00", "2026-04-01"),
        paid("P", "1100.00", on="2026-05-01", invoices=("A",)),
    )
    story.at("2026-05-01").then(
        item("A", "0.00", paid_minor=100_000, written_off_minor=0),
        item("B", "400.00"),
        account(credit="0.00", written_off="0.00"),
    )
    line = next(i for i in statement_of(story, "2026-05-01").items if i.row.item_id == "A")
    [recovery] = [a for a in line.allocations if a.recovery]
    assert (recovery.event_id, recovery.in_place_of) == (event_id("P"), event_id("W"))


def test_other_money_does_not_revive_what_was_written_off() -> None:
    given(A, written_off("1000.00", "2026-04-01"), paid("P", "700.00", on="2026-05-01")).at(
        "2026-05-01"
    ).then(item("A", "0.00", written_off_minor=100_000), account(credit="700.00"))


@pytest.mark.parametrize("gone", [reversed_("P", on="2026-05-09"), rejected("P", on="2026-05-09")])
def test_a_recovery_that_is_taken_back_leaves_the_write_off_standing(gone: Told) -> None:
    given(
        A,
        written_off("1000.00", "2026-04-01"),
        paid("P", "600.00", on="2026-05-01", invoices=("A",)),
        gone,
    ).at("2026-05-09").then(
        item("A", "0.00", written_off_minor=100_000, paid_minor=0), account(credit="0.00")
    )


def test_what_a_write_off_gave_up_never_becomes_credit() -> None:
    given(
        A,
        written_off("1000.00", "2026-04-01"),
        credit_note("N", "1000.00", on="2026-05-01", invoice="A"),
    ).at("2026-05-01").then(
        item("A", "0.00", credited_minor=100_000, written_off_minor=0), account(credit="0.00")
    )


def test_a_recovery_brings_money_on_its_day_and_leaves_the_cost_on_the_write_offs() -> None:
    story = worth(
        ordered("O", "1000.00", on="2026-01-05", cost="600.00"),
        invoice("A", "1000.00", due="2026-02-01", on="2026-01-05 12:00", order="O"),
        written_off("1000.00", "2026-03-01"),
        paid("P", "1000.00", on="2026-09-01", invoices=("A",)),
    )
    story.at("2026-08-31").then(margin="-600.00")
    story.at("2026-09-01").then(margin="400.00")
    story.at("2027-03-01 00:00").then(margin="1000.00")
    story.at("2027-09-01 00:00").then(margin="0.00")


# --- refunds ---


def test_a_refund_takes_credit_then_reserved_money_the_latest_first() -> None:
    story = given(
        paid("P1", "100.00", on="2026-02-01"),
        paid("P2", "100.00", on="2026-02-02"),
        paid("P3", "100.00", on="2026-02-03 10:00", orders=("O-9",)),
        refunded("R", "250.00", on="2026-02-03 12:00"),
    )
    story.at("2026-02-03 12:00").then(account(credit="0.00", reserved="50.00", owed_back="0.00"))
    [refund] = statement_of(story, "2026-02-03 12:00").refunds
    assert [(c.event_id, c.amount_minor) for c in refund.covered_by] == [
        (event_id("P2"), 10_000),
        (event_id("P1"), 10_000),
        (event_id("P3"), 5_000),
    ]


def test_what_nothing_covers_of_a_refund_is_owed_back_until_later_money_covers_it() -> None:
    story = given(
        limit("100.00"),
        A,
        refunded("R", "150.00", on="2026-02-10"),
        paid("P", "1100.00", on="2026-02-20", invoices=("A",)),
        paid("Q", "80.00", on="2026-02-25"),
    )
    early = story.at("2026-02-10").then(
        item("refund:R", "150.00", kind="refund", due_on=date(2026, 2, 10), status="open"),
        account(outstanding="1150.00", owed_back="150.00", exposure="1150.00", invoiced="1000.00"),
    )
    assert early.account().gate_refusal == "limit_exceeded"
    story.at("2026-02-11").then(account(overdue="150.00"))
    # First what the money cites, then what is owed back.
    story.at("2026-02-20").then(item("A", "0.00"), item("refund:R", "50.00"))
    story.at("2026-02-25").then(
        item("refund:R", "0.00", days_late=None), account(credit="30.00", settled_items=1)
    )
    [refund] = statement_of(story, "2026-02-25").refunds
    assert [(c.event_id, c.amount_minor) for c in refund.covered_by] == [
        (event_id("P"), 10_000),
        (event_id("Q"), 5_000),
    ]


def test_what_is_owed_back_is_covered_before_older_items() -> None:
    given(A, refunded("R", "150.00", on="2026-05-10"), paid("P", "200.00", on="2026-05-11")).at(
        "2026-05-11"
    ).then(item("refund:R", "0.00"), item("A", "950.00"))


def test_a_reversed_payment_leaves_the_refund_it_covered_owed_back_from_that_day() -> None:
    given(
        paid("P", "100.00", on="2026-02-01"),
        refunded("R", "100.00", on="2026-02-05"),
        reversed_("P", on="2026-02-20"),
    ).at("2026-02-20").then(item("refund:R", "100.00", due_on=date(2026, 2, 20)))


def test_what_is_owed_back_is_no_sale() -> None:
    facts = (A, refunded("R", "150.00", on="2026-02-10"))
    story = given(*facts).at("2026-02-10")
    totals = [t for row in story.assessment.rows["items"] for t in RECEIVABLES.totals(row)]
    day = date(2026, 2, 10)
    open_ = invoices_open(ageing(open_balances(totals, "CNY", day), day), totals, "CNY")
    invoiced = invoiced_in_window(totals, "CNY", day)
    assert (story.account().outstanding_minor, open_, invoiced) == (115_000, 100_000, 100_000)
    assert dso(open_, invoiced) == 90
    worth(*facts).at("2026-02-10").then(purchase_days=1, net_amount="1000.00")


def test_what_covers_a_debt_owed_back_adds_nothing_to_value() -> None:
    story = worth(
        invoice("A", "10.00", due="2026-03-01"),
        refunded("R", "100.00", on="2026-02-10"),
        paid("P", "110.00", on="2026-02-11"),
    )
    story.at("2026-02-11").then(margin="10.00")


def test_an_invoice_may_have_the_id_of_a_debt_owed_back() -> None:
    story = given(
        refunded("R", "150.00", on="2026-02-10"),
        invoice("refund:R", "70.00", due="2026-03-01", on="2026-02-11"),
    ).at("2026-02-11")
    rows = [row for row in story.assessment.rows["items"] if isinstance(row, ItemRow)]
    assert {(row.kind, row.balance_minor) for row in rows} == {
        ("invoice", 7_000),
        ("refund", 15_000),
    }
    assert len({row.item_id for row in rows}) == 2


# --- corrections, presentments, items of nothing ---


def test_a_cancelled_invoice_acts_on_the_tier_at_once() -> None:
    story = worth(
        invoice("A", "1000.00", due="2026-03-01"),
        paid("P", "1000.00", on="2026-02-10", invoices=("A",)),
        cancelled("A", on="2026-03-10"),
        rules=[tiers_published(("gold", "500.00"))],
    )
    story.at("2026-03-09").then(tier="gold")
    gone = story.at("2026-03-10").then(tier="lead", warning_since=None)
    assert gone.row.tier_since == instant("2026-03-10")


@pytest.mark.parametrize("again", ["P", "P-again"])
def test_a_payment_presented_again_after_the_first_was_reversed_is_no_suspect(again: str) -> None:
    second = paid(again, "200.00", on="2026-02-20", bank="BR")._replace(event="second")
    given(
        A, paid("P", "200.00", on="2026-02-10", bank="BR"), reversed_("P", on="2026-02-15"), second
    ).at("2026-02-20").then(item("A", "800.00"), account(suspect="0.00"))
    # Before the reversal it is one.
    early = second._replace(on=instant("2026-02-12"))
    given(
        A, paid("P", "200.00", on="2026-02-10", bank="BR"), reversed_("P", on="2026-02-15"), early
    ).at("2026-02-13").then(item("A", "800.00"), account(suspect="200.00"))


def test_an_item_of_nothing_is_neither_late_nor_in_time() -> None:
    nothing = [invoice(f"Z{k}", "0.00", due="2026-01-31", on="2026-01-01") for k in range(9)]
    story = given(
        invoice("ZD", "100.00", due="2026-01-31", on="2026-01-01"),
        paid("P", "100.00", on="2026-03-02", invoices=("ZD",)),
        *nothing,
    ).at("2026-03-31")
    story.then(account(settled_items=1, days_late_sum=30), item("Z1", "0.00", days_late=None))


def test_a_single_instalment_falls_due_on_its_own_day() -> None:
    def told_in(*parts: tuple[date, str]) -> Given:
        data = InvoiceIssued(
            invoice_id="I",
            amount=money("900.00"),
            due_on=date(2026, 1, 31),
            instalments=tuple(Instalment(due_on=day, amount=money(part)) for day, part in parts),
        )
        return given(told(data, "2026-01-05 10:00"))

    one = told_in((date(2026, 5, 31), "900.00"))
    one.at("2026-03-15").then(
        item("I", "900.00", due_on=date(2026, 5, 31)), account(overdue="0.00")
    )
    two = told_in((date(2026, 5, 31), "450.00"), (date(2026, 6, 30), "450.00"))
    two.at("2026-03-15").then(item("I#1", "450.00", due_on=date(2026, 5, 31)))


def test_something_for_nothing_makes_a_purchase_day_however_it_is_told() -> None:
    for fact in (
        ordered("O", "0.00", on="2026-01-05"),
        invoice("I", "0.00", due="2026-02-01", on="2026-01-05"),
        paid("P", "0.00", on="2026-01-05"),
    ):
        worth(fact).at("2026-01-06").then(
            purchase_days=1, last_purchase_on=date(2026, 1, 5), net_amount="0.00"
        )


def test_what_is_owed_back_is_due_on_the_day_of_a_home_that_is_learnt_of_late() -> None:
    new_york = BranchSet(
        effective_from=instant("2020-01-01"), branch_id="NY", name="NY", zone="America/New_York"
    )
    reference = Reference(recorded_events([told(new_york, "2020-01-01")]))
    facts = Facts(handles=RECEIVABLES.handles)
    [refund] = recorded_events([refunded("R", "150.00", on="2026-02-10 06:00")])
    [visit] = recorded_events(
        [told(VisitMade(visit_id="V", purpose="sales", minutes=5), "2026-01-01", "V")], "NY"
    )
    due = []
    for event in (refund, visit):
        facts.remember(fact_of(event))
        rows = RECEIVABLES.assess(CUSTOMER, facts, asked("2026-02-20"), reference).rows["items"]
        due += [row.due_on for row in rows if isinstance(row, ItemRow)]
    # 06:00 in Shanghai is still the day before in New York, whose outlet met the customer first.
    assert due == [date(2026, 2, 10), date(2026, 2, 9)]


def test_what_is_left_of_a_note_is_credit_once_when_its_order_is_invoiced() -> None:
    facts = (
        ordered("O", "100.00", on="2026-02-01"),
        paid("P", "100.00", on="2026-02-02", orders=("O",)),
        credit_note("N", "150.00", on="2026-02-03"),
        invoice("I", "60.00", due="2026-03-01", on="2026-02-10", order="O"),
    )
    given(*facts).at("2026-02-10").then(
        item("I", "0.00", credited_minor=6_000),
        account(credit="150.00", outstanding="0.00", unbilled="0.00", exposure="-150.00"),
    )
    worth(*facts).at("2026-02-10").then(margin="0.00")


def test_what_was_bought_is_told_in_the_companys_currency_whatever_the_tiers_are_in() -> None:
    company = CompanySet(effective_from=instant("2020-01-01"), name="Harbour", currency="CNY")
    worth(
        invoice("A", "100.00", due="2026-03-01"),
        paid("P", "100.00", on="2026-02-10", invoices=("A",)),
        credit_note("N", "30.00", on="2026-02-11", invoice="A"),
        rules=[told(company, "2020-01-01"), tiers_published(("gold", "1.00"), currency="USD")],
    ).at("2026-02-11").then(
        currency="USD", margin="0.00", net_currency="CNY", net_amount="70.00", purchase_days=1
    )
