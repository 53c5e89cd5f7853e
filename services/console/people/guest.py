"""Requests of those who have not logged in yet, or look after their own log-in."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from events.texts import worded
from services.console.shared.console import Console
from services.console.shared.i18n import language_of
from services.console.shared.page import page_response
from services.people.cookies import forget_session
from services.people.people import People
from services.people.principal import Principal, Right
from services.people.refusals import AccountRefusal
from services.people.throttle import TooManyTries
from services.web.languages import told
from services.web.problems import Problem

_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
"""What stands on these pages is for one look."""


class Guest:
    """One request that needs no log-in."""

    def __init__(self, request: Request, console: Console, people: People) -> None:
        self.request = request
        self.console = console
        self.people = people
        self.language = language_of(request)

    def page(
        self,
        template: str,
        context: Mapping[str, object],
        *,
        page_path: str = "",
        refused: AccountRefusal | None = None,
    ) -> Response:
        """Return a page that nobody keeps; one that tells of a refusal is no success."""
        status = HTTPStatus.OK if refused is None else HTTPStatus.UNPROCESSABLE_ENTITY
        headers = dict(_HEADERS)
        if isinstance(refused, TooManyTries):
            status = HTTPStatus.TOO_MANY_REQUESTS
            headers["Retry-After"] = str(refused.wait_s)
        renderer = self.console.renderer
        shown = {"wrong": self.said(refused), **context}
        return page_response(
            self.request, renderer, template, page_path, shown, headers=headers, status=status
        )

    @property
    def address(self) -> str | None:
        """Return where the request comes from, as a proxy that is trusted says."""
        return None if self.request.client is None else self.request.client.host

    def said(self, refused: AccountRefusal | None) -> tuple[str, str] | None:
        """Return what is wrong and how to mend it, as sentences in the reader's language."""
        if refused is None:
            return None
        detail, remedy = (_sentence(one, self.language) for one in (refused.detail, refused.remedy))
        return detail, remedy

    @property
    def program(self) -> str:
        """Return what the reader's browser calls itself."""
        return self.request.headers.get("user-agent", "")


def _sentence(text: str, language: str) -> str:
    said = told(text, language)
    return f"{said[:1].upper()}{said[1:]}{'。' if language == 'zh-CN' else '.'}"


def home_of(principal: Principal) -> str:
    """Return the page on which somebody begins: the first one that is open to him or her."""
    if principal.may(Right.SEE_CUSTOMERS):
        return "/"
    return "/users" if principal.may(Right.ADMINISTER) else "/me"


def to(path: str) -> Response:
    """Send a browser on to a page, by a plain request for it."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})


def logged_out(request: Request) -> Response:
    """Send a browser to the log-in without its session, and without the pages that it keeps."""
    response = to("/log-in")
    forget_session(request, response)
    response.headers["Clear-Site-Data"] = '"cache"'  # going back shows them to whoever is next
    return response


def people_here(console: Console) -> People:
    """Return who keeps accounts. Raises: Problem, where everybody is let in."""
    if console.people is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "not_found",
            worded("this console has no log-in"),
            worded("see /api/v1/openapi.json for what there is"),
        )
    return console.people


async def _guest(request: Request) -> Guest:
    console = request.app.state.console
    assert isinstance(console, Console)
    return Guest(request, console, people_here(console))


TheGuest = Annotated[Guest, Depends(_guest)]
