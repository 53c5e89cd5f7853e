"""Pages of headquarters and operators: branches, rules, refused events and the platform's state."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2
import pytest

from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.policy import DunningPolicy
from projections import PROJECTIONS
from services.console.app import create_console
from services.intake.draft import local_scope
from services.intake.quarantine import Quarantine
from services.projector.reference_feed import ReferenceFeed
from services.rows.row_tables import tables_of
from tests.support.console import NOW, Company, local, open_company, payment_of

pytestmark = pytest.mark.postgres

LANGUAGES = ("en", "zh-CN")


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.tell_of_cases()
        yield company


@pytest.fixture
async def client(company: Company) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_console(company.platform))
    async with httpx2.AsyncClient(
        transport=transport,
        base_url="http://localhost",
        headers={"Sec-Fetch-Site": "same-origin"},
    ) as client:
        yield client


def words(markup: str) -> str:
    """A page as people read it, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def row_of(page: str, name: str) -> list[str]:
    """The cells of the row that a name heads."""
    [row] = [r for r in re.findall(r"<tr>.*?</tr>", page, re.S) if words(r).startswith(f"{name} ")]
    return [words(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]


@pytest.mark.parametrize(
    ("language", "shanghai", "headquarters"),
    [("en", "Shanghai", "HQ"), ("zh-CN", "上海分公司", "HQ")],
)
async def test_branches_stand_side_by_side_by_their_own_figures(
    company: Company, client: httpx2.AsyncClient, language: str, shanghai: str, headquarters: str
) -> None:
    query = {"lang": language, "from": "2026-03-01"}
    page = (await client.get("/branches", params=query)).text
    pool = company.platform.pool
    numbers: dict[str, list[int]] = {}
    for row in await pool.fetch("SELECT source, sequence FROM admissions"):
        numbers.setdefault(row["source"], []).append(row["sequence"])
    left_out: Counter[str] = Counter()
    for source, own in numbers.items():
        left_out[source.split("/")[2]] += len(set(range(min(own), max(own))) - set(own))
    cells = row_of(page, shanghai)
    assert left_out["SH"] > 0
    assert cells[3] == f"▲ {left_out['SH']:,}"
    # Of its cases, answers: K-2 and K-3 in time; K-1 has time left; K-4 was resolved in time.
    # Solutions: K-4 in time, K-2 late, and K-1 and K-3 undecided.
    assert cells[4].startswith("100.0%")
    assert cells[5].startswith("50.0%")
    # Overdue: A (1,000), B (500) and E (300) of all that it is owed in its customers' items.
    assert cells[8].startswith("100.0%")
    assert "1.8" in cells[8] or "1800" in cells[8]
    # Departments: Sales late; Logistics still has time.
    assert "0.0%" in cells[6]
    assert row_of(page, headquarters)[4] == "–"
    waiting = await pool.fetchval(
        "SELECT count(*) FROM quarantine WHERE branch_id = 'SH' AND state = 'waiting'"
    )
    assert cells[-1] == (f"▲ {waiting:,}" if waiting else "0")


async def test_figures_of_branches_lead_to_their_lists(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/branches?from=2026-03-01")).text
    links = set(
        re.findall(
            r'<td[^>]*>(?:[^<]|<(?!/td>|a ))*<a (?:class="[\w ]+" data-explain )?href="([^"#]+)',
            page,
        )
    )
    assert any(one.startswith("/receivables?branch=SH") for one in links)
    assert any(one.startswith("/imports?branch=SH") for one in links)
    for link in links:
        assert (await client.get(unescape(link))).status_code == 200, link


PAGES = (
    "/overview", "/customers", "/receivables", "/credit", "/cases", "/cases/owners",
    "/service?from=2026-03-01", "/service/cases?figure=cases&from=2026-03-01",
    "/alerts", "/alerts/journal", "/branches?from=2026-03-01", "/policies", "/imports",
    "/audit?customer=C-1", "/status",
)  # fmt: skip


class _Figures(HTMLParser):
    """Collects the figures of a page that nothing explains, and where the others lead.

    A figure is a number in a cell of numbers or in large on a tile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unexplained: list[str] = []
        self.leading: set[str] = set()
        self._inside: list[tuple[str, bool, str]] = []
        self._told, self._leads = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        kinds = given.get("class", "")
        on_tile = tag == "b" and any("tile" in one[2].split() for one in self._inside)
        is_figure = on_tile or (tag == "td" and "number" in kinds.split())
        if is_figure:
            self._told, self._leads = "", ""
        if tag not in {"br", "img", "input", "link", "meta"}:
            self._inside.append((tag, is_figure, kinds))
        if "data-explain" in given:
            self._leads = given.get("href", "")

    def handle_data(self, data: str) -> None:
        self._told += data

    def handle_endtag(self, tag: str) -> None:
        while self._inside:
            ended, is_figure, _ = self._inside.pop()
            if is_figure and re.search("[1-9]", self._told):
                if self._leads:
                    self.leading.add(self._leads)
                else:
                    self.unexplained.append(self._told.strip())
            if ended == tag:
                return


async def test_every_figure_of_every_page_has_what_explains_it(
    client: httpx2.AsyncClient,
) -> None:
    leading: set[str] = set()
    for page in PAGES:
        figures = _Figures()
        answer = await client.get(f"{page}{'&' if '?' in page else '?'}lang=en")
        assert answer.status_code == 200, page
        figures.feed(answer.text)
        assert not figures.unexplained, page
        for link in figures.leading:
            where, _, anchor = urljoin(page, link).partition("#")
            if where.split("?")[0] == page.split("?")[0] and anchor:
                assert f'id="{anchor}"' in answer.text, f"{page} has no {anchor}"
        leading |= {urljoin(page, link).partition("#")[0] for link in figures.leading}
    assert len(leading) > 40
    for link in leading:
        assert (await client.get(link)).status_code == 200, link


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_policy_is_shown_in_words(client: httpx2.AsyncClient, language: str) -> None:
    page = (await client.get("/policies", params={"lang": language})).text
    for kind in re.findall(r'href="/policies/(\w+)"', page):
        one = await client.get(f"/policies/{kind}", params={"lang": language})
        assert one.status_code == 200
        raw = re.findall(r"<dt>([a-z]+_[a-z_]+)</dt>", one.text)
        assert raw == [], kind
    # The provision that the company published, in basis points, as shares.
    assert "0.0%{0}1.0%{0}5.0%{0}10.0%{0}20.0%{0}50.0%".format(
        {"en": ", ", "zh-CN": "，"}[language]
    ) in words(page), words(page)[:900]


async def test_a_policy_is_tried_before_it_is_published_and_counts_then(
    company: Company, client: httpx2.AsyncClient
) -> None:
    typed = {
        "notice_days_before_due": "3",
        "level_1_days_past_due": "1",
        "level_2_days_past_due": "30",
        "level_3_days_after_level_2": "10",
    }
    before = (await company.platform.log.heads()).counts
    tried = (await client.post("/policies/dunning/new", data=typed | {"do": "try"})).text
    assert (await company.platform.log.heads()).counts == before
    # B and C fell due yesterday: of them one notice more each would be due, C's in New York not,
    # as there it is still the day on which it is due.
    assert "Level 1: days past due 10 days 1 days" in words(tried)
    assert "1 customer would change" in words(tried)
    done = await client.post("/policies/dunning/new", data=typed | {"do": "publish"})
    assert done.status_code == 303
    page = (await client.get(done.headers["location"])).text
    assert "Published." in page
    reference = await ReferenceFeed(company.platform.pool).refresh()
    assert reference.in_force(DunningPolicy, NOW).level_1_days_past_due == 1


@pytest.mark.parametrize(
    ("language", "field", "remedy"),
    [
        ("en", "Provision of each bucket", "basis points"),
        ("zh-CN", "各区间坏账准备比例", ""),
    ],
)
async def test_a_policy_that_contradicts_itself_is_refused_by_its_field(
    company: Company, client: httpx2.AsyncClient, language: str, field: str, remedy: str
) -> None:
    before = (await company.platform.log.heads()).counts
    answer = await client.post(
        "/policies/ageing/new",
        params={"lang": language},
        data={"upper_days": "0, 30", "provision": "0, 100", "do": "publish"},
    )
    assert answer.status_code == 422
    assert field in words(re.findall(r'role="alert">.*?</p>', answer.text, re.S)[0])
    assert 'value="0, 100"' in answer.text  # what was typed is still there
    assert (await company.platform.log.heads()).counts == before


def refused(number: int, minor: object = -5) -> dict[str, object]:
    """A payment of less than nothing."""
    return {
        "specversion": "1.0",
        "id": f"00000000-0000-4000-8000-{number:012}",
        "source": "/branches/SH/pad",
        "sourceepoch": 0,
        "sequence": number,
        "type": "payment.payment_received",
        "time": "2026-03-20T09:00:00+08:00",
        "subject": "C-1",
        "data": {"payment_id": "P-9", "amount": {"minor": minor, "currency": "CNY"}},
    }


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_was_refused_is_corrected_and_sent_again(
    company: Company, client: httpx2.AsyncClient, language: str
) -> None:
    scope = local_scope("SH")
    [answer] = await company.platform.intake.submit(scope, [refused(1)])
    assert answer.status == "refused"
    page = (await client.get("/imports", params={"lang": language})).text
    assert {"en": "1 waits", "zh-CN": "1 条等待处理"}[language] in words(page)
    [link] = set(re.findall(r'href="(/imports/[0-9a-f-]+)"', page))
    entry = (await client.get(link, params={"lang": language})).text
    text = unescape(re.findall(r"<textarea[^>]*>(.*?)</textarea>", entry, re.S)[0])
    assert '"minor": -5' in text
    again = await client.post(f"{link}/settle", data={"do": "resubmit", "event": text})
    assert again.status_code == 422  # nothing was corrected: it waits on
    done = await client.post(
        f"{link}/settle",
        data={"do": "resubmit", "event": text.replace('"minor": -5', '"minor": 1000')},
    )
    assert done.status_code == 303
    [row] = await company.platform.pool.fetch(
        "SELECT customer_id FROM events WHERE event_id = $1", refused(1)["id"]
    )
    assert row["customer_id"] == "C-1"
    left = (await client.get("/imports", params={"lang": language})).text
    assert {"en": "Nothing was refused.", "zh-CN": "没有被拒事件。"}[language] in words(left)


async def test_what_was_refused_is_discarded_for_a_reason(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await company.platform.intake.submit(local_scope("SH"), [refused(2)])
    platform = company.platform
    [entry] = await Quarantine(platform.pool, platform.vault, platform.clock).latest(9)
    link = f"/imports/{entry.quarantine_id}/settle"
    assert (await client.post(link, data={"do": "discard", "reason": ""})).status_code == 422
    done = await client.post(link, data={"do": "discard", "reason": "a test of the till"})
    assert done.status_code == 303
    [row] = await platform.pool.fetch("SELECT state, settled_reason, sealed FROM quarantine")
    assert tuple(row) == ("discarded", "a test of the till", None)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_platform_says_what_waits(
    company: Company, client: httpx2.AsyncClient, language: str
) -> None:
    await company.report("W-1", CustomerRegistered(home_branch="SH"), at=local("2026-03-20T09:59"))
    page = (await client.get("/status", params={"lang": language})).text
    name = {"en": "Receivables", "zh-CN": "应收账款"}[language]
    cells = row_of(page, name)
    heads = await company.platform.pool.fetchval(
        "SELECT count(*) FROM projection_heads WHERE projection = 'receivables'"
    )
    assert cells[2] == "1"
    assert cells[3] == f"{heads:,}"
    events = await company.platform.pool.fetchval("SELECT count(*) FROM events")
    assert f"{events:,}" in words(page)
    assert {"en": "at work", "zh-CN": "处理中"}[language] in cells[-1]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_event_says_what_would_be_without_it(
    company: Company, client: httpx2.AsyncClient, language: str
) -> None:
    event_id = await company.platform.pool.fetchval(
        "SELECT event_id FROM events WHERE customer_id = 'C-3' AND type LIKE '%invoice_disputed'"
    )
    page = (await client.get(f"/events/{event_id}", params={"lang": language})).text
    disputed = {"en": "Disputed", "zh-CN": "有争议"}[language]
    [row] = [r for r in re.findall(r"<tr>.*?</tr>", page, re.S) if words(r).startswith(disputed)]
    # All of the one invoice of 300.00 is disputed, by this event alone; what is owed stays.
    assert re.findall(r"[\d,.]*\d", words(row)) == ["0.00", "300.00"]
    owing = {"en": "Outstanding", "zh-CN": "未结余额"}[language]
    assert not [r for r in re.findall(r"<tr>.*?</tr>", page, re.S) if words(r).startswith(owing)]
    assert "/customers/C-3/timeline?as_of=" in page
    nobody = "00000000-0000-4000-8000-00000000abcd"
    assert (await client.get(f"/events/{nobody}")).status_code == 404


async def test_a_customer_is_walked_event_by_event(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await company.report("C-1", payment_of("A", 40_000))
    await company.project()
    steps = [words((await client.get(f"/audit?customer=C-1&step={n}")).text) for n in range(4)]
    # Registered, invoices of 1,000.00 and 500.00, and 400.00 paid.
    owed = [re.findall(r"Outstanding CNY (\S+) (\S+)", step) for step in steps]
    assert owed[1:] == [
        [("–", "CN¥1,000.00")],
        [("CN¥1,000.00", "CN¥1,500.00")],
        [("CN¥1,500.00", "CN¥1,100.00")],
    ]
    assert "they agree" in steps[-1]
    file = (await client.get("/audit/C-1/events.csv")).text
    kinds = [line.split(",")[1] for line in file.splitlines()[1:]]
    assert kinds == [
        "customer.registered", "payment.invoice_issued", "payment.invoice_issued",
        "payment.payment_received",
    ]  # fmt: skip


async def test_a_row_that_is_not_what_the_events_say_is_told_to_the_field(
    company: Company, client: httpx2.AsyncClient
) -> None:
    items = tables_of(PROJECTIONS[0])["items"].name
    await company.platform.pool.execute(
        f"UPDATE {items} SET balance_minor = 99 WHERE customer_id = 'C-1' AND item_id = 'A'"
    )
    page = words((await client.get("/audit?customer=C-1")).text)
    assert re.search(r"items A .*99.* .*100000", page)
    assert "they agree" in words((await client.get("/audit?customer=C-2")).text)


@pytest.mark.parametrize("path", ["/policies", "/imports", "/status", "/audit/looks"])
async def test_a_page_that_tells_of_now_alone_says_so_and_keeps_the_instant(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path, params={"as_of": "2026-03-01"})
    assert answer.status_code == 200
    assert "This page shows now alone." in words(answer.text)
    assert 'href="/alerts?as_of=2026-03-01"' in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_of_the_menu_has_help_in_both_languages(
    client: httpx2.AsyncClient, language: str
) -> None:
    home = (await client.get("/overview", params={"lang": language})).text
    menu = home[home.index('<div id="menu"') : home.index("</header>")]
    paths = re.findall(r'<a href="(/[a-z]*)"', menu)
    assert len(paths) > 10
    for path in paths:
        answer = await client.get(path, params={"lang": language})
        if path == "/users":  # without a log-in there are none
            assert answer.status_code == 404
            continue
        [link] = re.findall(r'href="(/help/[a-z]+)" data-key="H"', answer.text)
        assert link == f"/help{path}", path
        text = words((await client.get(link, params={"lang": language})).text)
        chinese = re.findall(r"[\u4e00-\u9fff]", text)
        assert (len(chinese) > 150) == (language == "zh-CN"), link
    assert (await client.get("/help/nothing")).status_code == 404
