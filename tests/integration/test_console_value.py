"""The pyramid, a customer's value and timeline, and the rules, over real rows."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest
from msgspec import structs

from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.policy import TierPolicyPublished
from services.console.app import create_console
from services.console.customers.timeline import EVENT_TYPES
from services.web.touchpoint_names import TOUCHPOINTS
from tests.support.console import TIERS, Company, invoice, local, open_company, paid

pytestmark = pytest.mark.postgres

PYRAMID = "/api/v1/value/pyramid"


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.tell_of_value()
        yield company


@pytest.fixture
async def client(company: Company) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_console(company.platform))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def get(client: httpx2.AsyncClient, path: str, **parameters: object) -> dict[str, Any]:
    answer = await client.get(path, params={k: str(v) for k, v in parameters.items()})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def levels(document: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {
        level["tier"]: (level["customers"], level["contemporary"]["minor"])
        for level in document["tiers"]
    }


async def test_the_pyramid_counts_customers_and_their_value_by_tier(
    client: httpx2.AsyncClient,
) -> None:
    document = await get(client, PYRAMID)
    # V-2 lost three quarters of its year ten days ago and is warned; C-1, C-2 and C-3 paid
    # nothing, and of what they owe a part is expected to be lost.
    assert levels(document) == {
        "platinum": (0, 0),
        "gold": (2, 1_500_000),
        "iron": (1, 250_000),
        "lead": (3, -20_500),
    }
    assert document["customers"] == 6
    assert [level["share"] for level in document["tiers"]] == [
        "0.0000",
        "0.3333",
        "0.1667",
        "0.5000",
    ]
    assert document["tiers"][1]["line"] == {"minor": 1_000_000, "currency": "CNY"}
    assert document["tiers"][-1]["line"] is None
    assert levels(await get(client, PYRAMID, branch="NY"))["iron"] == (1, 250_000)
    assert levels(await get(client, PYRAMID, branch="NY"))["gold"] == (0, 0)


async def test_the_tag_of_the_pyramid_changes_with_it(
    company: Company, client: httpx2.AsyncClient
) -> None:
    first = await client.get(PYRAMID)
    held = {"If-None-Match": first.headers["etag"]}
    assert (await client.get(PYRAMID, headers=held)).status_code == 304
    token = await company.report("V-3", paid("six", 800_000), at=local("2026-03-19T09:00"))
    await company.project()
    answer = await client.get(PYRAMID, params={"at_least": token}, headers=held)
    assert answer.status_code == 200
    assert levels(answer.json())["gold"][0] == 3


async def test_a_value_is_explained_to_the_event(client: httpx2.AsyncClient) -> None:
    value = (await get(client, "/api/v1/customers/V-1/value"))["value"]
    assert value["tier"] == "gold"
    assert value["contemporary"] == {"minor": 1_200_000, "currency": "CNY"}
    parts = {part["component"]: part["amount"]["minor"] for part in value["components"]}
    nothing = dict.fromkeys(("charges", "freight", "service", "capital", "provision"), 0)
    assert parts == {"margin": 1_200_000, **nothing}
    assert [line["amount"]["minor"] for line in value["counting"]] == [900_000, 300_000]
    assert value["expires_next"]["on"] == "2026-04-10"
    assert value["expires_next"]["change"]["minor"] == -900_000
    assert value["expires_next"]["events"] == [value["counting"][0]["event"]]
    assert value["potential"] is None
    assert value["potential_note"] == "not fitted"
    assert value["rfm"]["recency_days"] == (date(2026, 3, 20) - date(2025, 7, 1)).days
    assert [move["tier"] for move in value["history"]] == ["lead", "iron", "gold"]
    assert value["warning"] is None


async def test_a_warning_is_dated(client: httpx2.AsyncClient) -> None:
    value = (await get(client, "/api/v1/customers/V-2/value"))["value"]
    assert value["warning"] == {
        "tier": "gold",
        "since": "2026-03-09T16:00:00Z",
        "drop_at": "2026-04-08T16:00:00Z",
    }
    assert [line["amount"]["minor"] for line in value["expired"]] == [900_000]
    before = (await get(client, "/api/v1/customers/V-2/value", as_of="2026-03-09"))["value"]
    assert before["warning"] is None
    assert before["score"]["minor"] == 1_200_000
    later = (await get(client, "/api/v1/customers/V-2/value", as_of="2026-04-09"))["value"]
    assert later["tier"] == "iron"
    assert later["history"][-1]["causes"][0]["kind"] == "expired"


async def test_before_anything_was_known_there_is_no_value(client: httpx2.AsyncClient) -> None:
    document = await get(client, "/api/v1/customers/V-1/value", as_known="2020-01-01")
    assert document["value"] is None
    assert (await client.get("/api/v1/customers/nobody/value")).status_code == 404


TIMELINE = "/api/v1/customers/T-1/timeline"


async def tell_a_long_story(company: Company) -> None:
    await company.report("T-1", CustomerRegistered(home_branch="SH"))
    await company.report("T-1", *(paid(f"t-{i}", 100 + i) for i in range(9)))
    # Of one instant, so that the source and the sequence decide.
    same = [invoice(f"i-{i}", 1_000, date(2026, 4, 1)) for i in range(4)]
    await company.report("T-1", *same, at=local("2026-03-05T12:00"))
    await company.report("T-1", invoice("n", 1_000, date(2026, 4, 1)), branch="NY",
                         at=local("2026-03-05T12:00"))  # fmt: skip


async def test_a_timeline_comes_newest_first_without_gap_or_repeat(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await tell_a_long_story(company)
    whole = (await get(client, TIMELINE, limit=200))["entries"]
    assert len(whole) == 15
    keys = [(entry["effective_at"], entry["position"]["n"]) for entry in whole]
    assert [key[0] for key in keys] == sorted((key[0] for key in keys), reverse=True)
    assert whole[0]["identifiers"] == [["invoice_id", "i-3"]]
    assert whole[-1]["type"] == "customer.registered"
    seen: list[Any] = []
    following: str | None = f"{TIMELINE}?limit=4"
    while following is not None:
        answer = await client.get(following)
        seen += answer.json()["entries"]
        following = answer.links["next"]["url"] if "next" in answer.links else None
        # What arrives meanwhile and happened later moves nothing.
        await company.report("T-1", paid("late", 1), at=local("2026-03-06T12:00"))
    assert seen == whole


async def test_a_timeline_of_one_kind_and_of_another_time(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await tell_a_long_story(company)
    family = await get(client, TIMELINE, family="payment")
    assert {entry["family"] for entry in family["entries"]} == {"payment"}
    one = await get(client, TIMELINE, type="customer.registered")
    assert [entry["words"] for entry in one["entries"]] == [{"home_branch": "SH"}]
    assert (await get(client, TIMELINE, family="visit"))["entries"] == []
    then = await get(client, TIMELINE, as_of="2026-03-05T11:59")
    assert len(then["entries"]) == 10
    assert (await get(client, TIMELINE, as_known="2026-03-01"))["entries"] == []


async def test_a_timeline_that_did_not_grow_is_not_sent_again(
    company: Company, client: httpx2.AsyncClient
) -> None:
    first = await client.get("/api/v1/customers/V-1/timeline")
    held = {"If-None-Match": first.headers["etag"]}
    path = "/api/v1/customers/V-1/timeline"
    assert (await client.get(path, headers=held)).status_code == 304
    await company.report("V-1", paid("more", 1))
    assert (await client.get(path, headers=held)).status_code == 200


async def test_what_is_personal_is_in_no_answer_of_the_api(
    client: httpx2.AsyncClient,
) -> None:
    for what in ("timeline", "value", "receivables"):
        answer = await client.get(f"/api/v1/customers/V-1/{what}")
        assert "王小明" not in answer.text
        assert "5555" not in answer.text
    entries = (await get(client, "/api/v1/customers/V-1/timeline"))["entries"]
    assert [entry["sealed"] for entry in entries] == [False, False, True, False]


async def test_rules_in_force_and_to_come(company: Company, client: httpx2.AsyncClient) -> None:
    policy = structs.replace(TIERS.policy, drop_days=60)
    later = TierPolicyPublished(effective_from=local("2026-04-01"), policy=policy)
    await company.report(None, later, branch="HQ")
    policies = (await get(client, "/api/v1/policies"))["policies"]
    now, to_come = policies["tiers"]
    assert (now["in_force"], now["policy"]["drop_days"]) == (True, 30)
    assert (to_come["in_force"], to_come["policy"]["drop_days"]) == (False, 60)
    assert now["until"] == to_come["effective_from"] == "2026-03-31T16:00:00Z"
    [default] = policies["dunning"]
    assert (default["in_force"], default["effective_from"]) == (True, None)
    assert policies["model_parameters"] == []
    company.clock.move(timedelta(days=30))
    [only] = (await get(client, "/api/v1/policies"))["policies"]["tiers"]
    assert only["policy"]["drop_days"] == 60


async def test_the_page_of_a_customer_says_who_and_why(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/customers/V-2", params={"lang": "en"})
    text = re.sub(r"\s+", " ", answer.text)
    assert answer.headers["cache-control"] == "private, no-store"
    assert "The tier is about to drop." in text
    assert "If nothing changes it drops on 9 Apr 2026, 00:00 +08:00." in text
    chinese = (await client.get("/customers/V-1", params={"lang": "zh-CN"})).text
    assert "王小明" in chinese
    assert "+86 21 5555 0101" in chinese
    assert "example.com" not in chinese
    assert "黄金" in chinese


async def test_names_are_never_logged(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert (await client.get("/customers/V-1")).status_code == 200
    written = capsys.readouterr()
    for place in (caplog.text, written.out, written.err):
        assert "王小明" not in place
        assert "5555" not in place


async def test_an_erased_customer_has_no_name(company: Company, client: httpx2.AsyncClient) -> None:
    await company.platform.pool.execute(
        "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject = 'V-1'"
    )
    company.platform.vault._cache.clear()
    page = (await client.get("/customers/V-1", params={"lang": "en"})).text
    assert page.count("<dd>erased</dd>") == 2
    assert "王小明" not in page


async def test_one_switch_for_the_whole_page(company: Company, client: httpx2.AsyncClient) -> None:
    page = (await client.get("/customers/V-1?as_of=2025-05-01&lang=en")).text
    assert "This is not how it stands now." in page
    assert "Iron" in page
    assert "CN¥9,000.00" in page
    assert "CN¥3,000.00" not in page  # neither counted nor on the timeline


async def test_the_timeline_goes_on_behind_its_link(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await company.report("T-2", *(paid(f"u-{i:02}", 100) for i in range(60)))
    page = (await client.get("/customers/T-2")).text.split('id="timeline"')[1]
    seen = re.findall(r"u-\d\d", page)
    while found := re.findall(r'<a href="([^"]+)" rel="next" hx-get', page):
        page = (await client.get(found[0].replace("&amp;", "&"))).text
        seen += re.findall(r"u-\d\d", page)
    assert [int(name[2:]) for name in dict.fromkeys(seen)] == list(range(59, -1, -1))


def test_every_type_of_touchpoint_has_a_family_and_a_name() -> None:
    looks = {"access.persons_shown"}  # told of the company's staff, and of no customer alone
    assert {*EVENT_TYPES, *looks} == set(TOUCHPOINTS)
