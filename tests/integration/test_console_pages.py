"""Pages as they are sent: headers, languages, lists, streams."""

import re
from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest
from starlette.types import Message

from events.money import Money
from events.touchpoints.payment import CreditNoteIssued, RefundPaid
from services.console.app import create_console, end_streams
from services.console.shared import visit
from services.console.shared.reading import Reader
from services.console.shared.security import CONTENT_SECURITY_POLICY
from services.errors import Unavailable, UnreadableEvent
from services.log.filling import end_filling, note_filling
from services.people.principal import ANYBODY
from tests.support.console import Company, invoice, open_company, payment_of

pytestmark = pytest.mark.postgres

PAGES = ("/", "/receivables", "/alerts", "/alerts/journal", "/customers/C-1")


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


async def test_an_event_that_cannot_be_read_is_told_in_words_and_as_a_problem(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(*_: object) -> object:
        raise UnreadableEvent("the event e cannot be read: odd bytes")

    monkeypatch.setattr(Reader, "fetch", unreadable)
    transport = httpx2.ASGITransport(app=create_console(company.platform))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        page = await client.get("/alerts", headers={"accept-language": "en"})
        document = await client.get("/api/v1/alerts")
    assert (page.status_code, document.status_code) == (500, 500)
    assert "cannot be read" in page.text
    assert (document.json()["code"], "cannot be read" in document.json()["detail"]) == (
        "unreadable", True,
    )  # fmt: skip
    assert "odd bytes" not in page.text + document.text


async def test_every_answer_is_guarded(client: httpx2.AsyncClient) -> None:
    for path in (*PAGES, "/nowhere", "/api/v1/freshness", "/api/v1/nowhere", "/healthz"):
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_no_page_has_anything_inline(client: httpx2.AsyncClient, language: str) -> None:
    for path in PAGES:
        page = (await client.get(path, params={"lang": language})).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page), path


