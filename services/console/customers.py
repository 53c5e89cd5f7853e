"""One customer: receivables, value and timeline as JSON, and all of it as one page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from events.calendars import DAY
from events.envelope import CustomerId
from events.partitioning import partition_of
from projections.books.replay import HANDLED as RECEIVABLES_EVENTS
from projections.case_board.explain import explain_cases
from projections.case_board.replay import HANDLED as CASE_EVENTS
from projections.receivables.statement import explain
from projections.timeline.entries import Entry
from projections.value_tiers.books import HANDLED as VALUE_EVENTS
from projections.value_tiers.explain import explain_value
from services.console.api import Language, TheConsole, answer, next_address
from services.console.api import router as api_router
from services.console.context import Console, is_known, not_modified
from services.console.cursor import BadCursor
from services.console.customer_documents import CustomerDocument, customer_document
from services.console.i18n import with_parameters
from services.console.page import asked, page_response
from services.console.parameters import (
    CustomerParameters,
    Identifier,
    InstantParameters,
    LookupParameters,
    TimelineParameters,
)
from services.console.queries.board import countdown
from services.console.queries.contact import contact_of
from services.console.queries.customer import (
    CustomerAt,
    Lookup,
    NoInstant,
    UnknownCustomer,
    UnreadableDossier,
    customer_at,
    look_up,
)
from services.console.queries.paging import Page
from services.console.queries.reading import branch_names, department_names
from services.console.queries.timeline import FAMILIES, TimelineFilter, timeline
from services.console.queries.waiting import wait_until
from services.console.refusals import bad_cursor, bad_parameter
from services.console.timeline_documents import TimelineDocument, entry_documents
from services.console.value_documents import ValueDocument, value_document
from services.web.problems import Problem

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

CustomerPath = Annotated[Identifier, Path(description="The customer's opaque id.")]

_PAGE_LENGTH = 25
_LINES_SHOWN = 200
"""Of what counts for a customer's value; the API has all of it."""

_PERSONAL = {"Cache-Control": "private, no-store"}
"""Names and telephone numbers are on the page: nothing keeps a copy of it."""


@api_router.get("/customers/{customer}/receivables", response_model=CustomerDocument)
async def get_customer(
    console: TheConsole, customer: CustomerPath, asked: Annotated[CustomerParameters, Query()]
) -> Response:
    """Return what a customer owes, with the allocation that explains each balance."""
    await wait_until(console.receivables, asked.at_least)
    found = await found_at(console, customer, asked)
    statement = explain(
        found.customer, found.of_kinds(RECEIVABLES_EVENTS), found.at, found.reference
    )
    return answer(customer_document(found, statement), found.position.token())


@api_router.get("/customers/{customer}/value", response_model=ValueDocument)
async def get_value(
    console: TheConsole, customer: CustomerPath, asked: Annotated[CustomerParameters, Query()]
) -> Response:
    """Return what a customer is worth and which tier that earns, explained to the event."""
    await wait_until(console.value, asked.at_least)
    found = await found_at(console, customer, asked)
    value = explain_value(found.customer, found.of_kinds(VALUE_EVENTS), found.at, found.reference)
    return answer(value_document(found, value), found.position.token())


@api_router.get("/customers/{customer}/timeline", response_model=TimelineDocument)
async def get_timeline(
    request: Request,
    console: TheConsole,
    language: Language,
    customer: CustomerPath,
    asked: Annotated[TimelineParameters, Query()],
) -> Response:
    """Return a page of a customer's touchpoints, the newest first."""
    await wait_until(console.everything, asked.at_least)
    place = await _looked_up(console, customer, asked)
    partition = partition_of(place.customer)
    tag = f'W/"{place.position.generation}.{place.position.counts[partition]}-{language}"'
    if is_known(request, tag):
        return not_modified(tag)
    page = await _timeline(console, place, asked, asked.limit)
    position = place.position.token()
    document = TimelineDocument(
        position=position,
        customer=customer,
        at=place.as_of,
        as_known=place.as_known,
        entries=entry_documents(page.entries),
        next=page.next_cursor,
    )
    return answer(document, position, tag, next_address(request, page.next_cursor))


@router.get("/customers")
async def find_customer(request: Request) -> Response:
    """Lead to the customer whose id was typed; without one, ask for it."""
    customer = (asked(request, LookupParameters).id or "").strip()
    if not customer:
        return page_response(request, "lookup.html", "", {})
    return RedirectResponse(f"/customers/{quote(customer, safe='')}", status_code=303)


