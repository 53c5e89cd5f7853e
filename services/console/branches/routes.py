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
    model = visit.console.everything
    refused = await waiting_by_branch(visit.console.platform.pool)
    async with visit.rows(model, asked, tagged=False) as reader:
        first, last = asked.days(reader.today(None))
        kept = await visit.kept(
            model,
            reader,
            ("league", first, last),
            lambda reader: league(reader, first, last, refused),
            lambda found: sum(one.rows for one in found),
        )
        notices = await visit.notices(reader) | {"at": kept.at}
        departments = department_names(reader.reference, visit.language)
    found = [one for one in kept.answer if asked.branch in (None, one.branch_id)]
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
