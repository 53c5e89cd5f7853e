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

from services.errors import TouchstoneError, Unavailable

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = 2
_LOG = structlog.get_logger()

_REMEDIES = {
    404: "see /api/v1/openapi.json for what there is",
    405: "see the header Allow for the methods that this address takes",
}

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

    def response(self, **members: object) -> Response:
        """Return the problem document, with more members where they help."""
        document: dict[str, object] = {
            "type": f"urn:touchstone:problem:{self.code}",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
            "remedy": self.remedy,
        }
        if self.field is not None:
            document["field"] = self.field
        return Response(
            msgspec.json.encode(document | members),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers=dict(self.headers or {}) | {"Cache-Control": "no-store"},
        )


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every failure of an application with a problem document."""

    @app.exception_handler(Problem)
    async def known(_: Request, problem: Problem) -> Response:
        return problem.response()

    @app.exception_handler(Unavailable)
    async def away(_: Request, error: Unavailable) -> Response:
        _LOG.warning("gateway_unavailable", reason=str(error))
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "unavailable",
            "the platform cannot keep anything just now; nothing of this request is acknowledged",
            "send the same request again in a moment: what was taken is not taken twice",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        ).response()

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        remedy = _REMEDIES.get(status, "see /api/v1/openapi.json for what is asked for")
        code = status.name.lower()
        return Problem(status, code, error.detail, remedy, headers=error.headers).response()

    @app.exception_handler(ClientDisconnect)
    async def cut(_: Request, error: ClientDisconnect) -> Response:
        return Problem(
            HTTPStatus.BAD_REQUEST, "cut_short", "the body ended too early", "send it whole"
        ).response()

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        _LOG.error("request_failed", path=request.url.path, exc_info=error)
        return Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "the platform failed in a way that it should not",
            "send the same request again later; the platform's log has the cause",
        ).response()
