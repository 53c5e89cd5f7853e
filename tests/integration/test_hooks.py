"""Webhooks at the gateway: who may, what is kept before it is acknowledged, and what it becomes."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from events.codec import decode
from events.envelope import BranchId
from events.touchpoints.contact import CallEnded
from services.connectors.calls.pops import Pops
from services.connectors.document import Feed, Setting
from services.connectors.feeds import Feeds
from services.vault.vault import branch_subject
from tests.contract.event_log_suite import accepted_events
from tests.support.gateway import BRANCH, Gateway, gateway_on_chosen_log
from tests.support.modes import EITHER

pytestmark = pytest.mark.postgres

KEY = "a-key-of-the-exchange"
FORM = {"content-type": "application/x-www-form-urlencoded"}
NEW = "event=newCall&direction=in&from=13800138000&to=4000&callId=7&user%5B%5D=li"


@pytest_asyncio.fixture(params=EITHER)
async def gateway(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Gateway]:
    async with gateway_on_chosen_log(request, database) as gateway:
        yield gateway


async def feed(gateway: Gateway, name: str = "pbx", format_: str = "cti", **more: Setting) -> None:
    feeds = Feeds(gateway)
    settings: dict[str, Setting] = {"agents": {"li": "A-1"}} if format_ == "cti" else {}
    made = Feed(
        name=name, format=format_, branch=BranchId(BRANCH), zone="Asia/Shanghai",
        settings=settings | more,
    )  # fmt: skip
    await feeds.add(made, "test")
    await feeds.add_secret(name, KEY, "test")


async def send(gateway: Gateway, body: str, address: str = f"pbx/{KEY}") -> tuple[int, object]:
    answer = await gateway.client.post(f"/api/v1/hooks/{address}", content=body, headers=FORM)
    return answer.status_code, answer.json()


async def test_a_call_is_shown_from_its_first_signal_and_recorded_at_its_last(
    gateway: Gateway,
) -> None:
    await feed(gateway)
    pops = Pops(gateway)
    assert await send(gateway, NEW) == (200, {"status": "kept"})
    [ringing] = (await pops.of(["A-1"]))["A-1"]
    assert (ringing.phone, ringing.line, ringing.is_taken) == ("+8613800138000", "4000", False)
    gateway.clock.at += timedelta(seconds=5)
    await send(gateway, "event=answer&callId=7&user=li")
    assert [one.is_taken for one in (await pops.of(["A-1"]))["A-1"]] == [True]
    gateway.clock.at += timedelta(seconds=60)
    assert await send(gateway, "event=hangup&callId=7&cause=normalClearing") == (
        200, {"status": "taken", "published": 1},
    )  # fmt: skip
    assert await pops.of(["A-1"]) == {}
    [event] = await accepted_events(gateway.log)
    data = decode(event.payload)
    assert isinstance(data, CallEnded)
    assert event.envelope.subject is None
    assert (data.outcome, data.waited_seconds, data.talked_seconds) == ("answered", 5, 60)
    assert data.agents == ("A-1",)
    assert data.sealed is not None
    opened = await gateway.vault.open(branch_subject(BRANCH), event.envelope.id, data.sealed)
    assert opened == {"phone": "+8613800138000"}


async def test_signals_again_and_late_change_nothing(gateway: Gateway) -> None:
    await feed(gateway)
    over = "event=hangup&callId=7&cause=cancel&from=13800138000&direction=in"
    await send(gateway, NEW)
    await send(gateway, NEW)
    await send(gateway, over)
    for late in (over, NEW, "event=answer&callId=7&user=li", over, NEW):
        status, _ = await send(gateway, late)
        assert status == 200
        assert await Pops(gateway).of(["A-1"]) == {}
    assert await gateway.pool.fetchval("SELECT count(*) FROM call_signals") == 0
    [event] = await accepted_events(gateway.log)
    data = decode(event.payload)
    assert isinstance(data, CallEnded)
    assert data.outcome == "abandoned"


async def test_a_number_does_not_stay_of_a_call_whose_end_nobody_heard(gateway: Gateway) -> None:
    await feed(gateway)
    await send(gateway, NEW)
    gateway.clock.at += timedelta(hours=13)
    await send(gateway, "event=hangup&callId=8&from=13800138001")
    assert await gateway.pool.fetchval("SELECT count(*) FROM call_pops") == 0


async def test_a_hang_up_alone_is_a_call(gateway: Gateway) -> None:
    await feed(gateway)
    await send(gateway, "event=HungUp&type=missed&call_id=8&from=13800138000")
    [event] = await accepted_events(gateway.log)
    assert event.envelope.type == "contact.call_ended"


@pytest.mark.parametrize(
    ("address", "status"),
    [("pbx/another-key", 401), ("pbx", 401), ("nobodys", 404), ("statements", 404)],
)
async def test_whoever_has_no_key_is_refused(gateway: Gateway, address: str, status: int) -> None:
    await feed(gateway)
    await feed(gateway, "statements", "asterisk")
    assert (await send(gateway, NEW, address))[0] == status
    assert await Pops(gateway).of(["A-1"]) == {}


async def test_an_old_key_holds_until_it_is_ended_and_a_feed_until_it_is_removed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.hooks._KEPT_S", 0.0)
    await feed(gateway)
    await Feeds(gateway).add_secret("pbx", "new-key", "test")
    assert (await send(gateway, NEW, "pbx/new-key"))[0] == 200
    assert (await send(gateway, NEW))[0] == 200
    await Feeds(gateway).end_secret("pbx", 1, "test")
    assert (await send(gateway, NEW))[0] == 401
    await Feeds(gateway).remove("pbx", "test")
    assert (await send(gateway, NEW, "pbx/new-key"))[0] == 404


async def test_only_allowed_networks_may_call(gateway: Gateway) -> None:
    await feed(gateway, allow=["10.0.0.0/8"])
    assert (await send(gateway, NEW))[0] == 401  # from 127.0.0.1
    await feed(gateway, "near", allow=["10.0.0.0/8", "127.0.0.1/32"])
    assert (await send(gateway, NEW, f"near/{KEY}"))[0] == 200


async def test_what_nobody_reads_is_acknowledged_and_what_is_broken_is_not(
    gateway: Gateway,
) -> None:
    await feed(gateway)
    assert await send(gateway, "event=dtmf&callId=7") == (200, {"status": "ignored"})
    status, told = await send(gateway, "event=newCall")
    assert status == 422
    assert isinstance(told, dict)
    assert told["field"] == "callId"
    too_long = await gateway.client.post(f"/api/v1/hooks/pbx/{KEY}", content=b"x" * 1_100_000)
    assert too_long.status_code == 413


async def test_a_provider_that_asks_is_told_where_to_send_the_rest(gateway: Gateway) -> None:
    await feed(gateway, answer_to="https://example.com/api/v1/hooks/pbx/k?a=1&b=2")
    answer = await gateway.client.post(f"/api/v1/hooks/pbx/{KEY}", content=NEW, headers=FORM)
    assert answer.headers["content-type"].startswith("application/xml")
    assert 'onAnswer="https://example.com/api/v1/hooks/pbx/k?a=1&amp;b=2"' in answer.text


async def test_a_shops_order_is_told_once_by_signed_messages_alone(gateway: Gateway) -> None:
    await feed(gateway, "woo", "woocommerce", customer_prefix="W-")
    order = (
        '{"id": 7, "status": "processing", "currency": "EUR", "total": "9.50", "total_tax": "0",'
        ' "date_created_gmt": "2026-02-05T08:00:00", "date_modified_gmt": "2026-02-05T08:05:00",'
        ' "date_paid_gmt": "2026-02-05T08:04:00", "customer_id": 5}'
    )
    signature = base64.b64encode(hmac.digest(KEY.encode(), order.encode(), "sha256")).decode()
    headers = {
        "content-type": "application/json",
        "x-wc-webhook-topic": "order.updated",
        "x-wc-webhook-signature": signature,
    }

    async def sent(body: str, **more: str) -> tuple[int, object]:
        given = headers | {name.replace("_", "-"): value for name, value in more.items()}
        answer = await gateway.client.post("/api/v1/hooks/woo", content=body, headers=given)
        return answer.status_code, answer.json().get("status")

    assert await sent(order) == (200, "taken")
    assert await sent(order) == (200, "repeated")
    assert await sent(order, x_wc_webhook_topic="product.updated") == (200, "ignored")
    assert (await sent(order.replace("9.50", "0.50")))[0] == 401
    assert (await sent(order, x_wc_webhook_signature=""))[0] == 401
    events = await accepted_events(gateway.log)
    assert sorted(one.envelope.type for one in events) == [
        "order.placed", "payment.payment_received",
    ]  # fmt: skip
    assert {one.envelope.subject for one in events} == {"W-5"}
