"""Logging in as people do: by link, password and second factor, in a browser."""

from __future__ import annotations

import re

import pyotp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import serving, visit
from tests.support.console import open_company
from tests.support.people import PASSWORD, STAFF, console_of, people_at

pytestmark = [pytest.mark.browser, pytest.mark.postgres]


async def _is_sound(page: Page) -> None:
    """Show that a page can be read and used by everybody, and needs no scrolling sideways."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


async def test_a_link_a_password_and_a_second_factor(browser: Browser, database: str) -> None:
    async with open_company(database) as company:
        await company.settle_down()
        await company.report(None, *STAFF, branch="HQ")
        people = people_at(company)
        await people.accounts.make("HQ-M1", "test")
        link = await people.accounts.link("HQ-M1", "test")
        async with (
            serving(company, console_of(company, people)) as served,
            visit(browser, served, "zh-CN", width=390) as visitor,
        ):
            page = visitor.page
            await visitor.goto(f"/link/{link}")
            await _is_sound(page)
            await page.get_by_label("新密码").fill(PASSWORD)
            await page.get_by_role("button", name="设置密码").click()
            await expect(page.get_by_role("status")).to_contain_text("密码已设置")
            await _is_sound(page)
            await page.get_by_label("密码", exact=True).fill(PASSWORD)
            await page.get_by_role("button", name="登录").click()
            await expect(page).to_have_url(re.compile("/users$"))
            await _is_sound(page)

            await visitor.goto("/me")
            await _is_sound(page)
            await page.get_by_role("button", name="设置第二重验证").click()
            await expect(page.get_by_role("img", name="密钥二维码").locator("svg")).to_be_visible()
            await _is_sound(page)
            shown = await page.locator("#secret").inner_text()
            totp = pyotp.TOTP(shown.replace(" ", ""))
            await page.get_by_label("六位验证码").fill(totp.at(company.clock.now()))
            await page.get_by_role("button", name="确认").click()
            await expect(page.locator(".codes li")).to_have_count(10)
            await _is_sound(page)
            recovery = await page.locator(".codes li").first.inner_text()

            await visitor.goto("/me")
            await page.get_by_role("button", name="全部退出登录").click()
            await expect(page).to_have_url(re.compile("/log-in$"))
            await page.get_by_label("工号").fill("HQ-M1")
            await page.get_by_label("密码", exact=True).fill(PASSWORD)
            await page.get_by_role("button", name="登录").click()
            await expect(page.get_by_role("alert")).to_contain_text("验证码有误")
            await page.get_by_label("密码", exact=True).fill(PASSWORD)
            await page.get_by_label("动态验证码").fill(recovery)
            await page.get_by_role("button", name="登录").click()
            await expect(page).to_have_url(re.compile("/users$"))
            assert await visitor.violations() == []
            assert all("422" in complaint for complaint in visitor.complaints), visitor.complaints
