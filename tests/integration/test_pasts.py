"""The company as of a past instant: walked once, kept, and what all pages then show."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import httpx2
import pytest

from events.envelope import BranchId
from events.money import Money
from events.touchpoints.payment import PaymentReceived
from projections import PROJECTIONS
from services.console.app import create_console
from services.people.principal import OpenDoor, Principal, Right, Scope
from services.rebuild.pasts import KEPT, Pasts
from services.rows.row_tables import tables_of
from tests.support.console import Company, local, open_company

pytestmark = pytest.mark.postgres

EN = {"accept-language": "en"}


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.tell_of_cases()
        yield company


@pytest.fixture
async def client(company: Company) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_console(company.platform))
    headers = {"Sec-Fetch-Site": "same-origin", **EN}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as client:
        yield client


async def rows(company: Company, schema: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows and sums of a schema, as they lie there."""
    found = {}
    names = [table.name for one in PROJECTIONS for table in tables_of(one).values()]
    for name in (*names, "totals"):
        lines = await company.platform.pool.fetch(f"SELECT * FROM {schema}.{name}")
        found[name] = sorted((tuple(line.values()) for line in lines), key=repr)
    found["totals"] = [one for one in found["totals"] if one[-1] or one[-2]]
    return found


async def test_the_past_of_this_very_instant_is_the_live_rows(company: Company) -> None:
    pasts = Pasts(company.platform)
    now = company.clock.now()
    past = await pasts.ask_for(now.isoformat(), "", "S-1")
    assert await pasts.walk_next()
    assert not await pasts.walk_next(), "nothing else waits"
    live = await company.platform.pool.fetchval("SELECT current_schema()")
    assert await rows(company, past.schema) == await rows(company, live)
    alerts = "SELECT alert_id FROM {}.alerts ORDER BY 1"
    assert await company.platform.pool.fetch(alerts.format(past.schema))
    assert await company.platform.pool.fetch(
        alerts.format(past.schema)
    ) == await company.platform.pool.fetch(alerts.format(live))


async def test_a_past_day_is_walked_when_asked_for_and_shown_on_every_page(
    company: Company, client: httpx2.AsyncClient
) -> None:
    page = "/receivables?overdue=true&as_of=2026-03-10"
    offered = await client.get(page)
    assert offered.status_code == 202
    assert "Look at every customer" in offered.text
    back = re.findall(r'name="back" value="([^"]+)"', offered.text)
    sent = await client.post("/past", data={"as_of": "2026-03-10", "back": unescape(back[0])})
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    under_way = await client.get(page)
    assert under_way.status_code == 202
    assert "<progress" in under_way.text
    console = Pasts(company.platform)
    assert await console.walk_next()

    shown = (await client.get(page)).text
    live = (await client.get("/receivables?overdue=true")).text
    # Of all that is due since, A alone was: for 35 days.
    assert re.search(r">35</a>", shown)
    assert 'data-label="Item">B</td>' in live
    assert 'data-label="Item">B</td>' not in shown
    assert "The company as it was" in shown
    assert 'class="then"' in shown
    assert "/do/many" not in shown, "nothing is done to what is over"
    for path in ("/overview", "/customers", "/cases", "/alerts", "/branches", "/service",
                 "/credit", "/cases/owners", "/cases/deadlines"):  # fmt: skip
        then = await client.get(path, params={"as_of": "2026-03-10"})
        assert then.status_code == 200, path
        assert "The company as it was" in then.text, path
        now = await client.get(path)
        assert "The company as it was" not in now.text, path
    assert "This page shows now alone" in (await client.get("/imports?as_of=2026-03-10")).text
    overview = (await client.get("/overview?as_of=2026-03-10")).text
    for address in re.findall(r'data-explain href="(/[^"]*)"', overview):
        assert "as_of=2026-03-10" in address, "a figure leads to what it counted then"
    assert '<input type="hidden" name="as_of" value="2026-03-10">' in shown.split("<main")[1]
    for listed, file in (("/customers", "/customers.csv"), ("/service", "/service/compliance.csv")):
        of_now, of_then = [
            (await client.get(file, params=asked)).text for asked in ({}, {"as_of": "2026-03-10"})
        ]
        assert of_now != of_then, f"{file} is of the instant that {listed} shows"
    assert (await client.get("/customers.csv?as_of=2026-03-09")).status_code == 202


async def test_what_was_recorded_later_is_left_out_as_known_and_counts_as_of(
    company: Company, client: httpx2.AsyncClient
) -> None:
    before = company.clock.now()
    late = PaymentReceived(payment_id="P-late", amount=Money(100_000, "CNY"), invoice_ids=("A",))
    company.clock.at = local("2026-03-21T10:00")
    await company.report("C-1", late, at=local("2026-03-15T10:00"))
    await company.project()
    for known in ("", before.isoformat()):
        asked = {"as_of": local("2026-03-16T10:00").isoformat()} | (
            {"as_known": known} if known else {}
        )
        await client.post("/past", data=asked | {"back": "/receivables"})
        while await Pasts(company.platform).walk_next():
            pass
        page = (await client.get("/receivables", params=asked)).text
        assert ("1,000.00" in page) == bool(known), asked


async def test_a_branch_sees_no_past_of_the_company(company: Company) -> None:
    class AtTheBranch(OpenDoor):
        async def principal_of(self, request: object) -> Principal:
            return Principal("S-9", Scope(frozenset({BranchId("SH")})), frozenset(Right))

    app = create_console(company.platform, doorkeeper=AtTheBranch())
    transport = httpx2.ASGITransport(app=app)
    headers = {"Sec-Fetch-Site": "same-origin", **EN}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as client:
        page = await client.get("/receivables?as_of=2026-03-10")
        assert page.status_code == 200
        assert "This page shows now alone" in page.text
        assert (await client.post("/past", data={"as_of": "2026-03-10"})).status_code == 403


async def test_a_past_on_which_the_platform_fails_keeps_none_behind_it_waiting(
    company: Company, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pasts = Pasts(company.platform)
    for day in ("2026-03-10", "2026-03-11"):
        await pasts.ask_for(day, "", "S-1")
        company.clock.move(timedelta(seconds=1))
    with monkeypatch.context() as patched:
        patched.setattr("services.rebuild.pasts.make_tables", lambda connection, schema: 1 // 0)
        assert await pasts.walk_next()
    assert await pasts.walk_next()
    assert "It could not be told." in (await client.get("/receivables?as_of=2026-03-10")).text
    assert (await client.get("/receivables?as_of=2026-03-11")).status_code == 200


async def test_of_many_pasts_those_looked_at_last_are_kept(company: Company) -> None:
    pasts = Pasts(company.platform)
    days = [f"2026-03-{day:02}" for day in range(1, KEPT + 3)]
    for day in days:
        company.clock.move(timedelta(minutes=1))
        await pasts.ask_for(day, "", "S-1")
        assert await pasts.walk_next()
    kept = await company.platform.pool.fetch("SELECT as_of FROM pasts ORDER BY as_of")
    assert [row["as_of"] for row in kept] == days[-KEPT:]
    schemas = await company.platform.pool.fetch(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'past\\_%'"
    )
    assert len(schemas) == KEPT
