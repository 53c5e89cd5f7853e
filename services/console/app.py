"""The console as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from events.texts import worded
from projections import PROJECTIONS
from services.console.acting import case_page, many, publishing, triage
from services.console.acting import routes as acting
from services.console.acting.words import ActingWords
from services.console.alerts import routes as alerts
from services.console.alerts.words import AlertWords
from services.console.audit import routes as audit
from services.console.audit.words import AuditWords
from services.console.branches import routes as branches
from services.console.calls import routes as calls
from services.console.calls.live import LiveCalls
from services.console.cases import board_routes as case_boards
from services.console.cases import routes as cases
from services.console.cases.words import CaseWords
from services.console.credit import routes as credit
from services.console.credit.words import CreditWords
from services.console.customers import list_routes as customer_lists
from services.console.customers import routes as customers
from services.console.customers import statement_routes as customer_statements
from services.console.customers import timeline_routes as customer_timelines
from services.console.customers import ways_routes as customer_ways
from services.console.customers.standing_words import StandingWords
from services.console.customers.touchpoint_words import TouchpointWords
from services.console.help import routes as help_pages
from services.console.imports import files as import_files
from services.console.imports import routes as imports
from services.console.imports.words import ImportWords
from services.console.looks import routes as looks
from services.console.looks.words import LookWords
from services.console.overview import routes as overview
from services.console.overview.audiences import Audiences
from services.console.overview.gathering import OverviewSource
from services.console.overview.live import LiveOverview
from services.console.overview.panels import draw
from services.console.past import routes as past
from services.console.past.routes import past_page
from services.console.people import administering, entering, own_account
from services.console.people.words import PeopleWords
from services.console.policies import routes as policies
from services.console.policies.words import PolicyWords
from services.console.receivables import promises_routes as promises
from services.console.receivables import routes as receivables
from services.console.receivables.words import ReceivablesWords
from services.console.search import routes as search
from services.console.search.words import SearchWords
from services.console.service import routes as service
from services.console.service.words import ServiceWords
from services.console.shared.assets import PREFIX
from services.console.shared.console import Console
from services.console.shared.customer_at import UnknownCustomer
from services.console.shared.i18n import language_of, speaker
from services.console.shared.lists import AnyList
from services.console.shared.openapi import describe_documents
from services.console.shared.page import dynamic_headers, page_response
from services.console.shared.past import PastUnready
from services.console.shared.problem_words import ProblemWords
from services.console.shared.refusals import invalid_parameters, unavailable
from services.console.shared.render import Renderer, assets
from services.console.shared.security import SecurityHeaders
from services.console.shared.visit import NotModified
from services.console.start import routes as start
from services.console.status import routes as status
from services.console.status.words import StatusWords
from services.console.unassigned import routes as unassigned
from services.console.unassigned.words import MoneyWords
from services.console.value import routes as value
from services.console.value.words import ValueWords
from services.console.views import routes as views
from services.errors import Unavailable, UnreadableEvent
from services.people.doorkeeper import STREAMS, StaffDoor
from services.people.people import People
from services.people.principal import Doorkeeper, OpenDoor, Principal
from services.people.refusals import LogInNeeded
from services.platform import Platform
from services.web.origin import SameOriginWrites
from services.web.problems import Problem
from services.web.routed import route_of

_API = "/api/"

_LOG = structlog.get_logger(__name__)


_ROUTERS = (
    overview.api,
    receivables.api,
    credit.api,
    cases.api,
    case_boards.api,
    service.api,
    customer_lists.api,
    customers.api,
    customer_timelines.api,
    value.api,
    alerts.api,
    policies.api,
    looks.api,
    views.api,
    start.pages,
    search.api,
    overview.pages,
    receivables.pages,
    promises.pages,
    credit.pages,
    case_boards.pages,
    service.pages,
    cases.pages,
    customer_lists.pages,
    customers.pages,
    customer_timelines.pages,
    customer_ways.pages,
    customer_statements.pages,
    alerts.pages,
    calls.pages,
    looks.pages,
    many.pages,
    views.pages,
    branches.pages,
    policies.pages,
    imports.pages,
    import_files.pages,
    unassigned.pages,
    audit.pages,
    help_pages.pages,
    status.pages,
    past.pages,
    acting.pages,
    triage.pages,
    case_page.pages,
    publishing.pages,
    search.pages,
    entering.pages,
    own_account.pages,
    administering.pages,
)

_LISTS: tuple[AnyList, ...] = (
    receivables.LIST,
    credit.LIST,
    cases.LIST,
    customer_lists.LIST,
    alerts.LIST,
)

_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def renderer() -> Renderer:
    """Return the templates with every topic's words."""
    return Renderer(
        {
            "acting_words": ActingWords,
            "alert_words": AlertWords,
            "audit_words": AuditWords,
            "case_words": CaseWords,
            "credit_words": CreditWords,
            "look_words": LookWords,
            "money_words": MoneyWords,
            "import_words": ImportWords,
            "policy_words": PolicyWords,
            "people_words": PeopleWords,
            "receivables_words": ReceivablesWords,
            "search_words": SearchWords,
            "service_words": ServiceWords,
            "standing_words": StandingWords,
            "status_words": StatusWords,
            "touchpoint_words": TouchpointWords,
            "value_words": ValueWords,
        }
    )


