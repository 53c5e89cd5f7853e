"""One request of the console, and the one shape of its handlers: open rows, ask, answer.

A handler takes a visit, opens the rows it reads with `rows`, asks its questions, and hands its
document to `answer` or its template to `page`. Waiting for a position, the reader's language
and scope, the entity tag and its 304, and the headers of the answer are here alone.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Any, Protocol, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from msgspec import structs
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from services.console.shared.console import Console
from services.console.shared.documents import Positioned
from services.console.shared.freshness import CAP, page_freshness
from services.console.shared.i18n import language_of, with_parameters
from services.console.shared.kept import MANY_ROWS, Kept
from services.console.shared.lists import AnyList
from services.console.shared.page import (
    INSTANTS,
    SCHEME,
    dynamic_headers,
    instants_of,
    page_response,
    scheme_of,
)
from services.console.shared.paging import Page
from services.console.shared.parameters import Parameters, parameters_of
from services.console.shared.past import PastUnready, asks_about
from services.console.shared.reading import Reader, ReadModel, branch_names
from services.console.shared.release import release
from services.console.shared.saved_views import COUNTED, SavedView, ViewsMenu, counted, state_of
from services.console.shared.waiting import wait_until
from services.errors import Unavailable
from services.people.principal import Principal, Right
from services.rebuild.pasts import Then
from services.web.problems import MEDIA_TYPE, PROBLEM_SCHEMA, Problem

P = TypeVar("P", bound=BaseModel)
T = TypeVar("T")


class Sums(Protocol):
    """What a list comes to; capped, there is more."""

    @property
    def is_capped(self) -> bool:
        """Return whether not all of it is summed up."""
        ...


S = TypeVar("S", bound=Sums)

_PROBLEM: dict[str, Any] = {"content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}

_PERSONAL = {"Cache-Control": "private, no-store"}
"""Of a page with names or telephone numbers: nothing keeps a copy of it."""

PAGE_LENGTH = 50
"""How many entries a page's list shows."""


class _OfAList(Protocol):
    """What a list is asked for; the cursor names one of its pages."""

    cursor: str | None


