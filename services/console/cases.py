"""Cases as JSON and as a page: the board by department, and one case with its history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from projections.case_board.explain import explain_case
from projections.case_board.replay import HANDLED as CASE_EVENTS
from services.console.api import Language, TheConsole, answer, next_address
from services.console.api import router as api_router
from services.console.case_documents import (
    CaseHistoryDocument,
    CasesDocument,
    history_document,
    item_document,
)
from services.console.case_words import BREACHES, PRIORITIES, STATUSES
from services.console.context import Console, entity_tag, is_known, not_modified
from services.console.cursor import BadCursor
from services.console.customers import found_at
from services.console.page import asked as asked_of
from services.console.page import notices, page_response, paging_links
from services.console.parameters import CasesParameters, Identifier, InstantParameters
from services.console.queries import cases as case_queries
from services.console.queries.board import board, countdown
from services.console.queries.cases import CaseItem
from services.console.queries.freshness import page_freshness
from services.console.queries.paging import Page
from services.console.queries.reading import Reader, department_names
from services.console.queries.waiting import wait_until
from services.console.refusals import bad_cursor, unknown_case

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_PAGE_LENGTH = 50
_COLUMN_LENGTH = 12

CasePath = Annotated[Identifier, Path(description="The case's id.")]


@api_router.get("/cases", response_model=CasesDocument)
async def get_cases(
    request: Request,
    console: TheConsole,
    language: Language,
    asked: Annotated[CasesParameters, Query()],
) -> Response:
    """Return a page of cases to look after, the most urgent first."""
    await wait_until(console.cases, asked.at_least)
    async with console.cases.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        page, count = await _asked_for(console, reader, asked, asked.limit)
        position = reader.progress.position.token()
    document = CasesDocument(
        position=position,
        at=reader.at,
        count=min(count, case_queries.CAP),
        count_is_capped=count > case_queries.CAP,
        cases=[item_document(item) for item in page.entries],
        next=page.next_cursor,
    )
    return answer(document, position, tag, next_address(request, page.next_cursor))


@api_router.get("/cases/{case}", response_model=CaseHistoryDocument)
async def get_case(
    console: TheConsole, case: CasePath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return one case: its cycles, what is owed on it, and its history with every clock."""
    await wait_until(console.cases, asked.at_least)
    async with console.cases.reading() as reader:
        customer = await case_queries.customer_of_case(reader, case)
    if customer is None:
        raise unknown_case(case)
    found = await found_at(console, customer, asked)
    explained = explain_case(customer, found.of_kinds(CASE_EVENTS), found.at, found.reference, case)
    if explained is None:
        raise unknown_case(case)
    return answer(history_document(found, explained), found.position.token())


@router.get("/cases")
async def show_cases(request: Request, console: TheConsole, language: Language) -> Response:
    """Show the cases that the filter finds and, as long as it is wide, the board by department.

    Without an entity tag: its countdowns go on while nothing else changes.
    """
    asked = asked_of(request, CasesParameters)
    narrowed = any((asked.status, asked.department, asked.breach, asked.priority, asked.cursor))
    async with console.cases.reading() as reader:
        page, count = await _asked_for(console, reader, asked, _PAGE_LENGTH)
        whole = None if narrowed else await board(reader, _COLUMN_LENGTH, asked.branch)
        fresh = await page_freshness(reader)
    return page_response(
        request,
        "cases.html",
        "/cases",
        {
            "board": whole,
            "page": page,
            "count": count,
            "cap": case_queries.CAP,
            "asked": asked,
            "statuses": STATUSES,
            "breaches": BREACHES,
            "priorities": PRIORITIES,
            "department_names": department_names(reader.reference, language),
            "reference": reader.reference,
            "countdown": countdown,
            **paging_links(request, page.next_cursor, asked.cursor),
            **notices(reader, fresh, language),
        },
        position=fresh.position,
    )


async def _asked_for(
    console: Console, reader: Reader, asked: CasesParameters, limit: int
) -> tuple[Page[CaseItem], int]:
    """Return a page of cases and how many there are. Raises: Problem."""
    wanted = asked.case_filter()
    signer = await console.signer()
    try:
        page = await case_queries.cases(reader, wanted, limit, signer, asked.cursor)
    except BadCursor as error:
        raise bad_cursor() from error
    return page, await case_queries.count_cases(reader, wanted)
