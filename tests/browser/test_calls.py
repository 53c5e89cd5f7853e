"""A telephone rings: whose screen shows it, what of the caller, and when the page opens."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect
from starlette.requests import Request

from events.envelope import BranchId
from events.money import Money
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import PromiseMade
from events.touchpoints.policy import StaffSet
from services.connectors.calls.pops import Pops
from services.connectors.document import Feed
from services.connectors.feeds import Feeds
from services.connectors.formats.calls import Ends, PhoneSettings, Rings, Sign, Takes
from services.console.app import create_console
from services.people.principal import Principal, Scope
from services.search.follower import SearchFollower
from tests.browser.conftest import Served, serving, visit
from tests.support.console import EARLY, Company, invoice, open_company

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

AGENTS = {"SIP/1": "A-1", "SIP/2": "A-2", "SIP/9": "N-9"}
SETTINGS = PhoneSettings(agents=AGENTS, lines={"4000": "热线"})
PHONE = "13800138000"
AGENT = StaffSet(effective_from=EARLY, staff_id="A-1", branch_id="SH", roles=("call_centre",))


class Agents:
    """Lets in whom a page's address named first: A-1 sees all, N-9 New York alone."""

    def __init__(self) -> None:
        self.staff = "A-1"

    async def principal_of(self, request: Request) -> Principal:
        scope = Scope(frozenset({"NY"})) if self.staff == "N-9" else Scope()
        return Principal(self.staff, scope, branch_id="SH")


class Calls:
    """Tells what an exchange would tell, and a console of another process for whom."""

    def __init__(self, company: Company, feed: Feed, served: Served, agents: Agents) -> None:
        self.company = company
        self.served = served
        self.agents = agents
        self._feed = feed
        self._pops = Pops(company.platform)  # of the process that listens

    async def hear(self, *signs: Sign) -> None:
        await self._pops.show(self._feed, SETTINGS, signs)


@pytest.fixture
async def calls(database: str) -> AsyncIterator[Calls]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.report(None, AGENT, branch="HQ")
        for customer, phone in (("T-1", PHONE), ("T-2", "010-62345678"), ("T-3", "010 62345678")):
            personal = {"name": f"王{customer}", "phone": phone}
            registered = CustomerRegistered(home_branch="SH")
            await company.report(customer, registered, personal=personal)
        await company.report("T-1", invoice("OVER-1", 123_400, date(2026, 3, 1)))
        promised = PromiseMade(
            promise_id="P",
            amount=Money(123_400, "CNY"),
            invoice_ids=("OVER-1",),
            promised_on=date(2026, 3, 25),
        )
        await company.report("T-1", promised)
        await company.report("T-1", ComplaintFiled(severity="high", department="service"))
        await company.project()
        while await SearchFollower(company.platform).step():
            pass
        feed = Feed(
            name="pbx-1", format="asterisk", branch=BranchId("SH"), zone="UTC",
            settings={"agents": AGENTS},
        )  # fmt: skip
        await Feeds(company.platform).add(feed, "test")
        agents = Agents()
        app = create_console(company.platform, doorkeeper=agents)
        async with serving(company, app) as served:
            yield Calls(company, feed, served, agents)


@pytest.mark.parametrize(
    ("language", "somebody", "taken"),
    [("en", "Somebody calls", "On the telephone"), ("zh-CN", "来电", "通话中")],
)
async def test_it_rings_on_any_page_and_the_callers_page_opens_once_it_is_taken(
    browser: Browser, calls: Calls, language: str, somebody: str, taken: str
) -> None:
    async with visit(browser, calls.served, language) as visitor:
        page = visitor.page
        await visitor.goto("/alerts")
        card = page.locator("#calls .call")
        await expect(card).to_have_count(0)
        await calls.hear(Rings("1.7", "SIP/1", f"+86{PHONE}", "4000"))
        await expect(card).to_contain_text(somebody)
        await expect(card).to_contain_text("王T-1")
        await expect(card).to_contain_text("热线")
        await expect(card.locator("dd").nth(0)).to_contain_text("OVER-1")
        await expect(card.locator("dd").nth(1)).to_contain_text("1,234")
        await expect(card.locator("dd").nth(2).locator("a")).to_have_count(1)
        await expect(page).to_have_url(re.compile("/alerts$"))
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        await calls.hear(Takes("1.7", "SIP/1"))
        await expect(page).to_have_url(re.compile("/customers/T-1$"))
        await expect(card).to_contain_text(taken)
        await page.goto("/alerts")  # the call goes on, and whoever leaves the page is let go
        await expect(card).to_contain_text(taken)
        await expect(page).to_have_url(re.compile("/alerts$"))
        await calls.hear(Ends("1.7"))
        await expect(card).to_have_count(0)
        assert await visitor.violations() == visitor.complaints == []


async def test_it_leaves_the_screens_of_others_once_somebody_takes_it(
    browser: Browser, calls: Calls
) -> None:
    calls.agents.staff = "A-2"
    async with visit(browser, calls.served, "en") as visitor:
        await visitor.goto("/desk")
        card = visitor.page.locator("#calls .call")
        phone = f"+86{PHONE}"
        await calls.hear(Rings("1.7", "SIP/1", phone, None), Rings("1.7", "SIP/2", phone, None))
        await expect(card).to_have_count(1)
        await calls.hear(Takes("1.7", "SIP/1"))
        await expect(card).to_have_count(0)
        await expect(visitor.page).to_have_url(re.compile("/desk$"))


async def test_whoever_types_is_not_taken_away_and_chooses_among_several(
    browser: Browser, calls: Calls
) -> None:
    async with visit(browser, calls.served, "en") as visitor:
        page = visitor.page
        await visitor.goto("/create/complaint.filed")
        await page.locator("main form[method=post] textarea").first.fill("The pump leaks")
        await calls.hear(Rings("1.8", "SIP/1", f"+86{PHONE}", None), Takes("1.8", "SIP/1"))
        card = page.locator("#calls .call")
        await expect(card).to_contain_text("On the telephone")
        await expect(page).to_have_url(re.compile("/create/complaint.filed$"))
        await calls.hear(Ends("1.8"), Rings("1.9", "SIP/1", "+861062345678", None))
        await expect(card.locator(".caller")).to_have_count(2)
        await expect(card).to_contain_text("who is it?")


async def test_nobody_knows_the_number_and_the_form_has_it_filled_in(
    browser: Browser, calls: Calls
) -> None:
    async with visit(browser, calls.served, "en") as visitor:
        page = visitor.page
        await visitor.goto("/desk")
        await calls.hear(Rings("2.1", "SIP/1", "95588", None), Takes("2.1", "SIP/1"))
        await page.get_by_role("link", name="Register who calls").click()
        await expect(page.locator("main input[name=phone]")).to_have_value("95588")
        assert "95588" not in page.url


async def test_a_caller_of_another_branch_is_not_shown(browser: Browser, calls: Calls) -> None:
    calls.agents.staff = "N-9"
    async with visit(browser, calls.served, "en") as visitor:
        await visitor.goto("/desk")
        await calls.hear(Rings("1.7", "SIP/9", f"+86{PHONE}", None), Takes("1.7", "SIP/9"))
        card = visitor.page.locator("#calls .call")
        await expect(card).to_contain_text("of a branch that you do not see")
        await expect(card).not_to_contain_text("T-1")
        await expect(visitor.page).to_have_url(re.compile("/desk$"))
