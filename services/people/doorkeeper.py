"""The doorkeeper of a platform whose staff log in: by session in a browser, by key in a program."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct
from starlette.requests import Request

from services.intake.keys import StaffScope
from services.intake.speaking import speaking_for_staff
from services.people.cookies import session_token
from services.people.demonstration import Someone
from services.people.journal import PLATFORM
from services.people.people import People
from services.people.principal import Principal
from services.people.refusals import LogInNeeded, NotOfStaff
from services.people.sessions import DEMONSTRATION, Found, Session

STREAMS = "/live/"
"""What addresses of streams begin with."""

_NOBODY: Mapping[str, tuple[Someone, ...]] = MappingProxyType({})


class Visitor(Struct, frozen=True):
    """Who reads a page after logging in, and whom a demonstration lets him or her be."""

    staff_id: str
    session: Session
    company: Mapping[str, tuple[Someone, ...]] = _NOBODY

    @property
    def offered(self) -> frozenset[str]:
        """Return whom the menu of a demonstration offers."""
        return frozenset(one.staff_id for people in self.company.values() for one in people)


class StaffDoor:
    """Lets in whoever has logged in, as what reference data say of him or her at this moment."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def principal_of(self, request: Request) -> Principal:
        """Return who asks. Raises: LogInNeeded, NotOfStaff, Problem, Unavailable.

        The request's state keeps the visitor, for what every page shows of him or her.
        """
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self._by_key(key.strip())
        watches = request.url.path.startswith(STREAMS)  # a page that stands open is nobody's doing
        found = await self._people.sessions.find(session_token(request), seen=not watches)
        if found is None:
            raise LogInNeeded
        return await self._by_session(request, found)

    async def _by_key(self, key: str) -> Principal:
        scope = await self._people.keys.scope_of(key)
        if scope is None:
            raise LogInNeeded
        speaker: StaffScope = speaking_for_staff(scope)
        staffing = self._people.staffing
        principal = await staffing.principal(speaker.staff_id, through=speaker.rules)
        if principal is None:
            raise NotOfStaff(speaker.staff_id)
        return principal

    async def _by_session(self, request: Request, found: Found) -> Principal:
        session, people = found.session, self._people
        if session.way == DEMONSTRATION:
            if people.demonstration is None:  # its address was another start's
                raise LogInNeeded
            principal = await people.staffing.demonstrated(session.staff_id, found.rules)
            company = people.demonstration.company(await people.staffing.reference(found.rules))
            request.state.visitor = Visitor(principal.staff_id, session, company)
            return principal
        known = await people.staffing.principal(
            session.staff_id, administrator=found.administrator, through=found.rules
        )
        if known is None:
            await people.sessions.end_all(session.staff_id, PLATFORM)
            raise LogInNeeded
        request.state.visitor = Visitor(session.staff_id, session)
        return known
