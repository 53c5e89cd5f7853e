"""The API of who customers are: registering, what is known of them, merging and parting them."""

from __future__ import annotations

from typing import Protocol

from fastapi import APIRouter
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from events.envelope import CustomerId
from services.casework import openapi
from services.casework.api import IDENTITY_COMMANDS
from services.casework.desk import Asking, Desk, json_response
from services.casework.documents import EventDocument, event_document
from services.casework.executing import Tried
from services.casework.parts import CaseworkPlatform
from services.people.principal import Right
from services.web.rates import Rates


class IdentityDocument(Struct, frozen=True, kw_only=True):
    """The answer to a command on who a customer is: what it recorded."""

    customer_id: str
    version: int
    events: list[EventDocument]


class _Desk(Desk):
    """What the routes share."""

    async def command(self, asking: Asking, customer: CustomerId, kind: type[Struct]) -> Response:
        """Do a command, or say why not; the position waits for both customers of a merge.

        Raises: Problem, Unavailable.
        """
        answer = await self.done(asking, kind, customer)
        if isinstance(answer, Tried):
            tried = await self.tried(asking, kind, answer)
            return json_response(tried, tried.version, ())
        document = IdentityDocument(
            customer_id=customer,
            version=len(answer.events),
            events=[event_document(event, asking.reference) for event in answer.own],
        )
        response = json_response(document, len(answer.events), answer.own, replayed=answer.replayed)
        response.headers["Touchstone-Position"] = await self.commanding.position(answer) or ""
        return response


def identity_router(platform: CaseworkPlatform, rates: Rates) -> APIRouter:
    """Return the routes of these commands; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/customers", tags=["customers"])
    desk = _Desk(platform, rates)
    for word, kind in IDENTITY_COMMANDS.items():
        router.add_api_route(
            f"/{{customer_id}}/{word}",
            _route(desk, kind),
            methods=["POST"],
            operation_id=f"customer_{word.replace('-', '_')}",
            summary=(kind.__doc__ or "").strip(),
            description=openapi.description(kind),
            openapi_extra=openapi.command(kind, IdentityDocument),
        )
    return router


class _Route(Protocol):
    async def __call__(self, request: Request, customer_id: str) -> Response: ...


def _route(desk: _Desk, kind: type[Struct]) -> _Route:
    async def do(request: Request, customer_id: str) -> Response:
        asking = await desk.asking(request, Right.COMMAND)
        return await desk.command(asking, CustomerId(customer_id), kind)

    return do
