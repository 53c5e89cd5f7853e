"""The list of customers as JSON, as a page and as a file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import RedirectResponse, Response, StreamingResponse

from events.texts import worded
from events.touchpoints.policy import TierPolicy
from services.console.customers import listing
from services.console.customers.export import MOST_EXPORTED, csv_parts
from services.console.customers.list_documents import (
    CustomersDocument,
    entry_document,
    owed_document,
    worth_of,
)
from services.console.customers.parameters import ListParameters, PageParameters
from services.console.shared.i18n import with_parameters
from services.console.shared.lists import SavedList
from services.console.shared.openapi import documented
from services.console.shared.persons import persons
from services.console.shared.reading import Reader
from services.console.shared.refusals import BadParameter
from services.console.shared.sorting import Sorting
from services.console.shared.visit import PAGE_LENGTH, TheVisit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()


@api.get("/customers", responses=documented(CustomersDocument))
async def get_customers(visit: TheVisit, asked: Annotated[ListParameters, Query()]) -> Response:
    """Return a page of customers, and what all who are asked for are worth and owe."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.customer_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked) as reader:
        page = await listing.listed(reader, wanted, asked.limit, signer, asked.cursor)
        sums = await listing.sums_of(reader, wanted)
    document = CustomersDocument(
        position=reader.position,
        at=reader.at,
        count=min(sums.customers, listing.CAP),
        count_is_capped=sums.is_capped,
        worth=worth_of(sums),
        owed=[owed_document(one) for one in sums.owed],
        customers=[entry_document(one) for one in page.entries],
        next=page.next_cursor,
        previous=page.previous_cursor,
    )
    return visit.answer(document, page)


@pages.get("/customers")
async def show_customers(visit: TheVisit) -> Response:
    """Show the customers that a filter finds, or lead to the one whose id was typed."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(PageParameters)
    if customer := (asked.id or "").strip():
        return RedirectResponse(f"/customers/{quote(customer, safe='')}", status_code=303)
    wanted = asked.customer_filter()
    signer = await visit.console.signer()
    kept = await visit.kept_views(LIST)
    model = visit.console.everything
    async with visit.rows(model, asked, tagged=False) as reader:
        views = await visit.views_menu(reader, LIST, kept)
        page = await listing.listed(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        sums = await visit.sums(
            model, reader, ("customers", wanted), lambda reader: listing.sums_of(reader, wanted)
        )
        found = await listing.segments(reader)
        notices = await visit.notices(reader)
    policy = reader.reference.in_force(TierPolicy, reader.at)
    tiers = [line.name for line in policy.tiers]
    return visit.page(
        "customers/list.html",
        "/customers",
        {
            "persons": await persons(visit, [one.customer_id for one in page.entries]),
            "sums": sums,
            "cap": listing.CAP,
            "tiers": [*tiers, policy.lowest] if tiers else [],
            "segments": found,
            "sorting": Sorting(visit.request, asked.sort, asked.reverse),
            "views": views,
            "csv_link": with_parameters(visit.request, {"cursor": None}, "/customers.csv"),
            **visit.listing(page, asked),
            **notices,
        },
    )


@pages.get("/customers.csv")
async def download_customers(visit: TheVisit) -> Response:
    """Give the customers that a filter finds as a file for a spreadsheet."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(ListParameters)
    wanted = asked.customer_filter()
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        count = await listing.count_customers(reader, wanted, MOST_EXPORTED)
    if count > MOST_EXPORTED:
        raise BadParameter(
            "tier",
            worded("the filter finds more than %(most)s customers", most=MOST_EXPORTED),
            worded("export them by tier or by branch"),
        )
    if visit.principal.may(Right.SEE_PERSONS):
        visit.shows_persons([])  # each part of the file says whose
    headers = visit.headers() | {"Content-Disposition": 'attachment; filename="customers.csv"'}
    return StreamingResponse(
        csv_parts(visit, wanted), headers=headers, media_type="text/csv; charset=utf-8"
    )


async def _count(reader: Reader, asked: ListParameters, cap: int) -> int:
    return await listing.count_customers(reader, asked.customer_filter(), cap)


LIST = SavedList("customers", "/customers", ListParameters, _count)
