"""What the doors of casework share: who asks, what is asked, and how an answer is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from events.cases.staff import Staff, staff_in_force
from events.envelope import RecordedEvent
from events.policy import Reference
from events.refusals import Refused, Teller
from events.texts import worded
from services.casework.api import MAX_BYTES, MAX_VALUES
from services.casework.commanding import Commanding, Given
from services.casework.documents import TriedDocument, change, tried_event
from services.casework.executing import Answer, Done, Moved, OtherRequest, Tried
from services.casework.parts import CaseworkPlatform
from services.casework.problems import refused, said, staff_teller, stale, unreadable
from services.casework.reading import asked, key_of, only_tries, seen_of
from services.casework.rulebook import Rulebook
from services.casework.undoing import undo_of
from services.intake.answers import EventRefused, token_through
from services.intake.characters import flaw_on_a_page
from services.intake.keys import Keys, StaffScope
from services.intake.rules import check_customer
from services.intake.speaking import scope_of, speaking_for_staff
from services.people.principal import Principal, Right
from services.people.roles import principal_for
from services.web.bodies import Held, Limits, read
from services.web.doors import Doors
from services.web.languages import asked_language
from services.web.rates import Rates

_LIMITS = Limits(
    MAX_BYTES,
    MAX_VALUES,
    worded(
        "send at most %(max_bytes)s bytes and %(max_values)s JSON values",
        max_bytes=MAX_BYTES,
        max_values=MAX_VALUES,
    ),
)
_HELD_BYTES = 64 * MAX_BYTES


class Asking:
    """A request of somebody who may ask: who it is, in which language, by which rules."""

    def __init__(
        self,
        request: Request,
        scope: StaffScope,
        language: str,
        reference: Reference,
        by: Staff,
        principal: Principal,
    ) -> None:
        self.request = request
        self.scope = scope
        self.language = language
        self.reference = reference
        self.by = by
        self.principal = principal  # what he or she may do, and see

    @property
    def teller(self) -> Teller:
        """Return what tells refusals in the language of whoever asks, in the branch's zone."""
        return staff_teller(self.reference, self.by, self.language)


class Desk:
    """What all routes of casework share."""

    def __init__(self, platform: CaseworkPlatform, rates: Rates) -> None:
        self.platform = platform
        self.commanding = Commanding(platform)
        self.doors = Doors(rates, Held(_LIMITS, _HELD_BYTES))
        self._keys = Keys(platform.pool, platform.clock)
        self._rulebook = Rulebook(platform.pool)

    async def asking(self, request: Request, right: Right) -> Asking:
        """Let a member of staff in who works here now and has a right.

        Raises: Problem, Unavailable.
        """
        language = asked_language(request)
        _check_address(request.path_params)
        scope = speaking_for_staff(await scope_of(self._keys, self.doors, request))
        async with self.doors.calming():
            self.doors.throttle.enter(scope.key_id)
        with self.doors.asking.slot() as slot:
            reference = await slot.within_patience(self._rulebook.reference(scope.rules))
        now = self.platform.clock.now()
        if staff_in_force(reference, scope.staff_id, now) is None:
            with self.doors.asking.slot() as slot:
                reference = await slot.within_patience(self._rulebook.newest(self.platform.log))
        by = staff_in_force(reference, scope.staff_id, now)
        principal = principal_for(reference, scope.staff_id, now)
        if by is None or principal is None:
            raise said("unknown_staff", language, field="authorization", staff=scope.staff_id)
        principal.need(right)
        return Asking(request, scope, language, reference, by, principal)

    async def look_for(self, asking: Asking, kind: type[Struct], on: str) -> None:
        """Return only if what commands of a kind are about may be seen.

        Raises: Problem, Unavailable.
        """
        with self.doors.asking.slot() as slot:
            seeing = self.commanding.seeing
            hidden = await slot.within_patience(seeing.refusal(asking.principal.scope, kind, on))
        if hidden is not None:
            raise refused(hidden, asking.teller)

    async def done(
        self,
        asking: Asking,
        kind: type[Struct],
        on: str,
    ) -> Done | Tried:
        """Have a command on something executed or tried, and return what came of it.

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
                        given: Given[Struct] = Given(
                            command=sent.command,
                            personal=sent.personal,
                            key=key,
                            seen=seen,
                            only_tried=only_tried,
                        )
                        answer = await slot.within_patience(
                            self.commanding.execute(
                                on, given, asking.by, asking.principal.scope, asking.reference
                            )
                        )
                    except EventRefused as why:
                        raise unreadable(why) from why
        return _done(asking, answer)

    async def tried(self, asking: Asking, kind: type[Struct], tried: Tried) -> TriedDocument:
        """Return what a command would record and change. Raises: Unavailable, UnreadableEvent."""
        found = None
        if tried.unit:
            with self.doors.asking.slot() as slot:
                found = await slot.within_patience(self.commanding.changes(tried, asking.reference))
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
                EventRefused(
                    "malformed", name, wrong, worded("give the identifier as it was published")
                )
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
