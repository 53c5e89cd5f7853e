"""What nobody has taken yet, one case at a time: accepted, declined, a duplicate, or later."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Described
from starlette.responses import Response

from events.envelope import CustomerId
from services.casework.filters import CaseFilter
from services.console.acting.case_page import command_bar, conversation
from services.console.cases import worklist
from services.console.cases.routes import explained_case
from services.console.cases.worklist import CaseItem
from services.console.shared.countdown import countdown
from services.console.shared.parameters import Identifier, InstantParameters
from services.console.shared.persons import persons
from services.console.shared.reading import Reader, department_names
from services.console.shared.visit import PAGE_LENGTH, TheVisit, Visit, page_router
from services.people.principal import Right

pages = page_router()

_PAGES = 4
"""How much of the list is looked through for what nobody has taken."""

_LATER = 20


class TriageParameters(InstantParameters):
    """Of which department, and what was put off until the others are through."""

    department: Identifier | None = None
    later: Annotated[str | None, Described(max_length=_LATER * 40)] = None

    @property
    def put_off(self) -> list[str]:
        """Return the cases that come later, the one put off longest first."""
        return [one for one in (self.later or "").split(",") if one][-_LATER:]


@pages.get("/cases/triage")
async def show_triage(visit: TheVisit) -> Response:
    """Show the most urgent case that nobody has taken, and how many wait behind it."""
    visit.need(Right.COMMAND)
    asked = visit.asked(TriageParameters)
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        waiting = await _waiting(visit, reader, asked.department)
        notices = await visit.notices(reader)
    later = asked.put_off
    first = [one for one in waiting if one.row.case_id not in later]
    put_off = sorted(
        (one for one in waiting if one.row.case_id in later),
        key=lambda one: later.index(one.row.case_id),
    )
    queue = [*first, *put_off]
    context: dict[str, object] = {
        "asked": asked,
        "waiting": len(queue),
        "item": None,
        "reference": reader.reference,
        "countdown": countdown,
        "department_names": department_names(reader.reference, visit.language),
        **notices,
    }
    if queue:
        context |= await _case(visit, queue[0], asked)
    return visit.page("acting/triage.html", "/cases", context)


async def _case(visit: Visit, item: CaseItem, asked: TriageParameters) -> dict[str, object]:
    case = item.row.case_id
    found, explained = await explained_case(
        visit, CustomerId(item.customer_id), case, InstantParameters()
    )
    bar = await command_bar(visit, case)
    return {
        "item": item,
        "row": explained.case,
        "customer": found.customer,
        "persons": await persons(visit, [found.customer]),
        "turns": await conversation(visit, found, case, explained),
        "zone": found.zone,
        "later_too": ",".join([*(one for one in asked.put_off if one != case), case]),
        "subject": bar.subject,
        "tell": bar.tell,
    }


async def _waiting(visit: Visit, reader: Reader, department: str | None) -> list[CaseItem]:
    """Return cases of our own that nobody owns, the most urgent first."""
    wanted = CaseFilter(status="open", department=department, unassigned=True)
    signer = await visit.console.signer()
    found: list[CaseItem] = []
    cursor = None
    for _ in range(_PAGES):
        page = await worklist.cases(reader, wanted, PAGE_LENGTH, signer, cursor)
        found += [one for one in page.entries if not one.row.owner and not one.row.external]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found
