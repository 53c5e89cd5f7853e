"""Logging in over HTTP: accounts, locks, second factors, sessions, keys, demonstration."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pyotp
import pytest
from starlette.requests import Request
from structlog.testing import capture_logs

from services.console.shared.visit import Visit
from services.errors import Unavailable
from services.people.people import People
from services.people.principal import Right
from services.people.refusals import AccountRefusal
from services.people.tokens import new_token
from tests.support.chinese import assert_chinese
from tests.support.console import Company, open_company
from tests.support.people import (
    NEW_PASSWORD,
    PASSWORD,
    STAFF,
    Browser,
    console_of,
    member,
    people_at,
    with_password,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.report(None, *STAFF, branch="HQ")
        yield company


@pytest.fixture
def people(company: Company) -> People:
    return people_at(company)


@pytest.fixture
def browser(company: Company, people: People) -> Browser:
    return Browser(console_of(company, people))


def alert(page: str) -> str:
    """Return what a page says is wrong."""
    found = re.search(r'role="alert">(.*?)</p>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", found[1])) if found else ""


async def test_nobody_sees_anything_before_logging_in(browser: Browser) -> None:
    assert not await browser.is_in()
    page = await browser.get("/receivables?bucket=2&sort=amount")
    assert page.status_code == 303
    assert page.headers["location"] == "/log-in?onward=%2Freceivables%3Fbucket%3D2%26sort%3Damount"
    api = await browser.get("/api/v1/receivables/items")
    assert (api.status_code, api.json()["code"]) == (401, "log_in")
    assert (await browser.get("/live/overview")).status_code == 401
    assert (await browser.get("/healthz")).status_code == 200


async def test_a_link_sets_a_password_once_and_the_password_lets_in(
    browser: Browser, people: People, company: Company
) -> None:
    await people.accounts.make("SH-S4", "HQ-M1")
    replaced = await people.accounts.link("SH-S4", "HQ-M1")
    token = await people.accounts.link("SH-S4", "HQ-M1")
    assert (await browser.get(f"/link/{replaced}")).status_code == 422
    assert (await browser.get(f"/link/{token}")).status_code == 200  # looking uses nothing up
    short = await browser.post(f"/link/{token}", {"password": "short"})
    assert "12 to 200" in alert(short.text)
    assert (await browser.post(f"/link/{token}", {"password": PASSWORD})).status_code == 200
    assert (await browser.post(f"/link/{token}", {"password": NEW_PASSWORD})).status_code == 422
    entered = await browser.post(
        "/log-in", {"staff": "SH-S4", "password": PASSWORD, "onward": "/receivables?bucket=2"}
    )
    assert (entered.status_code, entered.headers["location"]) == (303, "/receivables?bucket=2")
    assert await browser.is_in()
    late = await people.accounts.link("SH-S4", "HQ-M1")
    company.clock.move(timedelta(days=3))
    assert (await browser.get(f"/link/{late}")).status_code == 422


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb"]
)
async def test_a_log_in_leads_to_no_other_site(
    browser: Browser, people: People, onward: str
) -> None:
    await with_password(people, "SH-S4")
    form = {"staff": "SH-S4", "password": PASSWORD, "onward": onward}
    assert (await browser.post("/log-in", form)).headers["location"] == "/"


async def test_cookies_are_for_this_host_alone(company: Company, people: People) -> None:
    await with_password(people, "SH-S4")
    app = console_of(company, people)
    sent = (await Browser(app, "https://console.example").log_in("SH-S4")).headers["set-cookie"]
    assert sent.startswith("__Host-session=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= {p.strip() for p in sent.split(";")}
    assert "domain" not in sent.lower()
    clear = (await Browser(app).log_in("SH-S4")).headers["set-cookie"]
    assert clear.startswith("session=")
    assert {"HttpOnly", "SameSite=lax"} <= {p.strip() for p in clear.split(";")}


async def test_the_database_holds_no_token(
    browser: Browser, people: People, company: Company
) -> None:
    await with_password(people, "SH-S4")
    await browser.log_in("SH-S4")
    token = browser.client.cookies["session"]
    row = await company.platform.pool.fetchrow("SELECT * FROM staff_sessions")
    assert row is not None
    assert token not in str(dict(row))
    assert token.encode() not in row["hash"]


async def test_an_address_that_guesses_waits_and_who_logged_in_before_does_not(
    company: Company, people: People
) -> None:
    """Seventy strangers' numbers are tried from where an agent and a colleague sit."""
    await with_password(people, "SH-S4")
    await with_password(people, "HQ-H1")
    app = console_of(company, people)
    agent, colleague, stranger = Browser(app), Browser(app), Browser(app)
    for _ in range(3):
        assert (await agent.log_in("SH-S4")).status_code == 303
    tried = [(await stranger.log_in(f"N-{n}", "wrong")).status_code for n in range(70)]
    assert tried == [422] * 60 + [429] * 10
    late = await colleague.log_in("HQ-H1")
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 10
    assert "your network" in alert(late.text)
    assert (await stranger.get(f"/link/{new_token()}")).status_code == 429
    assert (await stranger.post(f"/link/{new_token()}", {"password": PASSWORD})).status_code == 429
    assert (await agent.log_in("SH-S4")).status_code == 303
    assert (await agent.log_in("HQ-H1")).status_code == 429  # it is known as another's


