"""Logging in at the company's OpenID Connect provider: a real one, run by Node."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from services.clock import SystemClock
from services.people.provider import CALLBACK, LASTS, Provider, Registration, challenge_of
from services.people.throttle import Tries
from services.people.tokens import hashed
from tests.integration.test_people import alert
from tests.support.console import Company, open_company
from tests.support.people import STAFF, Browser, console_of, people_at
from tests.support.provider import SECRET, CompanyLogIn, company_log_in

pytestmark = pytest.mark.postgres

BACK = f"http://localhost{CALLBACK}"


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        await company.report(None, *STAFF, branch="HQ")
        yield company


def registration(issuer: str, secret: str | None = SECRET) -> Registration:
    return Registration(issuer, "touchstone", secret, "preferred_username", "openid profile", BACK)


@asynccontextmanager
async def browser_of(
    company: Company, told: Registration, transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncIterator[Browser]:
    """Give a browser on a console whose staff log in at a provider."""
    company.clock.at = SystemClock().now()  # a provider's tokens are of now
    provider = Provider(told, company.platform.pool, company.clock, transport)
    yield Browser(console_of(company, people_at(company, provider=provider)))
    await provider.close()


async def log_in(
    browser: Browser, at: CompanyLogIn, onward: str = "/alerts", **changed: str
) -> httpx2.Response:
    """Go to the provider and come back, with what it says changed on the way."""
    sent = await browser.get(f"/log-in/company?onward={onward}")
    assert sent.status_code == 303, sent.text
    back = await at.pass_through(sent.headers["location"])
    assert back.startswith(BACK)
    answer = dict(parse_qsl(urlsplit(back).query)) | changed
    return await browser.client.get(CALLBACK, params=answer)


@pytest.mark.provider
@pytest.mark.parametrize("in_token", [True, False])
async def test_staff_log_in_where_the_company_does(company: Company, in_token: bool) -> None:
    async with (
        company_log_in(BACK, in_token=in_token) as at,
        browser_of(company, registration(at.issuer)) as browser,
    ):
        page = await browser.get("/log-in?onward=/alerts")
        assert "/log-in/company?onward=%2Falerts" in page.text
        assert 'name="password"' not in page.text
        assert (await browser.log_in("SH-S4")).headers["location"].startswith("/log-in?")
        entered = await log_in(browser, at)
        assert (entered.status_code, entered.headers["location"]) == (303, "/alerts")
        own = await browser.get("/me")
        assert own.status_code == 200
        assert "SH-S4" in own.text
        await at.be("stranger")
        assert "stranger" in alert((await log_in(browser, at)).text)
        assert await people_at(company).accounts.one("stranger") is None
        await at.be("nameless")
        assert "preferred_username" in alert((await log_in(browser, at)).text)
        await at.refuse()
        assert "not today" in alert((await log_in(browser, at)).text)


@pytest.mark.provider
async def test_an_account_is_made_that_can_be_locked(company: Company) -> None:
    async with (
        company_log_in(BACK) as at,
        browser_of(company, registration(at.issuer)) as browser,
    ):
        await log_in(browser, at)
        people = people_at(company)
        assert [one.staff_id for one in await people.accounts.all()] == ["SH-S4"]
        assert await people.accounts.in_use()
        await people.accounts.lock("SH-S4", "HQ-M1")
        assert not await browser.is_in()
        assert alert((await log_in(browser, at)).text)
        assert not await browser.is_in()


@pytest.mark.provider
async def test_what_comes_back_is_taken_once_by_the_browser_that_began(company: Company) -> None:
    async with (
        company_log_in(BACK) as at,
        browser_of(company, registration(at.issuer)) as browser,
        browser_of(company, registration(at.issuer)) as other,
    ):
        for changed in ({"state": "x" * 43}, {"state": ""}, {"iss": "https://evil.example"}):
            assert (await log_in(browser, at, **changed)).status_code == 422
        sent = await browser.get("/log-in/company")
        back = urlsplit(await at.pass_through(sent.headers["location"]))
        address = f"{back.path}?{back.query}"
        assert (await other.get(address)).status_code == 422  # begun in another browser
        assert (await browser.get(address)).status_code == 303
        assert (await browser.get(address)).status_code == 422  # a second time
        sent = await browser.get("/log-in/company")
        back = urlsplit(await at.pass_through(sent.headers["location"]))
        company.clock.move(LASTS)
        assert (await browser.get(f"{back.path}?{back.query}")).status_code == 422


@pytest.mark.provider
async def test_a_wrong_secret_and_a_provider_that_is_away_are_told(company: Company) -> None:
    async with company_log_in(BACK) as at:
        async with browser_of(company, registration(at.issuer, "another")) as browser:
            assert alert((await log_in(browser, at)).text)
        async with browser_of(company, registration(f"{at.issuer}/elsewhere")) as browser:
            assert (await browser.get("/log-in/company")).status_code == 503


@pytest.mark.provider
async def test_new_keys_of_the_provider_are_learnt(company: Company) -> None:
    async with (
        company_log_in(BACK) as at,
        browser_of(company, registration(at.issuer)) as browser,
    ):
        assert (await log_in(browser, at)).status_code == 303
        again = CompanyLogIn(urlsplit(at.issuer).port or 0, BACK, in_token=False)
        at.stop()
        with again.running():  # the same provider, which signs with another key now
            assert (await log_in(browser, at)).status_code == 303


# What a provider says in its token, one thing wrong at a time: no real one says such things.

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
ISSUER = "https://login.example"


class Lying(httpx2.AsyncBaseTransport):
    """A provider that says whatever it is told to."""

    def __init__(self) -> None:
        self.claims: dict[str, object] = {}
        self.key = self.published = KEY
        self.algorithm = "RS256"
        self.forms: list[dict[str, str]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx2.Response(
                    200,
                    json={
                        "issuer": ISSUER,
                        "authorization_endpoint": f"{ISSUER}/auth",
                        "token_endpoint": f"{ISSUER}/token",
                        "jwks_uri": f"{ISSUER}/keys",
                    },
                )
            case "/keys":
                return httpx2.Response(200, json=KeySet([self.published]).as_dict(private=False))
            case _:
                self.forms.append(dict(parse_qsl(request.content.decode())))
                header = {"alg": self.algorithm, "kid": "one"}
                token = jwt.encode(header, self.claims, self.key, algorithms=[self.algorithm])
                return httpx2.Response(200, json={"id_token": token, "access_token": "x"})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["touchstone", "another"]},
        {"aud": ["touchstone", "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": None},
        {"preferred_username": None},
        {"preferred_username": 5},
        {"preferred_username": "a\x00b"},
        {"preferred_username": "stranger"},
        {"preferred_username": "long" * 50},
        {"key": OTHER_KEY},
    ],
)
async def test_of_a_token_everything_is_checked(
    company: Company, wrong: Mapping[str, object]
) -> None:
    lying = Lying()
    async with browser_of(company, registration(ISSUER), lying) as browser:
        sent = (await browser.get("/log-in/company")).headers["location"]
        asked = dict(parse_qsl(urlsplit(sent).query))
        now = int(company.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": "touchstone",
            "sub": "1",
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            "preferred_username": "SH-S4",
        } | {name: value for name, value in wrong.items() if name != "key"}
        lying.claims = {name: value for name, value in claims.items() if value is not None}
        lying.key = OTHER_KEY if "key" in wrong else KEY
        answer = {"code": "c", "state": asked["state"]}
        back = await browser.client.get(CALLBACK, params=answer)
        assert back.status_code == (422 if wrong else 303), back.text
        assert await browser.is_in() == (not wrong)
        made = [one.staff_id for one in await people_at(company).accounts.all()]
        assert made == ([] if wrong else ["SH-S4"])
        assert challenge_of(lying.forms[0]["code_verifier"]) == asked["code_challenge"]


async def test_a_key_that_the_provider_has_withdrawn_is_believed_for_an_hour_at_most(
    company: Company,
) -> None:
    lying = Lying()
    entered = []
    async with browser_of(company, registration(ISSUER), lying) as browser:
        for _ in range(2):
            sent = (await browser.get("/log-in/company")).headers["location"]
            asked = dict(parse_qsl(urlsplit(sent).query))
            now = int(company.clock.now().timestamp())
            lying.claims = {
                "iss": ISSUER,
                "aud": "touchstone",
                "sub": "1",
                "iat": now,
                "exp": now + 60,
                "nonce": asked["nonce"],
                "preferred_username": "SH-S4",
            }
            answer = {"code": "c", "state": asked["state"]}
            back = await browser.client.get(CALLBACK, params=answer)
            entered.append(back.status_code)
            lying.published = OTHER_KEY  # what signs on is somebody's who stole the other
            company.clock.move(timedelta(hours=1, seconds=1))
    assert entered == [303, 422]


async def test_log_ins_that_nobody_finishes_are_bounded_and_go(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.people.provider.MOST_UNDER_WAY", 3)
    pool = company.platform.pool
    async with browser_of(company, registration(ISSUER), Lying()) as browser:
        states = []
        for _ in range(5):
            company.clock.move(timedelta(seconds=1))
            begun = await browser.get("/log-in/company")
            states.append(dict(parse_qsl(urlsplit(begun.headers["location"]).query))["state"])
        left = {row["hash"] for row in await pool.fetch("SELECT hash FROM provider_log_ins")}
        assert left == {hashed(state) for state in states[2:]}
        company.clock.move(LASTS)
        await browser.get("/log-in/company")
        assert await pool.fetchval("SELECT count(*) FROM provider_log_ins") == 1


async def test_an_address_begins_no_more_log_ins_than_it_may(company: Company) -> None:
    told = registration(ISSUER)
    provider = Provider(told, company.platform.pool, company.clock, Lying())
    people = people_at(company, provider=provider)
    people.throttle.begun = Tries(2, 0.01)
    browser = Browser(console_of(company, people))
    begun = [(await browser.get("/log-in/company")).status_code for _ in range(3)]
    assert begun == [303, 303, 429]
    await provider.close()
