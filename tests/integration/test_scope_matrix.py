"""Every route with every role, and every row table: nobody sees what is another branch's.

A route that comes new must be named here, with the right that it asks for.
"""

import json
import re
from asyncio import Runner
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from html import unescape
from urllib.parse import urljoin, urlsplit

import asyncpg
import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route

from events.cases.recipients import ABOUT_NO_CLOCK
from events.cases.terms import native_case_id
from events.envelope import BranchId
from events.money import Money
from events.touchpoints.complaint import ComplaintFiled, ServiceRequested
from events.touchpoints.customer import (
    CustomerMerged,
    CustomerProfileChanged,
    CustomerRegistered,
)
from events.touchpoints.payment import MoneyUnassigned
from events.touchpoints.policy import Role, StaffSet
from projections import PROJECTIONS
from services.casework.api import (
    ACCOUNT_COMMANDS,
    ALERT_COMMANDS,
    COMMANDS,
    IDENTITY_COMMANDS,
)
from services.casework.by_itself import CaseworkByItself
from services.console.app import create_console
from services.gateway.http import create_gateway
from services.intake.draft import Scope as IntakeScope
from services.intake.draft import local_scope
from services.intake.keys import Keys
from services.people.principal import Principal, Right, Scope
from services.people.roles import RIGHTS, StaffRole, principal_for
from services.postgres.pool import Connection
from services.rows.guards import READER, entering
from services.rows.row_tables import guards_of, scoped_tables, tables_of
from services.search.follower import SearchFollower
from tests.support.console import (
    EARLY,
    RULES,
    SERVICE_DESK,
    TIERS,
    Company,
    checked,
    invoice,
    local,
    open_company,
    ordered,
    owed,
    paid,
)
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres

BRANCHES = ("SH", "NY")
HOMES = {
    "shanghai-1": "SH", "shanghai-2": "SH", "newyork-1": "NY", "newyork-2": "NY",
    "moved-away": "NY",  # registered at Shanghai, at home in New York since
    "moved-in": "SH",  # the other way round
    "root": "SH",  # to whom a customer of New York belongs
    "asked-sh": "SH", "asked-ny": "NY",  # nothing but a request tells of them
}  # fmt: skip
"""Where each customer is at home, as the company told it."""

REFUSED = {branch: f"00000000-0000-4000-8000-00000000000{n}" for n, branch in enumerate(BRANCHES)}
"""An event of each branch that was refused."""

MONEY: dict[str, str] = {}
"""Money of each branch that no rule assigned."""

EVENTS: dict[str, str] = {}
"""An event of each customer, as the company told it."""

NAME, PHONE = "王小明", "+86 21 5555 0101"

OFFICES: tuple[Role, ...] = (
    "department_head", "headquarters", "call_centre", "credit", "receivables", "order_entry",
    "auditor", "administrator",
)  # fmt: skip

SEES, LOOKS, AUDITS = Right.SEE_CUSTOMERS, Right.SEE_POLICIES, Right.AUDIT
ACTS: Mapping[str, Right] = {
    "/cases/triage": Right.COMMAND,
    "/calls/{feed}/{call}/new": Right.COMMAND,
    "/calls/new": Right.COMMAND,
    "/create": Right.RECORD,
    "/create/{name}": Right.RECORD,  # of a complaint; of a payment it is PUBLISH
    "/do/customers": Right.COMMAND,
    "/do/many/{listed}": Right.COMMAND,
    "/do/many/{listed}/{word}": Right.COMMAND,
    "/do/cases/{identity}/{word}": Right.COMMAND,
    "/do/customers/{customer}": Right.COMMAND,
    "/do/customers/{identity}/{word}": Right.COMMAND,
    "/do/alerts/{identity}/{word}": Right.COMMAND,
    "/policies/{kind}/new": Right.SET_POLICIES,
    "/past": SEES,
    "/imports/{entry}/settle": Right.PUBLISH,
    "/imports/files": Right.PUBLISH,
    "/imports/files/{file}/begin": Right.PUBLISH,
    "/unassigned/{entry}/settle": Right.COMMAND,
}
"""Addresses of forms: asked without one, or about what nobody opened, they refuse in other ways."""

