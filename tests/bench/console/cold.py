"""The overview in a browser that has never seen it: when it first paints, and what comes over."""

from __future__ import annotations

import asyncio
from statistics import median

from msgspec import Struct
from playwright.async_api import Browser, Request, async_playwright

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE_S = 30.0
_PAINT = "performance.getEntriesByName('first-contentful-paint').map((e) => e.startTime)[0] ?? -1"


class Cold(Struct, frozen=True, kw_only=True):
    """The medians of some visits, each by a browser without a cache."""

    first_paint_ms: float
    least_ms: float
    most_ms: float
    kb: float  # with headers, without the stream that stays open
    requests: int


async def cold(port: int, chromium: str, visits: int) -> Cold:
    """Visit the overview; the first visit, which warms the server, does not count."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        found = [await _visit(browser, port) for _ in range(visits + 1)][1:]
        await browser.close()
    paints = [one[0] for one in found]
    return Cold(
        first_paint_ms=round(median(paints), 1),
        least_ms=round(min(paints), 1),
        most_ms=round(max(paints), 1),
        kb=round(median(one[1] for one in found) / 1e3, 1),
        requests=max(one[2] for one in found),
    )


async def _visit(browser: Browser, port: int) -> tuple[float, int, int]:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1360, "height": 900})
    page = await context.new_page()
    finished: list[Request] = []

    def note(request: Request) -> None:
        finished.append(request)

    page.on("requestfinished", note)
    await page.goto(f"http://127.0.0.1:{port}/", wait_until="load")
    async with asyncio.timeout(_PATIENCE_S):
        # Asked from here: what waits within the page evaluates text, which its policy forbids.
        while (paint := float(await page.evaluate(_PAINT))) < 0:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
    size = 0
    for request in tuple(finished):
        sizes = await request.sizes()
        size += sizes["responseBodySize"] + sizes["responseHeadersSize"]
    count = len(finished)
    await context.close()
    return paint, size, count
