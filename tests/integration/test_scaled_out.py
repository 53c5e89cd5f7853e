"""Two gateways and two consoles on one database: whichever a request reaches, it is the same."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest
from starlette.types import Message

from services.console.app import create_console, end_streams
from services.gateway.http import create_gateway
from services.intake.keys import Keys
from tests.support.console import Company, invoice, open_company, payment_of
from tests.support.gateway import BATCH, BRANCH, Json, payment_event
from tests.support.people import STAFF, Browser, console_of, people_at, with_password

pytestmark = pytest.mark.postgres

Pair = tuple[Company, Company]


@pytest.fixture
async def pair(database: str) -> AsyncIterator[Pair]:
    async with open_company(database) as first, open_company(database) as second:
        await first.settle_down()
        await first.report(None, *STAFF, branch="HQ")
        yield first, second


async def test_an_event_sent_to_both_gateways_at_once_is_taken_once(pair: Pair) -> None:
    platform = pair[0].platform
    _, token = await Keys(platform.pool, platform.clock).create(BRANCH)
    headers = {"authorization": f"Bearer {token}", "content-type": BATCH}
    before = sum((await platform.log.heads()).counts)

    async def published(company: Company, events: list[Json]) -> Counter[str]:
        transport = httpx2.ASGITransport(app=create_gateway(company.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.post("/api/v1/events", json=events, headers=headers)
            return Counter(one["status"] for one in answer.json()["results"])

    events = [payment_event(number) for number in range(1, 21)]
    each = await asyncio.gather(*(published(company, events) for company in pair))
    assert each[0] + each[1] == {"accepted": 20, "duplicate": 20}
    assert sum((await platform.log.heads()).counts) == before + 20


async def test_who_logs_in_at_one_console_is_in_at_the_other_and_out_of_both(pair: Pair) -> None:
    people = [people_at(company) for company in pair]
    await with_password(people[0], "HQ-H1")
    consoles = [console_of(*both) for both in zip(pair, people, strict=True)]
    one, other = (Browser(console) for console in consoles)
    await one.log_in("HQ-H1")
    other.client.cookies.update(one.client.cookies)
    assert await one.is_in()
    assert await other.is_in()
    await other.post("/log-out")
    assert not await one.is_in()


async def test_a_list_goes_on_at_the_other_console(pair: Pair) -> None:
    for number in range(1, 4):
        await pair[0].report("C-9", invoice(f"N-{number}", 1_000 * number, date(2026, 2, number)))
    await pair[0].project()
    items: list[str] = []
    address = "/api/v1/receivables/items?limit=1"
    for turn in range(100):
        transport = httpx2.ASGITransport(app=create_console(pair[turn % 2].platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        items += [item["item"] for item in answer.json()["items"]]
        if "next" not in answer.links:
            break
        address = answer.links["next"]["url"]
    assert len(items) == len(set(items)) > 3
    assert {f"N-{number}" for number in range(1, 4)} <= set(items)


async def test_what_one_console_showed_is_followed_at_the_other(pair: Pair) -> None:
    """A stream that begins at one page of the first goes on at the second."""
    first, second = pair
    transport = httpx2.ASGITransport(app=create_console(first.platform))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        page = (await client.get("/")).text
    [address] = re.findall(r'hx-sse:connect="([^"]+)"', page)
    app = create_console(second.platform)
    chunks: list[bytes] = []

    async def send(message: Message) -> None:
        chunks.append(message.get("body", b""))
        if b"id:" in chunks[-1]:
            end_streams(app)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await first.report("C-1", payment_of("A", 100_000))
    await first.project()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/live/overview",
        "raw_path": b"/live/overview",
        "query_string": address.replace("&amp;", "&").split("?")[1].encode(),
        "headers": [(b"host", b"localhost")],
        "scheme": "http",
    }
    await asyncio.wait_for(app(scope, receive, send), 30)
    assert b"ageing" in b"".join(chunks)