NEEDS: Mapping[str, Right | None] = {
    "/": None,  # leads whoever sees no customer to where he or she begins
    "/desk": SEES,
    "/overview": SEES,
    "/live/overview": SEES,
    "/live/calls": SEES,
    "/receivables": SEES,
    "/receivables/promises": SEES,
    "/credit": SEES,
    "/cases": SEES,
    "/cases/owners": SEES,
    "/cases/deadlines": SEES,
    "/cases/{case}": SEES,
    "/service": SEES,
    "/service/cases": SEES,
    "/service/{table}.csv": SEES,
    "/customers": SEES,
    "/customers.csv": SEES,
    "/api/v1/customers": SEES,
    "/customers/{customer}": SEES,
    "/customers/{customer}/timeline": SEES,
    "/customers/{customer}/statement": SEES,
    "/customers/{customer}/ways": SEES,
    "/alerts": SEES,
    "/alerts/journal": SEES,
    "/branches": SEES,
    "/events/{event}": SEES,
    "/help/{topic}": None,
    "/audit": Right.AUDIT,
    "/audit/{customer}/events.csv": Right.AUDIT,
    "/policies": LOOKS,
    "/policies/{kind}": LOOKS,
    "/imports": Right.PUBLISH,
    "/imports/{entry}": Right.PUBLISH,
    "/imports/files/{file}": Right.PUBLISH,
    "/imports/files/{file}/refused.csv": Right.PUBLISH,
    "/unassigned": SEES,
    "/unassigned/{entry}": SEES,
    "/status": Right.ADMINISTER,
    "/api/v1/freshness": None,  # says nothing of any customer
    "/api/v1/receivables/ageing": SEES,
    "/api/v1/receivables/items": SEES,
    "/api/v1/credit/work": SEES,
    "/api/v1/cases": SEES,
    "/api/v1/cases/{case}": SEES,
    "/api/v1/case-owners": SEES,
    "/api/v1/case-deadlines": SEES,
    "/api/v1/service/report": SEES,
    "/api/v1/customers/{customer}/receivables": SEES,
    "/api/v1/customers/{customer}/value": SEES,
    "/api/v1/customers/{customer}/callbacks": SEES,
    "/api/v1/customers/{customer}/timeline": SEES,
    "/api/v1/value/pyramid": SEES,
    "/api/v1/alerts": SEES,
    "/api/v1/alerts/journal": SEES,
    "/api/v1/policies": LOOKS,
    "/api/v1/audit/looks": AUDITS,
    "/audit/looks": AUDITS,
    "/audit/looks.csv": AUDITS,
    **dict.fromkeys(
        (
            "/users",
            "/users/make",
            "/users/link",
            "/users/lock",
            "/users/unlock",
            "/users/reset-second-factor",
            "/users/log-out",
            "/users/administrator",
            "/users/no-administrator",
            "/users/end-session",
            "/keys",
            "/keys/make",
            "/keys/revoke",
        ),
        Right.ADMINISTER,
    ),
    "/api/v1/search": SEES,
    "/search": None,  # what the menu has is offered to anybody
    "/search/suggest": None,
    "/api/v1/views": SEES,
    "/api/v1/views/{view}": SEES,
    "/do/views": SEES,
    "/do/views/{view}/rename": SEES,
    "/do/views/{view}/delete": SEES,
    **ACTS,
}
"""Which right each address asks for; None: whoever is in may."""

ENTERING = {
    "/log-in", "/log-in/company", "/log-in/company/back", "/log-out", "/link/{token}",
    "/demonstration/{key}", "/demonstration/be",
    "/me", "/me/password", "/me/second-factor", "/me/second-factor/confirm",
    "/me/second-factor/remove", "/me/sessions/end", "/me/log-out-everywhere",
}  # fmt: skip
"""Where one comes in, and the own account: whoever asks, and of no customer."""

WITH_LOG_IN = {"/users"}
"""Where the console of this test, which has none, has nothing."""

SENT: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("POST", "/api/v1/views"): {"list": "cases", "name": "all"},
    ("PATCH", "/api/v1/views/nobodys"): {"name": "all"},
}
"""What is sent where an answer hangs on it."""

TOLD_TO_ANYBODY = {"/healthz", "/static/{name:path}", "/api/v1/openapi.json"}
"""Addresses that tell nothing of the company."""


