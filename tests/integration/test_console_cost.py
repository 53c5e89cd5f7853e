"""What a page costs, by counts: what it asks the database, and what comes over to a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import asyncpg
import httpx2
import pytest

from services.console.app import create_console
from services.console.overview.panels import PANELS
from tests.support.console import open_company

pytestmark = pytest.mark.postgres

COLD_BYTES = 60_000
_HEADERS_OF_ONE = 900
"""What the headers of one request's answer come to, security policy included, and some more."""

STATEMENTS = {
    "/receivables": 9,
    "/receivables?branch=SH": 9,
    "/alerts": 8,
    "/alerts/journal": 6,
    "/cases": 12,
    "/cases?department=service": 10,
    "/cases/owners": 6,
    "/cases/deadlines": 6,
    "/customers": 10,
    "/credit": 12,
    "/service": 10,
    "/branches": 15,  # one of them what waits in the quarantine
    "/search?q=nobody": 11,
    "/search/suggest?q=nobody": 11,
}
"""By page: what begins and ends the look, how far the rows are, the page's own questions."""


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.tell_of_value()
        await company.tell_of_credit()
        await company.tell_of_cases()
        transport = httpx2.ASGITransport(app=create_console(company.platform))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"Accept-Encoding": "gzip"}
        ) as client:
            yield client


@contextmanager
def asked_of_the_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note every statement that is sent meanwhile."""
    statements: list[str] = []
    with monkeypatch.context() as patched:
        for name in ("execute", "fetch", "fetchrow", "fetchval", "executemany"):
            original = getattr(asyncpg.Connection, name)

            async def noted(
                self: object, query: str, *given: object, _as: object = original, **how: object
            ) -> object:
                statements.append(query)
                return await _as(self, query, *given, **how)  # type: ignore[operator]

            patched.setattr(asyncpg.Connection, name, noted)
        yield statements


async def test_pages_ask_the_database_no_more_than_they_need(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for path in STATEMENTS:
        await client.get(path)  # what is asked for once, such as keys
        with asked_of_the_database(monkeypatch) as statements:
            answer = await client.get(path)
        assert answer.status_code == 200, path
        found[path] = len([one for one in statements if "INSERT INTO looks" not in one])
    assert {path: n for path, n in found.items() if n > STATEMENTS[path]} == {}
    assert sum(found.values()) > 60, "statements are seen"


async def test_the_overview_comes_cold_in_little(client: httpx2.AsyncClient) -> None:
    sizes = {}
    async with client.stream("GET", "/overview") as page:
        markup = b"".join([part async for part in page.aiter_raw()])
        assert page.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in page.headers["vary"]
    sizes["/overview"] = len(markup)
    text = (await client.get("/overview")).text
    assert all(f'id="panel-{name}"' in text for name in PANELS)
    for path in dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+)"', text)):
        async with client.stream("GET", path) as file:
            sizes[path] = sum([len(part) async for part in file.aiter_raw()])
            assert "immutable" in file.headers["cache-control"], "and never again"
    assert len(sizes) >= 5, sizes
    assert sum(sizes.values()) + _HEADERS_OF_ONE * (len(sizes) + 1) < COLD_BYTES, sizes


@pytest.mark.parametrize(
    ("path", "packed"),
    [("/alerts", True), ("/alerts?kind=overdue", False), ("/customers/nobody", False)],
)
async def test_what_says_an_address_again_is_not_packed(
    client: httpx2.AsyncClient, path: str, packed: bool
) -> None:
    answer = await client.get(path)
    assert ("content-encoding" in answer.headers) == packed
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == answer.headers["vary"]
