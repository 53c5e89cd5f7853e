"""The read API over real rows."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from events.envelope import PositionVector
from events.partitioning import REFERENCE_PARTITION
from events.touchpoints.payment import DunningNoticeSent
from projections import PROJECTIONS
from services.console.app import create_console
from services.console.receivables.ageing import ageing, balances_by_branch
from services.console.shared import waiting
from services.console.shared.freshness import freshness
from services.people.principal import ANYBODY
from tests.support.chinese import assert_chinese
from tests.support.console import Company, invoice, open_company, payment_of

pytestmark = pytest.mark.postgres

ITEMS = "/api/v1/receivables/items"
AGEING = "/api/v1/receivables/ageing"


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        yield company


@pytest.fixture
async def client(company: Company) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_console(company.platform))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def get(client: httpx2.AsyncClient, path: str, **parameters: object) -> dict[str, Any]:
    answer = await client.get(path, params={k: str(v) for k, v in parameters.items()})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def amounts(document: dict[str, Any], currency: str = "CNY") -> list[int]:
    [one] = [one for one in document["currencies"] if one["currency"] == currency]
    return [bucket["amount"]["minor"] for bucket in one["buckets"]]


def names(document: dict[str, Any]) -> list[str]:
    return [item["item"] for item in document["items"]]


async def test_ageing_counts_each_branch_from_its_own_today(client: httpx2.AsyncClient) -> None:
    # B and C fall due on 19 March: yesterday in Shanghai, today in New York.
    document = await get(client, AGEING)
    assert amounts(document) == [70_000, 50_000, 100_000, 0, 0, 30_000]
    assert amounts(document, "USD") == [5_000, 0, 0, 0, 0, 0]


async def test_ageing_tells_what_is_overdue_lost_and_how_long_money_is_out(
    client: httpx2.AsyncClient,
) -> None:
    first = (await get(client, AGEING))["currencies"][0]
    assert first["outstanding"] == {"minor": 250_000, "currency": "CNY"}
    assert first["overdue"]["minor"] == 180_000
    assert first["overdue_share"] == "0.7200"
    assert first["provision"]["minor"] == 500 + 5_000 + 15_000
    assert first["invoiced_90_days"]["minor"] == 250_000
    assert first["dso_90_days"] == "90.0000"


async def test_ageing_of_one_branch(client: httpx2.AsyncClient) -> None:
    assert amounts(await get(client, AGEING, branch="NY")) == [70_000, 0, 0, 0, 0, 0]


async def test_the_work_list_shows_the_oldest_first(client: httpx2.AsyncClient) -> None:
    document = await get(client, ITEMS)
    assert names(document) == ["E", "A", "B", "C", "D"]
    assert [item["days_past_due"] for item in document["items"]] == [170, 45, 1, 0, -43]
    assert document["count"] == 5
    assert not document["count_is_capped"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"bucket": 0}, ["C", "D"]),
        ({"bucket": 1}, ["B"]),
        ({"bucket": 5}, ["E"]),
        ({"branch": "NY"}, ["C", "D"]),
        ({"currency": "USD"}, ["D"]),
        ({"disputed": "true"}, ["E"]),
        ({"disputed": "false", "branch": "SH"}, ["A", "B"]),
        ({"held": "true"}, ["E"]),
        ({"promised": "true"}, []),
        ({"level": 2}, ["A"]),
        ({"sort": "level"}, ["A", "E", "B", "C", "D"]),
        ({"sort": "amount", "currency": "CNY"}, ["A", "C", "B", "E"]),
    ],
)
async def test_the_work_list_filters_and_sorts(
    company: Company, client: httpx2.AsyncClient, wanted: dict[str, object], found: list[str]
) -> None:
    await company.report(
        "C-1",
        DunningNoticeSent(invoice_id="A", level=1),
        DunningNoticeSent(invoice_id="A", level=2),
    )
    await company.project()
    document = await get(client, ITEMS, **wanted)
    assert names(document) == found
    assert document["count"] == len(found)


@pytest.mark.parametrize("sort", ["overdue", "level", "amount"])
async def test_pages_follow_each_other_without_gap_or_repeat(
    company: Company, client: httpx2.AsyncClient, sort: str
) -> None:
    many = [invoice(f"M-{i}", 1_000, date(2026, 3, 1 + i % 3)) for i in range(11)]
    await company.report("C-4", *many)
    await company.project()
    whole = names(await get(client, ITEMS, sort=sort, currency="CNY", limit=200))
    seen: list[str] = []
    following: str | None = f"{ITEMS}?sort={sort}&currency=CNY&limit=4"
    while following is not None:
        answer = await client.get(following)
        seen += names(answer.json())
        following = answer.links["next"]["url"] if "next" in answer.links else None
    assert seen == whole
    assert len(seen) == 15


@pytest.mark.parametrize(
    ("path", "parameter", "value"),
    [
        (ITEMS, "limit", "0"),
        (ITEMS, "limit", "many"),
        (ITEMS, "bucket", "6"),
        (ITEMS, "bucket", "-1"),
        (ITEMS, "branch", "\x00"),
        (ITEMS, "branch", ""),
        (ITEMS, "currency", "yuan"),
        (ITEMS, "level", "9"),
        (ITEMS, "disputed", "perhaps"),
        (ITEMS, "sort", "colour"),
        (ITEMS, "cursor", "abc"),
        (ITEMS, "cursor", "ü"),
        (ITEMS, "nonsense", "1"),
        (ITEMS, "at_least", "x"),
        (AGEING, "branch", "a" * 121),
        (AGEING, "at_least", "kgGd"),
        ("/api/v1/alerts", "kind", "odd"),
        ("/api/v1/alerts", "customer", "\n"),
        ("/api/v1/alerts", "cursor", "AAAA"),
        ("/api/v1/alerts/journal", "cursor", "????"),
        ("/api/v1/freshness", "limit", "1"),
    ],
)
async def test_a_bad_parameter_is_named(
    client: httpx2.AsyncClient, path: str, parameter: str, value: str
) -> None:
    answer = await client.get(path, params={parameter: value})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"] == parameter
    assert problem["code"] == "bad_parameter"
    assert problem["detail"]
    answer = await client.get(path, params={parameter: value}, headers={"accept-language": "zh"})
    assert answer.json()["field"] == parameter
    for name in ("title", "detail", "remedy"):
        assert_chinese(answer.json()[name])
    assert problem["remedy"]


async def test_amounts_are_sorted_within_their_currency(client: httpx2.AsyncClient) -> None:
    assert names(await get(client, ITEMS, sort="amount")) == ["A", "C", "B", "E", "D"]
    assert names(await get(client, ITEMS, sort="amount", reverse="true")) == list("DEBCA")


async def test_a_cursor_serves_only_the_query_it_came_from(client: httpx2.AsyncClient) -> None:
    cursor = (await get(client, ITEMS, limit=1))["next"]
    answer = await client.get(ITEMS, params={"cursor": cursor, "branch": "SH"})
    assert answer.status_code == 400
    tampered = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert (await client.get(ITEMS, params={"cursor": tampered})).status_code == 400


async def test_an_unchanged_answer_is_not_sent_twice(
    company: Company, client: httpx2.AsyncClient
) -> None:
    first = await client.get(ITEMS)
    held = {"If-None-Match": first.headers["etag"]}
    again = await client.get(ITEMS, headers=held)
    assert again.status_code == 304
    assert again.content == b""
    await company.report("C-1", payment_of("A", 100))
    await company.project()
    assert (await client.get(ITEMS, headers=held)).status_code == 200
    company.clock.move(timedelta(days=1))
    later = await client.get(AGEING)
    assert later.headers["etag"] != first.headers["etag"]


async def test_every_answer_carries_its_position(
    company: Company, client: httpx2.AsyncClient
) -> None:
    heads = await company.platform.log.heads()
    for path in (AGEING, ITEMS, "/api/v1/alerts", "/api/v1/alerts/journal", "/api/v1/freshness"):
        answer = await client.get(path)
        assert answer.json()["position"] == answer.headers["touchstone-position"] == heads.token()


async def test_a_writer_reads_its_own_writes(company: Company, client: httpx2.AsyncClient) -> None:
    token = await company.report("C-1", payment_of("A", 40_000))
    asked = asyncio.create_task(get(client, AGEING, at_least=token))
    await asyncio.sleep(0.2)
    assert not asked.done()
    await company.project()
    document = await asked
    assert amounts(document)[2] == 60_000
    reflected = PositionVector.from_token(document["position"])
    assert reflected.reaches(PositionVector.from_token(token))


async def test_a_position_not_reached_in_time_asks_for_patience(
    company: Company, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.1)
    token = await company.report("C-1", payment_of("A", 1))
    answer = await client.get(AGEING, params={"at_least": token})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["code"] == "position_not_reached"


async def test_a_position_of_another_log_is_a_conflict(client: httpx2.AsyncClient) -> None:
    elsewhere = PositionVector(1, (10**6,) * (REFERENCE_PARTITION + 1)).token()
    answer = await client.get(AGEING, params={"at_least": elsewhere})
    assert answer.status_code == 409


async def test_alerts_stand_until_a_payment_withdraws_them(
    company: Company, client: httpx2.AsyncClient
) -> None:
    before = await get(client, "/api/v1/alerts", customer="C-1", kind="overdue")
    assert {alert["subject"] for alert in before["alerts"]} == {"A", "B"}
    await company.report("C-1", payment_of("A", 100_000))
    await company.project()
    after = await get(client, "/api/v1/alerts", customer="C-1", kind="overdue")
    assert [alert["subject"] for alert in after["alerts"]] == ["B"]
    journal = await get(client, "/api/v1/alerts/journal", customer="C-1", kind="overdue")
    latest = journal["entries"][0]
    assert (latest["action"], latest["subject"], latest["cause"]) == ("withdrawn", "A", "paid")
    assert latest["cause_event"] is not None


async def test_alerts_come_page_by_page(client: httpx2.AsyncClient) -> None:
    for path, key in (("/api/v1/alerts", "alerts"), ("/api/v1/alerts/journal", "entries")):
        whole = (await get(client, path))[key]
        seen: list[Any] = []
        following: str | None = f"{path}?limit=2"
        while following is not None:
            answer = await client.get(following)
            seen += answer.json()[key]
            following = answer.links["next"]["url"] if "next" in answer.links else None
        assert seen == whole
        assert len(whole) > 2


async def test_freshness_counts_what_waits(company: Company, client: httpx2.AsyncClient) -> None:
    for fresh in (await get(client, "/api/v1/freshness"))["projections"]:
        assert fresh["events_behind"] == 0
        assert fresh["seconds_behind"] == 0
    await company.report("C-1", payment_of("A", 1), payment_of("B", 1))
    company.clock.move(timedelta(seconds=42))
    late = (await get(client, "/api/v1/freshness"))["projections"]
    assert [one["projection"] for one in late] == [one.name for one in PROJECTIONS]
    for one in late:
        assert one["events_behind"] == 2
        assert one["seconds_behind"] == 42


async def test_freshness_counts_parked_and_outdated_customers(
    company: Company, client: httpx2.AsyncClient
) -> None:
    pool = company.platform.pool
    await pool.execute(
        "UPDATE projection_heads SET parked_reason = 'odd' WHERE customer_id = 'C-1'"
    )
    await pool.execute(
        "UPDATE projection_heads SET policy_count = 1 "
        "WHERE customer_id = 'C-2' AND projection = 'value_tiers'"
    )
    await pool.execute("UPDATE checkpoints SET settled = 1 WHERE projection = 'value_tiers'")
    document = await get(client, "/api/v1/freshness")
    found = {one["projection"]: one for one in document["projections"]}
    assert found["receivables"]["parked_customers"] == 1
    assert found["receivables"]["sweep"]["under_way"] is False
    assert found["value_tiers"]["sweep"] == {
        "under_way": True,
        "rules_recorded": 4,
        "rules_applied": 1,
        "customers_left": 1,
    }
    # As a whole it reflects what every projection does.
    assert PositionVector.from_token(document["position"]).counts[REFERENCE_PARTITION] == 1


async def test_a_database_that_is_away_is_said_to_be(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await client.get("/")
    company.platform.pool.terminate()
    answer = await client.get(AGEING)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "retry-after" in answer.headers
    page = await client.get("/receivables", headers={"Accept-Language": "zh-CN"})
    assert page.status_code == 503
    assert "暂时无法使用" in page.text


async def test_the_api_describes_itself(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) >= {AGEING, ITEMS, "/api/v1/alerts", "/api/v1/freshness"}
    for path in document["paths"].values():
        if "get" not in path:
            continue
        assert path["get"]["description"]
        assert {"200", "400", "503"} <= set(path["get"]["responses"])
        shown = path["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        named = shown["$ref"].removeprefix("#/components/schemas/")
        assert "position" in document["components"]["schemas"][named]["required"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    money = document["components"]["schemas"]["Money"]
    assert money["properties"]["minor"] == {"type": "integer"}


async def test_an_unknown_address_is_a_problem(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.post(AGEING)).status_code == 405


CUSTOMER = "/api/v1/customers/C-1/receivables"


async def test_each_balance_of_a_customer_is_explained(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await company.report("C-1", payment_of("A", 40_000))
    document = await get(client, CUSTOMER)
    items = {item["item"]: item for item in document["items"]}
    assert items["A"]["balance"]["minor"] == 60_000
    assert items["A"]["days_past_due"] == 45
    [allocation] = items["A"]["allocations"]
    assert (allocation["kind"], allocation["source"]) == ("payment", "P-A")
    assert allocation["amount"] == {"minor": 40_000, "currency": "CNY"}
    assert document["accounts"][0]["outstanding"]["minor"] == 110_000


async def test_a_customer_as_of_a_day_and_as_known_at_an_instant(
    company: Company, client: httpx2.AsyncClient
) -> None:
    # Paid, effectively on 2 March, but recorded on 20 March.
    company.clock.move(timedelta(hours=1))
    await company.report("C-1", payment_of("A", 40_000))
    now = await get(client, CUSTOMER, as_of="2026-03-10")
    assert now["accounts"][0]["outstanding"]["minor"] == 110_000
    assert {item["item"]: item["days_past_due"] for item in now["items"]} == {"A": 35, "B": -9}
    then = await get(client, CUSTOMER, as_of="2026-03-10", as_known="2026-03-20T10:30")
    assert then["accounts"][0]["outstanding"]["minor"] == 150_000
    assert then["as_known"] == "2026-03-20T02:30:00Z"
    before = await get(client, CUSTOMER, as_known="2026-03-19")
    assert before["items"] == []


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("as_of", "yesterday"),
        ("as_of", "2026-02-30"),
        ("as_of", "0001-01-01"),
        ("as_of", "9999-12-31"),
        ("as_known", "2026-03-20T25:00"),
        ("as_known", "12"),
        ("when", "2026-03-20"),
    ],
)
async def test_what_is_no_instant_is_named(
    client: httpx2.AsyncClient, parameter: str, value: str
) -> None:
    answer = await client.get(CUSTOMER, params={parameter: value})
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == parameter


@pytest.mark.parametrize("customer", ["nobody", "%00", "%20", "a" * 121, "%F0%28"])
async def test_an_unknown_customer_is_not_found(client: httpx2.AsyncClient, customer: str) -> None:
    answer = await client.get(f"/api/v1/customers/{customer}/receivables")
    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get(f"/customers/{customer}")).status_code in {400, 404}


async def test_the_overview_reads_no_item(company: Company) -> None:
    console = create_console(company.platform).state.console
    async with console.receivables.reading(ANYBODY) as reader:
        await ageing(reader)
        await balances_by_branch(reader)
        await freshness(reader)
        [touched] = await reader.fetch(
            "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables "
            "WHERE relname = 'receivables_v5_items'"
        )
    assert touched[0] == 0
