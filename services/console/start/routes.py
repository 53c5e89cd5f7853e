"""The page that a day begins with."""

from __future__ import annotations

from starlette.responses import Response

from services.console.overview.routes import overview_page
from services.console.people.guest import home_of, to
from services.console.shared.countdown import countdown
from services.console.shared.parameters import Parameters
from services.console.shared.persons import persons
from services.console.shared.reading import department_names
from services.console.shared.visit import TheVisit, Visit, page_router
from services.console.start.desk import CAP, desk_of, has_desk
from services.people.principal import Right

pages = page_router()


@pages.get("/")
async def show_start(visit: TheVisit) -> Response:
    """Show what waits for who asks; to those without a desk the company's overview.

    Who sees no customer begins on another page.
    """
    if not visit.principal.may(Right.SEE_CUSTOMERS):
        return to(home_of(visit.principal))
    return await (_desk(visit) if has_desk(visit.principal) else overview_page(visit))


@pages.get("/desk")
async def show_desk(visit: TheVisit) -> Response:
    """Show what waits for who asks, whoever it is."""
    visit.need(Right.SEE_CUSTOMERS)
    return await _desk(visit)


async def _desk(visit: Visit) -> Response:
    asked = visit.asked(Parameters)
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        desk = await desk_of(reader, visit.principal, signer)
        notices = await visit.notices(reader)
    return visit.page(
        "start/desk.html",
        "/desk",
        {
            "desk": desk,
            "cap": CAP,
            "me": visit.principal,
            "persons": await persons(visit, desk.customers),
            "department_names": department_names(reader.reference, visit.language),
            "reference": reader.reference,
            "countdown": countdown,
            **notices,
        },
    )
