"""Acting from pages: a console whose visitor is whoever a header names, over a desk's platform."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape

import httpx2
import pytest
from starlette.requests import Request

from services.console.app import create_console
from services.hosts.project import Projector
from services.people.principal import Principal
from services.people.roles import principal_for
from services.platform import Platform
from services.projector.reference_feed import ReferenceFeed
from tests.support.casework import MONDAY, OWNER, Desk, company, open_desk, settings_of
from tests.support.log import SetClock
from tests.support.postgres import template_database

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class ByHeader:
    """Takes the visitor's word, in a header or a cookie, for who they are."""

    def __init__(self, platform: Platform, usual: str = OWNER) -> None:
        self._platform = platform
        self._usual = usual

    async def principal_of(self, request: Request) -> Principal:
        """Return the member of staff that is named."""
        staff = request.headers.get("x-staff") or request.cookies.get("staff") or self._usual
        reference = await ReferenceFeed(self._platform.pool).refresh()
        found = principal_for(reference, staff, self._platform.clock.now())
        return found or Principal(staff)


@dataclass
class Counter:
    """A desk, and a browser without scripts before its console."""

    desk: Desk
    client: httpx2.AsyncClient

    async def get(self, path: str, *, by: str = OWNER, language: str = "en") -> str:
        """Return a page."""
        answer = await self.client.get(
            path, headers={"x-staff": by, "accept-language": language}, follow_redirects=True
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    async def sends(
        self,
        path: str,
        typed: Mapping[str, str | list[str]] | None = None,
        *,
        by: str = OWNER,
        page: str | None = None,
    ) -> httpx2.Response:
        """Fill in the form of a page and send it; `page` is one that was opened before."""
        hidden = hidden_of(page if page is not None else await self.get(path, by=by))
        return await self.client.post(
            path.partition("?")[0],
            data={**hidden, **(typed or {})},
            headers={"x-staff": by, "origin": "http://localhost", "accept-language": "en"},
        )

    async def done(
        self, path: str, typed: Mapping[str, str | list[str]] | None = None, *, by: str = OWNER
    ) -> str:
        """Send a form that is done, and return where it leads."""
        answer = await self.sends(path, typed, by=by)
        assert answer.status_code == 303, answer.text
        await self.catch_up()
        return str(answer.headers["location"])

    async def catch_up(self) -> None:
        """Let the rows take in all that was recorded."""
        await Projector(self.desk.platform).catch_up()


def hidden_of(page: str) -> dict[str, str]:
    """Return the hidden inputs of a page's form."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page)}


async def lay_in(database: str) -> None:
    """Let the desk's company be published in a database, as a template of many."""
    async with open_desk(settings_of(database), SetClock(MONDAY)) as desk:
        for number, data in enumerate(company()):
            await desk.publish(data, f"company {number}", customer=None, till="policy")
        await Projector(desk.platform).catch_up()


@pytest.fixture(scope="module")
def counters(postgres_server: str, migrated: str) -> Iterator[str]:
    """The name of a database that holds the desk's company: the template of a module's others."""
    with asyncio.Runner() as runner:
        template = template_database(postgres_server, lay_in, migrated)
        yield runner.run(template.__aenter__())
        runner.run(template.__aexit__(None, None, None))


@asynccontextmanager
async def open_counter(database: str) -> AsyncIterator[Counter]:
    """Yield a counter of the company that a database holds."""
    async with open_desk(settings_of(database), SetClock(MONDAY)) as desk:
        app = create_console(desk.platform, doorkeeper=ByHeader(desk.platform))
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Counter(desk, client)
