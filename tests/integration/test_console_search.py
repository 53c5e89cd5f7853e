"""The search box: what it shows and suggests, where it leads, and what else it commands."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import httpx2
import pytest
from starlette.requests import Request

from events.touchpoints.customer import CustomerRegistered
from services.console.app import create_console
from services.people.principal import Principal, Right
from services.search.follower import SearchFollower
from tests.support.console import Company, invoice, open_company

pytestmark = pytest.mark.postgres

ACTS = (
    ("新建投诉", "/create/complaint.filed"),
    ("登记收款", "/create/payment.payment_received"),
    ("dengji", "/create#new-customer"),
    ("record a visit", "/create/visit.made"),
)


class Door:
    """Lets one in who may do what is said."""

    def __init__(self) -> None:
        self.rights = frozenset(Right)

    async def principal_of(self, request: Request) -> Principal:
        return Principal("agent-7", rights=self.rights)


@dataclass
class Desk:
    company: Company
    door: Door
    client: httpx2.AsyncClient

    async def page(self, typed: str, path: str = "/search", language: str = "zh-CN") -> str:
        answer = await self.client.get(path, params={"q": typed, "lang": language})
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] in ("private, no-store", "private, no-cache")
        return answer.text

    async def leads_to(self, typed: str) -> str | None:
        answer = await self.client.get("/search", params={"q": typed})
        return answer.headers.get("location")


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with open_company(database) as company:
        await company.settle_down()
        for customer, name, phone in (
            ("F-1", "王小明", "138 0013 8000"),
            ("F-2", "王晓敏", "13900139000"),
            ("F-3", "<b>O'Hara</b> & Co", "13700137000"),
        ):
            registered = CustomerRegistered(home_branch="SH")
            personal = {"name": name, "phone": phone}
            await company.report(customer, registered, personal=personal)
        await company.report("F-2", invoice("INV-77-4711", 500, date(2026, 4, 1)))
        await company.project()
        while await SearchFollower(company.platform).step():
            pass
        door = Door()
        transport = httpx2.ASGITransport(app=create_console(company.platform, doorkeeper=door))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Desk(company, door, client)


async def test_what_is_found_is_shown_with_the_letters_marked(desk: Desk) -> None:
    page = await desk.page("wangxiaomi")
    assert "<bdi><mark>王小明</mark></bdi>" in page
    assert "<bdi><mark>王晓敏</mark></bdi>" in page
    assert "上海分公司" in page
    assert 'href="/customers/F-1"' in page
    assert "138 0013 <mark>8000</mark>" in (await desk.page("8000", "/search/suggest"))
    suggested = await desk.page("o'ha", "/search/suggest")
    assert "&lt;b&gt;<mark>O&#39;Ha</mark>ra&lt;/b&gt; &amp; Co" in suggested
    assert "<html" not in suggested
    assert 'role="option"' in suggested


async def test_what_can_be_but_one_thing_is_opened_at_once(desk: Desk) -> None:
    assert await desk.leads_to("王小明") == "/customers/F-1"
    assert await desk.leads_to("f-2") == "/customers/F-2"
    assert await desk.leads_to("inv 77 4711") == "/customers/F-2"
    assert await desk.leads_to("+86 139 0013 9000") == "/customers/F-2"
    assert await desk.leads_to("王") is None
    assert await desk.leads_to("4711") is None
    answer = await desk.client.get("/customers", params={"id": "F-1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers/F-1")


async def test_pages_are_found_by_their_names_in_either_language(desk: Desk) -> None:
    for typed in ("应收", "yingshou", "receiv", "ys"):
        page = await desk.page(typed, "/search/suggest")
        assert 'href="/receivables"' in page, typed
    assert "<mark>应收</mark>" in await desk.page("应收", "/search/suggest")
    assert "<mark>Receiv</mark>ables" in await desk.page("receiv", "/search/suggest", "en")
    page = await desk.page("alert", "/search/suggest", "en")
    found = re.findall(r'id="offer-\d+" href="([^"]+)"', page)
    assert found == ["/alerts", "/alerts/journal", "/policies/alerts"]
    found += [path for _, path in ACTS]
    for name, path in ACTS:
        assert f'href="{path}"' in await desk.page(name, "/search/suggest"), name
    for address in found:
        # Whoever is no member of staff is told so by the form: there is one.
        assert (await desk.client.get(address)).status_code in (200, 403)


async def test_rules_and_their_fields_are_found_by_their_names_and_led_to(desk: Desk) -> None:
    def led(page: str) -> list[str]:
        return re.findall(r'id="offer-\d+" href="(/policies[^"]+)"', page)

    dunning = ["/policies/dunning", "/policies/fees#field-reminder_fees"]
    assert led(await desk.page("cuishou", "/search/suggest")) == dunning
    for typed in ("年利率", "nianlilv", "interest year", "逾期利息 年利率"):
        page = await desk.page(typed, "/search/suggest")
        assert led(page) == ["/policies/fees#field-interest_per_year"], typed
    for rights in (frozenset(Right), frozenset({Right.SEE_POLICIES})):
        desk.door.rights = rights
        rule = (await desk.client.get("/policies/fees")).text
        assert rule.count('id="field-interest_per_year"') == 1
    desk.door.rights = frozenset(Right) - {Right.SEE_POLICIES}
    assert led(await desk.page("年利率", "/search/suggest")) == []


async def test_who_sees_no_persons_finds_numbers_alone(desk: Desk) -> None:
    desk.door.rights = frozenset(Right) - {Right.SEE_PERSONS}
    assert "F-1" not in await desk.page("王小明")
    assert "F-1" not in await desk.page("8000")
    page = await desk.page("4711")
    assert "F-2" in page
    assert "王晓敏" not in page
    found = (await desk.client.get("/api/v1/search", params={"q": "f-1"})).json()
    assert [hit["texts"] for hit in found["hits"]] == [
        [{"field": "id", "text": "F-1", "customer": "F-1", "contact": False, "marks": [[0, 3]]}]
    ]
    desk.door.rights = frozenset({Right.ADMINISTER})
    assert "F-1" not in await desk.page("f-1")
    assert (await desk.client.get("/api/v1/search?q=f-1")).status_code == 403


async def test_programs_are_told_what_was_found_and_where(desk: Desk) -> None:
    found = (await desk.client.get("/api/v1/search", params={"q": "小明 8000"})).json()
    [hit] = found["hits"]
    assert (hit["customer"], hit["branch"], hit["whole"]) == ("F-1", "SH", False)
    marks = {text["field"]: text["marks"] for text in hit["texts"]}
    assert marks == {
        "id": [],
        "name": [[1, 2], [2, 3]],
        "phone": [[9, 10], [10, 11], [11, 12], [12, 13]],
    }
    limited = (await desk.client.get("/api/v1/search?q=王&limit=1")).json()
    assert (len(limited["hits"]), limited["more"]) == (1, True)
    bad = await desk.client.get("/api/v1/search", params={"q": "x" * 121})
    assert bad.status_code == 400
