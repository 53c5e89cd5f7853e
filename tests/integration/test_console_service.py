"""The report on service over real rows: what it counts, that the events say the same, and files."""

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import httpx2
import msgspec
import pytest

from events.touchpoints.complaint import CaseAssigned, CaseResolved, ObligationFulfilled, Outcome
from events.touchpoints.contact import CallbackMade, DriverScore
from services.audit.service_report import report_service
from services.console.app import create_console
from services.console.service import routes as service_routes
from tests.support.console import Company, local, open_company

pytestmark = pytest.mark.postgres

REPORT = "/api/v1/service/report"


@dataclass
class Desk:
    """A company whose cases went on: K-1 changed hands, K-2 was helped late, K-4 was called."""

    company: Company
    client: httpx2.AsyncClient

    async def get(self, **parameters: object) -> dict[str, Any]:
        answer = await self.client.get(REPORT, params={k: str(v) for k, v in parameters.items()})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with open_company(database) as company:
        await company.settle_down()
        cases = await company.tell_of_cases()
        for to in ("agent-8", "agent-7"):
            given = CaseAssigned(case_id=cases["K-1"], agent=to, department="service")
            await company.report("K-1", given, at=local("2026-03-20T09:50"))
        done = ObligationFulfilled(case_id=cases["K-2"], obligation_id="sales owes")
        await company.report("K-2", done, at=local("2026-03-17T10:30"))
        scores = (DriverScore(driver="attitude", score=9), DriverScore(driver="price", score=4))
        outcomes: tuple[Outcome, ...] = ("unreachable", "dissatisfied")
        for n, outcome in enumerate(outcomes):
            called = CallbackMade(
                callback_id=f"B-{n}", outcome=outcome, case_id=cases["K-4"], scores=scores[: 2 * n]
            )
            await company.report("K-4", called, at=local(f"2026-03-19T16:0{n}"))
        again = CaseResolved(case_id=cases["K-4"], agent="agent-7")
        await company.report("K-4", again, at=local("2026-03-19T17:00"))
        content = CallbackMade(callback_id="B-9", outcome="satisfied", case_id=cases["K-4"])
        await company.report("K-4", content, at=local("2026-03-19T17:30"))
        await company.project()
        transport = httpx2.ASGITransport(app=create_console(company.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Desk(company, client)


async def test_every_figure_is_what_the_cases_behind_it_add_up_to(desk: Desk) -> None:
    page = await desk.client.get("/service", params={"lang": "en", "from": "2026-03-01"})
    links = re.findall(
        r'<a class="figure" data-explain href="(/service/cases[^"]+)">([\d.,%]+)</a>', page.text
    )
    asked = set(re.findall("figure=([a-z_]+)", " ".join(link for link, _ in links)))
    assert asked >= {"cases", "answers", "solutions_late", "handovers", "returns", "satisfied"}
    assert asked >= {"held", "held_hours", "stage_late", "stage_late_hours", "driver", "reached"}
    for link, figure in links:
        behind = (await desk.client.get(f"{unescape(link)}&lang=en")).text
        [together] = re.findall(r"together ([\d.,]+)", behind)
        each = re.findall(r'#history">([\d.,]+)</a>', behind)
        exact = Decimal(together.replace(",", ""))
        rough = Decimal("0.1") * len(each) if "hours" in link else 0
        assert abs(sum(Decimal(one.replace(",", "")) for one in each) - exact) <= rough, link
        if "%" not in figure and "driver" not in link and "held_hours" not in link:
            assert figure == together, link


async def test_the_cases_behind_a_figure_are_walked_both_ways(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_routes, "PAGE_LENGTH", 3)

    def listed(page: str) -> list[str]:
        return re.findall(r'<a href="/cases/([^"?#]+)" data-row>', page)

    def to(page: str, rel: str) -> str:
        [link] = re.findall(rf'<a href="([^"]+)" rel="{rel}"', page)
        return unescape(link)

    first = (await desk.client.get("/service/cases?figure=cases&from=2026-03-01")).text
    second = (await desk.client.get(to(first, "next"))).text
    assert (len(listed(first)), len(listed(second))) == (3, 1)
    assert not set(listed(first)) & set(listed(second))
    back = (await desk.client.get(to(second, "prev"))).text
    assert listed(back) == listed(first)


async def test_it_counts_what_happened_to_four_cases(desk: Desk) -> None:
    told = await desk.get()
    assert (told["first"], told["last"]) == ("2026-03-01", "2026-03-20")
    company = told["company"]
    assert (company["cases"], company["under_way"]) == (4, 3)
    assert company["answers"] == {"in_time": 3, "late": 0, "open": 1}
    assert company["solutions"] == {"in_time": 1, "late": 1, "open": 2}
    assert (company["handovers"], company["returns"]) == (2, 1)
    assert company["first_contact"] == 0, "K-4 was resolved twice"
    said = [company[name] for name in ("satisfied", "dissatisfied", "unreachable")]
    assert said == [1, 1, 1]
    [service] = told["departments"]
    assert service | {"name": None} == company
    [shanghai] = told["branches"]
    assert shanghai == company | {"name": "SH"}
    [logistics, sales] = told["stages"]
    assert (logistics["department"], logistics["kept"]["open"]) == ("logistics", 1)
    assert (sales["department"], sales["kept"]["late"], sales["late_s"]) == ("sales", 1, 3600)
    assert {one["driver"]: (one["answers"], one["total"]) for one in told["drivers"]} == {
        "attitude": (1, 9),
        "price": (1, 4),
    }


@pytest.mark.parametrize(
    ("first", "last", "branch"),
    [
        ("2026-03-01", "2026-03-20", None),
        ("2026-03-17", "2026-03-19", None),
        ("2026-03-01", "2026-03-20", "SH"),
        ("2026-03-01", "2026-03-20", "NY"),
        ("2026-04-01", "2026-04-30", None),
    ],
)
async def test_it_is_what_the_events_say(
    desk: Desk, first: str, last: str, branch: str | None
) -> None:
    days = {"from": first, "to": last} | ({"branch": branch} if branch else {})
    told = await desk.get(**days)
    recomputed = await report_service(
        desk.company.platform, date.fromisoformat(first), date.fromisoformat(last),
        desk.company.clock.now(), None, branch, lambda _: None, processes=1,
    )  # fmt: skip
    events = msgspec.to_builtins(recomputed)
    for kind in ("departments", "branches"):
        plain = [{"name": one["name"] or None} | one["sums"] for one in events[kind]]
        assert told[kind] == plain
    assert told["company"] == {"name": None} | events["company"]
    assert [(one["stage"] or "", one["department"], one["kept"], one["not_needed"], one["late_s"])
            for one in told["stages"]] == [
        (one["stage"], one["department"], one["sums"]["kept"], one["sums"]["not_needed"],
         one["sums"]["late_s"])
        for one in events["stages"]
    ]  # fmt: skip
    assert told["hours"] == [
        {"department": one["department"]} | one["hours"] for one in events["hours"]
    ]
    assert told["drivers"] == [
        {"driver": one["driver"]} | one["scores"] for one in events["drivers"]
    ]


async def test_each_table_is_a_file_in_the_readers_language(desk: Desk) -> None:
    for lang, head, department in (("en", "Cases", "Service"), ("zh-CN", "工单", "客服")):
        answer = await desk.client.get("/service/compliance.csv", params={"lang": lang})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        name = "service-compliance-2026-03-01-2026-03-20.csv"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        text = answer.content.decode("utf-8-sig")
        heads, first, *_ = csv.reader(io.StringIO(text))
        assert heads[2] == head
        assert first[1:] == [department, "4", "3", "3", "0", "1.0000", "1", "1", "0.5000"]
    for table in ("stages", "handling", "time", "satisfaction", "drivers"):
        answer = await desk.client.get(f"/service/{table}.csv", params={"from": "2026-03-16"})
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1
    assert (await desk.client.get("/service/secrets.csv")).status_code == 400


async def test_a_companys_word_is_no_formula(desk: Desk) -> None:
    scores = (DriverScore(driver="=1+1", score=5),)
    case_id = next(iter((await desk.client.get("/api/v1/cases")).json()["cases"]))["case"]
    customer = (await desk.client.get(f"/api/v1/cases/{case_id}")).json()["case"]["customer"]
    called = CallbackMade(callback_id="B-F", outcome="satisfied", case_id=case_id, scores=scores)
    resolved = CaseResolved(case_id=case_id, agent="agent-7")
    await desk.company.report(customer, resolved, at=local("2026-03-20T09:54"))
    await desk.company.report(customer, called, at=local("2026-03-20T09:55"))
    await desk.company.project()
    answer = await desk.client.get("/service/drivers.csv")
    assert "'=1+1" in answer.text
    assert "\n=1+1" not in answer.text


async def test_the_page_shows_the_tables_and_says_when_there_is_nothing(desk: Desk) -> None:
    page = await desk.client.get("/service", params={"lang": "en"})
    for title in ("Deadlines kept", "Hand-overs and first contact", "Time per department",
                  "Satisfaction", "Drivers of satisfaction"):  # fmt: skip
        assert f"<h2>{title} " in page.text
    assert "/service/stages.csv?lang=en" in page.text
    page = await desk.client.get("/service", params={"lang": "zh-CN", "branch": "NY"})
    assert "这些日期没有受理工单。" in page.text


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"from": "2026-03-21"}, "to"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"until": "2026-02-03"}, "until"),
    ],
)
async def test_days_that_are_none_are_named(desk: Desk, wanted: dict[str, str], field: str) -> None:
    answer = await desk.client.get(REPORT, params=wanted)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
