"""Shops: whatever order their messages come in, an order is told once and exactly."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from events.envelope import BranchId, CustomerId
from services.connectors.document import Document, DocumentRefused, Feed, Setting
from services.connectors.formats.shops import Shopify, Stripe, WooCommerce
from services.connectors.formats.standard import Standard
from services.connectors.ports import Connector, Directory, Made, Named
from services.connectors.transports.signatures import is_signed

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KNOWN: dict[str, Setting] = {"customers": {"501": "C-4001"}}


def feed(format_: str, settings: dict[str, Setting] = KNOWN) -> Feed:
    return Feed(
        name="woo-shop", format=format_, branch=BranchId("B-01"), zone="UTC", settings=settings
    )


def told(
    connector: Connector,
    body: object,
    headers: dict[str, str],
    seen: frozenset[str] = frozenset(),
    settings: dict[str, Setting] = KNOWN,
) -> Made:
    """Return what becomes of one message, where the log has some events."""
    content = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    document = Document(
        feed="woo-shop", name="message", body=content, headers=headers, received_at=NOW
    )
    reading = connector.read(document, feed(connector.format, settings))
    return reading.made(0, reading.lines, Directory(seen=seen))


def delivered(deliveries: list[dict[str, object]]) -> tuple[dict[str, object], int]:
    """Return the events of signed deliveries, each told once, and how many were forged."""
    events: dict[str, object] = {}
    forged = 0
    for one in deliveries:
        headers = {k.lower(): v for k, v in dict(one["headers"]).items()}  # type: ignore[call-overload]
        body = str(one["body"])
        if not is_signed("woocommerce", body.encode(), headers, ["s&cret-of-the-shop"], NOW):
            forged += 1
            continue
        for made in told(WooCommerce(), body, headers, frozenset(events)).events:
            events[str(made.event["id"])] = {
                name: made.event.get(name) for name in ("type", "subject", "time", "data")
            }
    return events, forged


def test_recorded_messages_give_the_same_in_any_order_and_repetition() -> None:
    deliveries = msgspec.json.decode(
        (DATA / "woocommerce.json").read_bytes(), type=list[dict[str, object]]
    )
    expected = msgspec.json.decode((DATA / "woocommerce-expected.json").read_bytes())
    wanted = {
        one["id"]: {
            "type": one["type"],
            "subject": one["subject"],
            "time": one["occurred_at"],
            "data": one["data"],
        }
        for one in expected["touchpoints"]
    }
    for seed in range(40):
        some = [*deliveries, *random.Random(seed).sample(deliveries, seed % 4)]
        random.Random(seed).shuffle(some)
        events, forged = delivered(some)
        assert events == wanted
        assert forged >= 1


WOO = {
    "id": 7, "status": "refunded", "currency": "JPY", "total": "500", "total_tax": "0",
    "date_created_gmt": "2026-01-05T08:00:00", "date_modified_gmt": "2026-01-07T08:00:00",
    "date_paid_gmt": "2026-01-05T08:04:00", "customer_id": 501,
    "refunds": [{"id": 8, "reason": "", "total": "-200"}],
}  # fmt: skip
UPDATED = {"x-wc-webhook-topic": "order.updated"}


def test_a_refund_owes_less_on_the_order_and_pays_it_back() -> None:
    made = told(WooCommerce(), WOO, UPDATED)
    assert [one.block for one in made.events] == ["placed", "paid", "credited", "refunded"]
    for one in made.events[2:]:
        data = one.event["data"]
        assert isinstance(data, dict)
        assert data["amount"] == {"minor": 200, "currency": "JPY"}


def test_a_customer_whom_nobody_named_has_an_order_and_no_payment() -> None:
    made = told(WooCommerce(), WOO | {"customer_id": 502}, UPDATED)
    assert [one.block for one in made.events] == ["placed"]
    assert "subject" not in made.events[0].event
    assert len(made.refused) == 3
    named = told(
        WooCommerce(), WOO | {"customer_id": 502}, UPDATED, settings={"customer_prefix": "W-"}
    )
    assert {one.event["subject"] for one in named.events} == {"W-502"}


def test_a_basket_that_nobody_ordered_proves_nothing() -> None:
    made = told(WooCommerce(), WOO | {"status": "checkout-draft"}, UPDATED)
    assert (made.events, len(made.ignored)) == ((), 1)


@pytest.mark.parametrize("topic", ["product.updated", "order.deleted", "", "customer.created"])
def test_what_is_about_no_order_is_left_out(topic: str) -> None:
    made = told(WooCommerce(), "webhook_id=9", {"x-wc-webhook-topic": topic})
    assert (made.events, len(made.ignored)) == ((), 1)


@pytest.mark.parametrize(
    "wrong", [{"total": "1.5"}, {"total": "NaN"}, {"currency": "XXY"}, {"id": "x"}]
)
def test_a_wrong_field_refuses_the_message(wrong: dict[str, object]) -> None:
    with pytest.raises(DocumentRefused):
        told(WooCommerce(), WOO | wrong, UPDATED)


SHOPIFY = {
    "id": 5, "currency": "EUR", "total_price": "199.00", "total_tax": "31.77",
    "created_at": "2026-01-05T09:00:00+01:00", "processed_at": "2026-01-05T09:00:01+01:00",
    "financial_status": "partially_refunded", "cancelled_at": "2026-01-06T09:00:00+01:00",
    "cancel_reason": "customer", "customer": {"id": 501},
    "refunds": [
        {"id": 9, "created_at": "2026-01-06T10:00:00+01:00", "transactions": [
            {"amount": "10.50", "kind": "refund", "status": "success"},
            {"amount": "9.00", "kind": "refund", "status": "failure"}]},
        {"id": 10, "created_at": "2026-01-06T10:00:00+01:00", "transactions": []},
    ],
}  # fmt: skip


def test_a_shopify_order_shows_all_that_became_of_it() -> None:
    made = told(Shopify(), SHOPIFY, {"x-shopify-topic": "orders/updated"})
    found = {one.block: one.event for one in made.events}
    assert list(found) == ["placed", "paid", "cancelled", "credited", "refunded"]
    assert found["placed"]["time"] == "2026-01-05T08:00:00+00:00"
    refund = found["refunded"]["data"]
    assert isinstance(refund, dict)
    assert refund["amount"] == {"minor": 1050, "currency": "EUR"}
    pending = told(
        Shopify(), SHOPIFY | {"financial_status": "pending", "cancelled_at": None, "refunds": []},
        {"x-shopify-topic": "orders/create"},
    )  # fmt: skip
    assert [one.block for one in pending.events] == ["placed"]
    assert pending.events[0].event == found["placed"]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(500, "usd", 500), (5, "jpy", 5), (5000, "kwd", 5000), (1200, "isk", 12)],
)
def test_stripe_counts_in_smallest_units_but_for_two_currencies(
    amount: int, currency: str, minor: int
) -> None:
    charge = {
        "id": "ch_1", "amount": amount, "currency": currency, "created": 1767600000,
        "status": "succeeded", "customer": "501", "metadata": {"order_id": "9001"},
    }  # fmt: skip
    event = {"id": "evt_1", "type": "charge.succeeded", "data": {"object": charge}}
    [made] = told(Stripe(), event, {}).events
    data = made.event["data"]
    assert isinstance(data, dict)
    assert data["amount"] == {"minor": minor, "currency": currency.upper()}
    assert data["order_ids"] == ["9001"]
    again = event | {"id": "evt_2"}
    assert told(Stripe(), again, {}, frozenset({str(made.event["id"])})).events == []
    failed = {"type": "charge.succeeded", "data": {"object": charge | {"status": "failed"}}}
    assert told(Stripe(), failed, {}).events == ()


CHARGE = {
    "id": "ch_1", "amount": 900, "currency": "eur", "created": 1767600000, "status": "succeeded",
    "customer": "501", "captured": False, "amount_captured": 0,
}  # fmt: skip


def test_money_that_stripe_only_reserved_is_no_payment() -> None:
    reserved = {"type": "charge.succeeded", "data": {"object": CHARGE}}
    assert told(Stripe(), reserved, {}).events == ()
    taken = CHARGE | {"captured": True, "amount_captured": 700}
    [made] = told(Stripe(), {"type": "charge.captured", "data": {"object": taken}}, {}).events
    data = made.event["data"]
    assert isinstance(data, dict)
    assert data["amount"] == {"minor": 700, "currency": "EUR"}


def test_a_refund_of_stripe_is_of_whoever_made_the_payment() -> None:
    refund = {
        "id": "re_1", "amount": 900, "currency": "eur", "created": 1767600000,
        "status": "succeeded", "charge": "ch_1",
    }  # fmt: skip
    body = msgspec.json.encode({"type": "refund.created", "data": {"object": refund}})
    document = Document(feed="woo-shop", name="message", body=body, received_at=NOW)
    reading = Stripe().read(document, feed("stripe"))
    assert reading.asks(0, 1).references == {"stripech1"}
    payer = CustomerId("C-7")
    known = Directory(named={"stripech1": [Named("payment", "stripe:ch_1", payer, payer)]})
    [made] = reading.made(0, 1, known).events
    assert (made.event["type"], made.event["subject"]) == ("payment.refund_paid", "C-7")
    assert len(reading.made(0, 1, Directory()).refused) == 1


PAID = {
    "type": "payment.payment_received", "timestamp": "2026-03-02T09:00:00Z",
    "data": {
        "customer": "C-1", "payment_id": "P-1", "amount": {"minor": 5, "currency": "EUR"},
        "personal": {"payer_account": "DE02"},
    },
}  # fmt: skip


def test_another_system_tells_a_touchpoint_once_by_its_message_id() -> None:
    [made] = told(Standard(), PAID, {"webhook-id": "m-1"}, settings={}).events
    assert made.event["subject"] == "C-1"
    data = made.event["data"]
    assert isinstance(data, dict)
    assert data["personal"] == {"payer_account": "DE02"}
    seen = frozenset({str(made.event["id"])})
    assert told(Standard(), PAID, {"webhook-id": "m-1"}, seen, {}).events == ()
    [other] = told(Standard(), PAID, {"webhook-id": "m-2"}, seen, {}).events
    assert other.event["id"] not in seen


@pytest.mark.parametrize("kind", ["invoice.paid", "case.closed", "policy.ageing_published"])
def test_what_no_other_system_may_tell_is_left_out(kind: str) -> None:
    made = told(Standard(), PAID | {"type": kind}, {"webhook-id": "m-1"}, settings={})
    assert (made.events, len(made.ignored)) == ((), 1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"data": {"payment_id": "P"}}, "amount"),
        ({"timestamp": "2026-03-02T09:00:00"}, "timestamp"),
        ({"data": PAID["data"] | {"customer": 5}}, "customer"),  # type: ignore[operator]
    ],
)
def test_a_wrong_message_is_refused_by_its_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(DocumentRefused, match=field):
        told(Standard(), PAID | wrong, {"webhook-id": "m-1"}, settings={})
