"""What the doors of casework share: who asks, what is asked, and how an answer is told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from events.cases.staff import Staff, staff_in_force
from events.envelope import RecordedEvent
from events.policy import Reference
from events.refusals import Refused, Teller
from services.casework.api import MAX_BYTES, MAX_VALUES
from services.casework.customers import Customers
from services.casework.documents import TriedDocument, change, tried_event
from services.casework.executing import Answer, Done, Moved, OtherRequest, Streams, Tried
from services.casework.parts import CaseworkPlatform
from services.casework.problems import refused, said, stale, unreadable
from services.casework.reading import Asked, asked, key_of, only_tries, seen_of
from services.casework.rulebook import Rulebook
from services.casework.trying import changes
from services.casework.undoing import undo_of
from services.intake.answers import EventRefused, token_through
from services.intake.characters import flaw_on_a_page
from services.intake.keys import Keys, StaffScope
from services.intake.rules import check_customer
from services.intake.speaking import scope_of, speaking_for_staff
from services.web.bodies import Held, Limits, read
from services.web.doors import Doors
from services.web.languages import preferred_language
from services.web.rates import Rates
from services.web.refusal_words import refusal_teller

_LIMITS = Limits(
    MAX_BYTES, MAX_VALUES, f"send at most {MAX_BYTES} bytes and {MAX_VALUES} JSON values"
)
_HELD_BYTES = 64 * MAX_BYTES

C = TypeVar("C", bound=msgspec.Struct)


class Asking:
    """A request of somebody who may ask: who it is, in which language, by which rules."""

    def __init__(
        self, request: Request, scope: StaffScope, language: str, reference: Reference, by: Staff
    ) -> None:
        self.request = request
        self.scope = scope
        self.language = language
        self.reference = reference
        self.by = by

    @property
    def teller(self) -> Teller:
        """Return what tells refusals in the language of whoever asks, in the branch's zone."""
        zone = self.reference.zone_of(self.by.branch_id)
        return refusal_teller(self.language, zone, self._department)

    def _department(self, department_id: str) -> str | None:
        known = self.reference.departments.get(department_id)
        if known is None:
            return None
        return (known.name_en or known.name) if self.language == "en" else known.name


class Given(Asked[C], frozen=True, kw_only=True):
    """A command as it was sent, with its key and the version that it was decided on."""

    key: str
    seen: int | None
    only_tried: bool


class Desk:
    """What all routes of casework share."""

    def __init__(self, platform: CaseworkPlatform, rates: Rates) -> None:
        self.platform = platform
        self.streams = Streams(platform.streams, platform.vault, platform.clock)
        self.customers = Customers(platform.log, platform.pool)
        self.doors = Doors(rates, Held(_LIMITS, _HELD_BYTES))
        self._keys = Keys(platform.pool, platform.clock)
        self._rulebook = Rulebook(platform.pool)

    async def asking(self, request: Request) -> Asking:
        """Let a member of staff in who works here now. Raises: Problem, Unavailable."""
        language = preferred_language(request.headers.get("accept-language", ""))
        _check_address(request.path_params)
        scope = speaking_for_staff(await scope_of(self._keys, self.doors, request))
        async with self.doors.calming():
            self.doors.throttle.enter(scope.key_id)
        with self.doors.asking.slot() as slot:
            reference = await slot.within_patience(self._rulebook.reference(scope.rules))
        by = staff_in_force(reference, scope.staff_id, self.platform.clock.now())
        if by is None:
            raise said("unknown_staff", language, field="authorization", staff=scope.staff_id)
        return Asking(request, scope, language, reference, by)

    async def done(
        self,
        asking: Asking,
        kind: type[C],
        execute: Callable[[Given[C]], Coroutine[object, object, Answer]],
    ) -> Done | Tried:
        """Have a command executed or tried, and return what came of it.

        Raises: Problem, Unavailable.
        """
        headers = asking.request.headers
        only_tried = only_tries(asking.request.query_params, asking.language)
        key = "" if only_tried else key_of(headers, asking.language)
        seen = seen_of(headers, kind, asking.language)
        async with self.doors.calming():
            with self.doors.held.body() as body:
                with self.doors.reading.slot(asking.scope.key_id):
                    await read(asking.request, body)
                with self.doors.working.slot(asking.scope.key_id) as slot:
                    try:
                        sent = asked(bytes(body.content), kind)
                        given = Given(
                            command=sent.command,
                            personal=sent.personal,
                            key=key,
                            seen=seen,
                            only_tried=only_tried,
                        )
                        answer = await slot.within_patience(execute(given))
                    except EventRefused as why:
                        raise unreadable(why) from why
        return _done(asking, answer)

    async def tried(
        self, asking: Asking, kind: type[msgspec.Struct], tried: Tried
    ) -> TriedDocument:
        """Return what a command would record and change. Raises: Unavailable, UnreadableEvent."""
        found = None
        if tried.unit:
            with self.doors.asking.slot() as slot:
                found = await slot.within_patience(
                    changes(self.customers, tried.unit, asking.reference)
                )
        return TriedDocument(
            version=len(tried.events),
            events=[tried_event(one) for one in tried.unit],
            changes=found,
            undo=undo_of(kind, asking.language),
        )


def _check_address(named: Mapping[str, str]) -> None:
    """Let pass what may name a case or a customer. Raises: Problem."""
    for name, value in named.items():
        if wrong := flaw_on_a_page(value):
            raise unreadable(
                EventRefused("malformed", name, wrong, "give the identifier as it was published")
            )
        if name == "customer_id":
            try:
                check_customer(value, name)
            except EventRefused as why:
                raise unreadable(why) from why


def _done(asking: Asking, answer: Answer) -> Done | Tried:
    match answer:
        case Done() | Tried():
            return answer
        case Refused():
            raise refused(answer, asking.teller)
        case Moved(seen, version, changed):
            told = [change(event, asking.reference) for event in changed]
            raise stale(seen, version, told, asking.language, asking.teller)
        case OtherRequest(key):
            raise said("key_reused", asking.language, field="Idempotency-Key", key=key)


def json_response(
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