class Badge:
    """Lets in whom a header names, as reference data have them."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.people: dict[str, Principal] = {}

    async def principal_of(self, request: Request) -> Principal:
        return self.people[request.headers["x-staff"]]


@pytest.fixture(scope="module")
def told(postgres_server: str) -> Iterator[str]:
    """The DSN of a database in which both branches have told what happened."""

    async def tell_all(dsn: str) -> None:
        async with open_company(dsn) as company:
            await tell(company)

    with Runner() as runner:
        database = fresh_database(postgres_server)
        dsn = runner.run(database.__aenter__())
        try:
            runner.run(tell_all(dsn))
            yield dsn
        finally:
            runner.run(database.__aexit__(None, None, None))


@pytest.fixture
async def company(told: str) -> AsyncIterator[Company]:
    async with open_company(told) as company:
        yield company


async def tell(company: Company) -> None:
    """Have the same happen at both branches, and what makes a home hard to tell."""
    staff = [
        StaffSet(effective_from=EARLY, staff_id=f"{branch}-clerk", branch_id=branch)
        for branch in BRANCHES
    ] + [
        StaffSet(
            effective_from=EARLY,
            staff_id=f"{branch}-manager",
            branch_id=branch,
            roles=("branch_manager",),
        )
        for branch in BRANCHES
    ] + [
        StaffSet(effective_from=EARLY, staff_id=role, branch_id="HQ", roles=(role,))
        for role in OFFICES
    ]  # fmt: skip
    await company.report(None, *RULES, *SERVICE_DESK, TIERS, *staff, branch="HQ")
    for branch, name in (("SH", "shanghai"), ("NY", "newyork")):
        for customer in (f"{name}-1", f"{name}-2"):
            await buy(company, customer, branch)
        await complain(company, f"{name}-1", branch)
        # At the other branch: it is the customer's home that counts.
        await complain(company, f"{name}-2", "NY" if branch == "SH" else "SH")
        request = ServiceRequested(kind="enquiry", department="service")
        await company.report(f"asked-{branch.lower()}", request, branch=branch)
        unassigned = MoneyUnassigned(
            money_id=f"bank-{branch}:1",
            feed=f"bank-{branch.lower()}",
            key=("1",),
            amount=Money(5_000, "CNY"),
            direction="in",
            booked_on=date(2026, 3, 16),
            why="nothing_known",
        )
        await company.report(None, unassigned, branch=branch)
        MONEY[branch] = company.last_event_id
    await buy(company, "moved-away", "SH")
    await complain(company, "moved-away", "SH", owner="NY-clerk")
    await company.report("moved-away", CustomerProfileChanged(home_branch="NY"), branch="SH")
    await buy(company, "moved-in", "NY")
    await complain(company, "moved-in", "NY", owner="SH-clerk")
    await company.report("moved-in", CustomerProfileChanged(home_branch="SH"), branch="NY")
    await buy(company, "member", "NY")
    await buy(company, "root", "SH")  # the home named last is that of both together
    await company.report("member", CustomerMerged(into="root"), branch="HQ")
    while await CaseworkByItself(company.platform).openings.step():
        pass
    await company.project()
    for row in await company.platform.pool.fetch(
        "SELECT customer_id, event_id FROM events WHERE customer_id IS NOT NULL"
    ):
        EVENTS[row["customer_id"]] = str(row["event_id"])
    while await SearchFollower(company.platform).step():
        pass
    for branch, event_id in REFUSED.items():
        await company.platform.pool.execute(
            "INSERT INTO imports (import_id, branch_id, mapping, file_name, bytes, staff_id, "
            "received_at, state) VALUES ($1::text::uuid, $2, 'invoices-ibm', 'export.csv', 1, "
            "'S-1', now(), 'tried')",
            event_id,
            branch,
        )
        own = next(one for one, home in HOMES.items() if home == branch)
        wrong = {"id": event_id, "type": "payment.nothing_like_it", "subject": own}
        await company.platform.intake.submit(local_scope(BranchId(branch)), [wrong])


async def buy(company: Company, customer: str, branch: str) -> None:
    """Register a customer who owes, ordered, and was refused."""
    personal = {"name": NAME, "phone": PHONE}
    registered = CustomerRegistered(home_branch=branch, segment=customer)
    await company.report(customer, registered, branch=branch, personal=personal)
    facts = (
        invoice(f"of-{customer}", 70_000, date(2026, 2, 3)),
        paid(f"paid-{customer}", 900_000),
        invoice(f"more-{customer}", 2_000_000, date(2026, 2, 3)),
        ordered(f"ordered-{customer}", 40_000),
        checked(f"checked-{customer}", 20_000, "shipment", "limit_exceeded"),
    )
    for fact in facts:
        await company.report(customer, fact, branch=branch, at=local("2026-03-17T10:00"))


async def complain(
    company: Company, customer: str, branch: str, *, owner: str | None = None
) -> None:
    """File a complaint; without an owner here the branch keeps the case, and says what is owed."""
    filed = ComplaintFiled(severity="urgent", department="service", agent=owner or "agent-7")
    await company.report(customer, filed, branch=branch, at=local("2026-03-16T09:00"))
    if owner is not None:
        return
    case = native_case_id(company.last_event_id)
    debt = owed(case, "sales", f"a note to {customer}", 8)
    await company.report(customer, debt, branch=branch, at=local("2026-03-16T09:30"))


@asynccontextmanager
async def console(company: Company) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient, Badge]]:
    badge = Badge(company)
    app = create_console(company.platform, doorkeeper=badge)
    reference = await app.state.console.everything.reference()
    people = [*OFFICES, *(f"{b}-{who}" for b in BRANCHES for who in ("clerk", "manager"))]
    for staff_id in people:
        principal = principal_for(reference, staff_id, company.clock.now())
        assert principal is not None
        badge.people[staff_id] = principal
    badge.people["nobody"] = Principal("nobody", Scope(), frozenset())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield app, client, badge


def addresses(app: FastAPI) -> list[tuple[str, str]]:
    """Return the method and address of everything that the console answers to."""
    return [
        (method, route.path)
        for route in routes(app.routes)
        for method in sorted((route.methods or {"GET"}) - {"HEAD", "OPTIONS"})
    ]


def routes(some: Iterable[BaseRoute]) -> Iterator[Route]:
    """Yield every route, also those of routers that were included whole."""
    for one in some:
        if isinstance(one, Route):
            yield one
        else:
            within: APIRouter = one.original_router  # type: ignore[attr-defined]
            yield from routes(within.routes)


async def cases_by_customer(company: Company) -> dict[str, str]:
    board = tables_of(PROJECTIONS[2])["cases"].name
    rows = await company.platform.pool.fetch(f"SELECT customer_id, case_id FROM {board}")
    return {row["customer_id"]: row["case_id"] for row in rows}


def walked(app: FastAPI, *methods: str) -> list[tuple[str, str]]:
    """Return what is asked one by one: all but streams, which never end, and where one enters."""
    left_out = TOLD_TO_ANYBODY | ENTERING | {"/live/overview"}
    return [
        (method, path)
        for method, path in addresses(app)
        if path not in left_out and (not methods or method in methods)
    ]


def is_refused(answer: httpx2.Response) -> bool:
    """Tell whether an answer is that no role of whoever asks allows it."""
    told = "not_allowed" in answer.text or "This is not open to you" in answer.text
    return answer.status_code == 403 and told


def filled(path: str, customer: str, case: str) -> str:
    """Return an address about a customer."""
    found = path.replace("{customer}", customer).replace("{case}", case)
    found = found.replace("{table}", "handling").replace("{view}", "nobodys")
    found = found.replace("{table}", "handling").replace("{kind}", "ageing")
    found = found.replace("{topic}", "cases")
    found = found.replace("{event}", EVENTS.get(customer, REFUSED["SH"]))
    found = found.replace("{file}", REFUSED[HOMES.get(customer, "SH")])
    entries = MONEY if path.startswith("/unassigned/") else REFUSED
    found = found.replace("{entry}", entries[HOMES.get(customer, "SH")])
    found = found.replace("{table}", "handling").replace("{name}", "complaint.filed")
    found = found.replace("{listed}", "cases").replace("{feed}", "pbx-1").replace("{call}", "1.7")
    found = found.replace("{word}", "record-promise" if "/customers/" in path else "note")
    alert = "5a1f0f8e-7c0b-5c55-8f0e-4f8f9d0c7b11"
    of = {"customers": customer, "cases": case, "alerts": alert}
    found = found.replace("{identity}", of.get(path.removeprefix("/do/").partition("/")[0], ""))
    found += f"?q={NAME}" if path.endswith(("/search", "/search/suggest")) else ""
    assert "{" not in found, f"say what {path} is to be asked about"
    return found


async def got(client: httpx2.AsyncClient, who: str, method: str, path: str) -> httpx2.Response:
    headers = {
        "x-staff": who,
        "accept-language": "en",
        "origin": "http://localhost",
        "sec-fetch-site": "same-origin",
    }
    return await client.request(method, path, headers=headers, json=SENT.get((method, path)))


def others(branch: str) -> list[str]:
    """Return whom a branch must not hear of."""
    return [*(one for one, home in HOMES.items() if home != branch)]


async def test_every_address_asks_for_the_right_that_is_named_here(company: Company) -> None:
    async with console(company) as (app, client, badge):
        asked = {path for _, path in addresses(app)} - TOLD_TO_ANYBODY - ENTERING
        assert asked == set(NEEDS), "name every address here, with the right that it asks for"
        cases = await cases_by_customer(company)
        for method, path in walked(app):
            for who, principal in badge.people.items():
                own = "newyork-1" if who.startswith("NY") else "shanghai-1"
                answer = await got(client, who, method, filled(path, own, cases[own]))
                right = NEEDS[path]
                barred = right is not None and not principal.may(right)
                assert is_refused(answer) == barred, (who, method, path)
                empty = method != "GET" and answer.status_code in (400, 404)
                is_form = (path in ACTS or right is Right.ADMINISTER) and answer.status_code < 500
                fine = barred or empty or is_form or answer.status_code < 400
                assert fine, (who, path, answer.text)
        refused = await got(client, "administrator", "GET", "/live/overview")
        assert is_refused(refused)


def shape(app: FastAPI, address: str) -> tuple[str, ...]:
    """Return the sort of page of an address: its route, its command, and whether of an instant."""
    parts = urlsplit(address)
    scope = {"type": "http", "path": parts.path, "method": "GET"}
    for route in routes(app.routes):
        match, found = route.matches(scope)
        if match is Match.FULL:
            word = str(found["path_params"].get("word", ""))
            return (route.path, word, *re.findall("as_of|list", parts.query))
    return (parts.path,)


@pytest.mark.parametrize("who", ["call_centre", "auditor", "administrator"])
async def test_every_link_that_somebody_is_shown_leads_somewhere(
    company: Company, who: str
) -> None:
    async with console(company) as (app, client, _):
        begins = "/policies" if who == "administrator" else "/"
        waiting, seen = [(begins, "where one begins")], set[tuple[str, ...]]()
        while waiting:
            address, source = waiting.pop()
            answer = await got(client, who, "GET", address)
            assert answer.status_code < 400, (who, address, source, answer.text)
            links = re.findall(r'\b(?:href|hx-get)="([^"]+)"', answer.text)
            for link in (*links, answer.headers.get("location", "")):
                if link.startswith("tel:"):  # a telephone takes it
                    continue
                there = urljoin(address, unescape(link)).partition("#")[0]
                sort = shape(app, there)
                if sort not in seen and sort[0] not in TOLD_TO_ANYBODY | WITH_LOG_IN:
                    seen.add(sort)
                    waiting.append((there, address))
        assert len(seen) >= (5 if who == "administrator" else 25)


async def test_the_call_centre_records_what_was_said_and_no_payment(company: Company) -> None:
    async with console(company) as (_, client, _badge):
        offered = (await got(client, "call_centre", "GET", "/create")).text
        assert "/create/complaint.filed" in offered
        assert "/create/payment.payment_received" not in offered
        for name, status in (("complaint.filed", 200), ("payment.payment_received", 403)):
            answer = await got(client, "call_centre", "GET", f"/create/{name}")
            assert answer.status_code == status
            answer = await client.post(
                f"/create/{name}",
                headers={
                    "x-staff": "call_centre",
                    "origin": "http://localhost",
                    "sec-fetch-site": "same-origin",
                },
                data={
                    "key": "5f5c1f5e-0a52-4c6f-9a3a-7f7b3c0c4a11",
                    "customer": "shanghai-1",
                    "severity": "high",
                },
            )
            assert answer.status_code == status


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("who", ["clerk", "manager"])
async def test_no_answer_to_a_branch_tells_of_anothers_customers(
    company: Company, branch: str, who: str
) -> None:
    own = next(one for one, home in HOMES.items() if home == branch)
    async with console(company) as (app, client, _):
        cases = await cases_by_customer(company)
        told = ""
        for method, path in walked(app, "GET"):
            text = (
                await got(client, f"{branch}-{who}", method, filled(path, own, cases[own]))
            ).text
            for customer in (*others(branch), *(["member"] if branch == "NY" else [])):
                assert customer not in text, (path, customer)
                assert cases.get(customer, "no case") not in text, (path, customer)
            told += text
        # Nothing is proved by answers that are empty.
        for customer in (one for one, home in HOMES.items() if home == branch):
            assert customer in told


@pytest.mark.parametrize("branch", BRANCHES)
async def test_a_customer_of_another_branch_answers_like_an_unknown_one(
    company: Company, branch: str
) -> None:
    async with console(company) as (app, client, _):
        cases = await cases_by_customer(company)
        about = [
            (method, path)
            for method, path in walked(app, "GET")
            if re.search(r"\{(customer|case)\}", path) and NEEDS[path] is not Right.AUDIT
        ]
        assert about
        for customer in (*others(branch), *(["member"] if branch == "NY" else [])):
            unknown = "x" * len(customer)
            case = cases.get(customer, "caseless")
            for method, path in about:
                for query in ("", "?as_of=2026-03-18", "?as_known=2026-03-18"):
                    if "timeline" in path and "as_known" in query:
                        continue
                    address = filled(path, customer, case) + query
                    nowhere = filled(path, unknown, "z" * len(case)) + query
                    answer = await got(client, f"{branch}-clerk", method, address)
                    same = await got(client, f"{branch}-clerk", method, nowhere)
                    assert answer.status_code == same.status_code, (branch, address)
                    # Of some addresses no instant can be asked.
                    assert answer.status_code == 404 or (query and answer.status_code == 400)
                    text = answer.text.replace(customer, unknown).replace(case, "z" * len(case))
                    assert text == same.text


async def sent(
    client: httpx2.AsyncClient, who: str, path: str, form: Mapping[str, str]
) -> httpx2.Response:
    headers = {"x-staff": who, "accept-language": "en", "sec-fetch-site": "same-origin"}
    return await client.post(path, data=dict(form), headers=headers)


@pytest.mark.parametrize("customer", ["newyork-1", "moved-away", "asked-ny"])
async def test_nobody_brings_anothers_customer_home_by_registering_it(
    company: Company, customer: str
) -> None:
    async with console(company) as (_, client, _):
        path = f"/do/customers/{customer}/register"
        form = {"key": "take", "home_branch": "SH", "kind": "person"}
        for then in ("try", "do"):
            answer = await sent(client, "SH-clerk", path, form | {"then": then})
            assert answer.status_code == 409
            assert "This id is taken already" in answer.text
            assert "2026" not in answer.text  # nor since when
        assert (await got(client, "SH-clerk", "GET", path)).status_code == 409
        free = f"/do/customers/{customer}-x/register"
        assert (await got(client, "SH-clerk", "GET", free)).status_code == 200
        own = "/do/customers/shanghai-1/register"
        told = await sent(client, "SH-clerk", own, form)
        assert "shanghai-1 is registered already, since" in told.text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("payment.credit_limit_set", {"limit": {"minor": 1_000_000, "currency": "CNY"}}),
        ("customer.erased", {"reason": "asked for"}),
        ("customer.merged", {"into": "shanghai-1"}),
        ("reference.staff_set", {"staff_id": "SH-clerk", "roles": ["headquarters"]}),
        ("policy.tiers_published", {}),
    ],
)
async def test_no_correction_of_a_refused_event_goes_round_who_may(
    company: Company, name: str, data: Mapping[str, object]
) -> None:
    event = {"type": name, "subject": "newyork-1", "time": "2026-03-18T10:00:00Z", "data": data}
    head = {"specversion": "1.0", "id": "corrected", "source": "/branches/SH/till"}
    count = "SELECT count(*) FROM events"
    async with console(company) as (_, client, _):
        path = f"/imports/{REFUSED['SH']}/settle"
        before = await company.platform.pool.fetchval(count)
        answer = await sent(client, "SH-clerk", path, {"event": json.dumps(head | event)})
        assert answer.status_code == 422
        assert f"{name} is not corrected here" in answer.text
        assert await company.platform.pool.fetchval(count) == before
        # As it was it may be sent again, whatever line ends a browser makes of it.
        page = await got(client, "SH-clerk", "GET", f"/imports/{REFUSED['SH']}")
        [shown] = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.DOTALL)
        again = await sent(
            client, "SH-clerk", path, {"event": unescape(shown).replace("\n", "\r\n")}
        )
        assert again.status_code == 422
        assert "not corrected here" not in again.text


async def test_what_headquarters_sent_is_sent_again_by_who_sets_policies(company: Company) -> None:
    event_id = "00000000-0000-4000-8000-0000000000f1"
    wrong = {"id": event_id, "type": "reference.staff_set", "data": {"staff_id": ""}}
    intake = company.platform.intake
    [answer] = await intake.submit(IntakeScope(BranchId("SH"), headquarters=True), [wrong])
    assert answer.status == "refused"
    async with console(company) as (_, client, _):
        path = f"/imports/{event_id}/settle"
        for form in ({"event": ""}, {"do": "discard", "reason": "none of ours"}):
            assert is_refused(await sent(client, "SH-clerk", path, form))
        done = await sent(client, "headquarters", path, {"do": "discard", "reason": "none of ours"})
        assert done.status_code == 303


async def test_every_page_is_shown_while_only_what_was_known_is_asked_about(
    company: Company,
) -> None:
    async with console(company) as (app, client, _):
        cases = await cases_by_customer(company)
        for method, path in walked(app, "GET"):
            address = filled(path, "shanghai-1", cases["shanghai-1"])
            joint = "&" if "?" in address else "?"
            address += f"{joint}as_known=2026-03-18"
            answer = await got(client, "headquarters", method, address)
            assert answer.status_code < 500, (address, answer.text)


async def test_no_body_is_read_before_it_is_known_who_sends_it(company: Company) -> None:
    async with console(company) as (app, client, _):
        bodies = [one.path for one in routes(app.routes) if getattr(one, "body_field", None)]
        assert bodies == []  # they would be read whole, however long, and from whomever
        json_sent = {"x-staff": "SH-clerk", "content-type": "application/json"}
        long = b'{"list": "cases", "name": "' + b"a" * (3 << 20) + b'"}'
        answer = await client.post("/api/v1/views", content=long, headers=json_sent)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        for short in (b"[]", b"7", b'{"name": 7}', b'{"list": "cases"}', b"{", b"\xff"):
            answer = await client.post("/api/v1/views", content=short, headers=json_sent)
            assert answer.status_code == 400, answer.text


async def test_names_and_telephones_are_told_to_those_alone_who_may_see_persons(
    company: Company,
) -> None:
    async with console(company) as (app, client, badge):
        cases = await cases_by_customer(company)
        told: dict[str, str] = {}
        for who in ("auditor", "administrator", "headquarters", "SH-clerk"):
            for method, path in walked(app, "GET"):
                address = filled(path, "shanghai-1", cases["shanghai-1"])
                address = address.replace(NAME, "shanghai-1")  # a page repeats what was typed
                told[who] = told.get(who, "") + (await got(client, who, method, address)).text
        for who, text in told.items():
            sees = badge.people[who].may(Right.SEE_PERSONS)
            assert (NAME in text, PHONE[-4:] in text) == (sees, sees), who


@pytest.mark.parametrize("branch", BRANCHES)
async def test_a_branch_finds_its_own_customers_alone(company: Company, branch: str) -> None:
    async with console(company) as (_, client, _):
        cases = await cases_by_customer(company)

        async def hits(typed: str) -> set[str]:
            answer = await got(client, f"{branch}-clerk", "GET", f"/api/v1/search?q={typed}")
            assert answer.status_code == 200, answer.text
            return {hit["customer"] for hit in answer.json()["hits"]}

        for customer, home in HOMES.items():
            told = [customer]
            if not customer.startswith("asked"):
                told += [f"of-{customer}", f"ordered-{customer}"]
            for typed in (*told, *([cases[customer]] if customer in cases else [])):
                assert await hits(typed) == ({customer} if home == branch else set()), typed
        named = {one for one in HOMES if not one.startswith("asked")}
        assert await hits(NAME) == named - {*others(branch)}
        by_name = (await got(client, f"{branch}-clerk", "GET", f"/search/suggest?q={NAME}")).text
        for one in others(branch):
            assert one not in by_name


async def test_live_updates_are_those_of_the_own_branch(company: Company) -> None:
    async with console(company) as (app, _, badge):
        for branch in BRANCHES:
            live = app.state.audiences.of(badge.people[f"{branch}-clerk"])
            with live.viewer("en"):
                stream = live.stream("en", None)
                text = b""
                async for part in stream:
                    text += part
                    if b"hx-partial" in part:
                        break
                await stream.aclose()
            assert any(one.encode() in text for one, home in HOMES.items() if home == branch)
            assert not any(one.encode() in text for one in others(branch))
        await app.state.audiences.close()


@pytest.mark.parametrize("branch", BRANCHES)
async def test_the_database_and_the_questions_each_keep_every_row_table_apart(
    company: Company, branch: str
) -> None:
    shared = ("alerts", "alert_journal")
    tables = {
        name: guard.table for one in PROJECTIONS for name, guard in guards_of(one).items()
    } | {name: name for name in shared}  # fmt: skip
    scoped = scoped_tables(PROJECTIONS, {branch})
    empty = set()
    async with company.platform.pool.acquire() as connection:
        for name, table in tables.items():
            rows = await connection.fetch(f"SELECT * FROM {table} AS plain")
            ours = {home for home, at in HOMES.items() if at == branch}
            expected = sum(row["customer_id"] in ours for row in rows)
            if not rows:
                empty.add(name)
            by_question = await connection.fetch(f"SELECT * FROM {scoped[name]} AS asked")
            async with connection.transaction():
                await connection.execute(entering({branch}))
                by_database = await connection.fetch(f"SELECT * FROM {table} AS plain")
            for found in (by_question, by_database):
                assert {row["customer_id"] for row in found} <= ours, name
                # What the member's journal told before the merge is nobody's at a branch.
                assert len(found) == expected, name
                assert NAME not in repr(found)
    assert empty <= {"charges", "answers", "referrals", "callbacks", "cycles"}


async def unguarded(connection: Connection) -> set[str]:
    """Return the tables, by the database's own catalogue, that let a part be seen by nobody's rule.

    A table that names customers must have the policy of the reader, or be closed to it in all
    columns that do; whatever is open as a whole must have it, too.
    """
    rows = await connection.fetch(
        """
        SELECT c.relname AS table_name,
            bool_or(a.attname ~ '(customer|subject)' AND names_one.readable) AS tells,
            has_table_privilege($1, c.oid, 'SELECT') AS is_open,
            c.relrowsecurity AND EXISTS (
                SELECT FROM pg_policy p
                WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL
                    AND (SELECT oid FROM pg_roles WHERE rolname = $1) = ANY (p.polroles)
            ) AS is_guarded
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        CROSS JOIN LATERAL (
            SELECT has_column_privilege($1, c.oid, a.attnum, 'SELECT') AS readable
        ) AS names_one
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        GROUP BY c.oid, c.relname, c.relrowsecurity
        """,
        READER,
    )
    assert len(rows) > 50
    return {
        row["table_name"]
        for row in rows
        if (row["tells"] or row["is_open"]) and not row["is_guarded"]
    }


async def test_who_sees_a_part_reads_no_table_that_nobody_has_thought_of(company: Company) -> None:
    async with company.platform.pool.acquire() as connection:
        assert await unguarded(connection) == set()
        async with connection.transaction():
            await connection.execute(entering({"SH"}))
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT data FROM events")
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            f"""
            CREATE TABLE forgotten (customer_id text, amount int);
            CREATE TABLE told_in_part (subject text, branch_id text);
            CREATE TABLE harmless (customer_id text, branch_id text);
            CREATE VIEW seen_through AS SELECT customer_id FROM events;
            GRANT SELECT ON forgotten, seen_through TO {READER};
            GRANT SELECT (subject) ON told_in_part TO {READER};
            GRANT SELECT (branch_id) ON harmless TO {READER};
            """
        )
        assert await unguarded(connection) == {"forgotten", "told_in_part", "seen_through"}
        await transaction.rollback()


async def test_every_table_with_rows_of_customers_keeps_them_apart(company: Company) -> None:
    """Every one that the reader may read, by the catalogue: it sees its own customers there."""
    ours = {home for home, at in HOMES.items() if at == "SH"}
    ours.add("member")  # found where its root is at home
    seen = set()
    async with company.platform.pool.acquire() as connection, connection.transaction():
        await connection.execute(entering({"SH"}))
        tables = await connection.fetch(
            """
            SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE a.attname = 'customer_id' AND c.relkind = 'r'
                AND c.relnamespace = current_schema()::regnamespace
                AND has_column_privilege(c.oid, a.attnum, 'SELECT')
            """
        )
        for (table,) in tables:
            found = await connection.fetch(f"SELECT customer_id FROM {table}")
            assert {row["customer_id"] for row in found} <= ours, table
            if found:
                seen.add(table)
    assert {"alerts", "alert_journal"} < seen
    assert len(seen) > 8


async def test_who_sees_all_takes_no_other_role(company: Company) -> None:
    model = create_console(company.platform).state.console.everything
    for principal, role in ((Principal("all"), False), (Principal("SH", Scope(frozenset())), True)):
        async with model.reading(principal) as reader:
            [row] = await reader.fetch("SELECT current_user = $1 AS part", READER)
            assert row["part"] is role


def test_every_right_is_some_roles() -> None:
    assert set().union(*RIGHTS.values()) == set(Right)


BY_BRANCHES = {
    ("POST", "/api/v1/events"),
    ("GET", "/api/v1/events/{event_id}"),
    ("GET", "/api/v1/receipts/key"),
    ("GET", "/api/v1/receipts/{source:path}"),
    ("GET", "/api/v1/words"),
}
"""What keys of branches are for; no member of staff is let in."""

BY_OTHER_SYSTEMS = {
    ("POST", "/api/v1/hooks/{feed}"),
    ("POST", "/api/v1/hooks/{feed}/{key}"),
}
"""Where messages come in under their feed's signature or key; no member of staff is let in."""

