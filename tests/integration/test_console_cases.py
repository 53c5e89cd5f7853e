"""The case board over real rows."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from events.business_time import STANDARD_HOURS
from events.cases.terms import native_case_id
from events.touchpoints.complaint import (
    CaseDeclined,
    CaseDuplicateFound,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    ComplaintFiled,
    ObligationFulfilled,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import CalendarSet, PublicDaysSet, StaffSet
from services.console.app import create_console
from tests.support.console import EARLY, Company, local, open_company

pytestmark = pytest.mark.postgres

CASES = "/api/v1/cases"


@dataclass
class Desk:
    """A company with a service desk, its cases by customer, and a client."""

    company: Company
    cases: dict[str, str]
    client: httpx2.AsyncClient

    async def get(self, path: str, **parameters: object) -> dict[str, Any]:
        answer = await self.client.get(path, params={k: str(v) for k, v in parameters.items()})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def customers(self, **parameters: object) -> list[str]:
        return [one["customer"] for one in (await self.get(CASES, **parameters))["cases"]]


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with open_company(database) as company:
        await company.settle_down()
        cases = await company.tell_of_cases()
        transport = httpx2.ASGITransport(app=create_console(company.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Desk(company, cases, client)


async def test_the_most_urgent_case_comes_first_and_stopped_clocks_last(desk: Desk) -> None:
    assert await desk.customers() == ["K-2", "K-1", "K-3"]
    late, new, waits = (await desk.get(CASES))["cases"]
    assert late["solution"]["breached_at"] == "2026-03-18T10:00:00Z"  # Wednesday 18:00
    assert new["response"]["due_at"] == "2026-03-20T02:15:00Z"
    assert waits["solution"]["due_at"] is None
    assert waits["solution"]["left_s"] == 3 * 3600


async def test_what_departments_owe_comes_with_the_case(desk: Desk) -> None:
    late = (await desk.get(CASES))["cases"][0]
    owed = {one["department"]: one for one in late["obligations"]}
    assert owed["sales"]["breached_at"] == "2026-03-17T01:30:00Z"
    assert owed["logistics"]["breached_at"] is None
    assert owed["logistics"]["due_at"] == "2026-03-20T09:00:00Z"
    done = ObligationFulfilled(case_id=desk.cases["K-2"], obligation_id="sales owes")
    await desk.company.report("K-2", done, at=local("2026-03-20T09:00"))
    await desk.company.project()
    late = (await desk.get(CASES))["cases"][0]
    assert [one["department"] for one in late["obligations"]] == ["logistics"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"status": "open"}, ["K-2", "K-1"]),
        ({"status": "waiting"}, ["K-3"]),
        ({"status": "resolved"}, ["K-4"]),
        ({"department": "sales"}, ["K-2"]),
        ({"department": "service"}, ["K-2", "K-1", "K-3"]),
        ({"department": "nobody"}, []),
        ({"breach": "any"}, ["K-2"]),
        ({"breach": "solution"}, ["K-2"]),
        ({"breach": "obligation"}, ["K-2"]),
        ({"breach": "response"}, []),
        ({"breach": "none"}, ["K-1", "K-3"]),
        ({"priority": "urgent"}, ["K-1"]),
        ({"branch": "NY"}, []),
        ({"owner": "agent-7"}, ["K-2", "K-1", "K-3"]),
        ({"owner": "agent-7", "department": "sales"}, []),
        ({"unassigned": "true", "department": "sales"}, ["K-2"]),
        ({"unassigned": "true", "department": "service"}, []),
        ({"department": "sales", "breach": "any", "priority": "medium", "branch": "SH"}, ["K-2"]),
    ],
)
async def test_the_board_filters(desk: Desk, wanted: dict[str, object], found: list[str]) -> None:
    assert await desk.customers(**wanted) == found
    assert (await desk.get(CASES, **wanted))["count"] == len(found)


async def test_each_department_says_who_has_what_in_hand(desk: Desk) -> None:
    manager = StaffSet(
        effective_from=EARLY, staff_id="agent-7", department_id="service", role="owner"
    )
    await desk.company.report(None, manager, branch="HQ")
    await desk.company.project()
    told = (await desk.get("/api/v1/case-owners"))["departments"]
    assert [(one["department"], one["count"], one["breached"]) for one in told] == [
        ("logistics", 1, 0),
        ("sales", 1, 1),
        ("service", 3, 1),
    ]
    [[logistics], [sales], [service]] = [one["owners"] for one in told]
    assert (logistics["owner"], logistics["owed"], logistics["owed_breached"]) == (None, 1, 0)
    assert logistics["next_due_at"] == "2026-03-20T09:00:00Z"
    assert (sales["owner"], sales["owed"], sales["owed_breached"]) == (None, 1, 1)
    assert sales["next_due_at"] is None
    assert (service["owner"], service["role"]) == ("agent-7", "owner")
    assert (service["cases"], service["waiting"], service["breached"]) == (3, 1, 1)
    assert service["next_due_at"] == "2026-03-20T02:15:00Z"
    page = await desk.client.get("/cases/owners", headers={"accept-language": "en"})
    assert page.text.count("owed: 1") == 2, "it is said what the number is of"
    assert page.text.count("3 cases") == 1
    [only] = (await desk.get("/api/v1/case-owners", department="sales"))["departments"]
    assert only["department"] == "sales"
    assert (await desk.get("/api/v1/case-owners", branch="NY"))["departments"] == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"hours": 1}, [("K-1", "response", "2026-03-20T02:15:00Z", "service")]),
        (
            {"hours": 8},
            [
                ("K-1", "response", "2026-03-20T02:15:00Z", "service"),
                ("K-1", "solution", "2026-03-20T03:45:00Z", "service"),
                ("K-2", "obligation", "2026-03-20T09:00:00Z", "logistics"),
            ],
        ),
        (
            {"hours": 8, "department": "logistics"},
            [("K-2", "obligation", "2026-03-20T09:00:00Z", "logistics")],
        ),
        (  # Monday, at the end of the second working day
            {"hours": 168, "branch": "SH"},
            [
                ("K-1", "response", "2026-03-20T02:15:00Z", "service"),
                ("K-1", "solution", "2026-03-20T03:45:00Z", "service"),
                ("K-2", "obligation", "2026-03-20T09:00:00Z", "logistics"),
                ("K-4", "callback", "2026-03-23T10:00:00Z", "service"),
            ],
        ),
        ({"hours": 168, "branch": "NY"}, []),
    ],
)
async def test_the_clocks_that_run_out_soon_are_told_the_soonest_first(
    desk: Desk, wanted: dict[str, object], found: list[tuple[str, ...]]
) -> None:
    path = "/api/v1/case-deadlines"
    whole = await desk.get(path, **wanted)
    told = [
        (one["customer"], one["clock"], one["due_at"], one["department"])
        for one in whole["deadlines"]
    ]
    assert told == found
    paged: list[Any] = []
    cursor: str | None = None
    while True:
        place = {"cursor": cursor} if cursor else {}
        page = await desk.get(path, limit=1, **wanted, **place)
        paged += page["deadlines"]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == whole["deadlines"]


async def test_what_is_done_or_late_runs_out_no_more(desk: Desk) -> None:
    await desk.company.report(
        "K-1", CaseReplied(case_id=desk.cases["K-1"]), at=local("2026-03-20T09:50")
    )
    done = ObligationFulfilled(case_id=desk.cases["K-2"], obligation_id="logistics owes")
    await desk.company.report("K-2", done, at=local("2026-03-20T09:00"))
    await desk.company.project()
    soon = (await desk.get("/api/v1/case-deadlines", hours=8))["deadlines"]
    assert [(one["customer"], one["clock"]) for one in soon] == [("K-1", "solution")]
    desk.company.clock.move(timedelta(hours=3))
    assert (await desk.get("/api/v1/case-deadlines", hours=8))["deadlines"] == []


async def test_hours_are_bounded(desk: Desk) -> None:
    for hours in (0, 169):
        answer = await desk.client.get("/api/v1/case-deadlines", params={"hours": hours})
        assert answer.status_code == 400
        assert answer.json()["field"] == "hours"


async def test_a_declined_case_and_a_duplicate_say_so_and_lead_to_the_other(desk: Desk) -> None:
    declined, same, other = desk.cases["K-1"], desk.cases["K-3"], desk.cases["K-2"]
    await desk.company.report("K-1", CaseDeclined(case_id=declined, reason="no warranty"))
    await desk.company.report("K-3", CaseDuplicateFound(case_id=same, duplicate_of=other))
    await desk.company.project()
    told = await desk.get(f"{CASES}/{declined}")
    assert (told["case"]["declined"], told["declined_for"]) == (True, "no warranty")
    told = await desk.get(f"{CASES}/{same}")
    assert (told["case"]["declined"], told["declined_for"]) == (False, None)
    assert told["case"]["duplicate_of"] == other
    for lang, because, goes_on in (
        ("en", "Declined because", "Goes on in"),
        ("zh-CN", "拒绝原因", "转至工单"),
    ):
        page = await desk.client.get("/customers/K-1", params={"lang": lang})
        assert because in page.text
        assert "<dd>no warranty</dd>" in page.text
        page = await desk.client.get("/customers/K-3", params={"lang": lang})
        assert goes_on in page.text
        assert f'<a href="/cases/{other}">{other[:8]}</a>' in page.text
    found = await desk.client.get(f"/cases/{other}")
    assert (found.status_code, '<a class="who" href="/customers/K-2"' in found.text) == (200, True)
    assert (await desk.client.get("/cases/nobody's")).status_code == 404
    reopened = CaseReopened(case_id=declined, reason="bought in May")
    await desk.company.report("K-1", reopened)
    told = await desk.get(f"{CASES}/{declined}")
    assert (told["case"]["declined"], told["declined_for"]) == (False, None)


async def test_pages_cross_from_running_clocks_to_stopped_ones(desk: Desk) -> None:
    whole = (await desk.get(CASES))["cases"]
    for size in (1, 2):
        seen: list[Any] = []
        following: str | None = f"{CASES}?limit={size}"
        while following is not None:
            answer = await desk.client.get(following)
            seen += answer.json()["cases"]
            following = answer.links["next"]["url"] if "next" in answer.links else None
        assert seen == whole


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("status", "closed"), ("breach", "x"), ("priority", "x"), ("cursor", "x"), ("agent", "x")],
)
async def test_a_bad_parameter_is_named(desk: Desk, parameter: str, value: str) -> None:
    answer = await desk.client.get(CASES, params={parameter: value})
    assert answer.status_code == 400
    assert answer.json()["field"] == parameter


async def test_a_case_tells_its_history_with_every_clock(desk: Desk) -> None:
    case = await desk.get(f"{CASES}/{desk.cases['K-2']}")
    assert case["case"]["customer"] == "K-2"
    steps = [step["what"] for step in case["history"]]
    assert steps[0] == "received"
    assert "case_obligation 100%" in steps
    assert "case_solution 100%" in steps
    assert case["cycles"][0]["response_met_at"] == "2026-03-16T02:00:00Z"
    then = await desk.get(f"{CASES}/{desk.cases['K-2']}", as_of="2026-03-17")
    assert then["case"]["solution"]["breached_at"] is None
    assert (await desk.client.get(f"{CASES}/nothing")).status_code == 404


async def test_an_unchanged_board_is_not_sent_twice(desk: Desk) -> None:
    first = await desk.client.get(CASES)
    held = {"If-None-Match": first.headers["etag"]}
    assert (await desk.client.get(CASES, headers=held)).status_code == 304
    replied = CaseReplied(case_id=desk.cases["K-1"])
    token = await desk.company.report("K-1", replied, at=local("2026-03-20T09:55"))
    await desk.company.project()
    answer = await desk.client.get(CASES, params={"at_least": token}, headers=held)
    assert answer.status_code == 200
    assert answer.headers["touchstone-position"] == answer.json()["position"]


def card(page: str, customer: str, department: str) -> str:
    """The card of a customer in a department's column, as words."""
    column = page.split(f'aria-label="{department}"')[1].split("</section>")[0]
    [found] = [li for li in column.split("<li ")[1:] if f">{customer}</a>" in li]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


