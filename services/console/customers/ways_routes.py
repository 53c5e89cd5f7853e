"""What would change how a customer stands, as a page of which scripts take a part."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from services.console.customers.looking import (
    CustomerPath,
    at_known_instants,
    described,
    seen_customer,
)
from services.console.customers.ways import ways_found
from services.console.shared.customer_at import CustomerAt
from services.console.shared.parameters import InstantParameters
from services.console.shared.persons import persons
from services.console.shared.visit import TheVisit, page_router
from services.people.principal import Right

pages = page_router()


@pages.get("/customers/{customer}/ways")
async def show_ways(visit: TheVisit, customer: CustomerPath) -> Response:
    """Show which single acts would change how a customer stands: each was tried."""
    visit.need(Right.SEE_CUSTOMERS)

    async def find(asked: InstantParameters) -> CustomerAt:
        return await seen_customer(visit, visit.console.everything, customer, asked)

    found, asked, mistyped = await at_known_instants(visit.asked(InstantParameters), find)
    context = {
        "ways": await ways_found(found),
        "person": (await persons(visit, [found.customer])).get(found.customer),
        **await described(visit, found, asked, mistyped),
    }
    status = HTTPStatus.BAD_REQUEST if mistyped else HTTPStatus.OK
    return visit.page("customers/ways.html", "", context, status=status)
