"""Receivables as JSON and as a page: their ageing, and the work list."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from events.customers.accounts import SPOKEN_TO
from events.touchpoints.policy import AgeingPolicy
from services.casework.ages import bucket_ends
from services.console.receivables import worklist
from services.console.receivables.ageing import ageing
from services.console.receivables.documents import (
    AgeingDocument,
    ItemsDocument,
    ItemSumDocument,
    ageing_document,
    item_document,
)
from services.console.receivables.interest import charges
from services.console.receivables.parameters import ItemsParameters
from services.console.shared.documents import tell
from services.console.shared.lists import SavedList
from services.console.shared.openapi import documented
from services.console.shared.parameters import OfBranch
from services.console.shared.persons import persons
from services.console.shared.reading import Reader
from services.console.shared.sorting import Sorting
from services.console.shared.visit import PAGE_LENGTH, TheVisit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()


@api.get("/receivables/ageing", responses=documented(AgeingDocument))
async def get_ageing(visit: TheVisit, asked: Annotated[OfBranch, Query()]) -> Response:
    """Return open receivables by days past due, per currency."""
    visit.need(Right.SEE_CUSTOMERS)
    async with visit.rows(visit.console.receivables, asked) as reader:
        found = await ageing(reader, asked.branch)
    return visit.answer(
        AgeingDocument(
            position=reader.position,
            at=reader.at,
            branch=asked.branch,
            currencies=[ageing_document(one) for one in found],
        )
    )


@api.get("/receivables/items", responses=documented(ItemsDocument))
async def get_items(visit: TheVisit, asked: Annotated[ItemsParameters, Query()]) -> Response:
    """Return a page of open items to work on, and what all that is asked for comes to."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.work_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.receivables, asked) as reader:
        page = await worklist.open_items(reader, wanted, asked.limit, signer, asked.cursor)
        sums = await worklist.sums_of(reader, wanted)
    document = ItemsDocument(
        position=reader.position,
        at=reader.at,
        count=min(sums.items, worklist.CAP),
        count_is_capped=sums.items > worklist.CAP,
        sums=[tell(ItemSumDocument, one) for one in sums.currencies],
        sums_are_capped=sums.is_capped,
        items=[item_document(item) for item in page.entries],
        next=page.next_cursor,
        previous=page.previous_cursor,
    )
    return visit.answer(document, page)


@pages.get("/receivables")
async def show_items(visit: TheVisit) -> Response:
    """Show open items to work on."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(ItemsParameters)
    wanted = asked.work_filter()
    signer = await visit.console.signer()
    kept = await visit.kept_views(LIST)
    model = visit.console.everything
    async with visit.rows(model, asked, tagged=False) as reader:
        views = await visit.views_menu(reader, LIST, kept)
        page = await worklist.open_items(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        sums = await visit.sums(
            model, reader, ("receivables", wanted), lambda reader: worklist.sums_of(reader, wanted)
        )
        currencies = await worklist.currencies(reader)
        notices = await visit.notices(reader)
    return visit.page(
        "receivables/worklist.html",
        "/receivables",
        {
            "persons": await persons(visit, [item.customer_id for item in page.entries]),
            "sums": sums,
            "runs": charges(reader),
            "sorting": Sorting(visit.request, asked.sort, asked.reverse),
            "buckets": bucket_ends(reader.reference.in_force(AgeingPolicy, reader.at)),
            "currencies": currencies,
            "hears_promises": bool(visit.principal.roles.intersection(SPOKEN_TO)),
            "views": views,
            **visit.listing(page, asked),
            **notices,
        },
    )


async def _count(reader: Reader, asked: ItemsParameters, cap: int) -> int:
    return await worklist.count_open_items(reader, asked.work_filter(), cap)


LIST = SavedList("receivables", "/receivables", ItemsParameters, _count)
