"""The API of unassigned money: list what waits, assign it, set it aside, undo."""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol
from uuid import UUID

import msgspec
from fastapi import APIRouter
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from events.envelope import CustomerId
from events.texts import worded
from services.casework.desk import Asking, Desk
from services.casework.parts import CaseworkPlatform
from services.connectors.worklist import Assignment, WorkLine, Worklist, WorkRefused
from services.intake.intake import Intake
from services.people.principal import Right
from services.web.bodies import read
from services.web.problems import Problem
from services.web.rates import Rates


class UnassignedPlatform(CaseworkPlatform, Protocol):
    """The open parts of a platform that unassigned money takes."""

    @property
    def intake(self) -> Intake:
        """The way in."""
        ...


class _Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """What is said about a line: of `assign` the customer, of `close` the reason."""

    customer: str | None = None
    invoice_ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    reverses: str | None = None
    reason: str = ""


def unassigned_router(platform: UnassignedPlatform, rates: Rates) -> APIRouter:
    """Return the routes under /api/v1/unassigned; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/unassigned", tags=["unassigned money"])
    desk, worklist = Desk(platform, rates), Worklist(platform)

    @router.get("", summary="List the money that no rule assigned")
    async def list_lines(request: Request, settled: bool = False) -> Response:
        """Return the lines of the branches that may be seen, the latest first."""
        asking = await desk.asking(request, Right.SEE_CUSTOMERS)
        with desk.doors.asking.slot() as slot:
            scope = asking.principal.scope
            found = await slot.within_patience(worklist.lines(scope, settled=settled))
            if asking.principal.may(Right.SEE_PERSONS):
                found = await slot.within_patience(worklist.opened(found))
        return _json({"lines": [_document(line) for line in found]})

    @router.post("/{line}/{word}", summary="Assign a line, set it aside, or undo that")
    async def settle(request: Request, line: UUID, word: str) -> Response:
        """Do what the word says: assign, close or undo; the same again is refused."""
        asking = await desk.asking(request, Right.COMMAND)
        asked = await _asked(desk, asking)
        with desk.doors.working.slot(asking.scope.key_id) as slot:
            try:
                found = await slot.within_patience(worklist.line(asking.principal.scope, str(line)))
                await _settle(desk, worklist, asking, found, word, asked)
                settled = await slot.within_patience(
                    worklist.line(asking.principal.scope, str(line))
                )
            except WorkRefused as why:
                raise Problem(HTTPStatus.CONFLICT, "refused", why.detail, why.remedy) from why
        return _json(_document(settled))

    return router


async def _asked(desk: Desk, asking: Asking) -> _Asked:
    """Return what a body asks for; an empty one asks for nothing more. Raises: Problem."""
    with desk.doors.held.body() as body:
        with desk.doors.reading.slot(asking.scope.key_id):
            await read(asking.request, body)
        content = bytes(body.content)
    try:
        return msgspec.json.decode(content or b"{}", type=_Asked)
    except msgspec.DecodeError as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "malformed",
            worded("the body cannot be read: %(why)s", why=str(error)),
            worded("send a JSON object as /api/v1/openapi.json describes it"),
        ) from error


async def _settle(
    desk: Desk, worklist: Worklist, asking: Asking, line: WorkLine, word: str, asked: _Asked
) -> None:
    """Do what is asked. Raises: WorkRefused, Problem, Unavailable."""
    by = asking.by.agent
    match word:
        case "assign":
            customer = CustomerId(asked.customer or "")
            scope = asking.principal.scope
            seen = await desk.commanding.seeing.customers(scope, [customer])
            if customer not in seen:
                raise WorkRefused(
                    worded("there is no customer %(customer)s", customer=customer),
                    worded("choose a customer of the list, or register it first"),
                )
            to = Assignment(
                customer=customer,
                invoice_ids=asked.invoice_ids,
                order_ids=asked.order_ids,
                reverses=asked.reverses,
            )
            await worklist.assign(line, to, by)
        case "close":
            await worklist.set_aside(line, asked.reason, by)
        case "undo":
            await worklist.undo(line, by)
        case _:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "not_found",
                worded("nothing is done by the word %(word)s", word=repr(word[:40])),
                worded("send assign, close or undo"),
            )


def _document(line: WorkLine) -> dict[str, object]:
    money = line.money
    return {
        "line": line.event_id,
        "branch_id": line.branch_id,
        "money_id": money.money_id,
        "state": line.state,
        "direction": money.direction,
        "amount": money.amount,
        "booked_on": money.booked_on,
        "why": money.why,
        "payer": line.payer,
        "payer_account": line.payer_account,
        "text": line.text,
        "customer": line.customer,
        "payment_id": line.payment_id,
        "reason": line.reason,
        "by": line.by,
    }


def _json(document: object) -> Response:
    headers = {"Cache-Control": "no-store"}
    body = msgspec.json.encode(document)
    return Response(body, media_type="application/json", headers=headers)
