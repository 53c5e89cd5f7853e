"""The API of casework: a case as it stands, and the commands that may be given on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.cases.commands import CaseCommand
from events.envelope import RecordedEvent
from events.touchpoints.base import PersonalTouchpoint
from services.casework import openapi
from services.casework.api import COMMANDS
from services.casework.cases import customer_of, folded
from services.casework.desk import Asking, Desk, json_response
from services.casework.documents import CommandDocument, History, case_document, event_document
from services.casework.executing import Tried
from services.casework.parts import CaseworkPlatform
from services.casework.problems import refused
from services.people.looks import Looks
from services.people.principal import Right
from services.vault.vault import subject_of
from services.web.rates import Rates

_LOG = structlog.get_logger()


class _Desk(Desk):
    """What the routes of cases share."""

    def __init__(self, platform: CaseworkPlatform, rates: Rates) -> None:
        super().__init__(platform, rates)
        self._looks = Looks(platform.pool, platform.clock)

    async def command(self, asking: Asking, case_id: str, kind: type[CaseCommand]) -> Response:
        """Do a command, or say why not. Raises: Problem, Unavailable."""
        answer = await self.done(asking, kind, case_id)
        if isinstance(answer, Tried):
            tried = await self.tried(asking, kind, answer)
            return json_response(tried, tried.version, ())
        _LOG.debug("command_done", case_id=case_id, version=len(answer.events))
        case = folded(answer.events)
        assert case is not None, "a command that was done left events"
        document = CommandDocument(
            case_document(case, customer_of(answer.events), asking.reference),
            [event_document(event, asking.reference) for event in answer.own],
        )
        version = len(answer.events)
        return json_response(document, version, answer.own, replayed=answer.replayed)

    async def history(self, asking: Asking, case_id: str) -> Response:
        """Return a case with all its events. Raises: Problem, Unavailable."""
        await self.look_for(asking, CaseCommand, case_id)
        with self.doors.asking.slot() as slot:
            events = await slot.within_patience(self.commanding.cases.events(case_id))
            case = folded(events)
            if case is None:
                why = await slot.within_patience(self.commanding.cases.without_stream(case_id))
                raise refused(why, asking.teller)
            notes: Mapping[str, Mapping[str, str] | None] = {}
            if asking.principal.may(Right.SEE_PERSONS):
                notes = await slot.within_patience(self._opened(events))
                await slot.within_patience(self._look(asking, events, notes))
        shown = [
            event_document(event, asking.reference, notes.get(event.envelope.id))
            for event in events
        ]
        document = case_document(case, customer_of(events), asking.reference)
        return json_response(History(document, shown), len(events), events)

    async def _look(
        self,
        asking: Asking,
        events: Sequence[RecordedEvent],
        notes: Mapping[str, Mapping[str, str] | None],
    ) -> None:
        """Keep that somebody is shown what was said in confidence. Raises: Unavailable."""
        customers = {one.envelope.subject for one in events if notes.get(one.envelope.id)}
        page = getattr(asking.request.scope.get("route"), "path", asking.request.url.path)
        self._looks.note(asking.principal, sorted(filter(None, customers)), page)
        await self._looks.kept()

    async def _opened(
        self, events: Sequence[RecordedEvent]
    ) -> Mapping[str, Mapping[str, str] | None]:
        """Return what was said in confidence, by event; None where its customer was erased."""
        found = {}
        for event in events:
            data, envelope = event.data, event.envelope
            if isinstance(data, PersonalTouchpoint) and data.sealed is not None:
                found[str(envelope.id)] = await self.platform.vault.open(
                    subject_of(envelope), envelope.id, data.sealed
                )
        return found


def casework_router(platform: CaseworkPlatform, rates: Rates) -> APIRouter:
    """Return the routes under /api/v1/cases; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/cases", tags=["cases"])
    desk = _Desk(platform, rates)

    @router.get("/{case_id}", openapi_extra=openapi.CASE, summary="Ask for a case")
    async def case(request: Request, case_id: str) -> Response:
        """Return a case as its stream stands, never behind any answer to a command."""
        return await desk.history(await desk.asking(request, Right.SEE_CUSTOMERS), case_id)

    for word, kind in COMMANDS.items():
        router.add_api_route(
            f"/{{case_id}}/{word}",
            _route(desk, kind),
            methods=["POST"],
            operation_id=f"case_{word.replace('-', '_')}",
            summary=(kind.__doc__ or "").strip(),
            description=openapi.description(kind),
            openapi_extra=openapi.command(kind),
        )
    return router


def _route(desk: _Desk, kind: type[CaseCommand]) -> _Route:
    async def do(request: Request, case_id: str) -> Response:
        return await desk.command(await desk.asking(request, Right.COMMAND), case_id, kind)

    return do


class _Route(Protocol):
    async def __call__(self, request: Request, case_id: str) -> Response: ...
