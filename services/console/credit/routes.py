"""The credit controllers' list as JSON and as a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.console.credit.documents import CreditWorkDocument, sums_document, work_document
from services.console.credit.parameters import CreditParameters
from services.console.credit.sums import phase_sums
from services.console.credit.work import CAP, PHASES, count_work, work
from services.console.shared.lists import SavedList
from services.console.shared.openapi import documented
from services.console.shared.persons import persons
from services.console.shared.reading import Reader
from services.console.shared.visit import PAGE_LENGTH, TheVisit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()


@api.get("/credit/work", responses=documented(CreditWorkDocument))
async def get_work(visit: TheVisit, asked: Annotated[CreditParameters, Query()]) -> Response:
    """Return a page of what to look after before delivery, until it is due, and overdue."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.work_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.receivables, asked) as reader:
        sums = await phase_sums(reader, asked.branch)
        page = await work(reader, wanted, asked.limit, signer, asked.cursor)
        count = await count_work(reader, wanted)
    document = CreditWorkDocument(
        position=reader.position,
        at=reader.at,
        count=min(count, CAP),
        count_is_capped=count > CAP,
        sums=[sums_document(one) for one in sums],
        work=[work_document(one) for one in page.entries],
        next=page.next_cursor,
        previous=page.previous_cursor,
    )
    return visit.answer(document, page)


@pages.get("/credit")
async def show_work(visit: TheVisit) -> Response:
    """Show what to look after in all phases, and what each comes to."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(CreditParameters)
    signer = await visit.console.signer()
    kept = await visit.kept_views(LIST)
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        views = await visit.views_menu(reader, LIST, kept)
        sums = await phase_sums(reader, asked.branch)
        currencies = [one.currency for one in sums]
        if asked.is_about_amounts and len(set(asked.currency)) != 1:
            one = next(iter(asked.currency or currencies), "XXX")
            asked = asked.model_copy(update={"currency": [one]})
        wanted = asked.work_filter()
        page = await work(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        count = await count_work(reader, wanted)
        notices = await visit.notices(reader)
    return visit.page(
        "credit/work.html",
        "/credit",
        {
            "persons": await persons(visit, [one.customer_id for one in page.entries]),
            "sums": sums,
            "views": views,
            "count": count,
            "cap": CAP,
            "phases": PHASES,
            "currencies": currencies,
            **visit.listing(page, asked),
            **notices,
        },
    )


async def _count(reader: Reader, asked: CreditParameters, cap: int) -> int:
    return await count_work(reader, asked.work_filter(), cap)


LIST = SavedList("credit", "/credit", CreditParameters, _count)