async def test_the_page_counts_down_in_business_time(desk: Desk) -> None:
    page = (await desk.client.get("/cases", params={"lang": "en"})).text
    assert "15 min of business time left" in card(page, "K-1", "Service")
    assert "First answer" in card(page, "K-1", "Service")
    # Wednesday 18:00 to Friday 10:00: one working day of eight hours and one hour.
    late = card(page, "K-2", "Service")
    assert "▲ over by 9 h 0 min of business time" in late
    assert "was due 18 Mar 2026, 18:00" in late
    assert "7 h" not in card(page, "K-2", "Logistics")
    assert "6 h 0 min of business time left" in card(page, "K-2", "Logistics")
    assert "3 h 0 min of business time left" in card(page, "K-3", "Service")
    desk.company.clock.move(timedelta(minutes=10))
    later = (await desk.client.get("/cases", params={"lang": "en"})).text
    assert "5 min of business time left" in card(later, "K-1", "Service")


async def test_a_deadline_through_a_year_not_announced_yet_is_marked_in_both_languages(
    desk: Desk,
) -> None:
    china = CalendarSet(
        effective_from=EARLY, calendar_id="service", hours=STANDARD_HOURS, country="CN"
    )
    company = desk.company
    recorded, asked = company.clock.at, local("2026-12-31T16:00")
    await company.report(None, china, branch="HQ")
    filed = ComplaintFiled(severity="medium", department="service", agent="agent-7")
    await company.report("K-9", filed, at=local("2026-12-31T15:00"))
    case_id = native_case_id(company.last_event_id)
    company.clock.at = asked  # no log takes a stamp that is ahead of its database's clock
    await company.project()
    case = (await desk.get(f"{CASES}/{case_id}"))["case"]
    assert case["solution"]["provisional"]
    assert case["response"]["provisional"]
    assert "provisional" in card((await desk.client.get("/cases?lang=en")).text, "K-9", "Service")
    for language, word in (("en", "provisional"), ("zh-CN", "暂定")):
        page = (await desk.client.get("/customers/K-9", params={"lang": language})).text
        assert f">{word}</span>" in page
    notice = PublicDaysSet(effective_from=EARLY, country="CN", year=2027, holidays=())
    company.clock.at = recorded
    await company.report(None, notice, branch="HQ")
    company.clock.at = asked
    await company.project()
    row = await company.platform.pool.fetchrow(
        "SELECT solution_due_at, solution_provisional FROM case_board_v7_cases WHERE case_id = $1",
        case_id,
    )
    assert row is not None
    # 1 January is worked now: 3 h on 31 December, 8 h on 1 and 4 January, 5 h on the 5th.
    assert tuple(row) == (local("2027-01-05T15:00"), False)
    page = (await desk.client.get("/customers/K-9", params={"lang": "en"})).text
    assert ">provisional</span>" not in page


