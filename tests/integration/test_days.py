"""A day means its end where the customer is at home, for every reader; as known alone is as of."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from events.envelope import CustomerId
from events.home import asked_about
from events.touchpoints.contact import VisitPlanned
from events.touchpoints.payment import PromiseMade
from services.audit.digest import digest
from services.audit.replay import replay
from services.audit.reports import report_ageing
from services.console.app import create_console
from tests.support.commands import Run
from tests.support.console import Company, invoice, local, open_company, payment_of

pytestmark = pytest.mark.postgres


def cloud_event(number: int, kind: str, time: str, data: object, customer: str | None) -> str:
    branch = "headquarters" if customer is None else "B-NY"
    event = {
        "specversion": "1.0",
        "id": f"00000000-0000-4000-8000-{number:012}",
        "source": f"/branches/{branch}/days",
        "type": kind,
        "time": time,
        "sequence": number,
        "data": data,
    }
    return json.dumps(event if customer is None else event | {"subject": customer})


USD = {"minor": 10_000, "currency": "USD"}
START = "2020-01-01T00:00:00Z"


def zone_set(number: int, branch: str, zone: str) -> str:
    data = {"effective_from": START, "branch_id": branch, "name": branch, "zone": zone}
    return cloud_event(number, "reference.branch_set", START, data, None)


SETUP = [zone_set(1, "B-NY", "America/New_York"), zone_set(2, "B-SH", "Asia/Shanghai")]
"""The company itself names no zone: its days are Shanghai's."""


def owes_until_the_last_microsecond_of_the_eighth(customer: str) -> list[str]:
    """The shared case `as-of-day`: paid at 23:59:59.999999 on 8 March in New York."""
    issued = {"invoice_id": f"{customer}-A", "amount": USD, "due_on": "2026-03-07"}
    promise = {"promise_id": "PR", "amount": USD, "promised_on": "2026-03-08"}
    paid = {"payment_id": "P", "amount": USD, "invoice_ids": [f"{customer}-A"]}
    return [
        cloud_event(11, "payment.invoice_issued", "2026-02-05T10:00:00-05:00", issued, customer),
        cloud_event(
            12, "payment.promise_made", "2026-03-07T12:00:00-05:00",
            promise | {"invoice_ids": [f"{customer}-A"]}, customer,
        ),
        cloud_event(13, "payment.payment_received", "2026-03-09T03:59:59.999999Z", paid, customer),
    ]  # fmt: skip


@pytest.fixture
def published(run: Run, tmp_path: Path) -> None:
    for branch, lines in (
        ("headquarters", SETUP),
        ("B-NY", owes_until_the_last_microsecond_of_the_eighth("NY-1")),
    ):
        file = tmp_path / f"{branch}.jsonl"
        file.write_text("\n".join(lines))
        told = run("publish", str(file), "--branch", branch)
        assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.usefixtures("published")
def test_every_command_takes_a_day_as_its_end_where_the_customer_is_at_home(run: Run) -> None:
    def document(*words: str) -> dict[str, object]:
        told = run(*words, "--format", "json")
        assert told.returncode == 0, told.stderr
        found: dict[str, object] = json.loads(told.stdout)
        return found

    explained = document("explain", "NY-1", "--as-of", "2026-03-08")["receivables"]
    assert isinstance(explained, dict)
    assert explained["at"] == "2026-03-09T03:59:59.999999Z"
    assert explained["accounts"][0]["outstanding_minor"] == 0
    replayed = document("replay", "--customer", "NY-1", "--as-of", "2026-03-08")
    assert replayed["at"] == "2026-03-09T03:59:59.999999Z"
    aged = document("report", "ageing", "--as-of", "2026-03-08")
    assert aged["day"] == "2026-03-08"
    assert aged["currencies"][0]["ageing"]["outstanding_minor"] == 0  # type: ignore[index]
    eve = document("report", "ageing", "--as-of", "2026-03-07")
    assert eve["currencies"][0]["ageing"]["outstanding_minor"] == 10_000  # type: ignore[index]
    alerts = document("report", "alerts", "--as-of", "2026-03-08")["counts"]
    assert isinstance(alerts, list)
    assert {one["kind"]: one["standing"] for one in alerts}["overdue"] == 0
    day = document("digest", "--at", "2026-03-08")
    instant = document("digest", "--at", "2026-03-08T23:59:59.999999-04:00")
    earlier = document("digest", "--at", "2026-03-08T23:59:59.999998-04:00")
    assert day["at"] == "2026-03-08"
    assert day["digest"] == instant["digest"] != earlier["digest"]


