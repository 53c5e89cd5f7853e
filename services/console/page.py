"""What every page has: layout, language, links, and the notice that figures lag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.responses import HTMLResponse, Response

from services.console.context import dynamic_headers
from services.console.i18n import COOKIE, LANGUAGES, language_of, with_parameters
from services.console.queries.freshness import CAP, Freshness
from services.console.queries.reading import Reader, branch_names
from services.console.refusals import invalid_parameters
from services.console.render import render

_A_YEAR_S = 365 * 24 * 3600

P = TypeVar("P", bound=BaseModel)


def page_response(
    request: Request,
    template: str,
    page_path: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
    tag: str | None = None,
    position: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a page in the reader's language, which a cookie keeps once it was asked for."""
    language = language_of(request)
    links = {tag_: with_parameters(request, {"lang": tag_}) for tag_ in LANGUAGES}
    markup = render(template, language, page_path=page_path, language_links=links, **context)
    response = HTMLResponse(
        markup, status, headers=dynamic_headers(tag, position) | dict(headers or {})
    )
    response.headers["Content-Language"] = language
    remember_language(request, response, language)
    return response


def remember_language(request: Request, response: Response, language: str) -> None:
    """Keep a language that was asked for in the address."""
    if "lang" in request.query_params:
        response.set_cookie(
            COOKIE, language, max_age=_A_YEAR_S, httponly=True, samesite="lax", path="/"
        )


def notices(reader: Reader, fresh: Freshness, language: str) -> dict[str, object]:
    """Return what every page of rows says about its figures and calls its branches."""
    return {
        "fresh": fresh,
        "at": reader.at,
        "interrupted": False,
        "customer_cap": CAP,
        "branch_names": branch_names(reader.reference, language),
        "zone_of": reader.reference.zone_of,
    }


def paging_links(request: Request, following: str | None, cursor: str | None) -> dict[str, object]:
    """Return the links to the next page and back to the first."""
    return {
        "next_link": with_parameters(request, {"cursor": following}) if following else None,
        "first_link": with_parameters(request, {"cursor": None}) if cursor else None,
    }


def asked(request: Request, kind: type[P]) -> P:
    """Return a page's parameters; what a form left empty was not asked for.

    Raises: Problem.
    """
    given = {name: value for name, value in request.query_params.items() if value}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise invalid_parameters(error.errors()) from error