OF_STAFF: Mapping[tuple[str, str], Right] = {
    ("GET", "/api/v1/cases/{case_id}"): SEES,
    ("GET", "/api/v1/alerts/{alert_id}"): SEES,
    **{
        ("POST", f"/api/v1/{of}/{word}"): Right.COMMAND
        for of, words in (
            ("cases/{case_id}", COMMANDS),
            ("customers/{customer_id}", ACCOUNT_COMMANDS),
            ("customers/{customer_id}", IDENTITY_COMMANDS),
            ("alerts/{alert_id}", ALERT_COMMANDS),
            ("bulk/cases", COMMANDS),
            ("bulk/customers", ACCOUNT_COMMANDS),
        )
        for word in words
    },
}
"""Which right each address of the gateway asks for of a member of staff."""

OF_MONEY: Mapping[tuple[str, str], Right] = {
    ("GET", "/api/v1/unassigned"): SEES,
    ("POST", "/api/v1/unassigned/{line}/{word}"): Right.COMMAND,
}
"""Likewise, of money that no rule assigned; it is about nobody yet."""

LIMIT = {"limit": {"minor": 100, "currency": "CNY"}}
GIVEN: Mapping[str, object] = {
    "/api/v1/cases/{case_id}/take": {},
    "/api/v1/cases/{case_id}/note": {"personal": {"note": "a note in confidence"}},
    "/api/v1/customers/{customer_id}/set-credit-limit": LIMIT,
    "/api/v1/customers/{customer_id}/change-profile": {"segment": "retail"},
    "/api/v1/customers/{customer_id}/merge": {"into": "root"},
    "/api/v1/customers/{customer_id}/unmerge": {},
    "/api/v1/alerts/{alert_id}/acknowledge": {},
}
"""Commands that can be read, of every kind there is."""


