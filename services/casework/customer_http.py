"""The API of customers' accounts: credit before goods leave, limits, disputes, promises."""

from __future__ import annotations

from typing import Protocol

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.customers.account_commands import AccountCommand
from events.envelope import CustomerId
from services.casework import openapi
from services.casework.api import ACCOUNT_COMMANDS
from services.casework.desk import Asking, Desk, json_response
from services.casework.documents import AccountDocument, credit_of, event_document
from services.casework.executing import Tried
from services.casework.parts import CaseworkPlatform
from services.people.principal import Right
from services.web.rates import Rates


class _Desk(Desk):
    """What the routes of customers share."""

    async def command(
        self, asking: Asking, customer: CustomerId, kind: type[AccountCommand]
    ) -> Response:
        """Do a command, or say why not. Raises: Problem, Unavailable."""
        answer = await self.done(asking, kind, customer)
        if isinstance(answer, Tried):
            tried = await self.tried(asking, kind, answer)
            credit = credit_of((one.data for one in answer.unit), asking.teller)
            tried = msgspec.structs.replace(tried, credit=credit)
            return json_response(tried, tried.version, ())
        document = AccountDocument(
            customer_id=answer.events[0].envelope.subject or customer,
            version=len(answer.events),
            events=[event_document(event, asking.reference) for event in answer.own],
            credit=credit_of((event.data for event in answer.own), asking.teller),
        )
        return json_response(document, len(answer.events), answer.own, replayed=answer.replayed)


def customers_router(platform: CaseworkPlatform, rates: Rates) -> APIRouter:
    """Return the commands under /api/v1/customers; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/customers", tags=["customers"])
    desk = _Desk(platform, rates)
    for word, kind in ACCOUNT_COMMANDS.items():
        router.add_api_route(
            f"/{{customer_id}}/{word}",
            _route(desk, kind),
            methods=["POST"],
            operation_id=f"customer_{word.replace('-', '_')}",
            summary=(kind.__doc__ or "").strip(),
            description=openapi.description(kind),
            openapi_extra=openapi.command(kind, AccountDocument),
        )
    return router


class _Route(Protocol):
    async def __call__(self, request: Request, customer_id: str) -> Response: ...


def _route(desk: _Desk, kind: type[AccountCommand]) -> _Route:
    async def do(request: Request, customer_id: str) -> Response:
        asking = await desk.asking(request, Right.COMMAND)
        return await desk.command(asking, CustomerId(customer_id), kind)

    return do
