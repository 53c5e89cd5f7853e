"""The league of branches as a page."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from services.console.branches.league import kept_share, league, share
from services.console.service.parameters import ServiceParameters
from services.console.shared.reading import department_names
from services.console.shared.visit import TheVisit, page_router
from services.intake.quarantine import waiting_by_branch
from services.people.principal import Right

pages = page_router()


@pages.get("/branches")
async def show_branches(visit: TheVisit) -> Response:
    """Show the branches side by side; every figure leads to the list that it sums."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(ServiceParameters)
    refused = await waiting_by_branch(visit.console.platform.pool)
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        first, last = asked.days(reader.today(None))
        found = await league(reader, first, last, refused)
        notices = await visit.notices(reader)
        departments = department_names(reader.reference, visit.language)
    if asked.branch is not None:
        found = [one for one in found if one.branch_id == asked.branch]
    context = {
        "league": found,
        "first": first,
        "last": last,
        "asked": asked,
        "share": share,
        "kept_share": kept_share,
        "department_names": departments,
        "link": lambda path, **given: f"{path}?{urlencode(given)}",
    }
    return visit.page("branches/branches.html", "/branches", notices | context)