async def test_links_are_guessed_no_more_often_than_passwords(browser: Browser) -> None:
    guessed = [(await browser.get(f"/link/{new_token()}")).status_code for _ in range(62)]
    assert guessed == [422] * 60 + [429] * 2


async def test_wrong_tries_rest_an_account_and_tell_nothing(
    browser: Browser, people: People, company: Company
) -> None:
    await with_password(people, "SH-S4")
    wrong = alert((await browser.log_in("SH-S4", "wrong")).text)
    assert wrong
    assert alert((await browser.log_in("NOBODY", "wrong")).text) == wrong
    for _ in range(4):
        await browser.log_in("SH-S4", "wrong")
    assert alert((await browser.log_in("SH-S4")).text) == wrong  # right, and locked all the same
    company.clock.move(timedelta(seconds=61))
    assert (await browser.log_in("SH-S4", "wrong")).status_code == 422  # the sixth: two minutes
    company.clock.move(timedelta(seconds=61))
    assert (await browser.log_in("SH-S4")).status_code == 422
    company.clock.move(timedelta(seconds=61))
    assert (await browser.log_in("SH-S4")).status_code == 303
    account = await people.accounts.one("SH-S4")
    assert account is not None
    assert account.failures == 0
    chinese = await browser.get("/log-in?lang=zh-CN")
    assert chinese.status_code == 200
    assert_chinese(alert((await browser.log_in("SH-S4", "wrong")).text))


async def test_a_second_factor_is_asked_for_and_a_recovery_code_is_good_once(
    browser: Browser, people: People, company: Company
) -> None:
    await with_password(people, "SH-S4")
    await browser.log_in("SH-S4")
    page = (await browser.post("/me/second-factor")).text
    assert "<svg" in page
    shown = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert shown is not None
    totp = pyotp.TOTP(shown[1].replace(" ", ""))
    assert (await browser.post("/me/second-factor/confirm", {"code": "12345"})).status_code == 422
    code = totp.at(company.clock.now())
    recovery = re.findall(
        r"<code>([A-Z2-7-]{19})</code>",
        (await browser.post("/me/second-factor/confirm", {"code": code})).text,
    )
    assert len(recovery) == 10
    kept = await company.platform.pool.fetchval("SELECT totp_sealed FROM staff_accounts")
    assert totp.secret.encode() not in kept
    await browser.post("/log-out")
    assert (await browser.log_in("SH-S4")).status_code == 422
    assert (await browser.log_in("SH-S4", code=code)).status_code == 422  # was used already
    company.clock.move(timedelta(seconds=30))
    assert (await browser.log_in("SH-S4", code=totp.at(company.clock.now()))).status_code == 303
    assert (await browser.log_in("SH-S4", code=recovery[3].lower())).status_code == 303
    assert (await browser.log_in("SH-S4", code=recovery[3])).status_code == 422
    assert "9 recovery codes are left" in (await browser.get("/me")).text
    await people.accounts.forget_second_factor("SH-S4", "HQ-M1")
    assert (await browser.log_in("SH-S4")).status_code == 303


async def test_sessions_end_idle_and_anyway(
    browser: Browser, people: People, company: Company
) -> None:
    await with_password(people, "SH-S4")
    await browser.log_in("SH-S4")
    company.clock.move(timedelta(minutes=119))
    assert await browser.is_in()
    company.clock.move(timedelta(minutes=121))
    assert not await browser.is_in()
    await browser.log_in("SH-S4")
    for _ in range(11):
        company.clock.move(timedelta(hours=1))
        assert await browser.is_in()
    company.clock.move(timedelta(hours=1))
    assert not await browser.is_in()
    await people.sessions.expire()
    assert await company.platform.pool.fetchval("SELECT count(*) FROM staff_sessions") == 0


