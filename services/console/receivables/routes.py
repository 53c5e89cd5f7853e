"""Receivables as JSON and as a page: their ageing, and the work list."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from events.touchpoints.policy import AgeingPolicy
from services.console.receivables import worklist
from services.console.receivables.ageing import ageing, bucket_ends
from services.console.receivables.documents import (
    AgeingDocument,
    ItemsDocument,
    ageing_document,
    item_document,
)
from services.console.receivables.parameters import ItemsParameters
from services.console.shared.openapi import documented
from services.console.shared.parameters import OfBranch
from services.console.shared.persons import persons
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
    """Return a page of open items to work on."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.work_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.receivables, asked) as reader:
        page = await worklist.open_items(reader, wanted, asked.limit, signer, asked.cursor)
        count = await worklist.count_open_items(reader, wanted)
    document = ItemsDocument(
        position=reader.position,
        at=reader.at,
        count=min(count, worklist.CAP),
        count_is_capped=count > worklist.CAP,
        items=[item_document(item) for item in page.entries],
        next=page.next_cursor,
    )
    return visit.answer(document, page.next_cursor)


@pages.get("/receivables")
async def show_items(visit: TheVisit) -> Response:
    """Show open items to work on."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(ItemsParameters)
    signer = await visit.console.signer()
    async with visit.rows(visit.console.receivables, asked) as reader:
        currencies = await worklist.currencies(reader)
        if asked.sort == "amount" and asked.currency is None:
            asked = asked.model_copy(update={"currency": next(iter(currencies), "XXX")})
        wanted = asked.work_filter()
        page = await worklist.open_items(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        count = await worklist.count_open_items(reader, wanted)
        notices = await visit.notices(reader)
    return visit.page(
        "receivables/worklist.html",
        "/receivables",
        {
            "page": page,
            "persons": await persons(visit, [item.customer_id for item in page.entries]),
            "count": count,
            "cap": worklist.CAP,
            "asked": asked,
            "buckets": bucket_ends(reader.reference.in_force(AgeingPolicy, reader.at)),
            "currencies": currencies,
            **visit.paging_links(page.next_cursor, asked.cursor),
            **notices,
        },
    )
