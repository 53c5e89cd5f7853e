"""Merged customers on the console: every page of one leads to the other, and back in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from events.touchpoints.complaint import CaseReplied
from events.touchpoints.customer import (
    CustomerMerged,
    CustomerProfileChanged,
    CustomerUnmerged,
)
from services.console.app import create_console
from tests.support.console import Company, local, open_company

pytestmark = pytest.mark.postgres

MEMBER, ROOT = "K-2", "K-1"
BEFORE, DURING = "2026-03-19T23:00:00+08:00", "2026-03-20T09:40:00+08:00"


@dataclass
class Desk:
    """A company with cases, and a client of its console."""

    company: Company
    cases: dict[str, str]
    client: httpx2.AsyncClient

    async def get(self, path: str, **parameters: str) -> dict[str, Any]:
        answer = await self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def page(self, path: str, language: str = "en") -> str:
        answer = await self.client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    """A desk at which K-2 was found to be K-1 at half past nine."""
    async with open_company(database) as company:
        await company.settle_down()
        cases = await company.tell_of_cases()
        named = CustomerProfileChanged(home_branch="SH")
        await company.report(MEMBER, named, at=local("2026-03-19 10:00"), personal={"name": "李雷"})
        merged = CustomerMerged(into=ROOT)
        await company.report(MEMBER, merged, at=local("2026-03-20 09:30"))
        await company.project()
        transport = httpx2.ASGITransport(app=create_console(company.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Desk(company, cases, client)


async def test_a_members_page_says_so_in_both_languages_and_leads_to_the_root(desk: Desk) -> None:
    english, chinese = await desk.page("/customers/K-2"), await desk.page("/customers/K-2", "zh-CN")
    assert "Customer K-2 was merged into K-1 on" in english
    assert "客户 K-2 已于" in chinese
    for page in (english, chinese):
        assert 'href="/customers/K-1"' in page
        assert "李雷" in page
    assert "K-2 was merged into K-1 on" in await desk.page("/customers/K-1")
    assert "was merged" not in await desk.page(f"/customers/K-2?as_of={BEFORE.replace('+', '%2B')}")


async def test_a_members_id_finds_it(desk: Desk) -> None:
    answer = await desk.client.get("/customers", params={"id": MEMBER})
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers/K-2")


async def test_the_board_and_a_case_follow_both_ways_and_back_in_time(desk: Desk) -> None:
    case = desk.cases[MEMBER]
    board = (await desk.get("/api/v1/cases"))["cases"]
    assert {one["case"]: one["customer"] for one in board}[case] == ROOT
    assert (await desk.get(f"/api/v1/cases/{case}"))["case"]["customer"] == ROOT
    assert (await desk.get(f"/api/v1/cases/{case}", as_of=BEFORE))["case"]["customer"] == MEMBER

    unmerged = CustomerUnmerged(out_of=ROOT)
    await desk.company.report(MEMBER, unmerged, at=local("2026-03-20 09:50"))
    replied = CaseReplied(case_id=case, agent="agent-1")
    await desk.company.report(MEMBER, replied, at=local("2026-03-20 09:55"))
    await desk.company.project()
    board = (await desk.get("/api/v1/cases"))["cases"]
    assert {one["case"]: one["customer"] for one in board}[case] == MEMBER
    assert (await desk.get(f"/api/v1/cases/{case}"))["case"]["customer"] == MEMBER
    assert (await desk.get(f"/api/v1/cases/{case}", as_of=DURING))["case"]["customer"] == ROOT


async def test_the_timeline_is_of_both_page_by_page(desk: Desk) -> None:
    whole = await desk.get(f"/api/v1/customers/{MEMBER}/timeline")
    assert whole["customer"] == ROOT
    found, cursor = [], None
    while True:
        more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        part = await desk.get(f"/api/v1/customers/{ROOT}/timeline", limit="2", **more)
        found += [entry["event"] for entry in part["entries"]]
        cursor = part["next"]
        if cursor is None:
            break
    assert found == [entry["event"] for entry in whole["entries"]]
    types = [entry["type"] for entry in whole["entries"]]
    assert types.count("complaint.filed") == 2
    earlier = await desk.get(f"/api/v1/customers/{MEMBER}/timeline", as_of=BEFORE)
    assert earlier["customer"] == MEMBER
    assert len(earlier["entries"]) < len(found)
