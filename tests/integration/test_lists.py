"""Lists that choose several, sum up, go both ways, and are kept under a name.

What a list is to find is told by the rows of the database, read whole and filtered here.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest
from starlette.requests import Request

from events.money import Money
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.payment import DunningNoticeSent, InvoiceDisputed, PromiseMade
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.console.app import create_console
from services.people.principal import Principal, Scope
from services.rows.row_tables import tables_of
from tests.support.console import Company, invoice, open_company, paid, payment_of

pytestmark = pytest.mark.postgres

ITEMS = "/api/v1/receivables/items"
CUSTOMERS = "/api/v1/customers"
VIEWS = "/api/v1/views"
TODAY = {"SH": date(2026, 3, 20), "NY": date(2026, 3, 19)}  # it is Thursday evening there
BUCKETS = ((None, 0), (1, 30), (31, 60), (61, 90), (91, 120), (121, None))

Pairs = Sequence[tuple[str, str]]
Given = list[tuple[str, str | int | float | bool | None]]
Wanted = Callable[[asyncpg.Record], bool]


class Door:
    """Lets somebody in who may be changed."""

    def __init__(self) -> None:
        self.principal = Principal("agent-7")

    async def principal_of(self, request: Request) -> Principal:
        return self.principal


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    """A company of two branches whose forty customers owe in two currencies, late and not."""
    async with open_company(database) as company:
        await company.settle_down()
        await company.tell_of_value()
        await company.tell_of_cases()
        for n in range(40):
            branch = "SH" if n % 3 else "NY"
            due = date(2026, 5, 1) - timedelta(days=n * 6)
            currency = "USD" if n % 4 == 0 else "CNY"
            facts = [
                CustomerRegistered(home_branch=branch),
                invoice(f"I-{n:02}", 1_000 + n % 5 * 100, due, currency),
                invoice(f"J-{n:02}", 2_000, due + timedelta(days=1)),
            ]
            if n % 5 == 0:
                facts.append(DunningNoticeSent(invoice_id=f"I-{n:02}", level=n % 4))
            if n % 7 == 0:
                facts.append(InvoiceDisputed(dispute_id=f"D-{n}", invoice_id=f"I-{n:02}"))
            if n % 6 == 0:
                day = TODAY["NY"] + timedelta(days=n % 4)
                facts.append(
                    PromiseMade(promise_id=f"P-{n}", invoice_ids=(f"J-{n:02}",),
                                amount=Money(2_000, "CNY"), promised_on=day)
                )  # fmt: skip
            await company.report(f"M-{n:02}", *facts, branch=branch)
        await company.report("M-01", payment_of("I-01", 1_100))
        await company.project()
        yield company


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def client(company: Company, door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_console(company.platform, doorkeeper=door)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://localhost"
    ) as client:
        yield client


async def rows(company: Company) -> list[asyncpg.Record]:
    """Every open item, as it is stored."""
    table = tables_of(Receivables())["items"].name
    found: list[asyncpg.Record] = await company.platform.pool.fetch(
        f"SELECT * FROM {table} WHERE status = 'open'"
    )
    return found


def past(row: asyncpg.Record) -> int:
    due: date = row["due_on"]
    return (TODAY[row["branch_id"]] - due).days


def within(row: asyncpg.Record, *buckets: int) -> bool:
    spans = [BUCKETS[one] for one in buckets]
    return any(
        (low is None or past(row) >= low) and (high is None or past(row) <= high)
        for low, high in spans
    )


CASES: Sequence[tuple[Pairs, Wanted]] = (
    ((), lambda row: True),
    ((("overdue", "true"),), lambda row: past(row) > 0),
    ((("bucket", "1"), ("bucket", "3")), lambda row: within(row, 1, 3)),
    ((("bucket", "0"), ("bucket", "5"), ("branch", "NY")),
     lambda row: within(row, 0, 5) and row["branch_id"] == "NY"),
    ((("bucket", "0"), ("bucket", "1"), ("overdue", "true")), lambda row: within(row, 1)),
    ((("bucket", "0"), ("overdue", "true")), lambda row: False),
    ((("branch", "NY"), ("branch", "SH"), ("currency", "USD")),
     lambda row: row["currency"] == "USD"),
    ((("currency", "USD"), ("currency", "CNY"), ("level", "1"), ("level", "3")),
     lambda row: row["dunning_level"] in (1, 3)),
    ((("level", "-1"), ("level", "0"), ("branch", "SH")),
     lambda row: row["dunning_level"] in (None, 0) and row["branch_id"] == "SH"),
    ((("disputed", "true"), ("overdue", "true")), lambda row: row["disputed"] and past(row) > 0),
    ((("held", "false"), ("branch", "SH"), ("branch", "NY")), lambda row: row["hold"] is None),
    ((("promised", "true"),), lambda row: row["promised_on"] is not None),
    ((("promise_due", "true"),),
     lambda row: row["promised_on"] is not None and row["promised_on"] <= TODAY[row["branch_id"]]),
)  # fmt: skip


def level(row: asyncpg.Record) -> int:
    sent: int | None = row["dunning_level"]
    return -1 if sent is None else sent


SORTS: dict[str, Callable[[asyncpg.Record], Any]] = {
    "overdue": lambda row: row["due_on"],
    "amount": lambda row: (row["currency"], -row["balance_minor"]),
    "level": lambda row: (-level(row), row["due_on"]),
    "promise": lambda row: row["promised_on"],
}  # fmt: skip


async def test_a_list_finds_sums_and_sorts_what_its_filter_means(
    company: Company, client: httpx2.AsyncClient
) -> None:
    stored = await rows(company)
    assert len(stored) > 80
    for given, wanted in CASES:
        for sort, key in SORTS.items():
            meant = [row for row in stored if wanted(row)]
            if sort == "promise":
                meant = [row for row in meant if row["promised_on"] is not None]
            order = sorted(meant, key=lambda row: (key(row), row["customer_id"], row["item_id"]))
            for reverse in (False, True):
                way: Given = [("sort", sort), ("reverse", str(reverse).lower()), ("limit", 7)]
                asked: Given = [*given, *way]
                names = [row["item_id"] for row in (order[::-1] if reverse else order)]
                first = (await client.get(ITEMS, params=asked)).json()
                assert [one["item"] for one in first["items"]] == names[:7], asked
                assert first["count"] == len(names)
                assert sums_in(first) == sums_over(meant), asked


def sums_in(document: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["balance"]["currency"]: (one["items"], one["balance"]["minor"])
            for one in document["sums"]}  # fmt: skip


def sums_over(found: Sequence[asyncpg.Record]) -> dict[str, tuple[int, int]]:
    items: Counter[str] = Counter(row["currency"] for row in found)
    amounts: Counter[str] = Counter()
    for row in found:
        amounts[row["currency"]] += row["balance_minor"]
    return {currency: (n, amounts[currency]) for currency, n in items.items()}


async def test_pages_go_to_the_end_and_the_same_way_back(client: httpx2.AsyncClient) -> None:
    branches: Given = [("branch", "SH"), ("branch", "NY")]
    for sort in SORTS:
        for reverse in ("false", "true"):
            asked: Given = [*branches, ("sort", sort), ("reverse", reverse), ("limit", 5)]
            await there_and_back(client, ITEMS, "items", asked)


@pytest.mark.parametrize(
    ("path", "entries", "asked"),
    [
        ("/api/v1/cases", "cases", []),
        ("/api/v1/cases", "cases", [("branch", "SH"), ("branch", "NY")]),
        ("/api/v1/cases", "cases", [("status", "open"), ("status", "resolved")]),
        ("/api/v1/credit/work", "work", [("branch", "SH"), ("branch", "NY")]),
        ("/api/v1/credit/work", "work", [("sort", "amount"), ("currency", "CNY")]),
        ("/api/v1/alerts", "alerts", []),
    ],
)
async def test_other_lists_are_walked_both_ways_too(
    client: httpx2.AsyncClient, path: str, entries: str, asked: Given
) -> None:
    whole = (await client.get(path, params=[*asked, ("limit", 200)])).json()[entries]
    pages = await there_and_back(client, path, entries, [*asked, ("limit", 2)])
    assert [one for page in pages for one in page] == whole


async def there_and_back(
    client: httpx2.AsyncClient, path: str, entries: str, asked: Given
) -> list[list[Any]]:
    """Walk a list to its end and back, and return its pages."""
    pages: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        more = [("cursor", cursor)] if cursor else []
        document = (await client.get(path, params=[*asked, *more])).json()
        pages.append(document[entries])
        cursor = document["next"]
        previous = document["previous"]
        assert (previous is None) == (len(pages) == 1)
    assert len(pages) > 1
    back = [pages[-1]]
    while previous is not None:
        document = (await client.get(path, params=[*asked, ("cursor", previous)])).json()
        back.append(document[entries])
        assert document["next"] is not None
        previous = document["previous"]
    assert back[::-1] == pages
    told = [str(one) for page in pages for one in page]
    assert len(set(told)) == len(told)
    return pages


async def test_a_page_offers_its_filter_ticked_and_sorts_by_its_headers(
    client: httpx2.AsyncClient,
) -> None:
    asked: Given = [
        ("bucket", "1"),
        ("bucket", "3"),
        ("branch", "SH"),
        ("branch", "NY"),
        ("overdue", "true"),
    ]
    page = (await client.get("/receivables", params=asked)).text
    ticked = re.findall(r'name="(\w+)" value="(\w+)" checked', page)
    assert sorted(ticked) == sorted(asked)
    [link] = re.findall(r'<a href="([^"]+)">Outstanding', page)
    sorted_by = (await client.get(link.replace("&amp;", "&"))).text
    assert re.search(r'aria-sort="descending"><a href="[^"]+">Outstanding', sorted_by)
    assert sorted(re.findall(r'name="(\w+)" value="(\w+)" checked', sorted_by)) == sorted(asked)
    [link] = re.findall(r'<a href="([^"]+)">Outstanding', sorted_by)
    assert "reverse=true" in link


def lists() -> Iterator[tuple[str, str, str, str]]:
    """Yield a list, a filter of it, where its API answers and what its entries are called."""
    yield "receivables", "overdue=true&bucket=1&bucket=2&branch=SH", ITEMS, "items"
    yield "receivables", "level=-1&level=1&sort=amount&reverse=true", ITEMS, "items"
    yield "receivables", "promised=true&sort=promise", ITEMS, "items"
    yield "credit", "phase=overdue&branch=SH", "/api/v1/credit/work", "work"
    yield "cases", "department=service", "/api/v1/cases", "cases"
    yield "alerts", "kind=overdue&kind=dunning_due&state=open", "/api/v1/alerts", "alerts"
    yield "customers", "tier=gold&tier=iron&tier=lead&branch=SH", CUSTOMERS, "customers"
    yield "customers", "overdue=true&sort=overdue", CUSTOMERS, "customers"


async def test_the_count_of_a_saved_view_is_the_length_of_its_list(
    client: httpx2.AsyncClient,
) -> None:
    for number, (name, query, _, _) in enumerate(lists()):
        body = {"list": name, "name": f"view {number}", "query": f"{query}&lang=en&cursor=x"}
        answer = await client.post(VIEWS, json=body)
        assert answer.status_code == 201, answer.text
    for number, (name, query, address, entries) in enumerate(lists()):
        views = (await client.get(VIEWS, params={"list": name})).json()["views"]
        [view] = [one for one in views if one["name"] == f"view {number}"]
        assert sorted(view["query"].split("&")) == sorted(query.split("&"))
        length = 0
        cursor: str | None = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            document = (await client.get(f"{address}?{query}&limit=20{more}")).json()
            length += len(document[entries])
            cursor = document["next"]
        assert length > 0, name
        assert view["count"] == length, name
        page = await client.get(view["address"])
        assert page.status_code == 200
        shown = re.search(
            rf'aria-current="true"[^>]*>view {number}\s*<span class="count">(\d+)', page.text
        )
        assert shown is not None, name
        assert int(shown[1]) == length


async def stored_customers(
    company: Company,
) -> tuple[list[asyncpg.Record], dict[str, Counter[str]]]:
    """Every standing, and what is overdue by customer and currency, as they are stored."""
    pool = company.platform.pool
    homes = await pool.fetch(f"SELECT * FROM {tables_of(ValueTiers())['standings'].name}")
    late: dict[str, Counter[str]] = {}
    for row in await pool.fetch(f"SELECT * FROM {tables_of(Receivables())['accounts'].name}"):
        late.setdefault(row["customer_id"], Counter())[row["currency"]] += row["overdue_minor"]
    return homes, late


async def test_customers_are_found_sorted_and_summed_up_by_their_rows(
    company: Company, client: httpx2.AsyncClient
) -> None:
    homes, late = await stored_customers(company)

    def overdue(row: asyncpg.Record, currency: str = "CNY") -> int:
        return late.get(row["customer_id"], Counter())[currency]

    filters: Sequence[tuple[Pairs, Wanted]] = (
        ((), lambda row: True),
        ((("tier", "gold"), ("tier", "iron")), lambda row: row["tier"] in ("gold", "iron")),
        ((("branch", "NY"), ("branch", "SH"), ("overdue", "true")),
         lambda row: any(late.get(row["customer_id"], Counter()).values())),
        ((("branch", "SH"), ("tier", "lead")),
         lambda row: row["tier"] == "lead" and row["branch_id"] == "SH"),
        ((("segment", "factories"),), lambda row: row["segment"] == "factories"),
        ((("warning", "true"),), lambda row: row["drop_at"] is not None),
    )  # fmt: skip
    sorts: dict[str, tuple[Wanted, Callable[[asyncpg.Record], Any]]] = {
        "value": (lambda row: True, lambda row: -row["score_minor"]),
        "overdue": (lambda row: overdue(row) > 0, lambda row: -overdue(row)),
        "purchase": (lambda row: True, lambda row: row["last_purchase_on"] or date.min),
        "drop": (lambda row: row["drop_at"] is not None, lambda row: row["drop_at"]),
    }
    seen = 0
    for given, wanted in filters:
        for sort, (held, key) in sorts.items():
            meant = [row for row in homes if wanted(row) and held(row)]
            order = [
                row["customer_id"]
                for row in sorted(meant, key=lambda row: (key(row), row["customer_id"]))
            ]
            found: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                way: Given = [
                    ("sort", sort),
                    ("limit", 20),
                    *([("cursor", cursor)] if cursor else []),
                ]
                document = (await client.get(CUSTOMERS, params=[*given, *way])).json()
                found += [one["customer"] for one in document["customers"]]
                assert document["count"] == len(order)
                worth = sum(row["contemporary_minor"] for row in meant)
                assert sum(one["minor"] for one in document["worth"]) == worth
                owed = {
                    one["overdue"]["currency"]: one["overdue"]["minor"] for one in document["owed"]
                }
                assert owed.get("CNY", 0) == sum(map(overdue, meant))
                cursor = document["next"]
            assert found == order, (given, sort)
            seen += len(found)
    assert seen > 300


async def test_the_customers_of_a_filter_come_as_a_file_without_formulas(
    company: Company, client: httpx2.AsyncClient, door: Door
) -> None:
    await company.report("=1+2", CustomerRegistered(home_branch="SH"), paid("odd", 9_000_000))
    await company.report("V-9", paid("nine", 400_000))
    await company.report(
        "V-9", CustomerProfileChanged(segment="@home"), personal={"name": "=HYPERLINK(1)"}
    )  # fmt: skip
    await company.project()
    answer = await client.get("/customers.csv", params={"lang": "en"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    head, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[:4] == ["Customer", "Name", "Branch", "Tier"]
    homes, _ = await stored_customers(company)
    assert {line[0].removeprefix("'") for line in lines} == {row["customer_id"] for row in homes}
    cells = [cell for line in lines for cell in line]
    assert not [
        cell for cell in cells if cell[:1] in ("=", "+", "@", "-") and cell.strip("-.0123456789")
    ]
    assert {"'=1+2", "'=HYPERLINK(1)", "'@home"} <= set(cells)
    door.principal = Principal("agent-7", rights=door.principal.rights - {"see_persons"})
    assert "HYPERLINK" not in (await client.get("/customers.csv")).text


async def test_a_desk_tells_what_waits_and_leads_to_its_lists(
    company: Company, client: httpx2.AsyncClient, door: Door
) -> None:
    assert "<h1>Overview</h1>" in (await client.get("/")).text
    door.principal = Principal(
        "agent-7", Scope(frozenset({"SH"})), roles=frozenset({"clerk"}), branch_id="SH",
        department="service",
    )  # fmt: skip
    page = (await client.get("/")).text
    stored = [row for row in await rows(company) if row["branch_id"] == "SH"]
    late = [row for row in stored if past(row) > 0]
    oldest = sorted(late, key=lambda row: (row["due_on"], row["customer_id"], row["item_id"]))
    part = page[page.index('aria-label="Overdue"') : page.index('aria-label="Promised for today"')]
    assert re.findall(r'<p class="small">([\w-]+) ·', part) == [
        row["item_id"] for row in oldest[:6]
    ]
    assert f"all of {len(late)} items" in part
    total = sum(row["balance_minor"] for row in late if row["currency"] == "CNY")
    assert f"CN¥{total / 100:,.2f}" in part
    due = [row for row in stored if row["promised_on"] and row["promised_on"] <= TODAY["SH"]]
    assert f"all of {len(due)} item" in page
    links = re.findall(r'class="aside" href="([^"]+)"', page)
    assert len(links) == 4
    for link in links:
        listed = await client.get(link.replace("&amp;", "&"))
        assert listed.status_code == 200
    mine = page[page.index('aria-label="My cases"') : page.index('aria-label="Who called"')]
    board = (await client.get("/api/v1/cases", params={"owner": "agent-7"})).json()
    assert mine.count("<li>") == board["count"] > 0
    called = page[page.index('aria-label="Who called"') :]
    assert {"K-1", "K-2"} <= set(re.findall(r"K-\d", called))
    assert "M-00" not in page  # of New York
    assert "<h1>Overview</h1>" in (await client.get("/overview")).text
    assert "我的工作台" in (await client.get("/desk", params={"lang": "zh-CN"})).text


async def test_a_view_is_seen_by_whom_it_is_shared_with_and_changed_by_its_owner(
    client: httpx2.AsyncClient, door: Door
) -> None:
    for audience, branch in (("private", None), ("branch", "SH"), ("company", None)):
        body = {"list": "cases", "name": audience, "audience": audience, "branch": branch}
        assert (await client.post(VIEWS, json=body)).status_code == 201
    body = {"list": "cases", "name": "elsewhere", "audience": "branch", "branch": "NY"}
    assert (await client.post(VIEWS, json=body)).status_code == 201

    async def seen() -> dict[str, str]:
        views = (await client.get(VIEWS, params={"list": "cases"})).json()["views"]
        return {one["name"]: one["view"] for one in views}

    own = await seen()
    assert set(own) == {"private", "branch", "company", "elsewhere"}
    mine = door.principal
    door.principal = Principal("agent-8", Scope(frozenset({"SH"})), mine.rights - {"administer"})
    assert set(await seen()) == {"branch", "company"}
    refused = await client.patch(f"{VIEWS}/{own['company']}", json={"name": "mine now"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_view")
    assert (await client.delete(f"{VIEWS}/{own['private']}")).status_code == 404
    body = {"list": "cases", "name": "x", "audience": "branch", "branch": "NY"}
    assert (await client.post(VIEWS, json=body)).json()["field"] == "branch"
    door.principal = mine
    renamed = await client.patch(f"{VIEWS}/{own['company']}", json={"name": "ours"})
    assert renamed.json()["name"] == "ours"
    taken = await client.patch(f"{VIEWS}/{own['company']}", json={"name": "private"})
    assert taken.json()["field"] == "name"
    assert (await client.delete(f"{VIEWS}/{own['private']}")).status_code == 204
    assert set(await seen()) == {"ours", "branch", "elsewhere"}


async def test_views_are_kept_renamed_and_deleted_from_the_page(
    client: httpx2.AsyncClient,
) -> None:
    form = {
        "list": "receivables",
        "query": "bucket=1&bucket=2",
        "name": "月初",
        "share": "branch:SH",
    }
    kept = await client.post("/do/views", data=form)
    assert kept.status_code == 303
    assert kept.headers["location"] == "/receivables?bucket=1&bucket=2"
    page = (await client.get(kept.headers["location"])).text
    assert ">月初\n" in page
    [rename] = re.findall(r'action="(/do/views/[^"]+/rename)"', page)
    assert (await client.post(rename, data={"name": "month"})).status_code == 303
    page = (await client.get("/receivables", headers={"Accept-Language": "zh"})).text
    assert ">month\n" in page
    [delete] = re.findall(r'action="(/do/views/[^"]+/delete)"', page)
    assert (await client.post(delete)).headers["location"] == "/receivables"
    assert "/do/views/" not in (await client.get("/receivables")).text
    for form, field in (
        ({"list": "receivables", "name": "x", "query": "bucket=one"}, "bucket"),
        ({"list": "receivables", "name": " "}, "name"),
        ({"list": "nothing", "name": "x"}, "list"),
        ({"list": "cases", "name": "x", "share": "branch:"}, "branch"),
    ):
        body = {k: v for k, v in form.items() if k != "share"}
        if "share" in form:
            body["audience"] = "branch"
        assert (await client.post("/do/views", data=form)).status_code == 400, form
        assert (await client.post(VIEWS, json=body)).json()["field"] == field
