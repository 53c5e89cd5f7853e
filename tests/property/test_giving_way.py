"""Any amounts in any order: one debt stands as plain books say it must in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import Fact, fact_of
from events.policy import Reference
from events.touchpoints.order import GoodsReturned, OrderPlaced
from events.touchpoints.payment import DebtWrittenOff, PaymentReversed
from projections.facts import Facts
from projections.receivables.reading import ReceivablesAt
from projections.receivables.rows import AccountRow
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import StandingRow
from tests.support.given import (
    CUSTOMER,
    RECEIVABLES,
    Told,
    credit_note,
    digest_of,
    instant,
    invoice,
    money,
    paid,
    recorded_events,
    refunded,
    told,
)
from tests.support.keeping import assess as assess_told
from tests.support.keeping import kept_and_back
from tests.support.plain_books import Debt
from tests.support.tangles import tangles
from tests.support.value import ordered

RULES = Reference(())

START = instant("2026-02-02 09:00")
DAY = "2026-02-02"
amounts = st.integers(1, 240).map(lambda n: n * 500)  # 5.00 ... 1,200.00: their cost divides
debts = st.builds(
    Debt,
    amount=st.just(1_000_00),
    cost=st.sampled_from([0, 600_00]),
    paid=st.just(0) | amounts,
    noted=st.just(0) | amounts,
    written_off=st.just(0) | amounts,
    refunded=st.just(0) | amounts,
    returned=st.just(0) | st.integers(1, 200).map(lambda n: n * 500),
)


def text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def later_facts(debt: Debt) -> list[Told]:
    """Everything that happens to the invoice, payments and notes in two parts."""
    facts = []
    for k, part in enumerate(halves(debt.paid)):
        facts.append(paid(f"P{k}", text(part), on=DAY, invoices=("I",)))
    for k, part in enumerate(halves(debt.noted)):
        facts.append(credit_note(f"N{k}", text(part), on=DAY, invoice="I"))
    if debt.written_off:
        data = DebtWrittenOff(invoice_id="I", amount=money(text(debt.written_off)))
        facts.append(told(data, DAY))
    if debt.refunded:
        facts.append(refunded("R", text(debt.refunded), on=DAY))
    if debt.returned:
        back = GoodsReturned(return_id="G", order_id="O", amount=money(text(debt.returned)))
        facts.append(told(back, DAY))
    return facts


def halves(minor: int) -> list[int]:
    first = minor // 1_000 * 500
    return [part for part in (first, minor - first) if part]


def assess(facts: list[Told]) -> tuple[AccountRow, StandingRow]:
    events = [fact_of(event) for event in recorded_events(facts)]
    at = START + timedelta(days=30)
    rows = RECEIVABLES.assess(CUSTOMER, Facts(events), at, Reference(())).rows
    [standing] = ValueTiers().assess(CUSTOMER, Facts(events), at, Reference(())).rows["standings"]
    [account] = rows["accounts"]
    assert isinstance(account, AccountRow)
    assert isinstance(standing, StandingRow)
    return account, standing


def in_turn(facts: list[Told]) -> list[Told]:
    base = [
        ordered("O", "1000.00", on="2026-02-01", cost="0.01"),
        invoice("I", "1000.00", due="2026-03-01", on="2026-02-01 12:00", order="O"),
    ]
    return [
        *base,
        *(fact._replace(on=START + timedelta(hours=hour)) for hour, fact in enumerate(facts)),
    ]


@settings(max_examples=150)
@given(debts, st.randoms(use_true_random=False))
def test_any_order_of_anything_ends_as_the_rules_say(debt: Debt, dice: Random) -> None:
    facts = later_facts(debt)
    dice.shuffle(facts)
    story = in_turn(facts)
    order = ordered("O", "1000.00", on="2026-02-01", cost=text(debt.cost))
    account, standing = assess([order, *story[1:]])
    assert (account.outstanding_minor, account.owed_back_minor, account.credit_minor) == (
        debt.outstanding,
        debt.owed_back,
        debt.credit,
    )
    assert account.written_off_minor == debt.given_up
    assert standing.contemporary_minor == debt.value
    assert standing.net_amount_minor == debt.amount - debt.noted


@settings(max_examples=60)
@given(debts, amounts, st.randoms(use_true_random=False))
def test_a_payment_that_is_reversed_leaves_what_was_there_without_it(
    debt: Debt, extra: int, dice: Random
) -> None:
    """Also where it had covered a refund, or a note displaced it."""
    debt = replace(debt, written_off=0)
    facts = later_facts(debt)
    facts.append(paid("X", text(extra), on=DAY, invoices=("I",)))
    dice.shuffle(facts)
    order = ordered("O", "1000.00", on="2026-02-01", cost=text(debt.cost))
    reversal = told(PaymentReversed(payment_id="X"), DAY)
    account, standing = assess([order, *in_turn([*facts, reversal])[1:]])
    # Which of two payments was left over when a refund took it is history; what is owed is not.
    owed = account.outstanding_minor - account.credit_minor
    assert owed == debt.outstanding - debt.credit
    assert standing.net_amount_minor == debt.amount - debt.noted


@settings(max_examples=200)
@given(tangles, st.randoms(use_true_random=False))
def test_going_on_from_a_memo_is_beginning_anew(events: Sequence[Fact], dice: Random) -> None:
    """In fact order and, now and then, late, the memo kept outside of memory now and then."""
    order = list(events)
    for place in range(len(order) - 1):
        if dice.random() < 0.15:
            order.insert(min(place + dice.randint(1, 4), len(order) - 1), order.pop(place))
    for projection in (RECEIVABLES, ValueTiers()):
        facts = Facts()
        told: list[Fact] = []
        at = order[0].effective_at
        for event in order:
            facts.remember(event)
            told.append(event)
            at = max(at, event.effective_at)
            facts, went_on = assess_told(projection, facts, told, at, RULES)
            anew = projection.assess(CUSTOMER, Facts(told), at, RULES)
            assert digest_of(went_on, projection) == digest_of(anew, projection)
            assert went_on.next_change_at == anew.next_change_at
            if dice.random() < 0.2:
                facts = kept_and_back(facts, projection, RULES)


@settings(max_examples=300)
@given(tangles)
def test_every_amount_is_accounted_for(events: Sequence[Fact]) -> None:
    at = events[-1].effective_at + timedelta(days=5)
    book = ReceivablesAt(Facts(events), at, RULES).book
    for account in book.accounts.values():
        for item in account.items:
            assert item.amount == item.balance + item.paid + item.credited + item.written_off
            assert min(item.balance, item.paid, item.credited, item.written_off) >= 0
            live = [entry for entry in item.entries if entry.undone_at is None]
            assert item.paid == sum(e.amount for e in live if e.source.kind == "payment")
        assert account.outstanding == sum(item.balance for item in account.items)
        assert account.owed_back == sum(i.balance for i in account.items if i.invoice.owed_back)
        for source in account.sources:
            if source.kind == "write_off" or source.state not in ("live", "waiting"):
                continue
            used = sum(e.amount for e in source.entries if e.undone_at is None)
            used += sum(amount for _, amount in source.refunds)
            used += sum(order.credits.get(source, 0) for order in book.orders.values())
            fallen = source.kind == "credit_note" and any(
                e.undone_at is not None and e.item.invoice.cancelled for e in source.entries
            )
            assert used + source.free <= source.amount
            assert fallen or used + source.free == source.amount
        assert account.credit == sum(s.free for s in account.sources if s.pooled)
        assert account.reserved == sum(s.free for s in account.sources if s.reserved)
        if account.credit:
            assert not [i for i in account.open_items if not i.disputed]
        for refund in account.refunds:
            at_once = sum(a for s in account.sources for r, a in s.refunds if r is refund)
            assert at_once + (refund.item.amount if refund.item else 0) == refund.amount
    for order in book.orders.values():
        assert order.credited == sum(order.credits.values())
        assert order.credited <= max(0, order.amount - book.billed_of(order))


@settings(max_examples=200)
@given(tangles)
def test_no_money_is_counted_twice(events: Sequence[Fact]) -> None:
    """Collected margin without any cost or tax is never more than the money that counts."""
    free = [e for e in events if not isinstance(e.data, OrderPlaced) or not e.data.tax]
    at = events[-1].effective_at + timedelta(days=5)
    book = ReceivablesAt(Facts(free), at, RULES).book
    rows = ValueTiers().assess(CUSTOMER, Facts(free), at, RULES).rows["standings"]
    received = sum(
        source.amount
        for account in book.accounts.values()
        for source in account.sources
        if source.kind == "payment" and source.state == "live"
    )
    assert all(isinstance(r, StandingRow) and r.margin_minor <= received for r in rows)