async def test_sessions_end_by_hand_by_lock_and_when_staff_leave(
    company: Company, people: People
) -> None:
    await with_password(people, "SH-S4")
    app = console_of(company, people)
    desk, phone = Browser(app), Browser(app)
    for one in (desk, phone):
        await one.log_in("SH-S4")
    assert "location" in (await desk.post("/log-out")).headers
    assert not await desk.is_in()
    assert await phone.is_in()
    await desk.log_in("SH-S4")
    form = {"old": PASSWORD, "password": NEW_PASSWORD}
    assert (await desk.post("/me/password", form)).status_code == 200
    assert await desk.is_in()
    assert not await phone.is_in()
    await phone.log_in("SH-S4", NEW_PASSWORD)
    await desk.post("/me/log-out-everywhere")
    assert not await phone.is_in()
    await desk.log_in("SH-S4", NEW_PASSWORD)
    await people.accounts.lock("SH-S4", "HQ-M1")
    assert not await desk.is_in()
    assert (await desk.log_in("SH-S4", NEW_PASSWORD)).status_code == 422
    await people.accounts.unlock("SH-S4", "HQ-M1")
    await desk.log_in("SH-S4", NEW_PASSWORD)
    assert await desk.is_in()
    await company.report(None, member("SH-S4", active=False), branch="HQ")
    assert not await desk.is_in()
    assert "SH-S4" in alert((await desk.log_in("SH-S4", NEW_PASSWORD)).text)


async def test_a_stream_keeps_nobody_logged_in_and_ends_with_the_log_in(
    browser: Browser, people: People, company: Company
) -> None:
    await with_password(people, "SH-S4")
    await browser.log_in("SH-S4")
    cookie = f"session={browser.client.cookies['session']}".encode()
    headers = [(b"cookie", cookie)]
    scope = {"type": "http", "path": "/live/overview", "query_string": b"", "headers": headers}
    request = Request({**scope, "scheme": "http", "server": ("localhost", 80)})
    console = console_of(company, people).state.console
    visit = Visit(request, console, await console.doorkeeper.principal_of(request))
    company.clock.move(timedelta(minutes=119))
    assert await visit.is_still_admitted()
    company.clock.move(timedelta(minutes=2))
    assert not await visit.is_still_admitted()
    company.clock.move(timedelta(minutes=-2))
    await company.report(None, member("SH-S4", "branch_manager"), branch="HQ")
    assert not await visit.is_still_admitted()  # may do something else now: comes anew


async def test_a_write_of_another_site_does_nothing(browser: Browser, people: People) -> None:
    await with_password(people, "SH-S4")
    await browser.log_in("SH-S4")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = await browser.client.post("/me/log-out-everywhere", headers=headers)
        assert answer.status_code == 403
    assert await browser.is_in()


async def test_administrators_keep_users_and_keys_and_it_is_told(
    browser: Browser, people: People, company: Company
) -> None:
    await with_password(people, "HQ-M1")
    await with_password(people, "SH-S4")
    await browser.log_in("SH-S4")
    assert (await browser.get("/users")).status_code == 403
    assert (await browser.post("/users/lock", {"staff": "HQ-M1"})).status_code == 403
    entered = await browser.log_in("HQ-M1")
    assert entered.headers["location"] == "/users"  # customers are not an administrator's
    made = await browser.post("/users/make", {"staff": "HQ-H1"})
    link = re.search(r"http://localhost(/link/[A-Za-z0-9_-]{43})", made.text)
    assert link is not None
    other = Browser(console_of(company, people))
    assert (await other.post(link[1], {"password": PASSWORD})).status_code == 200
    assert (await other.log_in("HQ-H1")).headers["location"] == "/"
    assert (await browser.post("/users/lock", {"staff": "HQ-M1"})).status_code == 422  # oneself
    for act in ("lock", "unlock", "log-out", "reset-second-factor", "administrator"):
        assert (await browser.post(f"/users/{act}", {"staff": "HQ-H1"})).status_code == 200, act
    assert not await other.is_in()
    key = re.search(
        r"tsk_[A-Za-z0-9_-]{43}", (await browser.post("/keys/make", {"staff": "SH-S4"})).text
    )
    assert key is not None
    bearer = {"Authorization": f"Bearer {key[0]}"}
    assert (await other.get("/api/v1/receivables/items", **bearer)).status_code == 200
    listed = (await browser.get("/keys")).text
    key_id = re.search(r'name="key" value="([0-9a-f-]{36})"', listed)
    assert key_id is not None
    assert (await browser.post("/keys/revoke", {"key": key_id[1]})).status_code == 200
    assert (await other.get("/api/v1/receivables/items", **bearer)).status_code == 401
    acts = [(one.by, one.act, one.staff_id) for one in await people.journal.latest(100)]
    assert acts[:2] == [("HQ-M1", "key_revoked", "SH-S4"), ("HQ-M1", "key_made", "SH-S4")]
    assert ("HQ-M1", "locked", "HQ-H1") in acts
    for statement in ("UPDATE people_journal SET by = 'x'", "DELETE FROM people_journal"):
        with pytest.raises(asyncpg.RaiseError):
            await company.platform.pool.execute(statement)


