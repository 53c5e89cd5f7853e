"""What was asked for and is not invoiced: orders and credit checks, before delivery and after."""

from __future__ import annotations

from datetime import date
from typing import Literal

from events.touchpoints.order import OrderDelivered
from events.touchpoints.payment import CreditChecked, CreditOverrideGranted
from projections.receivables.rows import RequestRow
from tests.support.given import (
    Given,
    Told,
    given,
    instant,
    invoice,
    money,
    order,
    order_cancelled,
    told,
)

Purpose = Literal["order", "shipment", "invoice"]
TO_FOLLOW = "2026-02-15"


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
        "K", "80.00", "2026-02-10 10:00", approved=True, purpose="shipment", order_id="O"
    )
    for name, kept in (("P", True), ("O", False)):
        shipped = given(*orders, reserved, delivered(name, on="2026-02-10 11:00"))
        assert ("K" in stages(shipped, "2026-02-10 12:00")) is kept
        billed = invoice("I", "80.00", due="2026-03-10", on="2026-02-10 11:00", order=name)
        assert ("K" in stages(given(*orders, reserved, billed), "2026-02-10 12:00")) is kept