class NotModified(Exception):
    """The client holds this very answer already."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag

    def response(self) -> Response:
        """Return the answer without a body."""
        return Response(status_code=304, headers=dynamic_headers(self.tag))


class Visit:
    """One request: who asks, in which language, and what the answer will reflect."""

    def __init__(self, request: Request, console: Console, principal: Principal) -> None:
        self.request = request
        self.console = console
        self.principal = principal
        self.language = language_of(request)
        self._position: str | None = None
        self._tag: str | None = None
        self._shows_persons = False

    def need(self, right: Right) -> None:
        """Return only if who asks may do something; every route says what it needs.

        Raises: NotAllowed.
        """
        self.principal.need(right)

    async def is_still_admitted(self) -> bool:
        """Tell whether who asks may still do what he or she could when the visit began."""
        try:
            now = await self.console.doorkeeper.principal_of(self.request)
        except Problem:
            return False
        except Unavailable:
            return True  # nobody can tell just now, and nothing new can be shown either
        return now.digest == self.principal.digest

    def asked(self, kind: type[P]) -> P:
        """Return a page's parameters; what a form left empty was not asked for.

        A page that cannot tell of the past says so, and shows now. Raises: Problem.
        """
        passed_over = {SCHEME, *(name for name in INSTANTS if name not in kind.model_fields)}
        given = self.request.query_params.multi_items()
        return parameters_of(kind, [(n, value) for n, value in given if n not in passed_over])

    @asynccontextmanager
    async def rows(
        self, model: ReadModel, asked: Parameters, *, tagged: bool = True
    ) -> AsyncIterator[Reader]:
        """Give a reader of one state of the rows, once they reflect what was asked for.

        Untagged is what changes while its rows do not, such as a countdown.
        Raises: NotModified, Problem, Unavailable.
        """
        then = await self._then()
        await wait_until(model, asked.at_least)
        async with model.reading(self.principal, then) as reader:
            self.reflects(reader.position)
            if tagged:
                self.held_under(entity_tag(reader, self.language))
            yield reader

    async def _then(self) -> Then | None:
        """Return the past that the page shows; None: it shows now.

        Raises: PastUnready, Problem, Unavailable.
        """
        asked = asks_about(self.request, self.principal)
        if asked is None:
            return None
        pasts = self.console.pasts
        past = await pasts.find(*asked)
        if past is None or past.ready_at is None:
            raise PastUnready(instants_of(self.request), past)
        then = await pasts.company(past)
        self.request.state.then = then
        # What is shown is over: nothing is done to it from this page.
        self.request.state.principal = structs.replace(
            self.principal, rights=self.principal.rights - {Right.COMMAND}
        )
        return then

    async def kept(
        self,
        model: ReadModel,
        reader: Reader,
        what: Hashable,
        ask: Callable[[Reader], Awaitable[T]],
        rows: Callable[[T], int],
    ) -> Kept[T]:
        """Return an answer of a reader, or one kept for all who see the same: untagged pages only.

        After a write of one's own it is of just now. Raises: Unavailable.
        """

        async def asked() -> Kept[T]:
            return Kept(await ask(reader), reader.at, reader.position)

        if getattr(self.request.state, "then", None) is not None:
            return await asked()  # what is kept is of now

        async def asked_behind() -> Kept[T]:
            async with model.reading(self.principal) as own:
                return Kept(await ask(own), own.at, own.position)

        found = await self.console.kept.of(
            (self.principal.scope, what),
            asked,
            asked_behind,
            rows,
            fresh="at_least" in self.request.query_params,
        )
        self.reflects(found.position)
        return found

    async def sums(
        self,
        model: ReadModel,
        reader: Reader,
        what: Hashable,
        ask: Callable[[Reader], Awaitable[S]],
    ) -> S:
        """Return what a list comes to; a moment ago's, where it says that there is more.

        Raises: Unavailable.
        """
        found = await self.kept(
            model, reader, what, ask, lambda sums: MANY_ROWS + 1 if sums.is_capped else 0
        )
        return found.answer

    def reflects(self, position: str) -> None:
        """Say which position of the log the answer reflects."""
        self._position = position

    def held_under(self, state: str) -> None:
        """Tag the answer by the state it shows, to whom, by the release and the colours.

        Raises: NotModified.
        """
        then = getattr(self.request.state, "then", None)
        if then is not None:
            state = f"past{then.past.past_id}.{then.past.ready_at.timestamp()}.{state}"
        colours = scheme_of(self.request)
        shown = f"{self.principal.digest}-{release()}{'-' if colours else ''}{colours}"
        self._tag = f'W/"{state}-{shown}"'
        held = self.request.headers.get("if-none-match", "")
        if self._tag in (part.strip() for part in held.split(",")):
            raise NotModified(self._tag)

    def shows_persons(self, customers: Iterable[str]) -> None:
        """Say whose names or telephone numbers are on the page: it is kept who looks at them.

        The answer leaves once it is; whoever streams waits by `looks.kept` before each part.
        """
        self._shows_persons = True
        page = getattr(self.request.scope.get("route"), "path", self.request.url.path)
        self.console.looks.note(self.principal, customers, page)

    def headers(self) -> dict[str, str]:
        """Return what every answer says: its tag, and the position it reflects."""
        headers = dynamic_headers(self._tag, self._position)
        return headers | _PERSONAL if self._shows_persons else headers

    def answer(self, document: Positioned, page: Page[Any] | None = None) -> Response:
        """Return a document with the position it reflects, its tag, and where its pages are."""
        headers = self.headers()
        ends = () if page is None else (("next", page.next_cursor), ("prev", page.previous_cursor))
        links = [
            f'<{with_parameters(self.request, {"cursor": cursor})}>; rel="{rel}"'
            for rel, cursor in ends
            if cursor is not None
        ]
        if links:
            headers["Link"] = ", ".join(links)
        body = msgspec.json.encode(document)
        return Response(body, media_type="application/json", headers=headers)

    def page(
        self,
        template: str,
        page_path: str,
        context: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        """Return a page; `page_path` is the entry of the menu that it belongs to."""
        return page_response(
            self.request,
            self.console.renderer,
            template,
            page_path,
            context,
            headers=self.headers() | dict(headers or {}),
            status=status,
        )

    async def kept_views(self, kind: AnyList) -> tuple[SavedView, ...]:
        """Return the saved views of a list that who asks sees. Raises: Unavailable."""
        return await self.console.saved_views.visible(self.principal, kind)

    async def views_menu(
        self,
        reader: Reader,
        kind: AnyList,
        views: Sequence[SavedView],
        *,
        tagged: bool = True,
    ) -> ViewsMenu:
        """Return what a list's page shows of its saved views, by which it is tagged, too.

        Raises: NotModified.
        """
        if tagged:
            self.held_under(f"{state_of(views)}.{entity_tag(reader, self.language)}")
        names = branch_names(reader.reference, self.language)
        seen = self.principal.scope.branches
        return ViewsMenu(
            kind,
            kind.query(self.request.url.query),
            await counted(reader, kind, views),
            COUNTED,
            self.principal,
            {one: name for one, name in names.items() if seen is None or one in seen},
        )

    async def notices(self, reader: Reader) -> dict[str, object]:
        """Return what every page of rows says about its figures and calls its branches."""
        return {
            "fresh": await page_freshness(reader),
            "at": reader.at,
            "interrupted": False,
            "customer_cap": CAP,
            "branch_names": branch_names(reader.reference, self.language),
            "zone_of": reader.reference.zone_of,
        }

    def listing(self, page: Page[Any], asked: _OfAList) -> dict[str, object]:
        """Return what a list's page says of it: its entries, its query, and its other pages."""
        request = self.request
        following, previous = page.next_cursor, page.previous_cursor
        return {
            "page": page,
            "asked": asked,
            "list_query": request.url.query,
            "next_link": with_parameters(request, {"cursor": following}) if following else None,
            "previous_link": with_parameters(request, {"cursor": previous}) if previous else None,
            "first_link": with_parameters(request, {"cursor": None}) if asked.cursor else None,
        }


