"""A company whose staff log in, with hashing that costs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2
from argon2 import PasswordHasher
from fastapi import FastAPI

from events.touchpoints.policy import Role, StaffSet
from services.casework.rulebook import Rulebook
from services.console.app import create_console
from services.intake.keys import Keys
from services.people.demonstration import Demonstration
from services.people.passwords import Passwords
from services.people.people import People, people_of
from services.people.provider import Provider
from services.platform import Platform
from tests.support.console import EARLY, Company
from tests.support.log import submission

PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "another four words entirely"


def member(staff_id: str, *roles: Role, branch: str = "SH", active: bool = True) -> StaffSet:
    """Return a member of staff of a branch."""
    return StaffSet(
        effective_from=EARLY, staff_id=staff_id, branch_id=branch, roles=roles, active=active
    )


STAFF = (
    member("SH-S4"),
    member("HQ-H1", "headquarters", branch="HQ"),
    member("HQ-M1", "administrator", branch="HQ"),
)


def people_at(
    company: Company, *, provider: Provider | None = None, demonstration: str | None = None
) -> People:
    """Return the accounts of a company, by its own clock."""
    platform = company.platform
    return people_of(
        platform.pool,
        platform.vault,
        company.clock,
        Rulebook(platform.pool).reference,
        provider=provider,
        demonstration=None
        if demonstration is None
        else Demonstration(demonstration, company.clock),
        passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
    )


def console_of(company: Company, people: People) -> FastAPI:
    """Return a console that asks who it is."""
    return create_console(company.platform, people=people, hosts=["console.example"])


class Browser:
    """Somebody at a browser: keeps cookies, and says where its writes come from."""

    def __init__(self, app: FastAPI, base: str = "http://localhost") -> None:
        transport = httpx2.ASGITransport(app=app)
        self.client = httpx2.AsyncClient(transport=transport, base_url=base)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, form: Mapping[str, str] | None = None) -> httpx2.Response:
        headers = {"Sec-Fetch-Site": "same-origin"}
        return await self.client.post(path, data=dict(form or {}), headers=headers)

    async def log_in(
        self, staff_id: str, password: str = PASSWORD, code: str = ""
    ) -> httpx2.Response:
        form = {"staff": staff_id, "password": password, "code": code}
        return await self.post("/log-in", form)

    async def is_in(self) -> bool:
        """Tell whether a page of its own is shown."""
        return (await self.get("/me")).status_code == 200


async def with_password(people: People, staff_id: str, *, administrator: bool = False) -> None:
    """Make an account, and choose its password by link."""
    await people.accounts.make(staff_id, "test", administrator=administrator)
    await people.proving.set_password(await people.accounts.link(staff_id, "test"), PASSWORD)


async def reading_key(platform: Platform) -> str:
    """Return a key that reads the whole company's pages: of a new member of headquarters."""
    told = member("HQ-READER", "headquarters", branch="HQ")
    await platform.log.append([submission(1, told, None, source="/branches/HQ/readers")])
    _, key = await Keys(platform.pool, platform.clock).create_for_staff("HQ-READER")
    return key
