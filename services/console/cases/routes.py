"""Cases as JSON and as a page: the board by department, and one case with its history."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from events.envelope import CustomerId
from events.texts import worded
from projections.case_board.explain import CaseExplanation, explain_case
from projections.case_board.replay import HANDLED as CASE_EVENTS
from services.console.cases import worklist
from services.console.cases.board import board
from services.console.cases.documents import (
    CaseHistoryDocument,
    CasesDocument,
    history_document,
    item_document,
)
from services.console.cases.parameters import CasesParameters
from services.console.cases.words import BREACHES, PRIORITIES, STATUSES
from services.console.shared.countdown import countdown
from services.console.shared.customer_at import CustomerAt, UnknownCustomer, customer_at
from services.console.shared.lists import SavedList
from services.console.shared.openapi import documented
from services.console.shared.parameters import Identifier, InstantParameters
from services.console.shared.persons import persons
from services.console.shared.reading import Reader, department_names
from services.console.shared.visit import PAGE_LENGTH, TheVisit, Visit, api_router, page_router
from services.people.principal import Right
from services.web.problems import Problem

api = api_router()
pages = page_router()

_COLUMN_LENGTH = 12

CasePath = Annotated[Identifier, Path(description="The case's id.")]


class UnknownCase(Problem):
    """Nothing ever opened a case of this id."""

    def __init__(self, case: str) -> None:
        super().__init__(
            HTTPStatus.NOT_FOUND,
            "unknown_case",
            worded("no event ever opened a case %(id)s", id=repr(case)),
            worded("check the id; it is case sensitive"),
        )


@api.get("/cases", responses=documented(CasesDocument))
async def get_cases(visit: TheVisit, asked: Annotated[CasesParameters, Query()]) -> Response:
    """Return a page of cases to look after, the most urgent first."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.case_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.cases, asked) as reader:
        page = await worklist.cases(reader, wanted, asked.limit, signer, asked.cursor)
        count = await worklist.count_cases(reader, wanted)
    document = CasesDocument(
        position=reader.position,
        at=reader.at,
        count=min(count, worklist.CAP),
        count_is_capped=count > worklist.CAP,
        cases=[item_document(item) for item in page.entries],
        next=page.next_cursor,
        previous=page.previous_cursor,
    )
    return visit.answer(document, page)


@api.get("/cases/{case}", responses=documented(CaseHistoryDocument))
async def get_case(
    visit: TheVisit, case: CasePath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return one case: its cycles, what is owed on it, and its history with every clock."""
    visit.need(Right.SEE_CUSTOMERS)
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        customer = await worklist.customer_of_case(reader, case)
    if customer is None:
        raise UnknownCase(case)
    found, explained = await explained_case(visit, customer, case, asked)
    visit.reflects(found.position.token())
    return visit.answer(history_document(found, explained))


async def explained_case(
    visit: Visit, customer: CustomerId, case: str, asked: InstantParameters
) -> tuple[CustomerAt, CaseExplanation]:
    """Return a case explained, and whose it was: by then perhaps another's of a merge."""
    left, seen = [customer], {customer}
    for one in left:
        model = visit.console.everything
        try:
            found = await customer_at(model, visit.principal, one, asked.instants)
        except UnknownCustomer:  # merged with ours once, and another branch's
            continue
        facts = found.of_kinds(CASE_EVENTS)
        explained = explain_case(found.customer, facts, found.at, found.reference, case)
        if explained is not None:
            return found, explained
        left += [other for other in found.connected if other not in seen]
        seen.update(left)
    raise UnknownCase(case)


@pages.get("/cases")
async def show_cases(visit: TheVisit) -> Response:
    """Show the cases that the filter finds and, as long as it is wide, the board by department.

    Without an entity tag: its countdowns go on while nothing else changes.
    """
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(CasesParameters)
    wanted = asked.case_filter()
    signer = await visit.console.signer()
    kept = await visit.kept_views(LIST)
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        views = await visit.views_menu(reader, LIST, kept, tagged=False)
        page = await worklist.cases(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        count = await worklist.count_cases(reader, wanted)
        whole = None
        if not asked.is_narrowed:
            whole = await board(reader, _COLUMN_LENGTH, next(iter(asked.branch), None))
        notices = await visit.notices(reader)
    shown = [item.customer_id for item in page.entries]
    if whole:
        shown += [work.customer_id for column in whole.columns for work in column.work]
    return visit.page(
        "cases/cases.html",
        "/cases",
        {
            "persons": await persons(visit, shown),
            "board": whole,
            "tab": "board",
            "views": views,
            "count": count,
            "cap": worklist.CAP,
            "statuses": STATUSES,
            "breaches": BREACHES,
            "priorities": PRIORITIES,
            "department_names": department_names(reader.reference, visit.language),
            "reference": reader.reference,
            "countdown": countdown,
            **visit.listing(page, asked),
            **notices,
        },
    )


async def _count(reader: Reader, asked: CasesParameters, cap: int) -> int:
    return await worklist.count_cases(reader, asked.case_filter(), cap)


LIST = SavedList("cases", "/cases", CasesParameters, _count)
