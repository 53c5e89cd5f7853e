"""What every page has: layout, language and links."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from services.console.shared.i18n import COOKIE, language_of, with_parameters
from services.console.shared.render import Renderer
from services.web.languages import LANGUAGES

_A_YEAR_S = 365 * 24 * 3600


def page_response(
    request: Request,
    renderer: Renderer,
    template: str,
    page_path: str,
    context: Mapping[str, object],
    *,
    headers: Mapping[str, str],
    status: int = 200,
) -> Response:
    """Return a page in the reader's language, which a cookie keeps once it was asked for."""
    language = language_of(request)
    shown_at = None if request.method in {"GET", "HEAD"} else page_path or None  # a form was sent
    links = {tag: with_parameters(request, {"lang": tag}, shown_at) for tag in LANGUAGES}
    markup = renderer.render(
        template,
        language,
        page_path=page_path,
        language_links=links,
        principal=getattr(request.state, "principal", None),  # None: nobody has logged in
        visitor=getattr(request.state, "visitor", None),  # None: there is no log-in to end
        **context,
    )
    response = HTMLResponse(markup, status, headers=headers)
    response.headers["Content-Language"] = language
    _remember_language(request, response, language)
    return response


def _remember_language(request: Request, response: Response, language: str) -> None:
    """Keep a language that was asked for in the address."""
    if "lang" in request.query_params:
        response.set_cookie(
            COOKIE, language, max_age=_A_YEAR_S, httponly=True, samesite="lax", path="/"
        )


def dynamic_headers(tag: str | None, position: str | None = None) -> dict[str, str]:
    """Return the headers of an answer that may change at any time."""
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Cookie",
    }
    if tag is not None:
        headers["ETag"] = tag
    if position is not None:
        headers["Touchstone-Position"] = position
    return headers
