"""The credit controllers' list over real rows: all phases of a debt, their sums, and pages."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from events.money import Money
from events.touchpoints.payment import (
    CreditOverrideGranted,
    DunningNoticeSent,
    HandedToCollection,
    PromiseMade,
)
from services.console.app import create_console
from tests.support.console import Company, local, open_company

pytestmark = pytest.mark.postgres

WORK = "/api/v1/credit/work"


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.tell_of_credit()
        yield company


@pytest.fixture
async def client(company: Company) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_console(company.platform))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def get(client: httpx2.AsyncClient, **parameters: object) -> dict[str, Any]:
    several = {k: v if isinstance(v, list) else str(v) for k, v in parameters.items()}
    answer = await client.get(WORK, params=several)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def ids(document: dict[str, Any]) -> list[str]:
    return [one["id"] for one in document["work"]]


async def test_all_phases_are_one_list_the_oldest_day_first(client: httpx2.AsyncClient) -> None:
    document = await get(client)
    told = [(one["id"], one["day"], one["phase"]) for one in document["work"]]
    assert told == [
        ("E", "2025-10-01", "overdue"),
        ("A", "2026-02-03", "overdue"),
        ("O-2", "2026-03-15", "before"),  # still Sunday in New York
        ("O-1", "2026-03-17", "before"),
        ("O-3", "2026-03-17", "delivered"),
        ("B", "2026-03-19", "overdue"),
        ("C", "2026-03-19", "delivered"),  # due today in New York
        ("K-1", "2026-03-19", "before"),
        ("K-2", "2026-03-19", "before"),
        ("F", "2026-04-10", "delivered"),
        ("D", "2026-05-01", "delivered"),
    ]
    assert document["count"] == len(told)


async def test_each_says_what_to_do_next_and_why(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await company.report("C-1", DunningNoticeSent(invoice_id="A", level=1))
    await company.report("C-1", HandedToCollection(invoice_id="B"))
    await company.report(
        "C-2", PromiseMade(
            promise_id="P", amount=Money(5_000, "USD"), promised_on=local("2026-05-02").date(),
            invoice_ids=("D",),
        ), branch="NY",
    )  # fmt: skip
    await company.project()
    steps = {one["id"]: one["next"] for one in (await get(client))["work"]}
    assert steps == {
        "E": "settle_dispute",
        "A": "send_level",
        "O-2": "deliver",
        "O-1": "hold_delivery",
        "O-3": "invoice",
        "B": "follow_agency",
        "C": "send_notice",
        "K-1": "decide_limit",
        "K-2": "go_ahead",
        "F": "await_payment",
        "D": "await_promise",
    }
    [refused] = [one for one in (await get(client))["work"] if one["id"] == "K-1"]
    assert refused["exposure"] == {"minor": 190_000, "currency": "CNY"}
    assert refused["limit"]["minor"] == 100_000
    assert refused["gate"] == "limit_exceeded"
    granted = CreditOverrideGranted(override_id="V", role="credit", reason="granted")
    await company.report("L-1", granted, at=local("2026-03-20T09:30"))
    await company.project()
    after = {one["id"]: one["next"] for one in (await get(client, phase="before"))["work"]}
    assert after == {"O-2": "deliver", "O-1": "deliver", "K-1": "ask_again", "K-2": "go_ahead"}
    page = await client.get("/credit", params={"phase": "before"})
    assert page.text.count("let pass by") == 2
    company.clock.move(timedelta(days=1))
    over = (await get(client, phase="before"))["work"]
    assert {one["id"]: one["next"] for one in over}["K-1"] == "decide_limit"
    assert [one["override_role"] for one in over] == [None] * len(over)
    page = await client.get("/credit", params={"phase": "before"})
    assert "let pass by" not in page.text, "it held for its day"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"phase": "before"}, ["O-2", "O-1", "K-1", "K-2"]),
        ({"phase": "delivered"}, ["O-3", "C", "F", "D"]),
        ({"phase": "overdue"}, ["E", "A", "B"]),
        ({"phase": ["before", "overdue"]}, ["E", "A", "O-2", "O-1", "B", "K-1", "K-2"]),
        ({"phase": ["delivered", "overdue"]}, ["E", "A", "O-3", "B", "C", "F", "D"]),
        ({"phase": ["before", "delivered"], "branch": "NY"}, ["O-2", "O-3", "C", "K-2", "D"]),
        ({"branch": "NY"}, ["O-2", "O-3", "C", "K-2", "D"]),
        ({"currency": "USD"}, ["D"]),
        ({"currency": "CNY", "least": "700.00"}, ["A", "C", "F"]),
        ({"currency": "CNY", "most": "200"}, ["K-1", "K-2"]),
        ({"currency": "CNY", "least": "300", "most": "400.00"}, ["E", "O-1", "O-3"]),
        ({"currency": "CNY", "sort": "amount", "phase": "before"}, ["O-2", "O-1", "K-1", "K-2"]),
        ({"currency": "CNY", "sort": "amount", "least": "600"}, ["F", "A", "C", "O-2"]),
    ],
)
async def test_it_is_filtered_by_phase_branch_currency_and_sum(
    client: httpx2.AsyncClient, wanted: dict[str, object], found: list[str]
) -> None:
    document = await get(client, **wanted)
    assert ids(document) == found
    assert document["count"] == len(found)


@pytest.mark.parametrize("order", [{"sort": "day"}, {"sort": "amount", "currency": "CNY"}])
async def test_its_pages_follow_each_other_without_a_gap(
    client: httpx2.AsyncClient, order: dict[str, object]
) -> None:
    whole = ids(await get(client, **order))
    found, cursor = [], None
    while True:
        page = await get(client, limit=2, **order, **({"cursor": cursor} if cursor else {}))
        found += ids(page)
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole


@pytest.mark.parametrize("branch", [{}, {"branch": "SH"}, {"branch": "NY"}])
async def test_the_sums_are_those_of_the_list(
    client: httpx2.AsyncClient, branch: dict[str, object]
) -> None:
    document = await get(client, **branch)
    listed: Counter[tuple[str, str]] = Counter()
    refused: Counter[str] = Counter()
    for one in document["work"]:
        listed[one["amount"]["currency"], one["phase"]] += one["amount"]["minor"]
        if one["stage"] == "refused":
            refused[one["amount"]["currency"]] += one["amount"]["minor"]
    told = {
        (sums["currency"], phase["phase"]): phase["amount"]["minor"]
        for sums in document["sums"]
        for phase in sums["phases"]
    }
    assert {key: amount for key, amount in told.items() if amount} == dict(listed)
    assert {one["currency"]: one["refused_amount"]["minor"] for one in document["sums"]} == {
        one["currency"]: refused[one["currency"]] for one in document["sums"]
    }


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"phase": "after"}, "phase"),
        ({"sort": "amount"}, "currency"),
        ({"sort": "amount", "currency": ["CNY", "USD"]}, "currency"),
        ({"least": "5"}, "currency"),
        ({"least": "many", "currency": "CNY"}, "least"),
        ({"most": "0.001", "currency": "CNY"}, "most"),
        ({"most": "5", "currency": "QQQ"}, "currency"),
        ({"cursor": "made-up"}, "cursor"),
    ],
)
async def test_a_parameter_that_cannot_be_taken_is_named(
    client: httpx2.AsyncClient, wanted: dict[str, str | list[str]], field: str
) -> None:
    answer = await client.get(WORK, params=wanted)
    assert answer.status_code == 400
    assert answer.json()["field"] == field


async def test_the_page_speaks_both_languages_and_takes_a_sum_without_a_currency(
    client: httpx2.AsyncClient,
) -> None:
    page = await client.get("/credit", params={"lang": "en", "least": "600", "phase": ""})
    assert page.status_code == 200
    assert "Hold the delivery" not in page.text
    assert "Send the reminder before the due date" in page.text
    page = await client.get("/credit", params={"lang": "zh-CN"})
    assert "暂停发货：信用审核未放行" in page.text
    assert "被拒：1" in page.text
