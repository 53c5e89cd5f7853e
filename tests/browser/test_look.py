"""Every page in both languages, both schemes and both sizes: rules of accessibility, and room."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Served, Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

PAGES = (
    "/",
    "/receivables",
    "/credit",
    "/cases",
    "/cases/owners",
    "/cases/deadlines?hours=72",
    "/service?from=2026-03-01",
    "/alerts",
    "/alerts/journal",
    "/customers",
    "/customers/C-1/statement",
    "/customers/C-1/ways",
    "/receivables/promises",
    "/desk",
    "/receivables?overdue=true&bucket=1&bucket=2",
    "/customers/C-1",
    "/customers/V-2",
    "/customers/K-2",
    "/customers/V-1/timeline",
    "/branches?from=2026-03-01",
    "/policies",
    "/policies/fees",
    "/imports",
    "/status",
    "/audit",
    "/help/customer",
    "/audit?customer=C-1&step=2",
    "/receivables?as_of=2026-03-01",
    "/customers/V-1?as_of=2026-03-01",
    "/nowhere",
)

DESK, PHONE = 1360, 360

# Elements that stick out of the window, and texts broken to a letter or two a line. What is
# hidden, and what an element of its own may clip, is left out.
_CRAMPED = """
() => {
  const found = [];
  const wide = document.documentElement.clientWidth;
  const named = (e) => `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}.${e.className}`;
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest("svg") && e.tagName !== "svg") continue;
    if (e.closest(".hidden, .skip, thead") || !e.checkVisibility()) continue;
    if (wide > 560 && e.closest(".scroll")) continue;  // a wide table moves inside its panel
    const box = e.getBoundingClientRect();
    if (box.width > wide || box.right > wide + 1 || box.left < -1)
      found.push(`${named(e)} from ${box.left} to ${box.right}`);
  }
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, said = text.data.trim(), e = text.parentElement;
    if (said.length < 4 || e.closest(".hidden, thead, svg, script")) continue;
    if (!e.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
    if (said.length / lines < (lines > 2 ? 3 : 2))
      found.push(`${named(e)}: "${said}" on ${lines} lines`);
  }
  return found;
}
"""


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_is_accessible_and_has_room_in_both_schemes_and_sizes(
    browser: Browser, served: Served, language: str
) -> None:
    await served.company.tell_of_credit()
    async with visit(browser, served, language) as visitor:
        for path in PAGES:
            await visitor.goto(path)
            if path == "/":
                await expect(visitor.page.locator(".stream .on")).to_be_visible()
            for width in (DESK, PHONE):
                await _look(visitor, path, width)
            assert await visitor.violations() == [], path
        assert [c for c in visitor.complaints if "404" not in c] == []


async def _look(visitor: Visitor, path: str, width: int) -> None:
    """Judge a page at a width: all rules in light, those of colour again in dark."""
    page = visitor.page
    await page.set_viewport_size({"width": width, "height": 900})
    assert await page.evaluate(_CRAMPED) == [], f"{path} at {width}"
    await page.emulate_media(color_scheme="light")
    await _judge(page, f"{path} at {width}, light", {})
    await page.emulate_media(color_scheme="dark")
    await _judge(page, f"{path} at {width}, dark", {"runOnly": ["color-contrast"]})


async def _judge(page: Page, where: str, options: dict[str, list[str]]) -> None:
    found = await Axe().run(page, options=options)
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"


async def test_chosen_colours_are_remembered_against_the_systems(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "en") as visitor:
        page = visitor.page
        await page.emulate_media(color_scheme="light")
        await visitor.goto("/receivables?sort=amount")
        bright = await _background(page)
        await page.get_by_role("link", name="Dark").click()
        await expect(page).to_have_url(
            "http://" + page.url.split("/")[2] + ("/receivables?sort=amount&scheme=dark")
        )
        dark = await _background(page)
        assert sum(dark) < 150 < 600 < sum(bright)
        await visitor.goto("/alerts")
        assert await _background(page) == dark
        await page.get_by_role("link", name="Colours of the system").click()
        assert await _background(page) == bright
        await visitor.goto("/receivables")
        assert await _background(page) == bright


async def _background(page: Page) -> list[int]:
    """Return the red, green and blue behind a page."""
    colour: str = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]


async def test_the_menu_of_a_phone_opens_and_leads_on(browser: Browser, served: Served) -> None:
    async with visit(browser, served, "en", width=PHONE, scripts=False) as visitor:
        page = visitor.page
        await visitor.goto("/")
        entry = page.get_by_role("link", name="Receivables", exact=True)
        await expect(entry).to_be_hidden()
        await page.get_by_role("button", name="Menu").click()
        await entry.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Receivables")


async def test_a_figure_leads_to_its_events_by_one_key_and_back(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "en") as visitor:
        page = visitor.page
        await visitor.goto("/receivables")
        figure = page.locator("a[data-explain]").filter(has_text="CN¥1,000.00").last
        await figure.hover()
        await page.keyboard.press("e")
        await expect(page).to_have_url(re.compile(r"/customers/C-1#why-A$"))
        why = page.locator("#why-A")
        await expect(why).to_be_visible()
        await why.get_by_role("link").first.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Invoice issued")
        # Without the invoice of 1,000.00 there would be the other of 500.00 alone.
        owed = page.get_by_role("row").filter(has_text="Outstanding")
        await expect(owed).to_contain_text("CN¥500.00")
        await expect(owed).to_contain_text("CN¥1,500.00")
        await page.get_by_role("link", name="Timeline until then").click()
        await page.locator(".timeline > li a").first.click()
        await expect(page).to_have_url(re.compile(r"/events/"))
        await page.get_by_role("link", name="Customer C-1").click()
        await expect(page).to_have_url(re.compile(r"/customers/C-1$"))
        assert visitor.complaints == []


async def test_a_chosen_instant_is_carried_on_and_never_mistaken_for_now(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "en") as visitor:
        page = visitor.page
        await visitor.goto("/customers/V-1?as_of=2025-05-01")
        past = page.locator(".notice.past")
        await expect(past).to_contain_text("1 May 2025, 23:59 +08:00")
        await page.get_by_role("link", name="Receivables", exact=True).click()
        await expect(page).to_have_url(re.compile("as_of=2025-05-01"))
        await expect(page.get_by_role("main")).to_contain_text(
            "Nobody has asked about this instant"
        )
        await page.get_by_role("link", name="Alerts", exact=True).click()
        await expect(page).to_have_url(re.compile("as_of=2025-05-01"))
        await page.get_by_role("main").get_by_role("link", name="back to now").click()
        await expect(page).to_have_url(re.compile(r"/alerts$"))
        await expect(past).to_have_count(0)
