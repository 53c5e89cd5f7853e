"""What was asked for and is not invoiced: orders and credit checks, before delivery and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from events.touchpoints.order import OrderDelivered
from events.touchpoints.payment import CreditChecked, CreditOverrideGranted
from events.touchpoints.policy import CreditPolicy
from projections.facts import Facts
from projections.receivables.credit import CreditRequest, decide_credit
from projections.receivables.rows import AccountRow, RequestRow
from projections.receivables.statement import explain
from tests.support.given import (
    CUSTOMER,
    Given,
    Told,
    given,
    instant,
    invoice,
    limit,
    money,
    order,
    order_cancelled,
    told,
)

Purpose = Literal["order", "shipment", "invoice"]
PURPOSES: tuple[Purpose, ...] = ("order", "shipment", "invoice")
TO_FOLLOW = "2026-02-15"
AT_ONE = "2026-02-10 13:00"


def checked(
    check_id: str,
    amount: str,
    on: str,
    *,
    approved: bool = False,
    purpose: Purpose = "order",
    order_id: str | None = None,
) -> Told:
    """The gate decided; a refusal is one for the limit of 500.00."""
    data = CreditChecked(
        check_id=check_id,
        purpose=purpose,
        amount=money(amount),
        exposure=money("450.00"),
        approved=approved,
        reason=None if approved else "limit_exceeded",
        limit=money("500.00"),
        order_id=order_id,
    )
    return told(data, on)


def overridden(
    on: str, amount: str | None = None, order_id: str | None = None, until: str | None = None
) -> Told:
    """Somebody let it pass."""
    data = CreditOverrideGranted(
        override_id=f"V-{on}",
        role="credit",
        reason="granted",
        amount=money(amount) if amount else None,
        order_id=order_id,
        until=date.fromisoformat(until) if until else None,
    )
    return told(data, on)


def delivered(order_id: str, *, on: str) -> Told:
    """The goods reached the customer."""
    return told(OrderDelivered(order_id=order_id), on)


def requests(story: Given, at: str) -> list[RequestRow]:
    """Return the rows at the end of a day, or at an instant."""
    rows = story.at(at).assessment.rows["requests"]
    return [row for row in rows if isinstance(row, RequestRow)]


def stages(story: Given, at: str) -> dict[str, str]:
    """Return what stands, and in which stage."""
    return {row.request_id: row.stage for row in requests(story, at)}


def test_an_order_waits_for_its_delivery_then_for_its_invoice_and_is_gone() -> None:
    story = given(
        order("O", "200.00", on="2026-02-10 10:00"),
        delivered("O", on="2026-02-12 10:00"),
        invoice("I", "150.00", due="2026-03-10", on="2026-02-13 10:00", order="O"),
        invoice("J", "50.00", due="2026-03-10", on="2026-02-14 10:00", order="O"),
    )
    [ordered] = requests(story, "2026-02-11")
    assert (ordered.kind, ordered.stage, ordered.amount_minor) == ("order", "ordered", 20_000)
    assert ordered.since_on == date(2026, 2, 10)
    [unbilled] = requests(story, "2026-02-12")
    assert (unbilled.stage, unbilled.since_on) == ("delivered", date(2026, 2, 12))
    [rest] = requests(story, "2026-02-13")
    assert (rest.stage, rest.amount_minor) == ("delivered", 5_000)
    assert requests(story, "2026-02-14") == []


def test_a_delivery_told_of_before_its_order_counts_once_the_order_is_known() -> None:
    story = given(
        delivered("O", on="2026-02-10 09:00"), order("O", "200.00", on="2026-02-10 10:00")
    )
    assert stages(story, "2026-02-10") == {"O": "delivered"}


def test_a_cancelled_order_is_asked_for_no_more() -> None:
    story = given(
        order("O", "200.00", on="2026-02-10 10:00"), order_cancelled("O", on="2026-02-11 10:00")
    )
    assert stages(story, "2026-02-10") == {"O": "ordered"}
    assert stages(story, "2026-02-11") == {}


def test_a_refusal_says_what_the_gate_saw_and_stands_until_it_is_answered() -> None:
    story = given(checked("K", "80.00", "2026-02-10 10:00"))
    [row] = requests(story, TO_FOLLOW)
    assert (row.stage, row.amount_minor, row.refused_for) == ("refused", 8_000, "limit_exceeded")
    assert (row.exposure_minor, row.limit_minor, row.until) == (45_000, 50_000, None)
    assert row.asked_at == instant("2026-02-10 10:00")


def test_another_check_of_as_much_answers_a_refusal_and_a_smaller_one_does_not() -> None:
    refused = checked("K", "80.00", "2026-02-10 10:00")
    again = given(refused, checked("L", "80.00", "2026-02-11 10:00"))
    assert stages(again, TO_FOLLOW) == {"L": "refused"}
    approved = given(refused, checked("L", "90.00", "2026-02-11 10:00", approved=True))
    assert stages(approved, "2026-02-11 11:00") == {"L": "approved"}
    assert stages(approved, TO_FOLLOW) == {}, "its room was reserved for a day"
    smaller = given(refused, checked("L", "20.00", "2026-02-11 10:00", approved=True))
    assert stages(smaller, "2026-02-11 11:00") == {"K": "refused", "L": "approved"}
    other = given(refused, checked("L", "80.00", "2026-02-11 10:00", purpose="shipment"))
    assert stages(other, TO_FOLLOW) == {"K": "refused", "L": "refused"}


def test_what_was_refused_and_happened_all_the_same_is_over() -> None:
    story = given(
        checked("K", "80.00", "2026-02-10 10:00"), order("O", "80.00", on="2026-02-11 10:00")
    )
    assert stages(story, TO_FOLLOW) == {"O": "ordered"}
    shipped = given(
        order("O", "80.00", on="2026-02-09 10:00"),
        checked("K", "80.00", "2026-02-10 10:00", purpose="shipment"),
        delivered("O", on="2026-02-11 10:00"),
    )
    assert stages(shipped, "2026-02-10") == {"K": "refused", "O": "ordered"}
    assert stages(shipped, TO_FOLLOW) == {"O": "delivered"}


def test_an_override_is_told_with_its_last_day() -> None:
    refused = checked("K", "80.00", "2026-02-10 10:00")
    assert requests(given(refused), TO_FOLLOW)[0].override_role is None
    for granted, until in (
        (overridden("2026-02-11 10:00"), date(2026, 2, 11)),
        (overridden("2026-02-11 10:00", until="2026-02-20"), date(2026, 2, 20)),
        (overridden("2026-02-11 10:00", order_id="O"), None),
    ):
        [row] = requests(given(refused, granted), TO_FOLLOW)
        assert (row.override_role, row.override_until) == ("credit", until)
    [row] = requests(given(refused, overridden("2026-02-11 10:00", "79.99")), TO_FOLLOW)
    assert row.override_role is None, "it is for less than was asked for"


def test_an_override_is_for_the_order_that_it_names() -> None:
    orders = [order(name, "80.00", on="2026-02-10 10:00") for name in "OP"]
    story = given(*orders, overridden("2026-02-11 10:00", order_id="P"))
    rows = {row.request_id: row.override_role for row in requests(story, TO_FOLLOW)}
    assert rows == {"O": None, "P": "credit"}
    before = given(overridden("2026-02-08 10:00"), *orders)
    assert [row.override_role for row in requests(before, TO_FOLLOW)] == [None, None]


def test_a_check_that_names_its_order_has_no_override_of_another() -> None:
    refused = [
        checked("K", "80.00", "2026-02-10 10:00", order_id="O"),
        checked("L", "70.00", "2026-02-10 11:00", order_id="P"),
    ]
    story = given(*refused, overridden("2026-02-11 10:00", order_id="P"))
    rows = {row.request_id: row.override_role for row in requests(story, TO_FOLLOW)}
    assert rows == {"K": None, "L": "credit"}


def test_a_refusal_that_names_its_order_is_answered_by_what_becomes_of_that_order_alone() -> None:
    refused = checked("K", "80.00", "2026-02-10 10:00", order_id="O")
    for another in (
        checked("L", "90.00", "2026-02-11 10:00", order_id="P"),
        order("P", "90.00", on="2026-02-11 10:00"),
    ):
        assert stages(given(refused, another), TO_FOLLOW)["K"] == "refused"
    for its_own in (
        checked("L", "90.00", "2026-02-11 10:00", order_id="O"),
        checked("L", "90.00", "2026-02-11 10:00"),
        order("O", "90.00", on="2026-02-11 10:00"),
    ):
        assert "K" not in stages(given(refused, its_own), TO_FOLLOW)


def test_room_reserved_for_an_order_is_used_by_that_order_alone() -> None:
    """Another order that was never checked comes on top, and the exposure says so."""
    reserved = checked("K", "80.00", "2026-02-10 10:00", approved=True, order_id="O")
    other = order("P", "60.00", on="2026-02-10 11:00")
    story = given(reserved, other)
    rows = {row.request_id: row.amount_minor for row in requests(story, "2026-02-10 11:30")}
    assert rows == {"K": 8_000, "P": 6_000}
    both = given(reserved, other, order("O", "80.00", on="2026-02-10 12:00"))
    rows = {row.request_id: row.amount_minor for row in requests(both, "2026-02-10 12:30")}
    assert rows == {"O": 8_000, "P": 6_000}


def test_room_reserved_for_the_goods_of_an_order_is_used_by_its_delivery_or_invoice() -> None:
    orders = [order(name, "80.00", on="2026-02-10 09:00") for name in "OP"]
    reserved = checked(
        "K", "90.00", "2026-02-10 10:00", approved=True, purpose="shipment", order_id="O"
    )
    before = {
        row.request_id: row.amount_minor for row in requests(given(*orders, reserved), AT_ONE)
    }
    assert before == {"O": 8_000, "P": 8_000, "K": 1_000}, "the order is exposure already"
    for name, kept in (("P", True), ("O", False)):
        shipped = given(*orders, reserved, delivered(name, on="2026-02-10 11:00"))
        assert ("K" in stages(shipped, "2026-02-10 12:00")) is kept
        billed = invoice("I", "80.00", due="2026-03-10", on="2026-02-10 11:00", order=name)
        assert ("K" in stages(given(*orders, reserved, billed), "2026-02-10 12:00")) is kept


def test_a_newer_check_of_the_same_order_takes_the_place_of_the_older() -> None:
    first = checked("K", "80.00", "2026-02-10 10:00", approved=True, order_id="O")
    for purpose in PURPOSES:
        for amount in ("80.00", "50.00", "95.00"):
            again = checked(
                "L", amount, "2026-02-10 11:00", approved=True, purpose=purpose, order_id="O"
            )
            [row] = requests(given(first, again), AT_ONE)
            assert (row.request_id, row.amount_minor) == ("L", money(amount).minor)
    refused = checked("L", "95.00", "2026-02-10 11:00", order_id="O")
    assert stages(given(first, refused), AT_ONE) == {"L": "refused"}
    smaller = checked("M", "20.00", "2026-02-10 12:00", approved=True, order_id="O")
    assert stages(given(first, refused, smaller), AT_ONE) == {"M": "approved"}
    for other in (
        checked("L", "80.00", "2026-02-10 11:00", approved=True, order_id="P"),
        checked("L", "80.00", "2026-02-10 11:00", approved=True),
    ):
        assert stages(given(first, other), AT_ONE) == {"K": "approved", "L": "approved"}


def test_room_reserved_for_an_order_is_given_up_when_it_is_placed_whatever_the_purpose() -> None:
    for purpose in PURPOSES:
        reserved = checked(
            "K", "80.00", "2026-02-10 10:00", approved=True, purpose=purpose, order_id="O"
        )
        story = given(reserved, order("O", "80.00", on="2026-02-10 11:00"))
        assert stages(story, AT_ONE) == {"O": "ordered"}


class Step(NamedTuple):
    """An order that is asked for, or placed."""

    order_id: str
    minor: int
    answer: Literal["approved", "refused", "placed"]
    purpose: Purpose


steps = st.builds(
    Step,
    st.sampled_from(["O", "P"]),
    st.integers(1, 500),
    st.sampled_from(["approved", "approved", "refused", "placed"]),
    st.sampled_from(PURPOSES),
)


def exposure_by_hand(told_of: Sequence[Step]) -> int:
    """Return what orders come to: each what was placed, and what was approved last beyond it."""
    placed: dict[str, int] = {}
    last: dict[str, int] = {}
    for step in told_of:
        if step.answer == "placed":
            placed.setdefault(step.order_id, step.minor)
        else:
            last[step.order_id] = step.minor if step.answer == "approved" else 0
    return sum(max(placed.get(one, 0), last.get(one, 0)) for one in {*placed, *last})


@hypothesis_given(st.lists(steps, min_size=1, max_size=8))
def test_an_order_is_exposure_once_however_often_it_is_asked_for(told_of: list[Step]) -> None:
    """Each order counts as placed, and as approved last where that is more."""
    facts = []
    for n, step in enumerate(told_of):
        at, amount = f"2026-02-10 09:{n:02}", f"{step.minor / 100:.2f}"
        if step.answer == "placed":
            facts.append(order(step.order_id, amount, on=at)._replace(event=f"order {n}"))
        else:
            approved = step.answer == "approved"
            facts.append(
                checked(
                    f"K-{n}",
                    amount,
                    at,
                    approved=approved,
                    purpose=step.purpose,
                    order_id=step.order_id,
                )
            )
    rows = given(*facts).at("2026-02-10 10:00").assessment.rows["accounts"]
    assert [row.exposure_minor for row in rows if isinstance(row, AccountRow)] == [
        exposure_by_hand(told_of)
    ]


def test_the_gate_sees_the_room_of_an_earlier_check_of_the_order_no_more() -> None:
    story = given(
        limit("100.00"),
        checked("K", "80.00", "2026-02-10 10:00", approved=True, order_id="O"),
    )
    statement = explain(CUSTOMER, Facts(story.facts), instant(AT_ONE), story.reference)

    def decide(amount: str, order_id: str | None) -> tuple[bool, int]:
        request = CreditRequest(purpose="order", amount=money(amount), order_id=order_id)
        found = decide_credit(statement, request, CreditPolicy())
        return found.approved, found.exposure_minor

    assert decide("100.00", "O") == (True, 0)
    assert decide("100.01", "O") == (False, 0)
    assert decide("20.00", "P") == (True, 8_000)
    assert decide("20.01", "P") == (False, 8_000)
    assert decide("20.01", None) == (False, 8_000)
