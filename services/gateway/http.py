"""The gateway over HTTP: branches publish CloudEvents and learn what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

import msgspec
import structlog
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from events.envelope import PositionVector
from events.texts import worded
from services.casework.alert_http import alerts_router
from services.casework.bulk.http import bulk_router
from services.casework.customer_http import customers_router
from services.casework.http import casework_router
from services.casework.identity_http import identity_router
from services.casework.parts import CaseworkPlatform
from services.gateway import openapi
from services.gateway.bodies import events_in, held_bodies
from services.gateway.hooks import HookPlatform, hooks_router
from services.gateway.modes import mode_of
from services.gateway.receipts import Notary, receipts_router
from services.gateway.unassigned import unassigned_router
from services.gateway.words import words_router
from services.intake.answers import Answer
from services.intake.attributes import kept_id
from services.intake.intake import Intake
from services.intake.keys import Keys
from services.intake.receipts import receipt
from services.intake.speaking import scope_of, speaking_for_a_branch
from services.web.bodies import read
from services.web.doors import Doors
from services.web.languages import asked_language
from services.web.origin import SameOriginWrites
from services.web.problems import Problem, install_problem_handlers
from services.web.rates import Rates

_LOG = structlog.get_logger()


class GatewayPlatform(CaseworkPlatform, HookPlatform, Protocol):
    """The open parts of a platform that publishing and commanding take."""

    @property
    def intake(self) -> Intake:
        """The way in."""
        ...


class _Reply(msgspec.Struct, frozen=True):
    """The answer to a batch: one result per event, in order."""

    results: Sequence[Answer]
    accepted: int
    duplicate: int
    refused: int
    position: str | None  # of a reader that has taken in all that was accepted


def create_gateway(
    platform: GatewayPlatform, rates: Rates | None = None, origin: str | None = None
) -> FastAPI:
    """Return the gateway as an application of its own, which signs receipts as an origin."""
    app = FastAPI(
        title="Touchstone gateway",
        version="1",
        description="Branches publish what happened and learn what became of each event; members "
        "of staff command what is to happen with a case, a customer or an alert.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    rates = rates or Rates()
    app.include_router(gateway_router(platform, rates))
    notary = Notary(platform, origin)
    app.include_router(receipts_router(platform, rates, notary))
    app.include_router(words_router(platform, rates, notary))
    app.include_router(casework_router(platform, rates))
    app.include_router(customers_router(platform, rates))
    app.include_router(identity_router(platform, rates))
    app.include_router(alerts_router(platform, rates))
    app.include_router(bulk_router(platform, rates))
    app.include_router(unassigned_router(platform, rates))
    app.include_router(hooks_router(platform, rates))
    app.add_middleware(SameOriginWrites)
    install_problem_handlers(app)
    return app


def gateway_router(platform: GatewayPlatform, rates: Rates) -> APIRouter:
    """Return the routes under /api/v1/events; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1", tags=["events"])
    keys = Keys(platform.pool, platform.clock)
    doors = Doors(rates, held_bodies())

    @router.post("/events", openapi_extra=openapi.PUBLISH, summary="Publish events")
    async def publish(request: Request) -> Response:
        """Take one event or a batch; each is answered on its own.

        An answer other than refused means that the event is durable. Repeating is safe.
        """
        scope = speaking_for_a_branch(await scope_of(keys, doors, request))
        key, mode = str(scope.key_id), mode_of(request.headers)
        language = asked_language(request)
        async with doors.calming():
            doors.throttle.enter(key)
            with doors.held.body() as body:
                with doors.reading.slot(key):
                    await read(request, body)
                with doors.working.slot(key) as slot:
                    events, alone = await events_in(request, mode, body)
                    doors.throttle.count(key, len(events))
                    answers = await slot.within_patience(
                        platform.intake.submit(scope, events, language=language)
                    )
        counts = Counter[str](answer.status for answer in answers)
        _LOG.debug("events_published", branch_id=scope.branch_id, counts=dict(counts))
        return _one(answers[0], language) if alone else _batch(answers, counts)

    @router.get("/events/{event_id}", openapi_extra=openapi.RECEIPT, summary="Ask for an event")
    async def status(request: Request, event_id: str, source: str | None = None) -> Response:
        """Return what became of an event that this branch published.

        An id that is no UUID is known together with its source alone.
        """
        scope = speaking_for_a_branch(await scope_of(keys, doors, request))
        async with doors.calming():
            doors.throttle.enter(str(scope.key_id))
        asked = _event_id(event_id, source)
        with doors.asking.slot() as slot:
            found = await slot.within_patience(receipt(platform.pool, scope.branch_id, asked))
        if found is None:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "not_found",
                worded(
                    "branch %(branch_id)s has published no event %(event_id)s",
                    branch_id=scope.branch_id,
                    event_id=event_id[:80],
                ),
                worded("publish it; if it was refused, the answer then says why"),
                field="event_id",
            )
        return _json(msgspec.structs.replace(found, id=event_id if source else found.id))

    return router


def _event_id(text: str, source: str | None) -> str:
    """Return the UUID under which an event is kept. Raises: Problem."""
    if source is not None:
        return kept_id(text, source)
    try:
        return str(UUID(text))
    except ValueError as error:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "not_found",
            worded("%(text)s is no UUID", text=repr(text[:80])),
            worded(
                "ask for a UUID such as 019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11, or give the event's "
                "source too: ?source=/branches/B/device"
            ),
            field="event_id",
        ) from error


def _one(answer: Answer, language: str) -> Response:
    """Return the answer to one event alone; a refusal is a problem document."""
    match answer.status:
        case "accepted":
            return _json(answer, HTTPStatus.CREATED)
        case "duplicate":
            return _json(answer)
        case "refused":
            conflict = answer.code == "conflict"
            status = HTTPStatus.CONFLICT if conflict else HTTPStatus.UNPROCESSABLE_ENTITY
            return Problem(
                status,
                answer.code or "refused",
                worded("%(field)s: %(reason)s", field=answer.field, reason=answer.reason),
                answer.remedy or "",
                field=answer.field,
            ).response(
                language, event_id=answer.id, reason=answer.reason, quarantined=answer.quarantined
            )


def _batch(answers: Sequence[Answer], counts: Counter[str]) -> Response:
    through = _through([answer.position for answer in answers if answer.position is not None])
    counted = (counts["accepted"], counts["duplicate"], counts["refused"])
    return _json(_Reply(answers, *counted, through))


def _through(tokens: Sequence[str]) -> str | None:
    """Return the token of a reader that has reached them all."""
    if not tokens:
        return None
    vectors = [PositionVector.from_token(token) for token in tokens]
    counts = tuple(max(counts) for counts in zip(*(v.counts for v in vectors), strict=True))
    return PositionVector(max(v.generation for v in vectors), counts).token()


def _json(document: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
