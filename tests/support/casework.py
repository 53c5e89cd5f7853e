"""Casework as those who work meet it: staff with keys, a gateway in this process, a log behind it.

The company is small: three departments with a head each, two members of staff in every one, a
call centre, a branch manager, and headquarters. The branch works Monday to Friday 09-12, 13-18.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx2
import pytest

from events.business_time import STANDARD_HOURS
from events.cases.terms import native_case_id
from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.policy import BranchSet, CalendarSet, DepartmentSet, Role, StaffSet
from services.casework.by_itself import CaseworkByItself
from services.gateway.http import create_gateway
from services.hosts.bootstrap import open_platform
from services.intake.draft import Draft, Scope
from services.intake.keys import Keys
from services.platform import Platform
from services.settings import Settings
from tests.support.given import event_id
from tests.support.log import SetClock
from tests.support.modes import catch_up, chosen_log

BRANCH = BranchId("SH-01")
CUSTOMER = CustomerId("C-1")
MONDAY = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""

OWNER, COLLEAGUE, HEAD, CALLER = "service-1", "service-2", "service-head", "caller-1"
CLERK = "clerk-1"
_DEPARTMENTS = ("service", "sales", "logistics")
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_MASTER_KEY = base64.b64encode(bytes(range(32))).decode()

Json = dict[str, object]


def company() -> Iterator[Touchpoint]:
    """Yield the reference data of the company."""
    yield CalendarSet(effective_from=_LONG_AGO, calendar_id="office", hours=STANDARD_HOURS)
    yield BranchSet(
        effective_from=_LONG_AGO, branch_id=BRANCH, name="Shanghai", calendar_id="office"
    )
    for department in _DEPARTMENTS:
        head = f"{department}-head"
        yield DepartmentSet(
            effective_from=_LONG_AGO, department_id=department, name=department, head=head
        )
        for staff in (f"{department}-1", f"{department}-2", head):
            yield staff_record(staff, department)
    yield staff_record(CALLER, "calls", "call_centre")
    yield staff_record(CLERK, None)
    yield staff_record("manager-1", None, "branch_manager")
    yield staff_record("hq-1", None, "headquarters")
    yield staff_record("credit-1", None, "credit")
    yield staff_record("money-1", None, "receivables")
    yield staff_record("orders-1", None, "order_entry")


def staff_record(staff_id: str, department: str | None, *roles: Role) -> StaffSet:
    """Return one of the staff; of a department, whoever has no other role sees every branch."""
    return StaffSet(
        effective_from=_LONG_AGO,
        staff_id=staff_id,
        branch_id=BRANCH,
        department_id=department,
        roles=roles or (("order_entry",) if department else ()),
    )


@dataclass
class Desk:
    """A gateway with casework, the platform behind it, and a key for everybody who works."""

    platform: Platform
    settings: Settings
    clock: SetClock
    client: httpx2.AsyncClient
    by_itself: CaseworkByItself
    tokens: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def publish(
        self, data: Touchpoint, name: str, *, customer: str | None = CUSTOMER, till: str = "till-1"
    ) -> EventId:
        """Record something as a branch would; the same name is the same event."""
        number = next(self._numbers)
        identity = EventId(event_id(name))
        envelope = Envelope(
            id=identity,
            source=f"/branches/{BRANCH}/{till}",
            type=data.event_type,
            subject=CustomerId(customer) if customer else None,
            branch_id=BRANCH,
            epoch=0,
            sequence=number,
            created_at=self.clock.now(),
            effective_at=self.clock.now(),
        )
        scope = Scope(BRANCH, headquarters=True)
        [answer] = await self.platform.intake.submit_validated(scope, [Draft(envelope, data)])
        assert answer.status == "accepted", answer
        return identity

    async def case(self, name: str = "complaint", *, customer: str | None = CUSTOMER) -> str:
        """File a complaint, let its case open by itself, and return the case's id."""
        filed = ComplaintFiled(severity="medium", agent=OWNER, department="service")
        identity = await self.publish(filed, name, customer=customer)
        while await self.by_itself.openings.step():
            pass
        return native_case_id(identity)

    async def token(self, staff: str) -> str:
        """Return a key of a member of staff."""
        if staff not in self.tokens:
            keys = Keys(self.platform.pool, self.platform.clock)
            _, self.tokens[staff] = await keys.create_for_staff(staff)
        return self.tokens[staff]

    async def get(self, case_id: str, by: str = OWNER, **headers: str) -> httpx2.Response:
        """Ask for a case."""
        given = {"authorization": f"Bearer {await self.token(by)}"} | _named(headers)
        return await self.client.get(f"/api/v1/cases/{case_id}", headers=given)

    async def give(
        self,
        case_id: str,
        word: str,
        body: Mapping[str, object] | None = None,
        *,
        by: str = OWNER,
        seen: int | None = None,
        key: str | None = None,
        of: str = "cases",
        **headers: str,
    ) -> httpx2.Response:
        """Give a command; under a new key, unless one is named."""
        given = {
            "authorization": f"Bearer {await self.token(by)}",
            "idempotency-key": key or f"key-{next(self._numbers)}",
        }
        if seen is not None:
            given["if-match"] = f'"{seen}"'
        return await self.client.post(
            f"/api/v1/{of}/{case_id}/{word}", json=body or {}, headers=given | _named(headers)
        )

    async def done(
        self,
        case_id: str,
        word: str,
        body: Mapping[str, object] | None = None,
        *,
        by: str = OWNER,
        seen: int | None = None,
    ) -> Json:
        """Give a command that is done, a minute after the last, and return the case after it."""
        self.clock.move(timedelta(minutes=1))
        answer = await self.give(case_id, word, body, by=by, seen=seen)
        assert answer.status_code == 200, answer.text
        case: Json = answer.json()["case"]
        return case

    async def version(self, case_id: str) -> int:
        """Return the version of a case."""
        return len(await self.events(case_id))

    async def events(self, case_id: str) -> Sequence[str]:
        """Return the types of the events in a case's stream."""
        stored = await self.platform.log.stream(f"/cases/{case_id}")
        return [event.envelope.type for event in stored]


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@asynccontextmanager
async def desk_on_chosen_log(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    """Yield a desk of the company on the log that the fixture's parameter names."""
    async with (
        chosen_log(request, settings_of(database)) as settings,
        open_desk(settings, SetClock(MONDAY)) as desk,
    ):
        for number, data in enumerate(company()):
            await desk.publish(data, f"company {number}", customer=None, till="policy")
        await catch_up(desk.platform, settings)
        yield desk


def settings_of(database: str) -> Settings:
    """Return the settings of a company in a database, its log there too."""
    return Settings(dsn=database, master_key=_MASTER_KEY)


@asynccontextmanager
async def open_desk(settings: Settings, clock: SetClock) -> AsyncIterator[Desk]:
    """Yield a desk of whatever company there is."""
    async with open_platform(settings, clock=clock) as platform:
        transport = httpx2.ASGITransport(app=create_gateway(platform), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Desk(platform, settings, clock, client, CaseworkByItself(platform))