class Gateway:
    """The gateway as members of staff ask it, each with a key of his or her own."""

    def __init__(self, app: FastAPI, client: httpx2.AsyncClient, keys: Keys) -> None:
        self.app = app
        self._client = client
        self._keys = keys
        self._tokens: dict[str, str] = {}

    async def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        seen: int | None = None,
    ) -> httpx2.Response:
        """Ask as somebody; a command without a key is only tried."""
        if who not in self._tokens:
            _, self._tokens[who] = await self._keys.create_for_staff(who)
        headers = {"authorization": f"Bearer {self._tokens[who]}", "accept-language": "en"}
        if key is not None:
            headers["idempotency-key"] = key
        elif method == "POST":
            path += "?try=true"
        if seen is not None:
            headers["if-match"] = f'"{seen}"'
        return await self._client.request(method, path, headers=headers, json=body)


@asynccontextmanager
async def gateway(company: Company) -> AsyncIterator[Gateway]:
    platform = company.platform
    app = create_gateway(platform)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield Gateway(app, client, Keys(platform.pool, platform.clock))


async def alerts_by_customer(company: Company) -> dict[str, str]:
    rows = await company.platform.pool.fetch(
        "SELECT customer_id, alert_id::text FROM alert_journal WHERE kind = ANY($1)",
        sorted(ABOUT_NO_CLOCK),
    )
    return {row["customer_id"]: row["alert_id"] for row in rows}


