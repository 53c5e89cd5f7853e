"""What every page has: layout, language, colours and links."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import date, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from services.console.shared.assets import takes_gzip
from services.console.shared.carrying import carried_on
from services.console.shared.i18n import COOKIE, language_of, with_parameters
from services.console.shared.render import Renderer
from services.console.shared.staff import staff_of
from services.web.languages import LANGUAGES

_A_YEAR_S = 365 * 24 * 3600

INSTANTS = ("as_of", "as_known")
"""The parameters of the past, which every link of the menu carries on once they are set."""

_PACKING = 4
"""Smaller by four fifths, for a fraction of what filling the page in costs."""

PAST_PAGES = frozenset(
    {
        "/overview", "/customers", "/customers.csv", "/receivables", "/credit", "/cases",
        "/cases/owners", "/cases/deadlines", "/service", "/service/cases", "/service/{table}.csv",
        "/alerts", "/branches",
    }
)  # fmt: skip
"""Pages whose rows can be those of a past instant, and the files that they give."""

SCHEME = "scheme"
"""The parameter and the cookie of the colours."""

SCHEMES = ("light", "dark")
_OF_THE_SYSTEM = "system"


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
    """Return a page in the reader's language and colours.

    Cookies keep both once they were asked for.
    """
    language = language_of(request)
    sent = request.method not in {"GET", "HEAD"}  # a form, to an address that shows nothing
    here = page_path or None if sent else None
    then = getattr(request.state, "then", None)  # None: the page shows now
    markup = renderer.render(
        template,
        language,
        page_path=page_path,
        language_links={tag: with_parameters(request, {"lang": tag}, here) for tag in LANGUAGES},
        scheme=scheme_of(request),
        instants=instants_of(request),
        carried=urlencode(instants_of(request)),
        tells_past="as_of" in context or then is not None,
        then=then,
        asked_along=_asked_along(request),
        page_here=page_path if sent else request.url.path,
        here_address=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        day_before=_other_day(request, -1),
        day_after=_other_day(request, 1),
        now_address=with_parameters(request, dict.fromkeys(INSTANTS)),
        scheme_links={
            scheme: with_parameters(request, {SCHEME: scheme or _OF_THE_SYSTEM}, here)
            for scheme in ("", *SCHEMES)
        },
        staff=staff_of(request.app.state.console.feed.known, language),
        principal=getattr(request.state, "principal", None),  # None: nobody has logged in
        visitor=getattr(request.state, "visitor", None),  # None: there is no log-in to end
        **context,
    )
    if then is not None:
        now = with_parameters(request, dict.fromkeys(INSTANTS))
        markup = carried_on(markup, instants_of(request), _tells_past, now)
    content = markup.encode()
    response = HTMLResponse(content, status, headers=headers)
    if _may_be_packed(request, status) and takes_gzip(request):
        packed = gzip.compress(content, _PACKING, mtime=0)
        response = HTMLResponse(packed, status, headers=headers)
        response.headers["Content-Encoding"] = "gzip"
    response.headers.add_vary_header("Accept-Encoding")
    response.headers["Content-Language"] = language
    for cookie, parameter, chosen in (
        (COOKIE, "lang", language),
        (SCHEME, SCHEME, scheme_of(request)),
    ):
        if parameter in request.query_params:
            response.set_cookie(
                cookie, chosen, max_age=_A_YEAR_S, httponly=True, samesite="lax", path="/"
            )
    return response


def _tells_past(path: str) -> bool:
    """Tell whether a page can show what was so at a past instant."""
    return path in PAST_PAGES or path.startswith("/customers/")


def _asked_along(request: Request) -> list[tuple[str, str]]:
    """Return what else the address asks for, as a form that changes the instants sends it along."""
    left_out = {*INSTANTS, "cursor", "at_least"}
    return [pair for pair in request.query_params.multi_items() if pair[0] not in left_out]


def _other_day(request: Request, days: int) -> str | None:
    """Return the same page of a day before or after; None where it shows no past day."""
    for name in INSTANTS:
        try:
            day = date.fromisoformat(request.query_params.get(name, "")[:10])
            other = (day + timedelta(days=days)).isoformat()
        except (ValueError, OverflowError):  # no day, or the first or last that there is
            continue
        return with_parameters(request, {name: other, "cursor": None})
    return None


def _may_be_packed(request: Request, status: int) -> bool:
    """Return whether a page has nothing that whoever made the address chose.

    What is packed beside a secret tells of it by its length, to one who has others ask for guesses
    and sees how long the answers are: so what says a query again is sent as it is.
    """
    return status == HTTPStatus.OK and request.method == "GET" and not request.url.query


def instants_of(request: Request) -> Mapping[str, str]:
    """Return the instants that the address asks about, as they were typed."""
    asked = {name: request.query_params.get(name, "") for name in INSTANTS}
    return {name: text for name, text in asked.items() if text}


def scheme_of(request: Request) -> str:
    """Return the colours that were asked for or are remembered; empty: those of the system."""
    wanted = request.query_params.get(SCHEME) or request.cookies.get(SCHEME, "")
    return wanted if wanted in SCHEMES else ""


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