@pytest.mark.usefixtures("published")
def test_as_known_alone_is_as_of_then_on_the_command_line(run: Run) -> None:
    """Nothing was recorded by then; the instant is that of the day where the customer is."""
    for words in (("explain", "NY-1"), ("replay", "--customer", "NY-1")):
        told = run(*words, "--as-known", "2026-03-08", "--format", "json")
        assert told.returncode == 0, told.stderr
        found = json.loads(told.stdout)
        assert found["known_at"] == "2026-03-09T03:59:59.999999Z"
        assert (found.get("receivables") or found)["at"] == "2026-03-09T03:59:59.999999Z"
        assert found["events"] == 0


async def test_the_api_says_as_known_what_the_command_line_says(company: Company) -> None:
    early = company.clock.now()
    company.clock.at = local("2026-03-20T10:30")
    await company.report("C-2", payment_of("C", 70_000), branch="NY")
    console = create_console(company.platform)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(console), base_url="http://localhost"
    ) as client:
        for asked in (early.isoformat(), "2026-03-19"):
            path = "/api/v1/customers/C-2/receivables"
            answer = await client.get(path, params={"as_known": asked})
            known = await replay(
                company.platform, CustomerId("C-2"), asked_about(asked), asked_about(asked)
            )
            document = answer.json()
            assert datetime.fromisoformat(document["at"]) == known.at == known.known_at
            items = {item["item"]: item["balance"]["minor"] for item in document["items"]}
            [receivables] = (p for p in known.projections if p.projection == "receivables")
            assert items == {
                row.item_id: row.balance_minor  # type: ignore[attr-defined]
                for row in receivables.tables["items"]
            }
    # 19 March ends in New York at 12:00 in Shanghai, when the payment was recorded already.
    assert items["C"] == 0


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        yield company


async def test_as_known_alone_is_as_of_then_for_reports_too(company: Company) -> None:
    """C-1 owes 1,500.00 since 20 March 10:00; half an hour later a payment is recorded."""
    early = company.clock.now()
    company.clock.at = local("2026-03-20T10:30")
    await company.report("C-1", payment_of("A", 40_000))

    async def outstanding(at: datetime, known_at: datetime | None) -> int:
        report = await report_ageing(company.platform, at, "SH", known_at, lambda done: None)
        return report.currencies[0].ageing.outstanding_minor

    assert await outstanding(early, early) == 180_000
    assert await outstanding(company.clock.now(), None) == 140_000
    assert await outstanding(company.clock.now(), early) == 180_000


async def test_the_companys_figures_are_those_of_each_customers_own_day(company: Company) -> None:
    """It is 20 March in Shanghai and 19 March in New York: C is not yet past due there."""
    now = company.clock.now()
    report = await report_ageing(company.platform, now, None, None, lambda done: None)
    found = {one.currency: one for one in report.currencies}["CNY"]
    assert str(report.day) == "2026-03-20"
    # A and E are overdue, B is due on 19 March in Shanghai; C, due on the same day, is not.
    assert found.ageing.overdue_minor == 100_000 + 30_000 + 50_000
    console = create_console(company.platform)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(console), base_url="http://localhost"
    ) as client:
        aged = (await client.get("/api/v1/receivables/ageing")).json()
    assert aged["currencies"][0]["overdue"]["minor"] == found.ageing.overdue_minor
    whole = await digest(company.platform, report.day, None, lambda done: None)
    assert whole.customers == 3


async def test_an_earlier_fact_of_another_kind_moves_rows_that_stand(company: Company) -> None:
    """Receivables do not handle planned visits; whose branch the first was, counts even so."""
    await company.report("N-1", invoice("N", 1_000, local("2026-03-30").date()), branch="SH")
    await company.project()
    planned = VisitPlanned(visit_id="V", purpose="sales", planned_at=local("2026-04-01"))
    await company.report("N-1", planned, branch="NY", at=local("2026-01-01"))
    await company.project()
    pool = company.platform.pool
    for table in ("receivables_v5_items", "receivables_v5_accounts"):
        rows = await pool.fetch(f"SELECT branch_id FROM {table} WHERE customer_id = 'N-1'")
        assert [row["branch_id"] for row in rows] == ["NY"]
    promise = PromiseMade(
        promise_id="PR", amount=invoice("X", 1, planned.planned_at.date()).amount,
        promised_on=datetime(2026, 3, 25, tzinfo=UTC).date(),
    )  # fmt: skip
    await company.report("N-1", promise, branch="SH")
    await company.project()
    rows = await pool.fetch("SELECT DISTINCT branch_id FROM receivables_v5_items")
    assert "NY" in {row["branch_id"] for row in rows}
