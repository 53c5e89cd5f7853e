"""Every failure as a problem document (RFC 9457) that names what is wrong and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from events.texts import N_, worded
from services.errors import TouchstoneError, Unavailable, UnreadableEvent
from services.web.languages import asked_language, told
from services.web.routed import route_of

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = 2
_LOG = structlog.get_logger()

_REMEDIES = {
    404: worded("see /api/v1/openapi.json for what there is"),
    405: worded("see the header Allow for the methods that this address takes"),
}
_OTHER_REMEDY = worded("see /api/v1/openapi.json for what is asked for")

UNREADABLE = worded("an event in the log that this is decided on cannot be read")
UNREADABLE_REMEDY = worded("send the same again once it can be; the platform's log names it")

_TITLES = (
    N_("Bad Request"),
    N_("Unauthorized"),
    N_("Forbidden"),
    N_("Not Found"),
    N_("Method Not Allowed"),
    N_("Request Timeout"),
    N_("Conflict"),
    N_("Precondition Failed"),
    N_("Request Entity Too Large"),
    N_("Content Too Large"),
    N_("Unsupported Media Type"),
    N_("Unprocessable Entity"),
    N_("Unprocessable Content"),
    N_("Precondition Required"),
    N_("Too Many Requests"),
    N_("Internal Server Error"),
    N_("Service Unavailable"),
)
"""What HTTP calls the answers that are given, in either naming, for the catalogues."""

PROBLEM_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "remedy"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The kind of problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong here."},
        "code": {"type": "string", "description": "The kind of problem as one word."},
        "remedy": {"type": "string", "description": "How to mend it."},
        "field": {"type": "string", "description": "Where it is wrong, as a path."},
    },
}
"""The JSON schema of a problem document, for the OpenAPI description."""


LANGUAGE_PARAMETER: Mapping[str, object] = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "Refusals are told in Chinese (zh-CN) or English.",
    "schema": {"type": "string"},
}
"""How a request says in which language it is answered, for the OpenAPI description."""


class Problem(TouchstoneError):
    """A request is refused as a whole."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        remedy: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what is wrong and how to mend it."""
        super().__init__(f"{detail}; {remedy}")
        self.status = status
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.field = field
        self.headers = headers

    def response(self, language: str, **members: object) -> Response:
        """Return the problem document in a language, with more members where they help."""
        document: dict[str, object] = {
            "type": f"urn:touchstone:problem:{self.code}",
            "title": told(worded(self.status.phrase), language),
            "status": int(self.status),
            "detail": told(self.detail, language),
            "code": self.code,
            "remedy": told(self.remedy, language),
        }
        if self.field is not None:
            document["field"] = self.field
        return Response(
            msgspec.json.encode(document | members),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers=dict(self.headers or {})
            | {"Cache-Control": "no-store", "Content-Language": language},
        )


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every failure of an application with a problem document."""

    @app.exception_handler(Problem)
    async def known(request: Request, problem: Problem) -> Response:
        return problem.response(asked_language(request))

    @app.exception_handler(Unavailable)
    async def away(request: Request, error: Unavailable) -> Response:
        _LOG.warning("gateway_unavailable", reason=str(error))
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "unavailable",
            worded(
                "the platform cannot keep anything just now; nothing of this request is "
                "acknowledged"
            ),
            worded("send the same request again in a moment: what was taken is not taken twice"),
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        ).response(asked_language(request))

    @app.exception_handler(UnreadableEvent)
    async def unreadable(request: Request, error: UnreadableEvent) -> Response:
        _LOG.error("event_unreadable", route=route_of(request.scope), reason=str(error))
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        problem = Problem(status, "unreadable", UNREADABLE, UNREADABLE_REMEDY)
        return problem.response(asked_language(request))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        remedy = _REMEDIES.get(status, _OTHER_REMEDY)
        code = status.name.lower()
        return Problem(status, code, worded(error.detail), remedy, headers=error.headers).response(
            asked_language(request)
        )

    @app.exception_handler(ClientDisconnect)
    async def cut(request: Request, error: ClientDisconnect) -> Response:
        return Problem(
            HTTPStatus.BAD_REQUEST,
            "cut_short",
            worded("the body ended too early"),
            worded("send it whole"),
        ).response(asked_language(request))

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        _LOG.error("request_failed", route=route_of(request.scope), exc_info=error)
        return Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            worded("the platform failed in a way that it should not"),
            worded("send the same request again later; the platform's log has the cause"),
        ).response(asked_language(request))