def create_console(
    platform: Platform,
    most_viewers: int = 500,
    doorkeeper: Doorkeeper | None = None,
    people: People | None = None,
    hosts: Sequence[str] = (),
) -> FastAPI:
    """Return the console over an open platform; its overview is streamed to so many at most.

    With people its readers log in; without them and a doorkeeper everybody sees all. It answers
    to names of this machine, and to the hosts that are given.

    `end_streams` must be called when the server is told to stop: a server waits for open
    answers before it tells the application anything.
    """
    if doorkeeper is None:
        doorkeeper = OpenDoor() if people is None else StaffDoor(people)
    console = Console(platform, PROJECTIONS, renderer(), doorkeeper, _LISTS, people)
    audiences = Audiences(partial(_live, console), most_viewers)
    ringing = LiveCalls(platform, most_viewers)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        behind = [
            asyncio.create_task(console.pasts.run(), name="pasts"),
            asyncio.create_task(console.uploads.run(), name="imports"),
        ]
        yield
        for task in behind:
            task.cancel()
        await audiences.close()
        await ringing.close()
        await console.kept.close()
        await console.looks.close()

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
    app.state.audiences = audiences
    app.state.calls = ringing
    for router in _ROUTERS:
        app.include_router(router)
    app.add_route("/healthz", _health, include_in_schema=False)
    app.add_route(PREFIX + "{name:path}", assets().respond, include_in_schema=False)
    app.add_middleware(SameOriginWrites)
    # A page of another site must not reach this one by a name of its own that it points here.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=(*_HOSTS, *hosts), www_redirect=False)
    app.add_middleware(SecurityHeaders)
    _handle_failures(app, console)
    describe_documents(app)
    return app


def end_streams(app: FastAPI) -> None:
    """Let every open stream of a console end now."""
    audiences = app.state.audiences
    assert isinstance(audiences, Audiences)
    audiences.end_streams()
    ringing = app.state.calls
    assert isinstance(ringing, LiveCalls)
    ringing.end_streams()


def _live(console: Console, principal: Principal) -> LiveOverview:
    """Return the overview of all who see what somebody sees."""
    source = OverviewSource(console.everything, console.signer, console.persons, principal)
    return LiveOverview(source.gather, partial(draw, console.renderer))


async def _health(_: Request) -> Response:
    """Answer that the process serves; whether its rows are fresh says /api/v1/freshness."""
    return PlainTextResponse("ok\n")


def _handle_failures(app: FastAPI, console: Console) -> None:
    @app.exception_handler(NotModified)
    async def on_not_modified(_: Request, unchanged: NotModified) -> Response:
        return unchanged.response()

    @app.exception_handler(PastUnready)
    async def on_past_unready(request: Request, unready: PastUnready) -> Response:
        return past_page(request, console, unready)

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> Response:
        return _failure(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        return _failure(request, invalid_parameters(error.errors()))

    @app.exception_handler(Unavailable)
    async def on_unavailable(request: Request, error: Unavailable) -> Response:
        _LOG.warning("console.unavailable", route=route_of(request.scope), reason=str(error))
        return _failure(
            request, unavailable(worded("the database or the projector cannot be reached"))
        )

    @app.exception_handler(UnreadableEvent)
    async def on_unreadable(request: Request, error: UnreadableEvent) -> Response:
        _LOG.error("console.event_unreadable", route=route_of(request.scope), reason=str(error))
        return _failure(
            request,
            Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "unreadable",
                worded("an event in the log that this page rests on cannot be read"),
                worded("look again once it can be; the platform's log names it"),
            ),
        )

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        problem = Problem(
            status,
            status.name.lower(),
            worded(error.detail),
            worded("see /api/v1/openapi.json for what there is"),
            headers=error.headers,
        )
        return _failure(request, problem)

    @app.exception_handler(Exception)
    async def on_unforeseen(request: Request, error: Exception) -> Response:
        _LOG.error("console.failed", route=route_of(request.scope), exc_info=error)
        problem = Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            worded("the console failed in a way that it should not"),
            worded("the platform's log has the cause"),
        )
        return _failure(request, problem)


def _to_log_in(request: Request, problem: LogInNeeded) -> Response:
    """Send whoever reads pages to the log-in, and from there back to the page."""
    onward = "/"
    if request.method == "GET":
        onward = request.url.replace(scheme="", netloc="").path
        onward += f"?{request.url.query}" if request.url.query else ""
    address = f"/log-in?{urlencode({'onward': onward})}"
    if "hx-request" in request.headers or request.url.path.startswith(STREAMS):
        response = problem.response(language_of(request))  # a part of a page, or a stream
        response.headers["HX-Redirect"] = "/log-in"
        return response
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


def _failure(request: Request, problem: Problem) -> Response:
    """Return a failure as the asker reads it: a problem document, or a page in words."""
    if request.url.path.startswith(_API):
        return problem.response(language_of(request))
    if isinstance(problem, LogInNeeded):
        return _to_log_in(request, problem)
    told = ProblemWords(speaker(language_of(request))).told(problem)
    unknown = problem if isinstance(problem, UnknownCustomer) else None
    return page_response(
        request,
        request.app.state.console.renderer,
        "shared/error.html",
        "",
        {
            "told": told,
            "near": unknown.near if unknown else (),
            "filling": unknown is not None and unknown.filling,
        },
        headers=dynamic_headers(None) | dict(problem.headers or {}),
        status=problem.status,
    )
