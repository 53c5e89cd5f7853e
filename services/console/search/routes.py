"""The search as a page, as suggestions while one types, and as JSON."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Query
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from events.policy import Reference
from services.console.search.commands import ADDRESSES, Offer, offers
from services.console.search.documents import SearchDocument, search_document
from services.console.search.parameters import LimitedSearch, SearchParameters
from services.console.shared.openapi import documented
from services.console.shared.page import dynamic_headers
from services.console.shared.reading import branch_names
from services.console.shared.visit import TheVisit, Visit, api_router, page_router
from services.people.principal import Right
from services.postgres.statements import sql
from services.search.finding import Hit, Results

api = api_router()
pages = page_router()

_SUGGESTED = 8
_SHOWN = 50
_NOTHING = Results((), more=False)


@api.get("/search", responses=documented(SearchDocument))
async def get_search(visit: TheVisit, asked: Annotated[LimitedSearch, Query()]) -> Response:
    """Return the customers that are found by what was typed."""
    visit.need(Right.SEE_CUSTOMERS)
    found, position, _ = await _search(visit, asked, asked.limit)
    return visit.answer(search_document(position, found))


@pages.get("/search")
async def show_search(visit: TheVisit) -> Response:
    """Show what is found; what can only be one thing is opened at once."""
    return await _page(visit, "search/search.html", _SHOWN, opens=True)


@pages.get("/search/suggest")
async def suggest(visit: TheVisit) -> Response:
    """Show the first of what is found, for the box."""
    return await _page(visit, "search/suggestions.html", _SUGGESTED, opens=False)


async def _page(visit: Visit, template: str, limit: int, *, opens: bool) -> Response:
    asked = visit.asked(SearchParameters)
    there = _pages_there(visit.request.app)
    offered = list(offers(asked.q, visit.language, visit.principal, there.__contains__))
    context: dict[str, object] = {"found": _NOTHING, "branch_names": {}}
    if visit.principal.may(Right.SEE_CUSTOMERS):
        found, _, rules = await _search(visit, asked, limit)
        context = {"found": found, "branch_names": branch_names(rules, visit.language)}
        if opens and (address := _only_one(found, offered)):
            return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers=dynamic_headers(None))
    return visit.page(
        template, "", {"typed": asked.q, "offers": offered, "address": address_of, **context}
    )


async def _search(
    visit: Visit, asked: SearchParameters, limit: int
) -> tuple[Results, str, Reference]:
    """Return what is found, the position of the rows by which it may be seen, and the rules."""
    position = ""

    async def seen(customers: Sequence[str]) -> Collection[str]:
        nonlocal position
        async with visit.rows(visit.console.value, asked, tagged=False) as reader:
            position = reader.position
            rows = await reader.fetch(sql("search_seen"), customers)
        return {row["customer_id"] for row in rows}

    finder = await visit.console.finder()
    rules = await visit.console.value.reference()
    now = visit.console.platform.clock.now()
    found = await finder.search(asked.q, visit.principal, rules, now, limit, seen)
    if visit.principal.may(Right.SEE_PERSONS):
        visit.shows_persons([hit.customer for hit in found.hits if hit.texts])
    return found, position, rules


def _only_one(found: Results, offered: list[Offer]) -> str | None:
    """Return where the only thing is that is just what was typed; None: one has to choose."""
    whole = [hit for hit in found.hits if hit.is_whole]
    return address_of(whole[0]) if len(whole) == 1 and not found.more and not offered else None


def address_of(hit: Hit) -> str:
    """Return where a hit leads: to the customer, or to its case."""
    customer = f"/customers/{quote(hit.customer, safe='')}"
    if hit.reference is not None and hit.reference.kind == "case":
        return f"{customer}#case-{quote(hit.reference.text, safe='')}"
    return customer


@lru_cache(maxsize=8)
def _pages_there(app: FastAPI) -> frozenset[str]:
    """Return the addresses of commands that a console has a page of; its routes do not change."""
    return frozenset(path for path in ADDRESSES if _is_there(app, path))


def _is_there(app: FastAPI, path: str) -> bool:
    scope = {"type": "http", "app": app, "path": path.partition("#")[0], "method": "GET"}
    return any(route.matches(scope)[0] is Match.FULL for route in app.routes)
