"""The API of casework: a case as it stands, and the commands that may be given on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.cases.commands import CaseCommand
from events.cases.reasons import UNKNOWN_CASE
from events.cases.staff import Staff, staff_in_force
from events.envelope import RecordedEvent
from events.policy import Reference
from events.refusals import Refused, refuse
from events.touchpoints.base import PersonalTouchpoint
from services.casework import openapi
from services.casework.api import COMMANDS, MAX_BYTES, MAX_VALUES
from services.casework.cases import Cases, CommandOn, customer_of, folded
from services.casework.documents import (
    CommandDocument,
    History,
    case_document,
    change,
    event_document,
)
from services.casework.executing import Answer, Done, Moved, OtherRequest, Streams
from services.casework.parts import CaseworkPlatform
from services.casework.problems import refused, said, stale, unreadable
from services.casework.reading import asked, key_of, seen_of
from services.casework.rulebook import Rulebook
from services.intake.answers import EventRefused, token_through
from services.intake.keys import Keys, StaffScope
from services.intake.speaking import scope_of, speaking_for_staff
from services.vault.vault import subject_of
from services.web.bodies import Held, Limits, read
from services.web.doors import Doors
from services.web.languages import preferred_language
from services.web.rates import Rates
from services.web.refusal_words import refusal_teller

_LOG = structlog.get_logger()

_LIMITS = Limits(
    MAX_BYTES, MAX_VALUES, f"send at most {MAX_BYTES} bytes and {MAX_VALUES} JSON values"
)
_HELD_BYTES = 64 * MAX_BYTES


class _Asking:
    """A request of somebody who may ask: who it is, in which language, by which rules."""

    def __init__(
        self, request: Request, scope: StaffScope, language: str, reference: Reference, by: Staff
    ) -> None:
        self.headers = request.headers
        self.scope = scope
        self.language = language
        self.reference = reference
        self.by = by


class _Desk:
    """What all routes of casework share."""

    def __init__(self, platform: CaseworkPlatform, rates: Rates) -> None:
        self.cases = Cases(Streams(platform.log, platform.vault, platform.clock), platform.pool)
        self.doors = Doors(rates, Held(_LIMITS, _HELD_BYTES))
        self._platform = platform
        self._keys = Keys(platform.pool, platform.clock)
        self._rulebook = Rulebook(platform.pool)

    async def asking(self, request: Request) -> _Asking:
        """Let a member of staff in who works here now. Raises: Problem, Unavailable."""
        language = preferred_language(request.headers.get("accept-language", ""))
        scope = speaking_for_staff(await scope_of(self._keys, self.doors, request))
        async with self.doors.calming():
            self.doors.throttle.enter(scope.key_id)
        with self.doors.asking.slot() as slot:
            reference = await slot.within_patience(self._rulebook.reference(scope.rules))
        by = staff_in_force(reference, scope.staff_id, self._platform.clock.now())
        if by is None:
            raise said("unknown_staff", language, field="authorization", staff=scope.staff_id)
        return _Asking(request, scope, language, reference, by)

    async def command(
        self, asking: _Asking, request: Request, case_id: str, kind: type[CaseCommand]
    ) -> Response:
        """Do a command, or say why not. Raises: Problem, Unavailable."""
        key = key_of(asking.headers, asking.language)
        seen = seen_of(asking.headers, kind, asking.language)
        async with self.doors.calming():
            with self.doors.held.body() as body:
                with self.doors.reading.slot(asking.scope.key_id):
                    await read(request, body)
                with self.doors.working.slot(asking.scope.key_id) as slot:
                    try:
                        command, personal = asked(bytes(body.content), kind)
                        given = CommandOn(
                            case_id=case_id,
                            command=command,
                            by=asking.by,
                            key=key,
                            seen=seen,
                            personal=personal,
                        )
                        answer = await slot.within_patience(
                            self.cases.execute(given, asking.reference)
                        )
                    except EventRefused as why:
                        raise unreadable(why) from why
        return self._answered(asking, case_id, answer)

    def _answered(self, asking: _Asking, case_id: str, answer: Answer) -> Response:
        match answer:
            case Done():
                _LOG.debug("command_done", case_id=case_id, version=len(answer.events))
                return _done(answer, asking.reference)
            case Refused():
                tz = asking.reference.zone_of(asking.by.branch_id)
                raise refused(answer, refusal_teller(asking.language, tz))
            case Moved(seen, version, changed):
                told = [change(event, asking.reference) for event in changed]
                raise stale(seen, version, told, asking.language)
            case OtherRequest(key):
                raise said("key_reused", asking.language, field="Idempotency-Key", key=key)

    async def history(self, asking: _Asking, case_id: str) -> Response:
        """Return a case with all its events. Raises: Problem, Unavailable."""
        with self.doors.asking.slot() as slot:
            events = await slot.within_patience(self.cases.events(case_id))
            case = folded(events)
            if case is None:
                tz = asking.reference.zone_of(asking.by.branch_id)
                raise refused(refuse(UNKNOWN_CASE), refusal_teller(asking.language, tz))
            notes = await slot.within_patience(self._opened(events))
        shown = [
            event_document(event, asking.reference, notes.get(event.envelope.id))
            for event in events
        ]
        document = case_document(case, customer_of(events), asking.reference)
        return _json(History(document, shown), len(events), events)

    async def _opened(
        self, events: Sequence[RecordedEvent]
    ) -> Mapping[str, Mapping[str, str] | None]:
        """Return what was said in confidence, by event; None where its customer was erased."""
        found = {}
        for event in events:
            data, envelope = event.data, event.envelope
            if isinstance(data, PersonalTouchpoint) and data.sealed is not None:
                found[str(envelope.id)] = await self._platform.vault.open(
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
        return await desk.history(await desk.asking(request), case_id)

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
        return await desk.command(await desk.asking(request), request, case_id, kind)

    return do


class _Route(Protocol):
    async def __call__(self, request: Request, case_id: str) -> Response: ...


def _done(answer: Done, reference: Reference) -> Response:
    case = folded(answer.events)
    assert case is not None, "a command that was done left events"
    document = CommandDocument(
        case_document(case, customer_of(answer.events), reference),
        [event_document(event, reference) for event in answer.own],
    )
    return _json(document, len(answer.events), answer.own, replayed=answer.replayed)


def _json(
    document: object, version: int, reached: Sequence[RecordedEvent], *, replayed: bool = False
) -> Response:
    """Return a document with the version it tells of, and the place in the log it has reached."""
    headers = {"Cache-Control": "no-store", "ETag": f'"{version}"'}
    token = token_through(event.position for event in reached)
    if token is not None:
        headers["Touchstone-Position"] = token
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(msgspec.json.encode(document), media_type="application/json", headers=headers)
