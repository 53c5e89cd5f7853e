"""The API of alerts about no clock of a case: to take one up, put it off, or pass it on."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.alert_care import NO_CARE, Care, care_after
from events.cases.alerts import AcknowledgeAlert
from events.cases.commands import CaseCommand
from events.cases.recipients import told_of_alert
from events.envelope import CustomerId
from events.facts import fact_of
from events.refusals import Refused
from events.touchpoints.policy import AlertAcknowledged, AlertDelegated, AlertSnoozed
from services.casework import openapi
from services.casework.alerts import AlertNow
from services.casework.api import ALERT_COMMANDS
from services.casework.desk import Asking, Desk, json_response
from services.casework.documents import (
    AlertCommandDocument,
    AlertDocument,
    ToldDocument,
    event_document,
)
from services.casework.executing import Done, Tried
from services.casework.parts import CaseworkPlatform
from services.casework.problems import refused
from services.people.principal import Right
from services.web.rates import Rates


class _Desk(Desk):
    """What the routes of alerts share."""

    async def command(self, asking: Asking, alert_id: str, kind: type[CaseCommand]) -> Response:
        """Do a command, or say why not. Raises: Problem, Unavailable."""
        answer = await self.done(asking, kind, alert_id)
        if isinstance(answer, Tried):
            tried = await self.tried(asking, kind, answer)
            return json_response(tried, tried.version, ())
        care = _care_after(answer)
        document = AlertCommandDocument(
            alert_id=alert_id,
            customer_id=answer.own[0].envelope.subject or CustomerId(""),
            version=len(answer.events),
            state=care.state,
            by=care.by,
            at=care.at,
            until=care.until,
            delegate=care.delegate,
            events=[event_document(event, asking.reference) for event in answer.own],
        )
        return json_response(document, document.version, answer.own, replayed=answer.replayed)

    async def shown(self, asking: Asking, alert_id: str) -> Response:
        """Return an alert as the facts have it. Raises: Problem, Unavailable."""
        await self.look_for(asking, AcknowledgeAlert, alert_id)
        now = self.platform.clock.now()
        with self.doors.asking.slot() as slot:
            alerts = self.commanding.alerts
            told = await slot.within_patience(alerts.told(alert_id))
            if isinstance(told, Refused):
                raise refused(told, asking.teller)
            found = await slot.within_patience(alerts.now(told, asking.reference, now))
            version = len(await slot.within_patience(alerts.words(found)))
        return json_response(_document(found, version, asking, now), version, ())


def _care_after(done: Done) -> Care:
    """Return where the alert stands after what was done, as far as its stream tells."""
    care: Care | None = None
    for event in done.events:
        if _alert_of(event.data) == _alert_of(done.own[0].data):
            care = care_after(care, fact_of(event))
    return care or NO_CARE


def _alert_of(data: object) -> str | None:
    if isinstance(data, AlertAcknowledged | AlertSnoozed | AlertDelegated):
        return data.alert_id
    return None


def _document(found: AlertNow, version: int, asking: Asking, now: datetime) -> AlertDocument:
    told, care = found.told, found.known.care
    branch_id = told.branch_id if found.standing is None else found.standing.branch_id
    recipients = told_of_alert(told.kind, branch_id, care.delegate, asking.reference, now)
    return AlertDocument(
        alert_id=told.alert_id,
        customer_id=found.holder,
        version=version,
        kind=told.kind,
        subject=told.subject,
        threshold=told.threshold,
        branch_id=branch_id,
        since=told.since,
        stands=found.standing is not None,
        state=care.state,
        by=care.by,
        at=care.at,
        until=care.until,
        delegate=care.delegate,
        told=[ToldDocument(one.role, one.agent) for one in recipients],
    )


def alerts_router(platform: CaseworkPlatform, rates: Rates) -> APIRouter:
    """Return the routes under /api/v1/alerts; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])
    desk = _Desk(platform, rates)

    @router.get("/{alert_id}", openapi_extra=openapi.ALERT, summary="Ask for an alert")
    async def alert(request: Request, alert_id: str) -> Response:
        """Return an alert that is about no clock of a case, as the facts have it now."""
        return await desk.shown(await desk.asking(request, Right.SEE_CUSTOMERS), alert_id)

    for word, kind in ALERT_COMMANDS.items():
        router.add_api_route(
            f"/{{alert_id}}/{word}",
            _route(desk, kind),
            methods=["POST"],
            operation_id=f"alert_{word}",
            summary=(kind.__doc__ or "").strip(),
            description=openapi.description(kind),
            openapi_extra=openapi.command(kind, AlertCommandDocument),
        )
    return router


def _route(desk: _Desk, kind: type[CaseCommand]) -> _Route:
    async def do(request: Request, alert_id: str) -> Response:
        return await desk.command(await desk.asking(request, Right.COMMAND), alert_id, kind)

    return do


class _Route(Protocol):
    async def __call__(self, request: Request, alert_id: str) -> Response: ...
