"""A served console over a small company, and pages of Chromium that keep what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from services.console.app import create_console, end_streams
from tests.support.console import Company, open_company

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Served:
    """A console that is served, and the company that it shows."""

    company: Company
    url: str
    server: uvicorn.Server
    task: asyncio.Task[None]

    async def stop(self) -> None:
        """Stop the server as `touchstone serve` does."""
        end_streams(self.server.config.app)  # type: ignore[arg-type]
        self.server.should_exit = True
        await self.task


@dataclass
class Visitor:
    """A browser's page and everything it complained of."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    async def goto(self, path: str) -> None:
        await self.page.goto(path)

    async def violations(self) -> list[str]:
        """Return what the content security policy refused on the page shown."""
        found: list[str] = await self.page.evaluate("window.violations")
        return found


@pytest.fixture
async def served(database: str) -> AsyncIterator[Served]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.tell_of_value()
        await company.tell_of_cases()
        async with serving(company, create_console(company.platform)) as served:
            yield served


@contextlib.asynccontextmanager
async def serving(company: Company, app: FastAPI) -> AsyncIterator[Served]:
    """Serve a company's console on a port of its own."""
    server = _Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    served = Served(company, f"http://127.0.0.1:{port}", server, task)
    yield served
    await served.stop()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        await browser.close()


@contextlib.asynccontextmanager
async def visit(
    browser: Browser, served: Served, language: str, *, width: int = 1360, scripts: bool = True
) -> AsyncIterator[Visitor]:
    """Give a new visitor, with no cookies, who prefers a language."""
    context = await browser.new_context(
        base_url=served.url,
        locale=language,
        viewport={"width": width, "height": 900},
        java_script_enabled=scripts,
    )
    await context.add_init_script(_NOTE_VIOLATIONS)
    page = await context.new_page()
    visitor = Visitor(page, context)
    page.on("pageerror", lambda error: visitor.complaints.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            visitor.complaints.append(f"{message.type}: {message.text}")
            if message.type in {"error", "warning"}
            else None
        ),
    )
    yield visitor
    await context.close()
