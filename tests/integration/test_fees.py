"""Fees and interest through the whole platform: rows, sums, report, API, pages, verify, rebuild."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import httpx2
import pytest

from events.money import Money
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import DunningNoticeSent, Instalment, InvoiceIssued
from events.touchpoints.policy import FeesPolicy, FeesPolicyPublished, ReminderFee
from services.audit.reports import AgeingReport, report_ageing
from services.audit.verify import verify
from services.console.app import create_console
from tests.support.console import (
    EARLY,
    NOW,
    RULES,
    Company,
    invoice,
    local,
    open_company,
    payment_of,
)
from tests.support.proving import proven

pytestmark = pytest.mark.postgres

FEES = FeesPolicyPublished(
    effective_from=EARLY,
    policy=FeesPolicy(
        interest_per_year=365_000,
        reminder_fees=(ReminderFee(level=1, amount=Money(1_500, "CNY")),),
        clearing=("costs", "interest", "principal"),
    ),
)
"""A thousandth a day, so that everybody can reckon."""


CHARGES = "SELECT * FROM receivables_v5_charges ORDER BY item_id"


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    """On 20 March 2026, 10:00 in Shanghai: C-1 owes 1,000.00 and 500.00, C-2 900.00 in New York."""
    async with open_company(database, NOW) as company:
        await company.report(None, *RULES, FEES, branch="HQ")
        await company.report(
            "C-1",
            CustomerRegistered(home_branch="SH"),
            invoice("A", 100_000, date(2026, 2, 3)),
            invoice("B", 50_000, date(2026, 3, 10)),
            at=local("2026-02-01"),
        )
        notice = DunningNoticeSent(invoice_id="A", level=1)
        await company.report("C-1", notice, at=local("2026-02-13T09:00"))
        # 10 nights are 10.00, the fee is 15.00: 75.00 are left for the principal of A.
        await company.report("C-1", payment_of("A", 10_000), at=local("2026-02-13T12:00"))
        parts = tuple(
            Instalment(due_on=date(2026, month, 10), amount=Money(45_000, "CNY"))
            for month in (3, 4)
        )
        twice = InvoiceIssued(
            invoice_id="C",
            amount=Money(90_000, "CNY"),
            due_on=date(2026, 4, 10),
            instalments=parts,
        )
        await company.report(
            "C-2",
            CustomerRegistered(home_branch="NY"),
            twice,
            branch="NY",
            at=local("2026-02-01"),
        )
        await company.project()
        yield company


@pytest.fixture
async def client(company: Company) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_console(company.platform))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def report(company: Company) -> AgeingReport:
    at = company.clock.now()
    return await report_ageing(company.platform, at, None, None, lambda _: None, processes=1)


# Of A 925.00 are open since 13 February: 0.925 a night, 35 nights are 32.375. Of B 500.00, ten
# nights: 5.00. Of the first instalment 450.00; in New York it is still the 19th, so 9: 4.05.
INTEREST_OF_C1 = 3_238 + 500  # a half to the even
INTEREST = 3_237 + 500 + 405  # summed exactly by bucket: 32.375 alone in 31-60; 9.05 in 1-30


async def test_the_report_the_api_and_the_pages_say_the_same(
    company: Company, client: httpx2.AsyncClient
) -> None:
    [found] = (await report(company)).currencies
    aged = found.ageing
    open_ = 92_500 + 50_000 + 90_000
    assert aged.fees_minor == 0
    assert aged.interest_minor in (INTEREST, INTEREST + 1)
    assert aged.outstanding_minor == open_ + aged.interest_minor
    assert sum(bucket.amount_minor for bucket in aged.buckets) == aged.outstanding_minor

    [told] = (await client.get("/api/v1/receivables/ageing")).json()["currencies"]
    assert told["outstanding"]["minor"] == aged.outstanding_minor
    assert told["interest"]["minor"] == aged.interest_minor
    assert [one["interest"]["minor"] for one in told["buckets"]] == [
        bucket.interest_minor for bucket in aged.buckets
    ]
    customer = (await client.get("/api/v1/customers/C-1/receivables")).json()
    [account] = customer["accounts"]
    assert account["interest"]["minor"] == INTEREST_OF_C1
    assert account["outstanding"]["minor"] == 142_500 + INTEREST_OF_C1
    rows = {item["item"]: item for item in customer["items"]}
    assert rows["fee:A:1"]["kind"] == "fee"
    assert rows["fee:A:1"]["paid"]["minor"] == 1_500
    assert rows["interest:A"]["paid"]["minor"] == 1_000
    assert rows["A"]["interest"] == {
        "owed": {"minor": 3_238, "currency": "CNY"},
        "announced": {"minor": 0, "currency": "CNY"},
        "charged": {"minor": 1_000, "currency": "CNY"},
        "since": "2026-02-13",
        "principal": {"minor": 92_500, "currency": "CNY"},
        "rate_ppm": 365_000,
        "day_count": "actual/365",
        "is_owed": True,
    }
    items = (await client.get("/api/v1/receivables/items")).json()["items"]
    running = {item["item"]: item["interest"]["minor"] for item in items}
    assert running == {"A": 3_238, "B": 500, "C#1": 405, "C#2": 0}


async def test_a_night_passes_without_a_row_being_written(
    company: Company, client: httpx2.AsyncClient
) -> None:
    before = (await report(company)).currencies[0].ageing.interest_minor
    rows = await company.platform.pool.fetch(CHARGES)
    company.clock.move(timedelta(days=1))
    [found] = (await report(company)).currencies
    # 0.925 on A, 0.50 on B and 0.45 on the instalment, whose day in New York is the 20th by now.
    assert found.ageing.interest_minor - before in (187, 188)
    [told] = (await client.get("/api/v1/receivables/ageing")).json()["currencies"]
    assert told["interest"]["minor"] == found.ageing.interest_minor
    await company.project()
    assert rows == await company.platform.pool.fetch(CHARGES)


async def test_the_pages_name_fees_and_interest_in_both_languages(
    client: httpx2.AsyncClient,
) -> None:
    for language, words in (
        ("en", ("of it late-payment interest", "reminder fee", "36.5% a year of")),
        ("zh-CN", ("其中逾期利息", "催款费", "计年利率 36.5%")),
    ):
        page = (await client.get("/customers/C-1", headers={"Accept-Language": language})).text
        for word in words:
            assert word in page, (language, word)
    assert "interest" in (await client.get("/receivables", headers={"Accept-Language": "en"})).text


async def test_what_is_live_is_what_the_events_say_and_comes_out_the_same_from_nothing(
    company: Company,
) -> None:
    proof = await proven(company.platform)
    assert len(proof.rows["charges"]) == 3
    later = FeesPolicyPublished(
        effective_from=local("2026-03-15"),
        policy=FeesPolicy(interest_per_year=182_500, interest="announced"),
    )
    await company.report(None, later, branch="HQ")
    await company.project()
    assert (await verify(company.platform, lambda _: None)).named == []
