"""Payments clear costs, interest and principal as an independent day-by-day account does."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, note
from hypothesis import strategies as st

from events.money import Money
from events.policy import Reference
from events.touchpoints.policy import FeesPolicy, FeesPolicyPublished, ReminderFee
from projections.facts import Facts
from projections.receivables.statement import explain
from tests.support.given import (
    CUSTOMER,
    Told,
    asked,
    dunned,
    instant,
    invoice,
    paid,
    recorded_events,
    told,
)
from tests.support.given import given as given_facts
from tests.support.plain_books import LateDebt, LatePayment, Part, clear
from tests.support.value import worth

FIRST = date(2026, 3, 1)
NOTICED_ON = 10, 25
"""On which days past the first due date a notice of level 1, then 2, goes out for each debt."""

_days = st.one_of(st.integers(0, 120), st.integers(20, 60)).map(lambda n: FIRST + timedelta(days=n))
_amounts = st.integers(1, 400).map(lambda n: n * 97)
_received = st.one_of(_amounts, st.integers(1, 900))
"""As often too little to reach the principal as not."""

_orders: st.SearchStrategy[tuple[Part, ...]] = st.one_of(
    st.just(()), st.permutations(["costs", "interest", "principal"]).map(tuple)
)


def _at(day: date, hour: int) -> str:
    return f"{day} {hour:02}:00"


def _text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


@given(
    st.lists(st.tuples(_amounts, st.integers(0, 3)), min_size=1, max_size=3),
    st.lists(st.tuples(_days, _received, st.sampled_from([None, None, 0, 1, 2])), max_size=5),
    st.tuples(st.integers(0, 900), st.integers(0, 900)),
    st.sampled_from([0, 112_700, 999_999, 999_999]),
    _orders,
    st.sampled_from([0, 10, 11, 60, 130, 130]),
)
def test_what_is_left_of_each_part_is_what_living_through_the_days_leaves(
    owed: list[tuple[int, int]],
    received: list[tuple[date, int, int | None]],
    fees: tuple[int, int],
    rate: int,
    order: tuple[Part, ...],
    days: int,
) -> None:
    debts = [
        LateDebt(f"D-{n}", amount, FIRST + timedelta(days=5 * n + more))
        for n, (amount, more) in enumerate(owed)
    ]
    until = FIRST + timedelta(days=days)
    payments = sorted(
        (
            LatePayment(on, amount, None if n is None or n >= len(debts) else f"D-{n}")
            for on, amount, n in received
        ),
        key=lambda payment: payment.on,
    )
    notices = [
        (debt.due + timedelta(days=after), debt.name, fee)
        for debt in debts
        for after, fee in zip(NOTICED_ON, fees, strict=True)
    ]
    facts: list[Told] = [
        invoice(debt.name, _text(debt.amount), due=str(debt.due)) for debt in debts
    ]
    for on, name, _ in notices:
        level = 1 + [n for day, n, _ in notices if day < on].count(name)
        facts.append(dunned(name, level, on=_at(on, 8)))
    for n, payment in enumerate(payments):
        cited = (payment.debt,) if payment.debt else ()
        facts.append(
            paid(f"P-{n}", _text(payment.amount), on=_at(payment.on, 9 + n), invoices=cited)
        )
    policy = FeesPolicy(
        interest_per_year=rate,
        reminder_fees=tuple(
            ReminderFee(level=n, amount=Money(fee, "CNY")) for n, fee in enumerate(fees, 1)
        ),
        clearing=order,
    )
    published = FeesPolicyPublished(effective_from=instant("2026-01-01"), policy=policy)
    rules = [told(published, "2026-01-01")]
    over = clear(debts, notices, payments, Fraction(rate, 1_000_000), order, until)
    note(f"{debts} {over}")

    story = given_facts(*facts, rules=rules)
    at = asked(str(until))
    statement = explain(CUSTOMER, Facts(story.facts), at, Reference(recorded_events(rules)))
    rows = {line.row.item_id: line for line in statement.items}
    for debt in debts:
        line = rows[debt.name]
        assert line.row.balance_minor == debt.left
        mine = [one.row for one in rows.values() if one.row.invoice_id == debt.name]
        assert sum(r.balance_minor for r in mine if r.kind == "fee") == debt.costs
        assert sum(r.paid_minor for r in mine if r.kind == "fee") == debt.fees_paid
        interest = [row for row in mine if row.kind == "interest"]
        runs = line.interest.owed_minor if line.interest else 0
        assert sum(row.balance_minor for row in interest) + runs == debt.interest
        assert sum(row.paid_minor for row in interest) == debt.interest_paid
    [charges] = statement.charges
    assert charges.fees_minor == sum(debt.costs for debt in debts)
    assert charges.interest_minor == sum(debt.interest for debt in debts)
    left = sum(debt.left + debt.costs + debt.interest for debt in debts)
    assert charges.outstanding_minor == left
    assert charges.exposure_minor == left - over
    assert statement.accounts[0].credit_minor == over

    value = worth(*facts, rules=rules).at(str(until)).row
    margin = sum(debt.amount - debt.left for debt in debts)
    assert value.margin_minor == margin
    collected = sum(debt.fees_paid + debt.interest_paid for debt in debts)
    assert value.charges_minor == collected
    assert value.contemporary_minor == margin + collected
