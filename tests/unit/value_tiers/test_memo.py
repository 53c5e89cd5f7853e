"""What one more fact costs a customer of value: counted in calls, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from types import FrameType

import pytest

from events.facts import Fact, fact_of
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.contact import VisitMade
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import InvoiceIssued, PaymentReceived, PaymentReversed
from projections.facts import Facts
from projections.value_tiers.memo import ValueMemo
from tests.support.given import CUSTOMER, Told, instant, money, recorded_events
from tests.support.keeping import kept_and_back
from tests.support.value import VALUE_TIERS, costs_published, provision_published, tiers_published

BEGINNING = instant("2020-01-01")
PACE = timedelta(hours=2)
RULES = [
    tiers_published(("gold", "10000.00"), ("iron", "2000.00"), weight_model=1_000),
    costs_published(per_order="0.50", per_visit_minute="0.10", capital_per_day=200),
    provision_published(0, 100, 200, 500, 1_000, 5_000),
]


def business() -> Iterator[Touchpoint]:
    """Orders, invoices and payments a little later, now and then a visit; without end."""
    number = 0
    while True:
        number += 1
        order, invoice, amount = f"O-{number}", f"I-{number}", money("100.00")
        yield OrderPlaced(order_id=order, amount=amount, cost_of_goods=money("70.00"))
        due_on = (BEGINNING + 4 * number * PACE + timedelta(days=30)).date()
        yield InvoiceIssued(invoice_id=invoice, amount=amount, due_on=due_on, order_id=order)
        if number > 5:
            paid = f"I-{number - 5}"
            yield PaymentReceived(payment_id=paid, amount=amount, invoice_ids=(paid,))
        yield VisitMade(visit_id=order, purpose="sales", minutes=30, competitor_spend=amount)


def dossier(length: int, *last: Touchpoint) -> list[Fact]:
    """The first touchpoints of the business, at an even pace, and then some others."""
    happened = [*islice(business(), length), *last]
    told = (Told(data, BEGINNING + n * PACE) for n, data in enumerate(happened))
    return [fact_of(event) for event in recorded_events(told)]


def calls(work: Callable[[], object]) -> int:
    """How many functions a piece of work calls."""
    made = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        made += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


def cost_of_last(length: int, *last: Touchpoint) -> int:
    """What the last fact costs when all before it were assessed."""
    events = dossier(length, *last)
    reference = Reference(recorded_events(RULES))
    facts = Facts(events[:-1])
    VALUE_TIERS.assess(CUSTOMER, facts, events[-2].effective_at, reference)
    course = facts.memo
    facts.remember(events[-1])
    made = calls(lambda: VALUE_TIERS.assess(CUSTOMER, facts, events[-1].effective_at, reference))
    assert facts.memo is course, "it went on from the memo"
    assert isinstance(course, ValueMemo)
    assert course.books.ledger.walked == len(events)
    return made


def test_one_more_fact_costs_the_same_after_any_number_of_them() -> None:
    assert cost_of_last(20_001) < 1.2 * cost_of_last(201)


def test_a_reversal_walks_again_only_since_what_it_took_back() -> None:
    costs = [
        cost_of_last(length, PaymentReversed(payment_id=f"I-{length // 4 - 20}"))
        for length in (2_000, 20_000)
    ]
    assert costs[1] < 3 * costs[0]


def test_a_late_fact_begins_anew_and_so_do_other_rules() -> None:
    events = dossier(100)
    at = events[-1].effective_at
    reference = Reference(recorded_events(RULES))
    facts = Facts(events[:50] + events[51:])
    VALUE_TIERS.assess(CUSTOMER, facts, at, reference)
    first = facts.memo
    facts.remember(events[50])
    assert facts.memo is None
    VALUE_TIERS.assess(CUSTOMER, facts, at, reference)
    second = facts.memo
    assert second is not first
    VALUE_TIERS.assess(CUSTOMER, facts, at, Reference(recorded_events(RULES)))
    assert facts.memo is not second


def test_an_assessment_that_fails_leaves_no_memo() -> None:
    events = dossier(10)
    at = events[-1].effective_at
    reference = Reference(recorded_events(RULES))
    facts = Facts(events)
    VALUE_TIERS.assess(CUSTOMER, facts, at, reference)
    assert facts.memo is not None

    with pytest.raises(TypeError):
        VALUE_TIERS.assess(CUSTOMER, facts, at.replace(tzinfo=None), reference)
    assert facts.memo is None


@pytest.mark.parametrize("amount", ["100.00", "10000000000000.00"])
def test_a_cost_of_capital_of_any_size_is_kept(amount: str) -> None:
    """The larger one is beyond 64 bits in millionths, within the year."""
    debts = [
        InvoiceIssued(invoice_id=name, amount=money(owed), due_on=BEGINNING.date())
        for name, owed in (("I-1", amount), ("I-2", "1.00"))
    ]
    told = [Told(debt, BEGINNING + n * timedelta(days=100)) for n, debt in enumerate(debts)]
    facts = Facts([fact_of(event) for event in recorded_events(told)])
    rules = [tiers_published(("gold", "1.00")), costs_published(capital_per_day=2_000)]
    reference = Reference(recorded_events(rules))
    VALUE_TIERS.assess(CUSTOMER, facts, BEGINNING + timedelta(days=200), reference)

    kept_and_back(facts, VALUE_TIERS, reference)