@router.get("/customers/{customer}")
async def show_customer(
    request: Request, console: TheConsole, language: Language, customer: CustomerPath
) -> Response:
    """Show everything there is to know of a customer, and why it is so."""
    wanted = asked(request, CustomerParameters)
    found = await found_at(console, customer, wanted)
    rules = (found.at, found.reference)
    statement = explain(found.customer, found.of_kinds(RECEIVABLES_EVENTS), *rules)
    items = sorted(statement.items, key=lambda item: (item.row.due_on, item.row.item_id))
    page = await _timeline(console, found, TimelineParameters(), _PAGE_LENGTH)
    context = {
        "statement": statement,
        "open_items": [item for item in items if item.row.status == "open"],
        "closed_items": [item for item in reversed(items) if item.row.status != "open"],
        "contact": await contact_of(console.vault, found),
        "value": explain_value(found.customer, found.of_kinds(VALUE_EVENTS), *rules),
        "cases": explain_cases(found.customer, found.of_kinds(CASE_EVENTS), *rules),
        "page": page,
        "more_link": _more_link(request, customer, page.next_cursor),
        "continued": False,
        "shown": _LINES_SHOWN,
        "one_day": DAY,
        "zone_of": found.reference.zone_of,
        **_described(request, found, wanted, language),
    }
    return page_response(
        request,
        "customer.html",
        "",
        context,
        position=found.position.token(),
        headers=_PERSONAL,
    )


@router.get("/customers/{customer}/timeline")
async def show_timeline(
    request: Request, console: TheConsole, language: Language, customer: CustomerPath
) -> Response:
    """Show a customer's touchpoints from a place on; its part of a page is what scripts take."""
    wanted = asked(request, TimelineParameters)
    place = await _looked_up(console, customer, wanted)
    page = await _timeline(console, place, wanted, _PAGE_LENGTH)
    context = {
        "page": page,
        "more_link": _more_link(request, customer, page.next_cursor),
        "continued": wanted.cursor is not None,
        "families": list(FAMILIES),
        "first_link": with_parameters(request, {"cursor": None}),
        **_described(request, place, wanted, language),
    }
    return page_response(request, "timeline.html", "", context, position=place.position.token())


async def found_at(console: Console, customer: str, wanted: InstantParameters) -> CustomerAt:
    """Return a customer's facts and the instant asked about. Raises: Problem, Unavailable."""
    with _refused(customer):
        return await customer_at(
            console.everything, CustomerId(customer), wanted.as_of, wanted.as_known
        )


async def _looked_up(console: Console, customer: str, wanted: InstantParameters) -> Lookup:
    with _refused(customer):
        return await look_up(
            console.everything, CustomerId(customer), wanted.as_of, wanted.as_known
        )


async def _timeline(
    console: Console, place: Lookup, wanted: TimelineParameters, limit: int
) -> Page[Entry]:
    chosen = TimelineFilter(wanted.family, wanted.type, place.as_of, place.as_known)
    signer = await console.signer()
    with _refused(place.customer):
        try:
            return await timeline(
                console.everything,
                place.customer,
                place.position,
                chosen,
                limit,
                signer,
                wanted.cursor,
            )
        except BadCursor as error:
            raise bad_cursor() from error


@contextmanager
def _refused(customer: str) -> Iterator[None]:
    """Say as a problem why nothing can be told of a customer."""
    try:
        yield
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


def _described(
    request: Request, place: Lookup, wanted: InstantParameters, language: str
) -> dict[str, object]:
    """Return what both pages of a customer say of it and of the instant."""
    return {
        "customer": place.customer,
        "branch_id": place.branch_id,
        "zone": place.zone,
        "at": place.at,
        "as_of": place.as_of,
        "as_known": place.as_known,
        "now_link": with_parameters(request, {"as_of": None, "as_known": None, "cursor": None}),
        "asked": wanted,
        "reference": place.reference,
        "countdown": countdown,
        "branch_names": branch_names(place.reference, language),
        "department_names": department_names(place.reference, language),
    }


def _more_link(request: Request, customer: str, cursor: str | None) -> str | None:
    """Return the address of the timeline's next part, with all that was asked for."""
    if cursor is None:
        return None
    kept = {k: v for k, v in request.query_params.items() if v} | {"cursor": cursor}
    return f"/customers/{quote(customer, safe='')}/timeline?{urlencode(kept)}"
