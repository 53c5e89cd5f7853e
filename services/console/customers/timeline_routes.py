"""A customer's touchpoints as JSON and as a page, of which scripts take a part."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Query, Request
from starlette.responses import Response

from events.partitioning import partition_of
from projections.timeline.entries import Entry
from services.console.customers.looking import (
    CustomerPath,
    at_known_instants,
    described,
    seen_place,
)
from services.console.customers.parameters import TimelineParameters
from services.console.customers.timeline import FAMILIES, TimelineFilter, timeline
from services.console.customers.timeline_documents import TimelineDocument, entry_document
from services.console.shared.customer_at import Lookup
from services.console.shared.i18n import with_parameters
from services.console.shared.openapi import documented
from services.console.shared.paging import Page
from services.console.shared.persons import persons
from services.console.shared.visit import TheVisit, Visit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()

PAGE_LENGTH = 25
"""How many touchpoints a part of a page shows."""


@api.get("/customers/{customer}/timeline", responses=documented(TimelineDocument))
async def get_timeline(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[TimelineParameters, Query()]
) -> Response:
    """Return a page of a customer's touchpoints, the newest first."""
    visit.need(Right.SEE_CUSTOMERS)
    place = await seen_place(visit, customer, asked)
    heads = place.position
    counts = ".".join(str(heads.counts[partition_of(one)]) for one in place.connected)
    visit.held_under(f"{heads.generation}.{counts}-{visit.language}")
    page = await timeline_page(visit, place, asked, asked.limit)
    document = TimelineDocument(
        position=heads.token(),
        customer=place.customer,
        at=place.as_of,
        as_known=place.as_known,
        entries=[entry_document(entry) for entry in page.entries],
        next=page.next_cursor,
    )
    return visit.answer(document, page)


@pages.get("/customers/{customer}/timeline")
async def show_timeline(visit: TheVisit, customer: CustomerPath) -> Response:
    """Show a customer's touchpoints from a place on; its part of a page is what scripts take."""
    visit.need(Right.SEE_CUSTOMERS)

    async def find(asked: TimelineParameters) -> Lookup:
        return await seen_place(visit, customer, asked)

    place, asked, mistyped = await at_known_instants(visit.asked(TimelineParameters), find)
    page = await timeline_page(visit, place, asked, PAGE_LENGTH)
    context = {
        "page": page,
        "more_link": more_link(visit.request, customer, page.next_cursor),
        "person": (await persons(visit, [place.customer])).get(place.customer),
        # Fetched into a page that stands, it leaves the focus where it is.
        "continued": asked.cursor is not None and "hx-request" not in visit.request.headers,
        "chosen": asked.family,
        "family_links": family_links(visit.request, customer, asked),
        "first_link": None if asked.cursor is None else _first_link(visit.request),
        **await described(visit, place, asked, mistyped),
    }
    status = HTTPStatus.BAD_REQUEST if mistyped else HTTPStatus.OK
    return visit.page("customers/timeline.html", "", context, status=status)


async def timeline_page(
    visit: Visit, place: Lookup, asked: TimelineParameters, limit: int
) -> Page[Entry]:
    """Return a page of the touchpoints that are asked for. Raises: Problem, Unavailable."""
    chosen = TimelineFilter(
        tuple(dict.fromkeys(asked.family)), asked.type, place.as_of, place.as_known
    )
    signer = await visit.console.signer()
    return await timeline(visit.console.everything, place, chosen, limit, signer, asked.cursor)


def family_links(request: Request, customer: str, asked: TimelineParameters) -> Mapping[str, str]:
    """Return by family where the timeline shows it, too, or not any more; empty: all of it."""
    kept = [(k, v) for k, v in request.query_params.items() if k in ("as_of", "as_known") and v]
    home = f"/customers/{quote(customer, safe='')}/timeline"
    found = {"": home if not kept else f"{home}?{urlencode(kept)}"}
    for family in FAMILIES:
        chosen = [one for one in asked.family if one != family]
        if family not in asked.family:
            chosen.append(family)
        query = [*kept, *(("family", one) for one in chosen)]
        found[family] = f"{home}?{urlencode(query)}" if query else home
    return found


def _first_link(request: Request) -> str:
    return with_parameters(request, {"cursor": None})


def more_link(request: Request, customer: str, cursor: str | None) -> str | None:
    """Return the address of the timeline's next part, with all that was asked for."""
    if cursor is None:
        return None
    passing = ("cursor", "at_least", "done")
    given = request.query_params.multi_items()
    kept = [(k, v) for k, v in given if v and k not in passing] + [("cursor", cursor)]
    return f"/customers/{quote(customer, safe='')}/timeline?{urlencode(kept)}"
