"""A statement of account makes its closing balance, and is that of the account."""

import re
from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest

from events.money import Money
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import CreditNoteIssued
from services.console.app import create_console
from tests.support.console import RULES, Company, invoice, local, open_company, paid, payment_of

pytestmark = pytest.mark.postgres


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_company(database) as company:
        await company.settle_down()
        await tell(company)
        transport = httpx2.ASGITransport(app=create_console(company.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def tell(company: Company) -> None:
    """Two invoices in winter, one paid in part before the period; in it a third, and a credit."""
    for fact, at in (
        (CustomerRegistered(home_branch="SH"), "2025-11-01"),
        (invoice("W-1", 100_000, date(2025, 12, 1)), "2025-11-02"),
        (invoice("W-2", 40_000, date(2026, 1, 10)), "2025-12-02"),
        (payment_of("W-1", 30_000), "2026-01-05"),
        (invoice("W-3", 25_000, date(2026, 4, 1)), "2026-02-10"),
        (payment_of("W-2", 45_000), "2026-03-02"),
        (
            CreditNoteIssued(credit_note_id="N", amount=Money(10_000, "CNY"), invoice_id="W-1"),
            "2026-03-05",
        ),
    ):
        await company.report("S-1", fact, at=local(at))
    await company.project()


def amounts(page: str) -> list[int]:
    cells = re.findall(
        r'<td class="(?:lead )?number"[^>]*>(-?)CN¥([\d,.]+)</td>', page.replace("−", "-")
    )
    return [int(sign + digits.replace(",", "").replace(".", "")) for sign, digits in cells]


async def test_the_lines_lead_from_the_opening_to_the_closing_balance(
    client: httpx2.AsyncClient,
) -> None:
    page = (
        await client.get("/customers/S-1/statement", params={"from": "2026-02-01", "lang": "en"})
    ).text
    first = page[: page.index("<caption>Open items")]
    # 100,000 + 40,000 - 30,000; an invoice; 40,000 of the 45,000 settle W-2 and 5,000 go to W-1
    # or stay as credit, which the account's own figures say.
    assert amounts(first)[0] == 110_000
    assert "Harbour" in page
    assert "Shanghai" in page
    document = (await client.get("/api/v1/customers/S-1/receivables")).json()
    [account] = document["accounts"]
    told = amounts(first)
    opening, *moves = told
    changes, balances = moves[: 2 * 3 : 2], moves[1 : 2 * 3 : 2]
    assert [opening + sum(changes[: n + 1]) for n in range(3)] == balances
    assert balances[-1] == account["outstanding"]["minor"]
    assert told[-1] == account["outstanding"]["minor"] - account["credit"]["minor"]
    before = (
        await client.get("/api/v1/customers/S-1/receivables", params={"as_of": "2026-01-31"})
    ).json()
    assert opening == before["accounts"][0]["outstanding"]["minor"]
    items = page[page.index("<caption>Open items") : page.index("<caption>By days past due")]
    assert amounts(items)[1::2] == [
        item["balance"]["minor"] for item in document["items"] if item["status"] == "open"
    ]
    assert sum(amounts(page[page.index("<caption>By days past due") :])) == balances[-1]


async def test_a_statement_ends_on_its_day_and_speaks_chinese(client: httpx2.AsyncClient) -> None:
    asked = {"from": "2025-11-01", "to": "2026-01-31", "lang": "zh-CN"}
    page = (await client.get("/customers/S-1/statement", params=asked)).text
    assert "对账单" in page
    assert "W-3" not in page
    assert "¥1,100.00" in page
    wrong = {"from": "2026-03-02", "to": "2026-03-01"}
    assert (await client.get("/customers/S-1/statement", params=wrong)).status_code == 400
    assert (await client.get("/customers/nobody/statement")).status_code == 404


async def test_what_is_said_to_keep_a_tier_keeps_it(database: str) -> None:
    async with open_company(database) as company:
        await company.report(None, *RULES, branch="HQ")
        await company.tell_of_value()
        transport = httpx2.ASGITransport(app=create_console(company.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def shown() -> tuple[str, bool]:
                page = (await client.get("/customers/V-2", params={"lang": "en"})).text
                said = re.findall(r'<p class="near">(.+?)</p>', page)
                return "".join(said), "The tier is about to drop." in page

            said, warned = await shown()
            assert warned
            # Gold keeps above 9,000.00 and 3,000.00 still count.
            assert "CN¥6,000.00 more of collected value, before it drops, keeps Gold." in said
            await company.report("V-2", paid("six", 599_999))
            assert await shown() == (said.replace("6,000.00", "0.01"), True)
            await company.report("V-2", paid("seven", 1))
            said, warned = await shown()
            assert not warned
            assert "keeps" not in said
