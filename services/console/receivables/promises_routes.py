"""Who promised to pay, as a page."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from services.console.receivables.promises import PromisesFilter, Verdict, promisers
from services.console.shared.parameters import Identifier, Paged
from services.console.shared.persons import persons
from services.console.shared.visit import PAGE_LENGTH, TheVisit, page_router
from services.people.principal import Right

pages = page_router()


class PromisesParameters(Paged):
    """Whose promises, and what became of them."""

    branch: Identifier | None = None
    verdict: Annotated[
        Verdict | None, Field(description="Customers who gave such promises: kept, broken, live.")
    ] = None


@pages.get("/receivables/promises")
async def show_promises(visit: TheVisit) -> Response:
    """Show who promised to pay, and how many promises each kept and broke."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(PromisesParameters)
    wanted = PromisesFilter(asked.branch, asked.verdict)
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        page = await promisers(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        notices = await visit.notices(reader)
    return visit.page(
        "receivables/promises.html",
        "/receivables",
        {
            "persons": await persons(visit, [one.customer_id for one in page.entries]),
            **visit.listing(page, asked),
            **notices,
        },
    )
