"""What stands in for a page of a past instant until the company was walked: how far it is."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from events.texts import worded
from services.console.shared.console import Console
from services.console.shared.customer_at import Instants
from services.console.shared.forms import local, posted
from services.console.shared.page import INSTANTS, dynamic_headers, page_response
from services.console.shared.past import PastUnready, kept_as
from services.console.shared.visit import TheVisit, page_router
from services.people.principal import Right
from services.web.problems import Problem

pages = page_router()


@pages.post("/past")
async def ask_for_past(visit: TheVisit) -> Response:
    """Have the company walked as of a past instant, and go back to the page that shows it."""
    visit.need(Right.SEE_CUSTOMERS)
    if visit.principal.scope.branches is not None:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "whole_company_alone",
            worded("the company's past is told to those who see the whole company"),
            worded("ask about a customer on the customer's own page"),
        )
    typed = await posted(visit.request)
    given = {name: typed[name] for name in INSTANTS if typed.get(name)}
    asked = kept_as(Instants(given.get("as_of"), given.get("as_known")))
    back = local(typed.get("back", ""), "/overview")
    if asked is not None:
        await visit.console.pasts.ask_for(*asked, visit.principal.staff_id)
    return RedirectResponse(back, status_code=HTTPStatus.SEE_OTHER)


def past_page(request: Request, console: Console, unready: PastUnready) -> Response:
    """Return the page that says how far a past is, or offers to walk it."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    context = {"past": unready.past, "asked": unready.instants, "here": here, "as_of": None}
    return page_response(
        request,
        console.renderer,
        "past/past.html",
        request.url.path,
        context,
        headers=dynamic_headers(None) | {"Cache-Control": "no-store"},
        status=HTTPStatus.ACCEPTED,
    )
