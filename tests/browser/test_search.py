"""The search box in a browser: by keys alone, by its own page, and for whoever cannot see it."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from services.search.follower import SearchFollower
from tests.browser.conftest import Served, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

_COVERED = """() => {
    const list = document.getElementById("found");
    const { left, top, width, height } = list.getBoundingClientRect();
    const places = [];
    for (let x = left + 4; x < left + width - 4; x += 8)
        for (let y = top + 4; y < top + height - 4; y += 8)
            if (!list.contains(document.elementFromPoint(x, y))) places.push([x, y]);
    return places;
}"""
"""Where something of the page lies over the list."""


async def test_customers_and_pages_are_found_by_keys_alone(
    browser: Browser, served: Served
) -> None:
    while await SearchFollower(served.company.platform).step():
        pass
    async with visit(browser, served, "zh-CN") as visitor:
        page = visitor.page
        await visitor.goto("/alerts")
        box = page.locator("#search")
        await page.keyboard.press("/")
        await expect(box).to_be_focused()
        await page.keyboard.type("xiaom")
        options = page.locator("#found").get_by_role("option")
        await expect(options).to_have_count(1)
        await expect(box).to_have_attribute("aria-expanded", "true")
        await expect(page.locator("#found mark")).to_have_text("小明")
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert await page.evaluate(_COVERED) == []
        await page.keyboard.press("ArrowDown")
        await expect(box).to_have_attribute("aria-activedescendant", "found-1")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/customers/V-1$"))
        await page.keyboard.press("Control+k")
        await expect(box).to_be_focused()
        await page.keyboard.type("应收")
        await expect(options.first).to_contain_text("应收")
        await page.keyboard.press("Escape")
        await expect(page.locator("#found")).to_be_hidden()
        await page.keyboard.type("账")
        await page.keyboard.press("ArrowDown")
        assert await visitor.violations() == visitor.complaints == []


async def test_without_scripts_the_box_is_a_form(browser: Browser, served: Served) -> None:
    while await SearchFollower(served.company.platform).step():
        pass
    async with visit(browser, served, "zh-CN", width=360, scripts=False) as visitor:
        page = visitor.page
        await visitor.goto("/search?q=王")
        await expect(page.locator(".hits mark")).to_have_text("王")
        await page.locator("#search").fill("王小明")
        await page.locator("#search").press("Enter")
        await expect(page).to_have_url(re.compile("/customers/V-1$"))
