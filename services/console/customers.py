"""One customer's receivables as JSON and as a page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from events.calendars import zone
from events.envelope import CustomerId
from services.console.api import Language, TheConsole, answer
from services.console.api import router as api_router
from services.console.context import Console
from services.console.customer_documents import CustomerDocument, customer_document
from services.console.page import asked, page_response
from services.console.parameters import CustomerParameters, Identifier
from services.console.queries.customer import (
    CustomerReceivables,
    NoInstant,
    UnknownCustomer,
    UnreadableDossier,
    customer_receivables,
)
from services.console.queries.reading import branch_names
from services.console.queries.waiting import wait_until
from services.console.refusals import bad_parameter
from services.gateway.problems import Problem

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

CustomerPath = Annotated[Identifier, Path(description="The customer's opaque id.")]


@api_router.get("/customers/{customer}/receivables", response_model=CustomerDocument)
async def get_customer(
    console: TheConsole, customer: CustomerPath, asked: Annotated[CustomerParameters, Query()]
) -> Response:
    """Return what a customer owes, with the allocation that explains each balance."""
    await wait_until(console.model, asked.at_least)
    found = await _found(console, customer, asked)
    return answer(customer_document(found), found.position.token())


@router.get("/customers")
async def find_customer(
    customer: Annotated[str, Query(alias="id", min_length=1, max_length=120)],
) -> Response:
    """Lead to the customer whose id was typed."""
    return RedirectResponse(f"/customers/{quote(customer.strip(), safe='')}", status_code=303)


@router.get("/customers/{customer}")
async def show_customer(
    request: Request, console: TheConsole, language: Language, customer: CustomerPath
) -> Response:
    """Show what a customer owes, and why."""
    wanted = asked(request, CustomerParameters)
    found = await _found(console, customer, wanted)
    statement = found.statement
    items = sorted(statement.items, key=lambda item: (item.row.due_on, item.row.item_id))
    context = {
        "statement": statement,
        "open_items": [item for item in items if item.row.status == "open"],
        "closed_items": [item for item in reversed(items) if item.row.status != "open"],
        "as_of": found.as_of,
        "as_known": found.as_known,
        "asked": wanted,
        "branch_names": branch_names(found.reference, language),
        "zone": zone(statement.zone),
    }
    return page_response(request, "customer.html", "", context, position=found.position.token())


async def _found(
    console: Console, customer: str, wanted: CustomerParameters
) -> CustomerReceivables:
    """Return the customer's receivables. Raises: Problem, Unavailable."""
    try:
        return await customer_receivables(
            console.model, CustomerId(customer), wanted.as_of, wanted.as_known
        )
    except UnknownCustomer as error:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "unknown_customer",
            f"no event of a customer {customer!r} was ever recorded",
            "check the id; it is case sensitive",
        ) from error
    except NoInstant as error:
        raise bad_parameter(error.name, str(error), "give a day or an instant") from error
    except UnreadableDossier as error:
        raise Problem(
            HTTPStatus.CONFLICT,
            "customer_parked",
            f"an event of this customer cannot be read: {error}",
            "see `touchstone parked list`",
        ) from error
