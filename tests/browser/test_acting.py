"""Keys, conflicts and forms in a real browser, as those who work on cases all day meet them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.async_api import Browser, Page, expect

from services.console.app import create_console, end_streams
from tests.support import acting as support
from tests.support.acting import ByHeader, Counter, open_counter
from tests.support.casework import CLERK, COLLEAGUE, OWNER
from tests.support.postgres import fresh_database

pytestmark = [pytest.mark.postgres, pytest.mark.browser]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Office:
    """A served console, and what its company's rows are brought up to date by."""

    counter: Counter
    url: str
    browser: Browser

    @contextlib.asynccontextmanager
    async def desk_of(self, staff: str, *, scripts: bool = True) -> AsyncIterator[Page]:
        """Give the page of somebody who works there."""
        context = await self.browser.new_context(
            base_url=self.url, locale="en", java_script_enabled=scripts
        )
        await context.add_cookies([{"name": "staff", "value": staff, "url": self.url}])
        yield await context.new_page()
        await context.close()


@contextlib.asynccontextmanager
async def projecting(counter: Counter) -> AsyncIterator[None]:
    """Keep the rows up to date meanwhile, so that writers see what they wrote."""

    async def go_on() -> None:
        while True:
            await counter.catch_up()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


counters = support.counters


@pytest.fixture
async def office(postgres_server: str, counters: str, browser: Browser) -> AsyncIterator[Office]:
    async with fresh_database(postgres_server, counters) as dsn, open_counter(dsn) as counter:
        app = create_console(counter.desk.platform, doorkeeper=ByHeader(counter.desk.platform))
        server = _Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
        task = asyncio.create_task(server.serve())
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with projecting(counter):
            yield Office(counter, f"http://127.0.0.1:{port}", browser)
        end_streams(app)
        server.should_exit = True
        await task


async def test_a_case_is_worked_on_by_keys_alone(office: Office) -> None:
    case = await office.counter.desk.case()
    await office.counter.catch_up()
    async with office.desk_of(OWNER) as page:
        await page.goto("/cases?department=service")
        await page.keyboard.press("j")
        await expect(page.locator("a[data-row]")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{office.url}/cases/{case}?list=department%3Dservice")
        await page.keyboard.press("n")
        note = page.get_by_label("Note (kept sealed)")
        await expect(note).to_be_focused()
        await page.keyboard.type("jkn? is no key here")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Done: Write a note.")
        await expect(page.locator("blockquote")).to_have_text("jkn? is no key here")
        await page.keyboard.press("s")
        await expect(page.get_by_role("link", name="Resolve")).to_be_focused()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_contain_text("Hand on to a department")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
    async with office.desk_of(CLERK) as page:
        await page.goto("/cases?department=service")
        await page.keyboard.press("c")
        await expect(page).to_have_url(f"{office.url}/create")


async def test_who_was_faster_is_told_plainly_and_nothing_typed_is_lost(office: Office) -> None:
    case = await office.counter.desk.case()
    await office.counter.catch_up()
    async with office.desk_of(OWNER) as mine, office.desk_of(COLLEAGUE) as others:
        await mine.goto(f"/cases/{case}")
        await mine.keyboard.press("h")
        await mine.get_by_label("Department").select_option("logistics")
        await mine.get_by_label("What is to be done").fill("fetch it")
        await mine.get_by_label("Working minutes until it is due").fill("60")
        await others.goto(f"/cases/{case}")
        await others.keyboard.press("t")
        await expect(others.get_by_role("status")).to_contain_text("Done: Take over.")
        await others.goto(f"/do/cases/{case}/assign")
        await others.get_by_label("Member of staff").select_option(OWNER)
        await others.get_by_role("button", name="Assign").click()
        await mine.get_by_role("button", name="Hand on to a department").click()
        alert = mine.get_by_role("alert")
        await expect(alert).to_contain_text("Somebody was faster.")
        await expect(alert).to_contain_text(COLLEAGUE)
        await expect(mine.get_by_label("What is to be done")).to_have_value("fetch it")
        await mine.get_by_role("button", name="Do it on what is there now").click()
        await expect(mine.get_by_role("status")).to_contain_text("Done: Hand on to a department.")
        await expect(mine.locator(".stages")).to_contain_text("fetch it")


async def test_all_of_it_works_without_scripts(office: Office) -> None:
    case = await office.counter.desk.case()
    await office.counter.catch_up()
    async with office.desk_of(OWNER, scripts=False) as page:
        await page.goto(f"/cases/{case}")
        await page.get_by_role("link", name="Hand on to a department").click()
        await page.get_by_label("Department").select_option("sales")
        await page.get_by_label("What is to be done").fill("price it")
        await page.get_by_label("Working minutes until it is due").fill("60")
        await page.get_by_role("button", name="Try first").click()
        await expect(page.get_by_role("status")).to_contain_text("Only tried: nothing was done.")
        await expect(page.locator("table.difference")).to_contain_text("price it")
        assert await office.counter.desk.version(case) == 2
        await page.get_by_role("button", name="Hand on to a department").click()
        await expect(page.locator(".stages")).to_contain_text("price it")
