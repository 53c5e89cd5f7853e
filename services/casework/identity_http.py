"""The API of who customers are: merging them, and parting them again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from fastapi import APIRouter
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from events.customers.merging import IdentityCommand, Merge, Unmerge
from events.envelope import CustomerId
from services.casework import openapi
from services.casework.desk import Asking, Desk, Given, json_response
from services.casework.documents import EventDocument, event_document
from services.casework.executing import Answer, Tried
from services.casework.identity import CommandAbout, Identities
from services.casework.parts import CaseworkPlatform
from services.web.rates import Rates

_COMMANDS: Mapping[str, type[IdentityCommand]] = MappingProxyType(
    {"merge": Merge, "unmerge": Unmerge}
)


class IdentityDocument(Struct, frozen=True, kw_only=True):
    """The answer to a command on who a customer is: what it recorded."""

    customer_id: str
    version: int
    events: list[EventDocument]


class _Desk(Desk):
    """What both routes share."""

    def __init__(self, platform: CaseworkPlatform, rates: Rates) -> None:
        super().__init__(platform, rates)
        self.identities = Identities(platform, self.streams)

    async def command(
        self, asking: Asking, customer: CustomerId, kind: type[IdentityCommand]
    ) -> Response:
        """Do a command, or say why not; the position waits for both customers.

        Raises: Problem, Unavailable.
        """

        async def execute(given: Given[IdentityCommand]) -> Answer:
            command = given.command
            assert isinstance(command, (Merge, Unmerge)), "there are no others"
            return await self.identities.execute(
                CommandAbout(
                    customer=customer,
                    command=command,
                    by=asking.by,
                    key=given.key,
                    seen=given.seen,
                    only_tried=given.only_tried,
                )
            )

        answer = await self.done(asking, kind, execute)
        if isinstance(answer, Tried):
            tried = await self.tried(asking, answer)
            return json_response(tried, tried.version, ())
        document = IdentityDocument(
            customer_id=customer,
            version=len(answer.events),
            events=[event_document(event, asking.reference) for event in answer.own],
        )
        response = json_response(document, len(answer.events), answer.own, replayed=answer.replayed)
        response.headers["Touchstone-Position"] = (await self.identities.reached(answer)).token()
        return response


def identity_router(platform: CaseworkPlatform, rates: Rates) -> APIRouter:
    """Return the routes of both commands; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/customers", tags=["customers"])
    desk = _Desk(platform, rates)
    for word, kind in _COMMANDS.items():
        router.add_api_route(
            f"/{{customer_id}}/{word}",
            _route(desk, kind),
            methods=["POST"],
            operation_id=f"customer_{word}",
            summary=(kind.__doc__ or "").strip(),
            description=openapi.description(kind),
            openapi_extra=openapi.command(kind, IdentityDocument),
        )
    return router


class _Route(Protocol):
    async def __call__(self, request: Request, customer_id: str) -> Response: ...


def _route(desk: _Desk, kind: type[IdentityCommand]) -> _Route:
    async def do(request: Request, customer_id: str) -> Response:
        asking = await desk.asking(request)
        return await desk.command(asking, CustomerId(customer_id), kind)

    return do