def about(path: str, customer: str, case: str, alert: str) -> str:
    """Return an address of the gateway about a customer."""
    for name, value in (("customer", customer), ("case", case), ("alert", alert)):
        path = path.replace(f"{{{name}_id}}", value)
    assert "{" not in path
    return path


async def lines_of(answer: httpx2.Response) -> dict[str, str | None]:
    """Return what became of each item of a bulk: the rule that refuses it, or its outcome."""
    assert answer.status_code == 200, answer.text
    told = [json.loads(line) for line in answer.text.splitlines()]
    items = (line for line in told if line["line"] == "item")
    return {one["id"]: one.get("rule") or one["outcome"] for one in items}


async def test_every_address_of_the_gateway_asks_staff_for_a_right(company: Company) -> None:
    async with gateway(company) as door:
        assert {*addresses(door.app)} - {("GET", "/api/v1/openapi.json")} == {
            *OF_STAFF,
            *OF_MONEY,
            *BY_BRANCHES,
            *BY_OTHER_SYSTEMS,
        }
        asking: Mapping[str, StaffRole] = {
            "administrator": "administrator",
            "auditor": "auditor",
            "SH-clerk": "clerk",
            "headquarters": "headquarters",
        }
        for who, role in asking.items():
            for (method, path), right in {**OF_STAFF, **OF_MONEY}.items():
                of_money = path.replace("{line}", MONEY["SH"]).replace("{word}", "close")
                address = about(of_money, "shanghai-1", "nothing", REFUSED["SH"])
                answer = await door.ask(who, method, address, {})
                assert is_refused(answer) == (right not in RIGHTS[role]), (who, method, path)
        for method, path in BY_BRANCHES:
            address = path.replace("{event_id}", REFUSED["SH"])
            assert (await door.ask("SH-clerk", method, address, {})).status_code in (401, 403)
        for method, path in BY_OTHER_SYSTEMS:
            assert (await door.ask("SH-clerk", method, path, {})).status_code in (401, 404)


