"""Who was shown the name of whom is kept, beside the page, and listed for auditors."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest
from starlette.requests import Request

from events.cases.terms import native_case_id
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.customer import CustomerRegistered
from services.console.app import create_console
from services.people.look_events import PERIOD, LookEvents
from services.people.looks import Looks
from services.people.principal import Principal, Right, Scope
from tests.support.console import RULES, Company, open_company

pytestmark = pytest.mark.postgres

CLERK = Principal(
    "SH-S1", Scope(frozenset({"SH"})), frozenset({Right.SEE_CUSTOMERS, Right.SEE_PERSONS})
)
AUDITOR = Principal("HQ-A1", rights=frozenset({Right.SEE_CUSTOMERS, Right.AUDIT}))
PEOPLE = {one.staff_id: one for one in (CLERK, AUDITOR)}


class Badge:
    """Lets in whom a header names."""

    async def principal_of(self, request: Request) -> Principal:
        return PEOPLE[request.headers["x-staff"]]


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.report(None, *RULES, branch="HQ")
        for customer, personal in (
            ("C-1", {"name": "王小明"}),
            ("C-2", {"name": "李四"}),
            ("C-3", None),
        ):
            await company.report(customer, CustomerRegistered(home_branch="SH"), personal=personal)
        await company.project()
        yield company


@pytest.fixture
async def client(company: Company) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_console(company.platform, doorkeeper=Badge())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    await app.state.console.looks.close()


async def looked(client: httpx2.AsyncClient, path: str, who: Principal = CLERK) -> httpx2.Response:
    return await client.get(path, headers={"x-staff": who.staff_id, "accept-language": "en"})


async def listed(client: httpx2.AsyncClient, least: int, query: str = "") -> list[tuple[str, ...]]:
    """Return who looked at whom and where, once so many looks are kept."""
    while True:
        answer = await looked(client, f"/api/v1/audit/looks{query}", AUDITOR)
        found: list[tuple[str, ...]] = [
            (one["staff"], one["customer"], one["page"]) for one in answer.json()["looks"]
        ]
        if len(found) >= least:
            return found
        await asyncio.sleep(0.05)


async def test_a_look_is_kept_once_for_a_person_and_some_minutes(
    company: Company, client: httpx2.AsyncClient
) -> None:
    for path in ("/customers/C-1", "/customers/C-1", "/customers/C-2", "/customers/C-3"):
        assert (await looked(client, path)).status_code == 200
    page = "/customers/{customer}"
    assert await listed(client, 2) == [("SH-S1", "C-2", page), ("SH-S1", "C-1", page)]
    [told] = await company.platform.pool.fetch("SELECT string_agg(looks::text, ' ') FROM looks")
    assert "王小明" not in told[0]


async def test_who_is_shown_no_name_has_looked_at_nobody(client: httpx2.AsyncClient) -> None:
    await looked(client, "/customers/C-1", AUDITOR)
    await looked(client, "/customers/C-2")
    assert [one[:2] for one in await listed(client, 1)] == [("SH-S1", "C-2")]


async def test_an_auditor_filters_and_takes_the_list_along(client: httpx2.AsyncClient) -> None:
    await looked(client, "/customers/C-1")
    await looked(client, "/customers/C-2")
    await listed(client, 2)
    assert [one[1] for one in await listed(client, 1, "?customer=C-1")] == ["C-1"]
    assert await listed(client, 0, "?staff=SH-S2") == []
    # The company's day is Shanghai's 20 March.
    assert len(await listed(client, 0, "?from=2026-03-20&to=2026-03-20")) == 2
    assert await listed(client, 0, "?to=2026-03-19") == []
    page = await looked(client, "/audit/looks?customer=C-2", AUDITOR)
    assert "Page of the customer" in page.text
    assert "C-1" not in page.text
    file = await looked(client, "/audit/looks.csv?customer=C-2", AUDITOR)
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert rows[0] == ["When", "Who looked", "Customer", "Page"]
    assert [row[1:3] for row in rows[1:]] == [["SH-S1", "C-2"]]


async def test_an_auditor_finds_looks_of_which_the_log_alone_tells(
    company: Company, client: httpx2.AsyncClient
) -> None:
    told = LookEvents(company.platform)
    await looked(client, "/customers/C-1")
    company.clock.move(PERIOD)
    assert await told.tell() == 1
    assert await told.let_go(company.clock.now()) == 1
    assert await company.platform.pool.fetchval("SELECT count(*) FROM looks") == 0
    await looked(client, "/customers/C-2")
    assert [one[1] for one in await listed(client, 2)] == ["C-2", "C-1"]
    assert [one[1] for one in await listed(client, 1, "?limit=1")] == ["C-2"]
    assert [one[1] for one in await listed(client, 1, "?customer=C-1")] == ["C-1"]
    page = await looked(client, "/audit/looks?customer=C-1", AUDITOR)
    assert "Page of the customer" in page.text


async def test_looks_are_for_auditors_alone(client: httpx2.AsyncClient) -> None:
    for path in ("/audit/looks", "/audit/looks.csv", "/api/v1/audit/looks"):
        assert (await looked(client, path)).status_code == 403


async def test_nobody_changes_or_removes_a_look_before_the_log_has_it(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await looked(client, "/customers/C-1")
    told = LookEvents(company.platform)
    company.clock.move(PERIOD)
    for changes in range(3):
        for change in ("DELETE FROM looks", "UPDATE looks SET page = '/'", "TRUNCATE looks"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await company.platform.pool.execute(change)
        if changes == 0:
            assert await told.tell() == 1
        elif changes == 1:
            with pytest.raises(asyncpg.RestrictViolationError):
                await company.platform.pool.execute("DELETE FROM look_events")


async def test_a_page_shows_nobody_before_it_is_kept_and_none_is_lost(
    company: Company, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: Looks = client._transport.app.state.console.looks  # type: ignore[attr-defined]
    pool = company.platform.pool

    class Away:
        async def execute(self, statement: str, *parameters: object) -> None:
            raise ConnectionRefusedError

    monkeypatch.setattr(looks, "_pool", Away())
    away = await looked(client, "/customers/C-1")
    assert away.status_code == 503
    assert "王小明" not in away.text
    assert await looked(client, "/customers/C-3") is not None  # shows nobody
    monkeypatch.setattr(looks, "_pool", pool)
    assert "王小明" in (await looked(client, "/customers/C-1")).text
    rows = await pool.fetch("SELECT DISTINCT customer_id FROM looks ORDER BY 1")
    assert [row[0] for row in rows] == ["C-1"]


async def test_words_of_a_case_are_looked_at_too_where_the_customer_has_no_name(
    company: Company, client: httpx2.AsyncClient
) -> None:
    filed = ComplaintFiled(severity="urgent", department="service", agent="agent-7")
    said = {"text": "rang from her neighbour, Mrs Liu"}
    await company.report("C-3", filed, personal=said)
    case = native_case_id(company.last_event_id)
    await company.project()
    page = await looked(client, f"/cases/{case}")
    assert "Mrs Liu" in page.text
    assert await listed(client, 1) == [("SH-S1", "C-3", "/cases/{case}")]