@pytest.mark.parametrize(
    "path", ["/receivables", "/alerts", "/api/v1/alerts", "/api/v1/customers/C-1/timeline"]
)
async def test_an_upgrade_sends_anew_what_was_held_before_it(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    before = await client.get(path)
    held = {"If-None-Match": before.headers["etag"]}
    assert (await client.get(path, headers=held)).status_code == 304
    monkeypatch.setattr(visit, "release", lambda: "another")
    upgraded = await client.get(path, headers=held)
    assert upgraded.status_code == 200
    assert upgraded.headers["etag"] != before.headers["etag"]


async def test_files_are_named_by_their_content_and_kept_for_ever(
    client: httpx2.AsyncClient,
) -> None:
    page = (await client.get("/")).text
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert {address.rsplit(".", 1)[1] for address in addresses} == {"css", "js", "svg"}
    for address in addresses:
        answer = await client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/static/console.css")).status_code == 404
    assert (await client.get("/static/../app.py")).status_code == 404


async def test_a_page_held_in_one_scheme_is_sent_anew_in_another(
    client: httpx2.AsyncClient,
) -> None:
    held = {"If-None-Match": (await client.get("/alerts")).headers["etag"]}
    dark = await client.get("/alerts", params={"scheme": "dark"}, headers=held)
    assert dark.status_code == 200
    assert 'data-scheme="dark"' in dark.text
    remembered = await client.get("/alerts", headers=held)
    assert 'data-scheme="dark"' in remembered.text
    held = {"If-None-Match": remembered.headers["etag"]}
    assert (await client.get("/alerts", headers=held)).status_code == 304
    light = await client.get("/alerts", params={"scheme": "system"}, headers=held)
    assert "data-scheme" not in light.text


async def test_a_page_that_did_not_change_is_not_sent_again(
    company: Company, client: httpx2.AsyncClient
) -> None:
    for path in ("/receivables", "/alerts", "/alerts/journal"):
        english = await client.get(path, params={"lang": "en"})
        held = {"If-None-Match": english.headers["etag"]}
        assert (await client.get(path, params={"lang": "en"}, headers=held)).status_code == 304
        chinese = await client.get(path, params={"lang": "zh-CN"}, headers=held)
        assert chinese.status_code == 200


async def test_a_form_may_leave_fields_empty(client: httpx2.AsyncClient) -> None:
    empty = "/receivables?sort=amount&bucket=&branch=&level=&currency=&disputed=&held=&promised="
    answer = await client.get(empty)
    assert answer.status_code == 200
    assert 'type="hidden" name="sort" value="amount"' in answer.text
    assert " checked>" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/receivables?bucket=9",
        "/receivables?bucket=x",
        "/receivables?cursor=x",
        "/alerts?kind=x",
        "/alerts/journal?cursor=x",
        "/customers/%00",
        f"/customers?id={'x' * 121}",
        "/customers?name=x",
    ],
)
async def test_a_bad_address_is_a_page_in_words(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Accept-Language": "zh"})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "这个地址无法识别" in answer.text
    assert set(english_of(answer.text)) <= {"CNY", "name"}


@pytest.mark.parametrize("path", ["/customers/C-1", "/customers/C-1/timeline"])
async def test_a_date_that_does_not_exist_leaves_its_reader_on_the_page(
    client: httpx2.AsyncClient, path: str
) -> None:
    words = {"as_of": "2026-02-30", "as_known": "2026-03-19"}
    answer = await client.get(path, params=words, headers={"Accept-Language": "zh"})
    assert answer.status_code == 400
    assert "客户 C-1" in answer.text
    content = answer.text.partition("<main")[2]  # the menu has fields of these names, too
    field, good = (
        re.search(rf'<input name="{name}"[^>]*>', content) for name in ("as_of", "as_known")
    )
    assert field is not None
    assert good is not None
    assert 'value="2026-02-30"' in field[0]
    assert 'aria-invalid="true" aria-describedby="wrong-as_of"' in field[0]
    assert 'id="wrong-as_of">▲ 没有这一天或这一时刻。' in answer.text
    assert 'value="2026-03-19"' in good[0]
    assert "aria-invalid" not in good[0]
    both = await client.get(path, params={"as_of": "0001-01-01", "as_known": "soon"})
    assert both.text.count("aria-invalid") == 2
    assert (await client.get(path, params={"as_of": "2026-02-28"})).status_code == 200


async def test_the_way_back_to_now_stands_apart_from_the_sentence_before_it(
    client: httpx2.AsyncClient,
) -> None:
    for words in ({"as_of": "2026-03-31"}, {"as_of": "2026-03-31", "as_known": "2026-03-31"}):
        page = (await client.get("/customers/C-1", params=words)).text
        assert re.search(r"\.\s+<a [^>]*>Back to now</a>", page)


async def test_an_id_that_is_nearly_one_leads_to_it(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await company.report("C000209", invoice("N-1", 1_000, date(2026, 3, 1)))
    for typed in ("c000209", "C00209", "C000290", "C209", "C0002099", "C000219", "D000209"):
        page = await client.get(f"/customers/{typed}")
        assert page.status_code == 404
        assert '<a href="/customers/C000209">C000209</a>' in page.text, typed
        problem = (await client.get(f"/api/v1/customers/{typed}/value")).json()
        assert problem["remedy"] == "did you mean 'C000209'?"
    assert "/customers/C000209" not in (await client.get("/customers/C000345")).text


async def test_while_a_company_is_filled_no_page_says_that_there_is_nothing(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await note_filling(company.platform.pool, "history", 73, 730)
    empty = "?branch=nowhere"
    for path in (
        "/",
        f"/receivables{empty}",
        f"/cases{empty}",
        f"/alerts{empty}",
        "/customers/C-1",
    ):
        page = await client.get(path, headers={"Accept-Language": "en"})
        assert "73 of 730 days of its history are written." in page.text, path
        assert '<progress value="73" max="730"' in page.text
        for untrue in ("Nobody owes", "Nothing found", "No case is open", " behind", "up to date"):
            assert untrue not in page.text, path
    unknown = await client.get("/customers/C-987", headers={"Accept-Language": "en"})
    assert (unknown.status_code, "being filled" in unknown.text) == (404, True)
    problem = (await client.get("/api/v1/customers/C-987/value")).json()
    assert "still being filled" in problem["remedy"]
    document = (await client.get("/api/v1/freshness")).json()
    assert document["filling"] == {"stage": "history", "done": 73, "total": 730}
    before = await client.get("/receivables")
    held = {"If-None-Match": before.headers["etag"]}
    await note_filling(company.platform.pool, "events", 5, 9)
    assert "5 of 9 events are taken in." in (await client.get("/receivables", headers=held)).text
    await end_filling(company.platform.pool)
    whole = (await client.get(f"/receivables{empty}")).text
    assert "Nothing found." in whole
    assert "being filled" not in (await client.get("/customers/C-987")).text
    assert "<progress" not in whole
    assert (await client.get("/api/v1/freshness")).json()["filling"] is None


def english_of(page: str) -> list[str]:
    """Return the English words that the main part of a page says."""
    main = page.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return re.findall("[A-Za-z]{2,}", re.sub("<[^>]*>", " ", main))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/customers/nobody", 404), ("POST", "/alerts", 405)],
)
async def test_what_is_not_there_is_told_in_the_language_of_the_page(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path, headers={"Accept-Language": "zh"})
    assert answer.status_code == status
    assert english_of(answer.text) == []
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert len(english_of(answer.text)) > 10


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [(Unavailable("away"), 503, "请稍后再试。"), (RuntimeError("odd"), 500, "原因见平台日志")],
)
async def test_a_failure_is_told_in_the_language_of_the_page(
    company: Company, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, told: str
) -> None:
    app = create_console(company.platform)

    async def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(app.state.audiences.of(ANYBODY), "frame", fail)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/", headers={"Accept-Language": "zh"})
    assert answer.status_code == status
    assert told in answer.text
    assert english_of(answer.text) == []


@pytest.mark.parametrize("path", ["/customers", "/customers?id=", "/customers?id=%20"])
async def test_without_an_id_all_customers_are_listed(
    client: httpx2.AsyncClient, path: str
) -> None:
    english, chinese = [
        (await client.get(path, headers={"Accept-Language": language})).text
        for language in ("en", "zh")
    ]
    assert "<h1>Customers</h1>" in english
    assert "<h1>客户</h1>" in chinese
    assert set(english_of(chinese)) <= {"CSV", "US"}  # the kind of file, and US$


async def test_an_id_that_was_typed_leads_to_its_customer(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/customers?id=%20C%2F1%20")
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers/C%2F1")


async def test_the_list_goes_on_behind_its_link(
    company: Company, client: httpx2.AsyncClient
) -> None:
    many = [invoice(f"M-{i:03}", 1_000, date(2026, 4, 1)) for i in range(60)]
    await company.report("C-4", *many)
    await company.project()
    first = (await client.get("/receivables")).text
    [following] = re.findall(r'href="([^"]+)" rel="next"', first)
    second = (await client.get(following.replace("&amp;", "&"))).text
    rows = [set(re.findall(r"<td[^>]*>(M-\d+)</td>", page)) for page in (first, second)]
    assert not rows[0] & rows[1]
    assert len(rows[0] | rows[1]) == 60


async def test_what_people_wrote_is_never_markup(
    company: Company, client: httpx2.AsyncClient
) -> None:
    await company.report("<b>C</b>", invoice("<script>x</script>", 1_000, date(2026, 1, 1)))
    await company.project()
    for path in ("/", "/receivables", "/alerts", "/alerts/journal", "/customers/<b>C<%2Fb>"):
        page = await client.get(path)
        assert "<script>x" not in page.text
        assert "<b>C</b>" not in page.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Payment displaced by a credit note", "Refund paid", "Owed back: nothing covers")),
        ("zh-CN", ("付款被贷项通知单替代", "退款", "应收回：退款没有款项可抵")),
    ],
)
async def test_an_account_names_every_refund_and_what_gave_way(
    company: Company, client: httpx2.AsyncClient, language: str, words: tuple[str, ...]
) -> None:
    await company.report("R-1", invoice("I-1", 10_000, date(2026, 4, 1)), payment_of("I-1", 10_000))
    paying = company.last_event_id
    note = CreditNoteIssued(credit_note_id="N-1", amount=Money(3_000, "CNY"), invoice_id="I-1")
    await company.report("R-1", note)
    noting = company.last_event_id
    await company.report("R-1", RefundPaid(refund_id="F-1", amount=Money(5_000, "CNY")))
    refunding = company.last_event_id
    await company.project()
    page = (await client.get(f"/customers/R-1?lang={language}")).text
    for word in words:
        assert word in page
    movements = page[
        page.index('id="movements"') : page.index("</details>", page.index('id="movements"'))
    ]
    for event in (paying, noting, refunding):
        assert f"<code>{event}</code>" in movements
    listed = (await client.get(f"/receivables?lang={language}")).text
    owed = listed.split(">refund:F-1 ")[1].split("</td>")[0]
    assert {"en": "refund that nothing covers", "zh-CN": "没有款项可抵的退款"}[language] in owed
    [item] = [
        one
        for one in (await client.get("/api/v1/receivables/items")).json()["items"]
        if one["item"] == "refund:F-1"
    ]
    assert (item["kind"], item["balance"]["minor"]) == ("refund", 2_000)


async def test_the_stream_resumes_after_the_page_and_ends_when_told(company: Company) -> None:
    app = create_console(company.platform)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        page = (await client.get("/")).text
    [address] = re.findall(r'hx-sse:connect="([^"]+)"', page)
    query = address.replace("&amp;", "&").split("?")[1]
    await company.report("C-1", payment_of("A", 100_000))
    await company.project()
    chunks: list[bytes] = []

    async def send(message: Message) -> None:
        chunks.append(message.get("body", b""))
        if b"id:" in chunks[-1]:
            end_streams(app)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/live/overview",
        "raw_path": b"/live/overview",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    await app(scope, receive, send)
    sent = b"".join(chunks).decode()
    assert sent.startswith("retry: ")
    assert "#panel-tiles" in sent
    assert "#panel-branches" not in sent
    assert "¥" in sent


async def test_a_name_that_another_site_points_at_loopback_is_refused(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/", headers={"Host": "rebound.example"})
    assert answer.status_code == 400