@pytest.mark.parametrize("branch", BRANCHES)
async def test_the_gateway_answers_of_another_branch_as_of_what_there_is_not(
    company: Company, branch: str
) -> None:
    cases, alerts = await cases_by_customer(company), await alerts_by_customer(company)
    unknown = ("nobody", "nothing", REFUSED["SH"])
    clerk = f"{branch}-clerk"
    before = await company.platform.log.heads()
    async with gateway(company) as door:
        reading = [("GET", path, None) for method, path in OF_STAFF if method == "GET"]
        for method, path, body in (*reading, *(("POST", *one) for one in GIVEN.items())):
            for key in (None, "a-key"):
                asked = 0
                nothing = await door.ask(
                    clerk, method, about(path, *unknown), body, key=key, seen=1
                )
                assert nothing.status_code == 404, (path, nothing.text)
                for customer in (*others(branch), *(["member"] if branch == "NY" else [])):
                    named = (customer, cases.get(customer), alerts.get(customer))
                    if ("{case_id}" in path and named[1] is None) or (
                        "{alert_id}" in path and named[2] is None
                    ):
                        continue  # of whom there is none
                    asked += 1
                    address = about(path, *(one or "" for one in named))
                    answer = await door.ask(clerk, method, address, body, key=key, seen=1)
                    text = answer.text
                    for name, other in zip(named, unknown, strict=True):
                        text = text.replace(name, other) if name else text
                    assert (answer.status_code, text) == (404, nothing.text), (path, customer)
                assert asked > 1, path
    assert await company.platform.log.heads() == before


