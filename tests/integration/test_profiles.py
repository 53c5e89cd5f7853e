"""Customers registered and their profiles changed by command, on both logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
import pytest_asyncio

from events.codec import decode
from events.envelope import CustomerId
from events.money import Money
from events.touchpoints.customer import (
    CustomerErased,
    CustomerProfileChanged,
    CustomerRegistered,
)
from events.touchpoints.payment import PaymentReceived
from events.touchpoints.policy import BranchSet
from services.casework.customers import Customers
from tests.support.casework import BRANCH, OWNER, Desk, Json, desk_on_chosen_log
from tests.support.modes import EITHER, catch_up

pytestmark = pytest.mark.postgres

NEW = "C-9"
LI = {"name": "Li Na", "phone": "13800138000"}


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def gives(
    desk: Desk,
    word: str,
    body: Json,
    *,
    by: str = OWNER,
    customer: str = NEW,
    key: str | None = None,
    seen: int | None = None,
) -> httpx2.Response:
    desk.clock.move(timedelta(minutes=1))
    await catch_up(desk.platform, desk.settings)
    return await desk.give(customer, word, body, by=by, key=key, seen=seen, of="customers")


async def refuses(desk: Desk, word: str, body: Json, *, by: str = OWNER) -> str:
    answer = await gives(desk, word, body, by=by)
    assert answer.status_code in (404, 409), answer.text
    rule: str = answer.json()["rule"]
    return rule


async def test_a_customer_is_registered_once_and_what_is_personal_is_sealed(desk: Desk) -> None:
    body: Json = {"segment": "retail", "kind": "person", "personal": LI}
    done = await gives(desk, "register", body, key="once")
    assert done.status_code == 200, done.text
    assert done.headers["etag"] == '"1"'
    assert "touchstone-position" in done.headers
    [event] = done.json()["events"]
    assert (event["type"], event["by"]) == ("customer.registered", OWNER)
    assert event["data"] == {
        "home_branch": BRANCH, "segment": "retail", "kind": "person", "by": OWNER
    }  # fmt: skip
    [stored] = await desk.platform.log.stream(f"/customers/{NEW}")
    assert stored.envelope.subject == NEW
    for value in LI.values():
        assert value.encode() not in stored.payload
    data = decode(stored.payload)
    assert isinstance(data, CustomerRegistered)
    assert data.sealed is not None
    assert await desk.platform.vault.open(NEW, stored.envelope.id, data.sealed) == LI

    again = await gives(desk, "register", body, key="once")
    assert (again.json(), again.headers["idempotency-replayed"]) == (done.json(), "true")
    other = await gives(desk, "register", {"kind": "company"}, key="once")
    assert other.status_code == 422
    assert await refuses(desk, "register", body) == "registered"


async def test_a_profile_is_changed_where_the_customer_is_at_home(desk: Desk) -> None:
    branch = BranchSet(effective_from=desk.clock.now(), branch_id="BJ-01", name="Beijing")
    await desk.publish(branch, "branch", customer=None, till="policy")
    assert await refuses(desk, "change-profile", {"segment": "vip"}) == "unknown_customer"
    await gives(desk, "register", {"personal": LI})
    assert await refuses(desk, "change-profile", {}) == "nothing_changed"
    assert await refuses(desk, "change-profile", {"personal": LI}) == "nothing_changed"
    assert await refuses(desk, "change-profile", {"home_branch": "XX"}) == "unknown_branch"

    moved: Json = {"home_branch": "BJ-01", "personal": {**LI, "phone": "13900139000"}}
    done = await gives(desk, "change-profile", moved, seen=1)
    assert done.status_code == 200, done.text
    late = await gives(desk, "change-profile", {"segment": "vip"}, by="hq-1", seen=1)
    assert late.status_code == 412
    assert late.json()["changed"][0]["type"] == "customer.profile_changed"
    assert await refuses(desk, "change-profile", {"segment": "vip"}) == "not_at_home"
    assert await refuses(desk, "change-profile", moved, by="hq-1") == "nothing_changed"
    assert (await gives(desk, "change-profile", {"segment": "vip"}, by="hq-1")).status_code == 200


async def test_what_branches_published_counts_too(desk: Desk) -> None:
    await desk.publish(CustomerRegistered(home_branch=BRANCH), "registered", customer=NEW)
    assert await refuses(desk, "register", {}) == "registered"
    assert (await gives(desk, "change-profile", {"segment": "vip"})).status_code == 200


async def test_who_was_erased_or_merged_is_neither_registered_nor_changed(desk: Desk) -> None:
    for n, customer in enumerate(("C-1", "C-2", NEW)):
        paid = PaymentReceived(payment_id=f"P-{n}", amount=Money(1, "CNY"))
        await desk.publish(paid, f"paid {n}", customer=customer)
    await desk.publish(CustomerErased(receipt="r"), "erased", customer=NEW)
    assert await refuses(desk, "register", {"personal": LI}) == "erased"
    assert await refuses(desk, "change-profile", {"personal": LI}) == "erased"

    assert (await gives(desk, "register", {}, customer="C-2")).status_code == 200
    await gives(desk, "merge", {"into": "C-1"}, by="hq-1", customer="C-2")
    for word in ("register", "change-profile"):
        refused = await gives(desk, word, {"segment": "vip"}, customer="C-2")
        assert refused.json()["rule"] == "not_a_root"
        assert "C-1" in refused.json()["remedy"]


async def test_of_rivals_who_register_a_customer_one_does(desk: Desk) -> None:
    rivals = (desk.give(NEW, "register", by=by, of="customers") for by in ("sales-1", "sales-2"))
    codes = [answer.status_code for answer in await asyncio.gather(*rivals)]
    assert codes.count(200) == 1
    assert set(codes) <= {200, 409, 503}, "on a topic, the other's may not be readable yet"
    assert await refuses(desk, "register", {}) == "registered"
    assert len(await desk.platform.log.stream(f"/customers/{NEW}")) == 1


async def test_trying_tells_what_would_be_and_keeps_nothing(desk: Desk) -> None:
    keys = "SELECT count(*) FROM subject_keys WHERE subject = $1"
    tried = await gives(desk, "register?try=true", {"segment": "retail", "personal": LI})
    assert tried.status_code == 200, tried.text
    [event] = tried.json()["events"]
    assert event["data"] == {"home_branch": BRANCH, "segment": "retail", "by": OWNER}
    assert await desk.platform.log.stream(f"/customers/{NEW}") == []
    assert await desk.platform.pool.fetchval(keys, NEW) == 0
    assert (await gives(desk, "register?try=true", {"home_branch": "XX"})).status_code == 409
    assert (await gives(desk, "register", {})).status_code == 200
    assert await desk.platform.pool.fetchval(keys, NEW) == 1


async def test_who_was_registered_by_command_is_at_home_there_for_every_reader(desk: Desk) -> None:
    await gives(desk, "register", {"personal": LI})
    await catch_up(desk.platform, desk.settings)
    read = await Customers(desk.platform.log, desk.platform.pool).read(CustomerId(NEW))
    [fact] = read.own(CustomerId(NEW))
    assert isinstance(fact.data, CustomerRegistered)
    assert fact.data.home_branch == BRANCH
    answer = await gives(desk, "change-profile", {"personal": {"phone": "1"}})
    assert answer.json()["events"][0]["type"] == CustomerProfileChanged.event_type


@pytest.mark.parametrize(
    ("word", "body", "field"),
    [
        ("register", {"personal": {"note": "x"}}, "personal.note"),
        ("register", {"name": "Li Na"}, "name"),
        ("change-profile", {"kind": "person"}, "kind"),
        ("merge", {"into": "C-1", "personal": {"note": "x"}}, "personal"),
        ("set-credit-limit", {"limit": {"minor": 1, "currency": "CNY"}, "personal": {"note": "x"}},
         "personal"),
    ],
)  # fmt: skip
async def test_what_no_command_keeps_is_refused_by_its_field(
    desk: Desk, word: str, body: Json, field: str
) -> None:
    refused = await gives(desk, word, body, by="hq-1")
    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text


@pytest.mark.parametrize("name", ["branch:SH-01", "vault:check", "C" * 121])
async def test_what_can_be_no_customer_is_not_registered(desk: Desk, name: str) -> None:
    refused = await gives(desk, "register", {}, customer=name)
    assert (refused.status_code, refused.json()["field"]) == (422, "customer_id"), refused.text