async def test_a_key_of_staff_reads_as_its_owner_and_a_branchs_key_not_at_all(
    browser: Browser, people: People
) -> None:
    _, clerk = await people.keys.create_for_staff("SH-S4")
    _, stranger = await people.keys.create_for_staff("NOBODY")
    _, branch = await people.keys.create("SH")
    for key, status in ((clerk, 200), (stranger, 403), (branch, 403), ("tsk_x", 401)):
        answer = await browser.get("/api/v1/receivables/items", Authorization=f"Bearer {key}")
        assert answer.status_code == status, answer.text


async def test_no_key_of_a_locked_account_is_good(browser: Browser, people: People) -> None:
    await with_password(people, "SH-S4")
    _, key = await people.keys.create_for_staff("SH-S4")
    _, branchs = await people.keys.create("SH")
    statuses = []
    for act in (None, people.accounts.lock, people.accounts.unlock):
        if act is not None:
            await act("SH-S4", "HQ-M1")
        answer = await browser.get("/api/v1/receivables/items", Authorization=f"Bearer {key}")
        statuses.append(answer.status_code)
        assert await people.keys.scope_of(branchs) is not None
    assert statuses == [200, 401, 200]


async def test_of_more_log_ins_than_anybody_has_the_oldest_end(
    people: People, company: Company
) -> None:
    first = await people.sessions.begin("SH-S4", "password", "old")
    company.clock.at += timedelta(seconds=1)
    others = [await people.sessions.begin("SH-S4", "password", "new") for _ in range(99)]
    assert await people.sessions.find(first) is not None
    elses = await people.sessions.begin("HQ-H1", "password", "another's")
    company.clock.at += timedelta(seconds=1)
    last = await people.sessions.begin("SH-S4", "password", "one more")
    assert await people.sessions.find(first) is None
    assert len(await people.sessions.of("SH-S4")) == 100
    for token in (others[0], others[-1], last, elses):
        assert await people.sessions.find(token) is not None


@pytest.mark.parametrize("path", ["/log-out", "/me/log-out-everywhere"])
async def test_who_logs_out_leaves_no_page_behind(
    browser: Browser, people: People, path: str
) -> None:
    await with_password(people, "SH-S4")
    await browser.log_in("SH-S4")
    answer = await browser.post(path)
    assert answer.headers["clear-site-data"] == '"cache"'
    assert "session" not in browser.client.cookies
    assert not await browser.is_in()


async def test_no_log_tells_a_link_or_whom_an_address_names(
    browser: Browser, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object, token: str) -> str:
        raise Unavailable("the database is away")

    monkeypatch.setattr(type(people.proving), "owner_of_link", away)
    token = new_token()
    with capture_logs() as logs:
        assert (await browser.get(f"/link/{token}")).status_code == 503
    [line] = [one for one in logs if one["event"] == "console.unavailable"]
    assert line["route"] == "/link/{token}"
    assert token not in repr(logs)


async def test_an_account_that_administers_needs_no_reference_data(people: People) -> None:
    await people.accounts.make("first", "platform", administrator=True)
    assert not await people.accounts.in_use()
    who = await people.staffing.principal("first", administrator=True)
    assert who is not None
    assert who.may(Right.ADMINISTER)
    assert not who.may(Right.SEE_CUSTOMERS)
    assert await people.staffing.principal("first") is None
    with pytest.raises(AccountRefusal):
        await people.accounts.make("first", "platform")


async def test_a_demonstrations_visitor_is_headquarters_and_may_be_anybody(
    company: Company,
) -> None:
    key = new_token()
    people = people_at(company, demonstration=key)
    browser = Browser(console_of(company, people))
    assert (await browser.get(f"/demonstration/{new_token()}")).headers["location"] == "/log-in"
    assert (await browser.get(f"/demonstration/{key}")).headers["location"] == "/"
    page = (await browser.get("/receivables")).text
    assert re.search(r'<option value="HQ-H1" selected>', page)
    assert "/users" not in re.findall(r'<a href="([^"]+)"', page)
    became = await browser.post("/demonstration/be", {"staff": "HQ-M1"})
    assert became.headers["location"] == "/users"
    assert re.search(r'<option value="HQ-M1" selected>', (await browser.get("/users")).text)
    assert (await browser.get("/receivables")).status_code == 403
    # Another start has another key, and one that is no demonstration lets nobody of it in.
    plain = Browser(console_of(company, people_at(company)))
    plain.client.cookies.update(browser.client.cookies)
    assert not await plain.is_in()
    assert (await plain.get(f"/demonstration/{key}")).headers["location"] == "/log-in"