@pytest.mark.parametrize("branch", BRANCHES)
async def test_a_branch_commands_its_own_at_the_gateway(company: Company, branch: str) -> None:
    cases, alerts = await cases_by_customer(company), await alerts_by_customer(company)
    own = "moved-in" if branch == "SH" else "moved-away"
    async with gateway(company) as door:
        for path in ("/api/v1/cases/{case_id}", "/api/v1/alerts/{alert_id}"):
            answer = await door.ask(
                f"{branch}-clerk", "GET", about(path, own, cases[own], alerts[own])
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["customer_id" if "alert" in path else "case"]
        for path, body in GIVEN.items():
            address = about(path, own, cases[own], alerts[own])
            answer = await door.ask(f"{branch}-clerk", "POST", address, body, seen=1)
            # What each command is decided by, which one comes to who sees what it is about.
            assert answer.status_code in (200, 409, 412), (path, answer.text)


@pytest.mark.parametrize("branch", BRANCHES)
async def test_a_bulk_at_the_gateway_reaches_the_own_branch_alone(
    company: Company, branch: str
) -> None:
    cases = await cases_by_customer(company)
    own = {one for one, home in HOMES.items() if home == branch}
    async with gateway(company) as door:
        for of, word, command, ids in (
            ("cases", "note", {"personal": {"note": "all of them"}}, cases),
            ("customers", "set-credit-limit", LIMIT, {one: one for one in HOMES}),
        ):
            address = f"/api/v1/bulk/{of}/{word}"
            ours = {ids[one] for one in own if one in ids}
            assert ours
            assert {*ids.values()} - ours
            where = {"where": {}, "command": command}
            found = await lines_of(await door.ask(f"{branch}-clerk", "POST", address, where))
            assert {*found} <= ours
            assert found
            every = await lines_of(await door.ask("headquarters", "POST", address, where))
            assert {*found} == {*every} & ours
            named = {"items": [{"id": one} for one in ids.values()], "command": command}
            unknown = "unknown_case" if of == "cases" else "unknown_customer"
            for key in (None, f"bulk-of-{of}"):
                given = await door.ask(f"{branch}-clerk", "POST", address, named, key=key)
                rules = await lines_of(given)
                hidden = {one for one, rule in rules.items() if rule == unknown}
                assert hidden == {*ids.values()} - ours, (of, key)


async def test_notes_are_told_by_the_gateway_to_those_alone_who_may_see_persons(
    company: Company,
) -> None:
    case = (await cases_by_customer(company))["moved-in"]
    note = {"personal": {"note": NAME}}
    async with gateway(company) as door:
        address = f"/api/v1/cases/{case}"
        done = await door.ask("SH-clerk", "POST", f"{address}/note", note, key="a-note")
        assert done.status_code == 200, done.text
        for who, sees in (("SH-clerk", True), ("headquarters", True), ("auditor", False)):
            answer = await door.ask(who, "GET", address)
            assert answer.status_code == 200, answer.text
            assert (NAME in answer.text) == sees, who
