"""Balances and value that must not hang on the turn in which the same things were told.

What is right is worked out by hand beside each story.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import permutations
from typing import NamedTuple

import pytest

from events.facts import fact_of
from events.policy import Reference
from events.touchpoints.payment import DebtWrittenOff, Instalment, InvoiceIssued
from projections.facts import Facts
from projections.receivables.rows import AccountRow
from projections.receivables.statement import explain
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import StandingRow
from tests.support.given import (
    CUSTOMER,
    RECEIVABLES,
    Told,
    amended,
    cancelled,
    credit_note,
    disputed,
    instant,
    invoice,
    limit,
    minor,
    money,
    order_cancelled,
    paid,
    recorded_events,
    refunded,
    reversed_,
    told,
)
from tests.support.value import ordered, worth

DAY = "2026-02-02"
START = instant("2026-02-02 09:00")
RULES = Reference(())

ORDER = ordered("O", "1000.00", on=DAY, cost="800.00")
INVOICE = invoice("I", "1000.00", due="2026-03-01", on=DAY, order="O")
LOOSE_NOTE = credit_note("N", "300.00", on=DAY)
ORDER_NOTE = credit_note("N", "300.00", on=DAY, order="O")
FOR_ORDER = paid("P", "1000.00", on=DAY, orders=("O",))
FOR_INVOICE = paid("P", "1000.00", on=DAY, invoices=("I",))
FOR_NOTHING = paid("P", "1000.00", on=DAY)
DEPOSIT = paid("P", "100.00", on=DAY, orders=("O",))
WRITTEN_OFF = told(DebtWrittenOff(invoice_id="I", amount=money("600.00")), DAY, "W")


class Shown(NamedTuple):
    """What the product says five days later."""

    outstanding: int
    credit: int
    unbilled: int
    written_off: int
    value: int


def right(
    outstanding: str, credit: str, value: str, *, unbilled: str = "0.00", written_off: str = "0.00"
) -> Shown:
    amounts = (outstanding, credit, unbilled, written_off, value)
    return Shown(*(minor(amount) for amount in amounts))


def in_turn(facts: Sequence[Told]) -> list[Told]:
    return [fact._replace(on=START + timedelta(hours=hour)) for hour, fact in enumerate(facts)]


def shown(facts: Sequence[Told]) -> Shown:
    events = [fact_of(event) for event in recorded_events(facts)]
    at = max(fact.on for fact in facts) + timedelta(days=5)
    [account] = RECEIVABLES.assess(CUSTOMER, Facts(events), at, RULES).rows["accounts"]
    [standing] = ValueTiers().assess(CUSTOMER, Facts(events), at, RULES).rows["standings"]
    assert isinstance(account, AccountRow)
    assert isinstance(standing, StandingRow)
    return Shown(
        account.outstanding_minor,
        account.credit_minor,
        account.unbilled_minor,
        account.written_off_minor,
        standing.contemporary_minor,
    )


@pytest.mark.parametrize(
    ("base", "later", "expected"),
    [
        # 700 paid, the goods cost 800; 300 of the payment is credit.
        ([ORDER], [FOR_NOTHING, LOOSE_NOTE, INVOICE], right("0.00", "300.00", "-100.00")),
        # The order counts as an item: the note settles 300 of it, the deposit 100.
        ([ORDER], [DEPOSIT, LOOSE_NOTE], right("0.00", "100.00", "-220.00", unbilled="700.00")),
        # Nothing is sold any more: all of the payment and the note are credit.
        ([ORDER], [FOR_ORDER, LOOSE_NOTE, order_cancelled("O", on=DAY)],
         right("0.00", "1300.00", "0.00")),
        # The note stays with the order when its invoice goes; the payment pays the rest of it.
        ([ORDER, INVOICE], [FOR_ORDER, ORDER_NOTE, cancelled("I", on=DAY)],
         right("0.00", "1000.00", "-100.00", unbilled="700.00")),
        ([ORDER, INVOICE], [FOR_ORDER, LOOSE_NOTE, cancelled("I", on=DAY)],
         right("0.00", "1000.00", "-100.00", unbilled="700.00")),
        # 600 of the note settles the invoice, 400 what is billed no more; the cost counts once.
        ([ORDER, INVOICE],
         [credit_note("N", "1000.00", on=DAY, order="O"), amended("I", on=DAY, amount="600.00")],
         right("0.00", "0.00", "-800.00")),
        # The invoice falls, and with it the whole note, whatever it had to settle.
        ([ORDER, INVOICE],
         [credit_note("N", "1200.00", on=DAY, invoice="I"), cancelled("I", on=DAY)],
         right("0.00", "0.00", "0.00", unbilled="1000.00")),
    ],
)  # fmt: skip
def test_it_is_the_same_whichever_came_first(
    base: list[Told], later: list[Told], expected: Shown
) -> None:
    for some in permutations(later):
        assert shown(in_turn([*base, *some])) == expected


def test_a_note_for_the_customer_displaces_a_payment_that_was_refunded_before() -> None:
    """The money that the note frees covers the refund: 700 is what the customer gave."""
    refund = refunded("R", "300.00", on=DAY)
    for some in permutations([FOR_INVOICE, LOOSE_NOTE, refund]):
        if some.index(LOOSE_NOTE) < some.index(refund) < some.index(FOR_INVOICE):
            continue  # the refund has taken the note itself by then
        assert shown(in_turn([ORDER, INVOICE, *some])) == right("0.00", "0.00", "-100.00")


def test_what_says_nothing_of_money_moves_no_money() -> None:
    """Not even to a note of which a deposit leaves something over."""
    story = [ORDER, DEPOSIT, credit_note("N", "950.00", on=DAY)]
    limits = [limit(f"{k}000.00", on=DAY) for k in range(1, 4)]
    disputes = [disputed("elsewhere", on=DAY), order_cancelled("elsewhere", on=DAY)]
    # 950 of the order is the note's, 50 the deposit's, all of which is credit until invoiced.
    expected = right("0.00", "100.00", "-750.00", unbilled="50.00")
    for more in ([], limits[:1], limits, disputes):
        assert shown(in_turn([*story, *more])) == expected


def test_a_write_off_whose_recovery_is_taken_back_stands_again_beside_a_note() -> None:
    """The note settles 300 of what is open, 600 is given up, and the cost of 900 counts."""
    gone = reversed_("P", on=DAY)
    for facts in (
        [WRITTEN_OFF, LOOSE_NOTE],
        [WRITTEN_OFF, FOR_INVOICE, LOOSE_NOTE, gone],
        [WRITTEN_OFF, FOR_INVOICE, gone, LOOSE_NOTE],
        [WRITTEN_OFF, LOOSE_NOTE, FOR_INVOICE, gone],
    ):
        expected = right("100.00", "0.00", "-720.00", written_off="600.00")
        assert shown(in_turn([ORDER, INVOICE, *facts])) == expected


def test_cost_that_an_invoice_keeps_is_not_counted_again_with_the_rest_of_its_order() -> None:
    """Of 1,000.00 that cost 800.00 all is paid: 600 by invoice, 400 without."""
    facts = [ORDER, INVOICE, amended("I", on=DAY, amount="600.00"), FOR_ORDER]
    assert shown(in_turn(facts)) == right("0.00", "400.00", "200.00", unbilled="400.00")


def test_a_sale_that_nobody_described_is_none_again_when_a_note_displaces_it() -> None:
    sale = invoice("I", "1000.00", due="2026-03-01", on=DAY)
    note = credit_note("N", "300.00", on=DAY, invoice="I")
    assert shown(in_turn([FOR_NOTHING, sale, note])) == right("0.00", "300.00", "700.00")


def test_a_refund_is_explained_that_money_covers_in_part_within_its_instant() -> None:
    """Days without a time are one instant."""
    facts = [refunded("R", "300.00", on=DAY), paid("P", "100.00", on=DAY)]
    events = [fact_of(event) for event in recorded_events(facts)]
    statement = explain(CUSTOMER, Facts(events), START, RULES)
    [line] = [line for line in statement.movements if line.kind == "owed_back"]
    assert (line.amount_minor, line.at, line.by) == (200_00, instant(DAY), None)


@pytest.mark.parametrize("sale", ["invoice", "till"])
@pytest.mark.parametrize("noted", ["400.00", "1000.00"])
def test_a_payment_that_is_taken_back_leaves_no_cost_on_its_day(sale: str, noted: str) -> None:
    """The cost that a note settles passes with the window of the note, as without the payment."""
    base = [ordered("O", "1000.00", on="2026-01-10", cost="800.00")]
    if sale == "invoice":
        base.append(invoice("I", "1000.00", due="2026-03-01", on="2026-01-10", order="O"))
    payment = paid("P", "1000.00", on="2026-01-15", orders=("O",))
    note = credit_note("N", noted, on="2026-03-01", order="O")
    gone = reversed_("P", on="2026-04-01")
    cost = f"-{minor(noted) * 8 // 1000}.00"
    for facts in ([note], [payment, note, gone]):
        story = worth(*base, *facts)
        story.at("2026-04-01").then(margin=cost)
        story.at("2027-02-28").then(margin=cost)
        story.at("2027-03-01").then(margin="0.00")


def test_the_rest_of_a_note_on_an_order_is_credit_again_when_what_it_settled_is_cancelled() -> None:
    facts = [
        ORDER,
        credit_note("N", "1200.00", on=DAY, order="O"),
        invoice("X", "200.00", due="2026-03-01", on=DAY),
        cancelled("X", on=DAY),
    ]
    assert shown(in_turn(facts)) == right("0.00", "200.00", "-800.00")


def test_a_note_on_one_instalment_has_the_tax_of_its_invoice() -> None:
    """1,000.00 were sold net of tax; a note of 113.00, 13.00 of it tax, takes 100.00 off."""
    parts = [(3, "565.00"), (4, "565.00")]
    data = InvoiceIssued(
        invoice_id="I",
        amount=money("1130.00"),
        tax=money("130.00"),
        due_on=date(2026, 3, 1),
        instalments=tuple(Instalment(due_on=date(2026, m, 1), amount=money(x)) for m, x in parts),
    )
    note = credit_note("N", "113.00", on="2026-02-03", invoice="I#1")
    worth(told(data, DAY), note).at("2026-02-04").then(net_amount="900.00")
