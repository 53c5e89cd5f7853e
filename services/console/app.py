"""The console as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, Response

from projections import PROJECTIONS
from projections.protocol import Projection
from services.console import api, cases, customers, pages
from services.console.assets import PREFIX
from services.console.context import Console
from services.console.i18n import language_of, speaker
from services.console.page import page_response
from services.console.platform import ConsolePlatform
from services.console.problem_words import ProblemWords
from services.console.refusals import invalid_parameters, unavailable
from services.console.render import assets
from services.console.security import SecurityHeaders
from services.errors import Unavailable
from services.web.problems import Problem

_API = "/api/"

_log = structlog.get_logger(__name__)


_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def create_console(platform: ConsolePlatform) -> FastAPI:
    """Return the console over an open platform.

    `end_streams` must be called when the server is told to stop: a server waits for open
    answers before it tells the application anything.
    """
    return console_of_projections(platform, PROJECTIONS)


def console_of_projections(platform: ConsolePlatform, projections: Sequence[Projection]) -> FastAPI:
    """Return the console over certain versions of the projections."""
    console = Console(platform, projections)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await console.live.close()

    app = FastAPI(
        title="Touchstone console",
        summary="The read API of the operations console.",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its scripts come from elsewhere, which the security policy refuses
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.console = console
    for part in (api, cases, customers, pages):
        app.include_router(part.router)
    app.add_route("/healthz", _health, include_in_schema=False)
    app.add_route(PREFIX + "{name:path}", assets().respond, include_in_schema=False)
    # Without a log-in, a page of another site must not reach this one by a name of its own
    # that it points at loopback.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False)
    app.add_middleware(SecurityHeaders)
    _handle_failures(app)
    return app


def end_streams(app: FastAPI) -> None:
    """Let every open stream of a console end now."""
    console = app.state.console
    assert isinstance(console, Console)
    console.live.end_streams()


async def _health(_: Request) -> Response:
    """Answer that the process serves; whether its rows are fresh says /api/v1/freshness."""
    return PlainTextResponse("ok\n")


def _handle_failures(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> Response:
        return _failure(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        return _failure(request, invalid_parameters(error.errors()))

    @app.exception_handler(Unavailable)
    async def on_unavailable(request: Request, error: Unavailable) -> Response:
        _log.warning("console.unavailable", path=request.url.path, reason=str(error))
        return _failure(request, unavailable(str(error)))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        problem = Problem(
            status,
            status.name.lower(),
            str(error.detail),
            "see /api/v1/openapi.json for what there is",
            headers=error.headers,
        )
        return _failure(request, problem)

    @app.exception_handler(Exception)
    async def on_unforeseen(request: Request, error: Exception) -> Response:
        _log.error("console.failed", path=request.url.path, exc_info=error)
        problem = Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "the console failed in a way that it should not",
            "the platform's log has the cause",
        )
        return _failure(request, problem)


def _failure(request: Request, problem: Problem) -> Response:
    """Return a failure as the asker reads it: a problem document, or a page in words."""
    if request.url.path.startswith(_API):
        return problem.response()
    told = ProblemWords(speaker(language_of(request))).told(problem)
    return page_response(
        request, "error.html", "", {"told": told}, status=problem.status, headers=problem.headers
    )
