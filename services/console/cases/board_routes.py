"""Who has what in hand, and which clocks run out soon, as JSON and as pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.console.cases.deadlines import deadlines
from services.console.cases.documents import (
    DeadlinesDocument,
    OwnersDocument,
    deadline_document,
    owners_document,
)
from services.console.cases.owners import owners_board
from services.console.cases.parameters import DeadlinesParameters, OwnersParameters
from services.console.shared.countdown import countdown
from services.console.shared.openapi import documented
from services.console.shared.persons import persons
from services.console.shared.reading import department_names
from services.console.shared.visit import PAGE_LENGTH, TheVisit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()

HOURS = (1, 2, 4, 8, 24, 72)
"""Which spans the page offers."""


@api.get("/case-owners", responses=documented(OwnersDocument))
async def get_owners(visit: TheVisit, asked: Annotated[OwnersParameters, Query()]) -> Response:
    """Return what each department has in hand and owes, by who is to do it."""
    visit.need(Right.SEE_CUSTOMERS)
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        board = await owners_board(reader, asked.branch, asked.department)
    return visit.answer(owners_document(reader, board))


@api.get("/case-deadlines", responses=documented(DeadlinesDocument))
async def get_deadlines(
    visit: TheVisit, asked: Annotated[DeadlinesParameters, Query()]
) -> Response:
    """Return a page of the clocks that run out within the next hours, the soonest first."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.deadline_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        page = await deadlines(reader, wanted, asked.limit, signer, asked.cursor)
    document = DeadlinesDocument(
        position=reader.position,
        at=reader.at,
        hours=asked.hours,
        deadlines=[deadline_document(one) for one in page.entries],
        next=page.next_cursor,
    )
    return visit.answer(document, page)


@pages.get("/cases/owners")
async def show_owners(visit: TheVisit) -> Response:
    """Show what each department has in hand and owes, by owner."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(OwnersParameters)
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        board = await owners_board(reader, asked.branch, asked.department)
        notices = await visit.notices(reader)
    return visit.page(
        "cases/owners.html",
        "/cases",
        {
            "board": board,
            "asked": asked,
            "tab": "owners",
            "department_names": department_names(reader.reference, visit.language),
            **notices,
        },
    )


@pages.get("/cases/deadlines")
async def show_deadlines(visit: TheVisit) -> Response:
    """Show the clocks that run out within the next hours."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(DeadlinesParameters)
    wanted = asked.deadline_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        page = await deadlines(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        notices = await visit.notices(reader)
    return visit.page(
        "cases/deadlines.html",
        "/cases",
        {
            "persons": await persons(visit, [one.customer_id for one in page.entries]),
            "tab": "deadlines",
            "spans": sorted({*HOURS, asked.hours}),
            "department_names": department_names(reader.reference, visit.language),
            "reference": reader.reference,
            "countdown": countdown,
            **visit.listing(page, asked),
            **notices,
        },
    )