def entity_tag(reader: Reader, language: str) -> str:
    """Return the state that an answer shows: its rows, the policies, the day and the language;
    and how far a platform is filled.

    Policies change it when they are recorded and once more when they come into force.
    """
    days = sum(reader.todays()[1]) + reader.today(None).toordinal()
    filling = f"{reader.filling.stage}{reader.filling.done}." if reader.filling else ""
    policies = f"{reader.reference.count}.{reader.reference.count_in_force(reader.at)}"
    return f"{filling}{reader.progress.change}.{policies}.{days}-{language}"


class _KeptFirst(APIRoute):
    """A route whose answer leaves once it is kept whom it shows, and to whom."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler. What it answers raises: Unavailable, where that cannot be kept."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            response = await handler(request)
            console = request.app.state.console
            assert isinstance(console, Console)
            await console.looks.kept()
            return response

        return handled


async def _visit(request: Request) -> Visit:
    console = request.app.state.console
    assert isinstance(console, Console)
    principal = await console.doorkeeper.principal_of(request)
    request.state.principal = principal  # the menu of any page shows what he or she may do
    return Visit(request, console, principal)


TheVisit = Annotated[Visit, Depends(_visit)]


def api_router() -> APIRouter:
    """Return a router of the read API, for one topic."""
    return APIRouter(
        prefix="/api/v1",
        tags=["read"],
        route_class=_KeptFirst,
        responses={
            304: {"description": "The answer of this entity tag still holds."},
            400: {"description": "A parameter cannot be taken; the problem names it."} | _PROBLEM,
            403: {"description": "No role of whoever asks allows it."} | _PROBLEM,
            409: {"description": "The log does not hold the position of `at_least`."} | _PROBLEM,
            503: {"description": "Away, or not there yet; try again."} | _PROBLEM,
        },
    )


def page_router() -> APIRouter:
    """Return a router of pages, for one topic."""
    return APIRouter(
        include_in_schema=False, default_response_class=HTMLResponse, route_class=_KeptFirst
    )
