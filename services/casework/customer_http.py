"""The API of customers' accounts: credit before goods leave, limits, disputes, promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, cast

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.customers.accounts import AccountCommand, Command, gate_refusal
from events.envelope import CustomerId
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import CreditChecked
from services.casework import openapi
from services.casework.accounts import AccountOrder, Accounts
from services.casework.api import ACCOUNT_COMMANDS
from services.casework.desk import Asking, Desk, Given, json_response
from services.casework.documents import AccountDocument, CreditDocument, event_document
from services.casework.executing import Answer, Tried
from services.casework.parts import CaseworkPlatform
from services.web.rates import Rates


class _Desk(Desk):
    """What the routes of customers share."""

    def __init__(self, platform: CaseworkPlatform, rates: Rates) -> None:
        super().__init__(platform, rates)
        self.accounts = Accounts(self.streams, self.customers)

    async def command(
        self, asking: Asking, customer: CustomerId, kind: type[AccountCommand]
    ) -> Response:
        """Do a command, or say why not. Raises: Problem, Unavailable."""

        async def execute(given: Given[AccountCommand]) -> Answer:
            order = AccountOrder(
                customer=customer,
                command=cast("Command", given.command),
                by=asking.by,
                key=given.key,
                seen=given.seen,
                personal=given.personal,
                only_tried=given.only_tried,
            )
            now = self.platform.clock.now()
            return await self.accounts.execute(order, asking.reference, now)

        answer = await self.done(asking, kind, execute)
        if isinstance(answer, Tried):
            tried = await self.tried(asking, kind, answer)
            credit = _credit((one.data for one in answer.unit), asking)
            tried = msgspec.structs.replace(tried, credit=credit)
            return json_response(tried, tried.version, ())
        document = AccountDocument(
            customer_id=answer.events[0].envelope.subject or customer,
            version=len(answer.events),
            events=[event_document(event, asking.reference) for event in answer.own],
            credit=_credit((event.data for event in answer.own), asking),
        )
        return json_response(document, len(answer.events), answer.own, replayed=answer.replayed)


def _credit(recorded: Iterable[Touchpoint], asking: Asking) -> CreditDocument | None:
    """Return what the gate said, if it was asked; a shut gate says what would open it."""
    for data in recorded:
        if isinstance(data, CreditChecked):
            refused = gate_refusal(data)
            told = None if refused is None else asking.teller.tell(refused)
            return CreditDocument(
                approved=data.approved,
                rule=None if refused is None else refused.rule,
                detail=None if told is None else told.detail,
                remedy=None if told is None else told.remedy,
                exposure=data.exposure,
                limit=data.limit,
                reserved_until=data.reserved_until,
            )
    return None


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
        asking = await desk.asking(request)
        return await desk.command(asking, CustomerId(customer_id), kind)

    return do
