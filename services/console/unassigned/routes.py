"""The pages of money that no rule assigned, and the forms that settle it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Path
from starlette.responses import RedirectResponse, Response

from events.envelope import CustomerId
from events.texts import worded
from services.connectors.proposals import Proposal, Proposals
from services.connectors.worklist import Assignment, WorkLine, Worklist, WorkRefused
from services.console.shared.forms import posted
from services.console.shared.i18n import with_parameters
from services.console.shared.parameters import Identifier, Parameters
from services.console.shared.persons import Person, persons
from services.console.shared.reading import Reader
from services.console.shared.visit import TheVisit, Visit, page_router
from services.intake.answers import Answer, EventRefused
from services.intake.rules import check_customer
from services.people.principal import Right, Scope
from services.web.languages import told
from services.web.problems import Problem

pages = page_router()

SHOWN = 50
PROPOSED = 15
"""Lines of the list that show who is likeliest; the others do on their own page."""

_PAST = 300

EntryPath = Annotated[UUID, Path()]


class UnassignedParameters(Parameters):
    """Which lines."""

    branch: Identifier | None = None
    settled: bool = False
    done: str | None = None


@pages.get("/unassigned")
async def show_unassigned(visit: TheVisit) -> Response:
    """Show the money that waits, the latest first, and who is likeliest to have paid it."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(UnassignedParameters)
    worklist = Worklist(visit.console.platform)
    found = await worklist.lines(_scope(visit, asked.branch), settled=True)
    lines = [one for one in found if asked.settled or one.state == "open"]
    shown = await _opened(visit, worklist, lines[:SHOWN])
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        notices = await visit.notices(reader)
    before = await _past(visit, worklist, found)
    proposed = {
        one.event_id: some[0]
        for one in shown[:PROPOSED]
        if one.state == "open" and (some := await _proposals(visit, reader, one, before))
    }
    whose = {one.customer for one in shown if one.customer}
    whose |= {one.customer for one in proposed.values()}
    context = {
        "asked": asked,
        "lines": shown,
        "waiting": sum(one.state == "open" for one in found),
        "proposed": proposed,
        "persons": await _persons(visit, whose),
        "more": len(lines) > len(shown),
    }
    return visit.page("unassigned/list.html", "/unassigned", notices | context)


@pages.get("/unassigned/{entry}")
async def show_line(visit: TheVisit, entry: EntryPath) -> Response:
    """Show a line: what was paid, who it may be of, and how it stands."""
    visit.need(Right.SEE_CUSTOMERS)
    visit.asked(Parameters)
    return await _line_page(visit, await _line(visit, entry))


@pages.post("/unassigned/{entry}/settle")
async def settle_line(visit: TheVisit, entry: EntryPath) -> Response:
    """Say whose a line is, that it is no customer's, or that an assignment was wrong."""
    visit.need(Right.COMMAND)
    line = await _line(visit, entry)
    typed = await posted(visit.request)
    try:
        await _settled(visit, line, typed)
    except WorkRefused as why:
        wrong = f"{told(why.detail, visit.language)}; {told(why.remedy, visit.language)}"
        return await _line_page(visit, await _line(visit, entry), wrong=wrong)
    address = with_parameters(visit.request, {"done": typed.get("do", "")}, "/unassigned")
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


async def _settled(visit: Visit, line: WorkLine, typed: Mapping[str, str]) -> Answer:
    """Do what a form asks for. Raises: WorkRefused, Unavailable."""
    worklist, by = Worklist(visit.console.platform), visit.principal.staff_id
    match typed.get("do"):
        case "assign":
            return await worklist.assign(line, await _assignment(visit, typed), by)
        case "close":
            return await worklist.set_aside(line, typed.get("reason", ""), by)
        case "undo":
            return await worklist.undo(line, by)
        case _:
            raise WorkRefused(worded("nothing was asked for"), worded("press one of the buttons"))


async def _assignment(visit: Visit, typed: Mapping[str, str]) -> Assignment:
    """Return what a form assigns, to a customer who may be seen. Raises: WorkRefused."""
    customer = CustomerId(typed.get("customer", "").strip())
    try:
        check_customer(customer, "customer")
    except EventRefused as why:
        raise WorkRefused(why.reason, why.remedy) from why
    scope = visit.principal.scope
    seen = await visit.console.commanding.seeing.customers(scope, [customer])
    if customer not in seen:
        raise WorkRefused(
            worded("there is no customer %(customer)s", customer=customer),
            worded("choose a customer of the list, or register it first"),
        )
    return Assignment(
        customer=customer,
        invoice_ids=tuple(typed.get("invoices", "").split()),
        reverses=typed.get("reverses", "").strip() or None,
    )


async def _line_page(visit: Visit, line: WorkLine, wrong: str | None = None) -> Response:
    worklist = Worklist(visit.console.platform)
    [opened] = await _opened(visit, worklist, [line])
    async with visit.rows(visit.console.everything, Parameters(), tagged=False) as reader:
        notices = await visit.notices(reader)
    proposals: Sequence[Proposal] = ()
    if line.state != "assigned":
        found = await worklist.lines(_scope(visit, None), settled=True)
        before = await _past(visit, worklist, found)
        proposals = await _proposals(visit, reader, opened, before)
    whose = {one.customer for one in proposals}
    whose |= {opened.customer} if opened.customer else set()
    context = {
        "line": opened,
        "proposals": proposals,
        "persons": await _persons(visit, whose),
        "wrong": wrong,
    }
    status = HTTPStatus.OK if wrong is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return visit.page("unassigned/line.html", "/unassigned", notices | context, status=status)


async def _persons(visit: Visit, customers: Iterable[CustomerId]) -> Mapping[str, Person]:
    """Return who customers are: a line of one's own branch may be another branch's customer's."""
    seeing = visit.console.commanding.seeing
    return await persons(visit, await seeing.customers(visit.principal.scope, list(customers)))


async def _line(visit: Visit, entry: UUID) -> WorkLine:
    """Return a line that may be seen. Raises: Problem, Unavailable."""
    try:
        return await Worklist(visit.console.platform).line(visit.principal.scope, str(entry))
    except WorkRefused as why:
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", why.detail, why.remedy) from why


def _scope(visit: Visit, branch: str | None) -> Scope:
    scope = visit.principal.scope
    if branch is None:
        return scope
    return Scope(frozenset({branch}) if scope.holds(branch) else frozenset())


async def _opened(
    visit: Visit, worklist: Worklist, lines: Sequence[WorkLine]
) -> Sequence[WorkLine]:
    """Return lines with what payers wrote, to one who may see persons."""
    if not visit.principal.may(Right.SEE_PERSONS):
        return lines
    visit.shows_persons(())  # nobody keeps a copy of the page
    return await worklist.opened(lines)


async def _past(visit: Visit, worklist: Worklist, found: Sequence[WorkLine]) -> Sequence[WorkLine]:
    """Return the latest lines that are assigned: whoever paid them may pay again."""
    if not visit.principal.may(Right.SEE_PERSONS):
        return ()
    return await worklist.opened([one for one in found if one.state == "assigned"][:_PAST])


async def _proposals(
    visit: Visit, reader: Reader, line: WorkLine, before: Sequence[WorkLine]
) -> Sequence[Proposal]:
    proposals = Proposals(visit.console.platform, visit.console.persons)
    return await proposals.of(line, before, visit.principal, reader.reference)
