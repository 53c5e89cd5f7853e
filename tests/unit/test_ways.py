"""What would change it: each act that is named is done here, as an event, and does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from events.cases.commands import Fulfil, HandOff, Reply, Resolve
from events.facts import Fact, fact_of
from events.money import Money
from events.policy import Reference
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.payment import CreditLimitSet, InvoiceIssued, PaymentReceived
from events.touchpoints.policy import FeesPolicy, FeesPolicyPublished, ReminderFee
from projections.case_board.rows import CASES, OBLIGATIONS
from projections.facts import Facts
from projections.receivables.projection import Receivables
from projections.receivables.rows import AccountRow
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import StandingRow
from services.audit.acts_tried import Way
from services.audit.ways import ways
from tests.support.decisions import CASE_BOARD, Desk
from tests.support.given import (
    CUSTOMER,
    Told,
    asked,
    disputed,
    dunned,
    instant,
    invoice,
    limit,
    money,
    paid,
    recorded_events,
    told,
)
from tests.support.value import tiers_published

TODAY = "2026-06-01 12:00"
LAW = ("costs", "interest", "principal")
LINES = tiers_published(("gold", "10,000.00"), ("iron", "2,000.00"))


def facts_of(*story: Told) -> list[Fact]:
    return [fact_of(event) for event in recorded_events(story)]


def asked_on(facts: Sequence[Fact], on: str = TODAY, rules: Sequence[Told] = ()) -> list[Way]:
    return ways(CUSTOMER, facts, asked(on), Reference(recorded_events(rules)))


# --- the credit gate ---


def gate(*story: Told, rules: Sequence[Told] = ()) -> str | None:
    reference = Reference(recorded_events(rules))
    rows = Receivables().assess(CUSTOMER, Facts(facts_of(*story)), asked(TODAY), reference).rows
    [row] = rows["accounts"]
    assert isinstance(row, AccountRow)
    return row.gate_refusal


def done(way: Way, minor: int = 0) -> Told:
    """Return the act as an event of that instant; `minor` more than was said."""
    assert way.amount is not None
    amount = Money(way.amount.minor + minor, way.amount.currency)
    if way.doing == "set_limit":
        return told(CreditLimitSet(limit=amount), TODAY)
    return told(PaymentReceived(payment_id="done", amount=amount, invoice_ids=way.names), TODAY)


BLOCKED = {
    "over its limit": (
        invoice("I-1", "700.00", due="2026-06-20", on="2026-05-20"),
        invoice("I-2", "500.00", due="2026-06-25", on="2026-05-20"),
        limit("1,000.00"),
    ),
    "overdue too long": (
        invoice("I-1", "700.00", due="2026-04-01"),
        invoice("I-2", "500.00", due="2026-05-25"),
    ),
    "overdue too long and disputed": (
        invoice("I-1", "700.00", due="2026-04-01"),
        disputed("I-1", on="2026-04-02"),
        invoice("I-2", "500.00", due="2026-05-25"),
    ),
    "both": (
        invoice("I-1", "300.00", due="2026-04-01"),
        invoice("I-2", "500.00", due="2026-04-20"),
        invoice("I-3", "900.00", due="2026-06-20", on="2026-05-20"),
        paid("P-1", "100.00", on="2026-05-01"),
        limit("600.00"),
    ),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_every_way_opens_the_gate_and_the_first_is_the_cheapest(name: str) -> None:
    story = BLOCKED[name]
    assert gate(*story) is not None
    found = asked_on(facts_of(*story))
    assert found
    for way in found:
        assert gate(*story, done(way)) is None
    assert gate(*story, done(found[0], -1)) is not None


def test_what_is_paid_is_what_the_story_says() -> None:
    [least, *others] = asked_on(facts_of(*BLOCKED["overdue too long and disputed"]))
    assert (least.doing, least.names, least.amount) == ("pay", ("I-1",), money("700.00"))
    assert others == []
    assert asked_on(facts_of(*BLOCKED["over its limit"]))[0].amount == money("200.00")


def charging(*clearing: str) -> Told:
    """Interest and fees were published."""
    reminder = ReminderFee(level=1, amount=money("20.00"))
    policy = FeesPolicy(
        interest_per_year=50_000,
        reminder_fees=(reminder,),
        clearing=clearing,  # type: ignore[arg-type]
    )
    start = instant("2026-01-01")
    return told(FeesPolicyPublished(effective_from=start, policy=policy), "2026-01-01")


CHARGED = {
    "only by its interest over the limit": (
        invoice("I-1", "10,000.00", due="2026-05-10"),
        limit("10,010.00"),
    ),
    "over its limit": (
        invoice("I-1", "10,000.00", due="2026-05-10"),
        limit("9,000.00"),
    ),
    "overdue too long": (
        invoice("I-1", "700.00", due="2026-04-01"),
        invoice("I-2", "500.00", due="2026-05-25"),
    ),
    "overdue too long and dunned": (
        invoice("I-1", "700.00", due="2026-04-01"),
        invoice("I-2", "500.00", due="2026-05-25"),
        dunned("I-1", 1, on="2026-05-12"),
        dunned("I-2", 1, on="2026-05-30"),
    ),
    "overdue too long and disputed": (
        invoice("I-1", "700.00", due="2026-04-01"),
        dunned("I-1", 1, on="2026-05-12"),
        disputed("I-1", on="2026-05-20"),
        invoice("I-2", "500.00", due="2026-05-25"),
    ),
}


@pytest.mark.parametrize("clearing", [(), LAW, ("principal", "interest", "costs")])
@pytest.mark.parametrize("name", CHARGED)
def test_what_is_charged_is_paid_as_well_and_the_first_way_is_the_cheapest(
    name: str, clearing: tuple[str, ...]
) -> None:
    story, rules = CHARGED[name], [charging(*clearing)]
    assert gate(*story, rules=rules) is not None
    found = asked_on(facts_of(*story), rules=rules)
    assert [way.doing for way in found].count("set_limit") == ("limit" in name)
    for way in found:
        assert gate(*story, done(way), rules=rules) is None
        if way == found[0] or way.doing == "set_limit":
            assert gate(*story, done(way, -1), rules=rules) is not None


def test_interest_alone_above_the_limit_is_what_must_be_paid() -> None:
    """22 days at 5% a year: 30.14, of which 10.00 find room."""
    found = asked_on(facts_of(*CHARGED["only by its interest over the limit"]), rules=[charging()])
    assert [(way.doing, way.amount) for way in found] == [
        ("pay", money("20.14")),
        ("set_limit", money("10,030.14")),
    ]


def test_what_is_overdue_in_one_currency_is_paid_to_open_the_gate_in_another() -> None:
    euro = InvoiceIssued(invoice_id="I-2", amount=money("9.00", "EUR"), due_on=date(2026, 6, 20))
    story = facts_of(invoice("I-1", "700.00", due="2026-04-01"), told(euro, "2026-05-20", "I-2"))
    found = asked_on(story)
    assert [(way.subject, way.amount) for way in found] == [
        ("CNY", money("700.00")),
        ("EUR", money("700.00")),
    ]
    act = PaymentReceived(payment_id="done", amount=money("700.00"))
    facts = Facts([*story, *facts_of(told(act, TODAY))])
    rows = Receivables().assess(CUSTOMER, facts, asked(TODAY), Reference()).rows["accounts"]
    assert all(isinstance(row, AccountRow) and row.gate_refusal is None for row in rows)


def test_who_is_not_blocked_is_told_nothing() -> None:
    assert asked_on(facts_of(invoice("I-1", "5.00", due="2026-06-20", on="2026-05-20"))) == []


invoices = st.lists(
    st.tuples(st.integers(1, 900), st.integers(-90, 30)).map(
        lambda drawn: (drawn[0] * 100, drawn[1])
    ),
    min_size=1,
    max_size=5,
)


@drawn(invoices, st.integers(0, 900).map(lambda n: n * 100))
def test_any_way_that_is_named_opens_the_gate(
    drawn_invoices: list[tuple[int, int]], at_most: int
) -> None:
    story = [limit("0.00"), told(CreditLimitSet(limit=Money(at_most, "CNY")), "2026-01-02")]
    for n, (minor, days) in enumerate(drawn_invoices):
        due = (asked(TODAY) + timedelta(days=days)).date()
        data = InvoiceIssued(invoice_id=f"I-{n}", amount=Money(minor, "CNY"), due_on=due)
        story.append(told(data, "2026-02-01", f"invoice {n}"))
    found = asked_on(facts_of(*story))
    assert bool(found) == (gate(*story) is not None)
    for way in found:
        assert gate(*story, done(way)) is None


# --- the tier ---


def tier(at: datetime, *story: Told) -> str | None:
    reference = Reference(recorded_events([LINES]))
    rows = ValueTiers().assess(CUSTOMER, Facts(facts_of(*story)), at, reference).rows
    [row] = rows["standings"]
    assert isinstance(row, StandingRow)
    return row.tier


def earned(way: Way, minor: int = 0, at: datetime | None = None) -> tuple[Told, Told]:
    assert way.amount is not None
    at = at or instant(TODAY)
    amount = Money(way.amount.minor + minor, way.amount.currency)
    issued = InvoiceIssued(invoice_id="done", amount=amount, due_on=at.date())
    paid_then = PaymentReceived(payment_id="done", amount=amount, invoice_ids=("done",))
    return Told(issued, at, event="issued"), Told(paid_then, at)


def sold(name: str, amount: str, on: str) -> tuple[Told, Told]:
    return (
        invoice(name, amount, due=on, on=on),
        paid(f"P-{name}", amount, on=on, invoices=(name,)),
    )


def test_the_margin_that_is_missing_to_the_next_tier() -> None:
    story = sold("I-1", "7,500.00", "2026-03-01")
    [way] = asked_on(facts_of(*story), rules=[LINES])
    assert (way.goal, way.subject, way.amount) == ("reach_tier", "gold", money("2,500.00"))
    assert tier(asked(TODAY), *story, *earned(way)) == "gold"
    assert tier(asked(TODAY), *story, *earned(way, -1)) == "iron"
    assert way.by is not None, "then the sale of March stops counting"


def test_the_margin_that_keeps_a_tier_past_the_day_on_which_it_would_drop() -> None:
    story = (*sold("I-1", "9,000.00", "2025-05-20"), *sold("I-2", "3,000.00", "2025-09-01"))
    found = asked_on(facts_of(*story), rules=[LINES])
    [keep] = [way for way in found if way.goal == "keep_tier"]
    assert (keep.subject, keep.amount) == ("gold", money("6,000.00"))
    assert keep.by is not None
    dropped = keep.by + timedelta(microseconds=1)
    assert tier(dropped, *story) == "iron"
    assert tier(dropped, *story, *earned(keep)) == "gold"
    assert tier(dropped, *story, *earned(keep, -1)) == "iron"


def test_what_keeps_a_tier_makes_up_for_what_stops_counting_until_it_would_drop() -> None:
    story = (
        *sold("I-1", "9,000.00", "2025-05-20"),
        *sold("I-2", "1,000.00", "2025-06-10"),  # counts for nine days more
        *sold("I-3", "3,000.00", "2025-09-01"),
    )
    found = asked_on(facts_of(*story), rules=[LINES])
    [keep] = [way for way in found if way.goal == "keep_tier"]
    assert keep.amount == money("6,000.00")
    assert keep.by is not None
    dropped = keep.by + timedelta(microseconds=1)
    for at in (instant(TODAY), keep.by):
        assert tier(dropped, *story, *earned(keep, at=at)) == "gold"
    assert tier(dropped, *story, *earned(keep, -1, at=keep.by)) == "iron"


# --- cases ---


def test_each_deadline_of_a_case_is_kept_by_what_is_named_and_not_a_moment_later() -> None:
    desk = Desk()
    desk.opens(ComplaintFiled(severity="high", agent="ann"), "2026-03-09 09:00")
    desk.does("ann", HandOff(department="sales", owes="a note", due_minutes=60), "2026-03-09 09:10")
    at = instant("2026-03-09 09:20")
    found = ways(CUSTOMER, desk.facts, at, desk.reference)
    assert [(way.doing, way.department) for way in found] == [("reply", None), ("fulfil", "sales")]
    reply, fulfil = found
    assert (reply.by, fulfil.by) == (instant("2026-03-09 10:00"), instant("2026-03-09 10:10"))
    (owed,) = fulfil.names
    desk.does("ann", Reply(), "2026-03-09 10:00")
    desk.does("bob", Fulfil(obligation_id=owed), "2026-03-09 10:10")
    [resolve] = ways(CUSTOMER, desk.facts, instant("2026-03-09 10:20"), desk.reference)
    assert (resolve.doing, resolve.by) == ("resolve", instant("2026-03-09 14:00"))
    desk.does("ann", Resolve(), "2026-03-09 14:00")
    rows = CASE_BOARD.assess(
        CUSTOMER, Facts(desk.facts), instant("2026-03-10 09:00"), desk.reference
    ).rows
    [case], [done_] = rows[CASES.name], rows[OBLIGATIONS.name]
    assert case.response_breached_at is case.solution_breached_at is None  # type: ignore[attr-defined]
    assert done_.breached_at is None  # type: ignore[attr-defined]


def test_what_is_too_late_already_cannot_be_kept() -> None:
    desk = Desk()
    desk.opens(ComplaintFiled(severity="high", agent="ann"), "2026-03-09 09:00")
    assert ways(CUSTOMER, desk.facts, instant("2026-03-12 09:00"), desk.reference) == []