async def test_a_promised_call_is_on_the_customers_page_and_in_the_api(desk: Desk) -> None:
    promised = CallbackPromised(
        callback_id="B-1", purpose="a quotation", due_at=local("2026-03-20T09:00")
    )
    await desk.company.report("K-9", promised, at=local("2026-03-19T09:00"))
    await desk.company.project()
    [call] = (await desk.get("/api/v1/customers/K-9/callbacks"))["callbacks"]
    assert (call["callback"], call["status"], call["attempts"]) == ("B-1", "open", 0)
    before = await desk.get("/api/v1/customers/K-9/callbacks", as_of="2026-03-18")
    assert before["callbacks"] == []
    page = (await desk.client.get("/customers/K-9", params={"lang": "en"})).text
    assert "Promised call-backs" in page
    assert "a quotation" in page
    made = CallbackMade(callback_id="B-1", outcome="satisfied")
    await desk.company.report("K-9", made, at=local("2026-03-20T09:30"))
    await desk.company.project()
    [call] = (await desk.get("/api/v1/customers/K-9/callbacks"))["callbacks"]
    assert (call["status"], call["late"]) == ("made", True)
    page = (await desk.client.get("/customers/K-9", params={"lang": "zh-CN"})).text
    assert "已超时" in page


async def test_alerts_of_cases_stand_beside_those_of_receivables(desk: Desk) -> None:
    alerts = (await desk.get("/api/v1/alerts", customer="K-2"))["alerts"]
    assert {alert["kind"] for alert in alerts} == {"case_solution", "case_obligation"}
    assert {alert["amount"] for alert in alerts} == {None}
    page = (await desk.client.get("/alerts", params={"lang": "en", "customer": "K-2"})).text
    assert "time is up" in page
    assert (await desk.client.get("/", params={"lang": "zh-CN"})).status_code == 200


async def test_the_page_of_a_customer_tells_the_whole_case(desk: Desk) -> None:
    page = (await desk.client.get("/customers/K-2", params={"lang": "en"})).text
    assert f'id="case-{desk.cases["K-2"]}"' in page
    assert "a credit note" in page
    assert "handed on: Sales" in page
    resolved = CaseResolved(case_id=desk.cases["K-2"])
    await desk.company.report("K-2", resolved, at=local("2026-03-20T09:59"))
    page = (await desk.client.get("/customers/K-2", params={"lang": "en"})).text
    assert "resolved, to be called back" in page
