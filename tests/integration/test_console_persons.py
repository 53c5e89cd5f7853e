"""Names on the console's lists: the one that holds, the name first, and to whom it may be told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import httpx2
import pytest
from starlette.requests import Request

from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.customer import (
    CustomerMerged,
    CustomerProfileChanged,
    CustomerRegistered,
)
from services.console.app import create_console
from services.people.principal import Principal, Right
from tests.support.console import Company, invoice, local, open_company

pytestmark = pytest.mark.postgres

LISTS = ("/", "/receivables", "/credit", "/cases", "/alerts", "/alerts/journal", "/customers/N-1")
NEVER = ("王旧名", "赵未来")


class Door:
    """Lets one in who may see customers; persons only where it is said."""

    def __init__(self) -> None:
        self.rights = frozenset(Right)

    async def principal_of(self, request: Request) -> Principal:
        return Principal("agent-7", rights=self.rights)


@dataclass
class Desk:
    company: Company
    door: Door
    client: httpx2.AsyncClient

    async def page(self, path: str) -> httpx2.Response:
        answer = await self.client.get(path, headers={"Accept-Language": "zh-CN"})
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    """N-1 changed its name, and a later word of an earlier day came last; N-3 is N-2 by now."""
    async with open_company(database) as company:
        await company.settle_down()
        renamed = CustomerProfileChanged()
        for customer, fact, name, at in (
            ("N-1", CustomerRegistered(home_branch="SH", kind="person"), "王旧名", "2026-01-05"),
            ("N-1", renamed, "王小明", "2026-03-10"),
            ("N-1", renamed, "王旧名", "2026-02-10"),
            ("N-1", renamed, "赵未来", "2026-04-10"),
            ("N-2", CustomerRegistered(home_branch="SH"), "", "2026-01-05"),
            ("N-3", CustomerRegistered(home_branch="SH"), "李雷", "2026-01-05"),
        ):
            personal = {"name": name, "phone": "138 0013 8000"} if name else None
            await company.report(customer, fact, at=local(at), personal=personal)
        await company.report("N-3", CustomerMerged(into="N-2"), at=local("2026-03-01"))
        for customer in ("N-1", "N-2"):
            due = invoice(f"I-{customer}", 90_000, date(2026, 1, 20))
            await company.report(customer, due, at=local("2026-01-10"))
            filed = ComplaintFiled(severity="urgent", department="service")
            await company.report(customer, filed, at=local("2026-03-19T09:00"))
        await company.project()
        door = Door()
        transport = httpx2.ASGITransport(app=create_console(company.platform, doorkeeper=door))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Desk(company, door, client)


async def test_every_list_names_customers_first_by_the_word_that_holds(desk: Desk) -> None:
    for path in LISTS:
        answer = await desk.page(path)
        assert "<bdi>王小明</bdi>" in answer.text, path
        assert "N-1" in answer.text
        assert not [name for name in NEVER if name in answer.text], path
        assert answer.headers["cache-control"] == "private, no-store"
    # What was told of whom was merged into it is told of a customer of whom nothing else is.
    assert "<bdi>李雷</bdi> <small>N-2</small>" in (await desk.page("/receivables")).text
    assert "<bdi>" not in (await desk.page("/customers/C-1")).text


async def test_who_may_not_see_persons_sees_ids(desk: Desk) -> None:
    desk.door.rights = frozenset(Right) - {Right.SEE_PERSONS}
    for path in LISTS[1:6]:
        answer = await desk.page(path)
        assert "N-1" in answer.text, path
        assert "王小明" not in answer.text, path


async def test_nobody_is_named_whose_key_is_destroyed(desk: Desk) -> None:
    await desk.company.platform.pool.execute(
        "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject = 'N-1'"
    )
    assert "王小明" not in (await desk.page("/receivables")).text
