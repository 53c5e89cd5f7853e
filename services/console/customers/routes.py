"""One customer: receivables, value and timeline as JSON, and all of it as one page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Path, Query, Request
from starlette.responses import Response

from events.calendars import DAY
from events.customers.accounts import CREDIT_CHECKED_BY, SPOKEN_TO
from events.envelope import CustomerId
from events.partitioning import partition_of
from projections.books.replay import HANDLED as RECEIVABLES_EVENTS
from projections.case_board.explain import explain_callbacks, explain_cases
from projections.case_board.replay import HANDLED as CASE_EVENTS
from projections.receivables.statement import explain
from projections.timeline.entries import Entry
from projections.value_tiers.books import HANDLED as VALUE_EVENTS
from projections.value_tiers.explain import explain_value
from projections.value_tiers.nearness import near_line
from services.console.customers.account_documents import CustomerDocument, customer_document
from services.console.customers.callback_documents import CallbacksDocument, callbacks_document
from services.console.customers.contact import contact_of
from services.console.customers.parameters import TimelineParameters
from services.console.customers.timeline import FAMILIES, TimelineFilter, timeline
from services.console.customers.timeline_documents import TimelineDocument, entry_document
from services.console.customers.value_documents import ValueDocument, value_document
from services.console.shared.countdown import countdown
from services.console.shared.customer_at import (
    CustomerAt,
    Lookup,
    NoInstant,
    customer_at,
    look_up,
)
from services.console.shared.i18n import with_parameters
from services.console.shared.openapi import documented
from services.console.shared.paging import Page
from services.console.shared.parameters import Identifier, InstantParameters
from services.console.shared.persons import persons
from services.console.shared.reading import ReadModel, branch_names, department_names
from services.console.shared.visit import TheVisit, Visit, api_router, page_router
from services.console.shared.waiting import wait_until
from services.people.principal import Right

A = TypeVar("A", bound=InstantParameters)
L = TypeVar("L", bound=Lookup)

api = api_router()
pages = page_router()

CustomerPath = Annotated[Identifier, Path(description="The customer's opaque id.")]

_PAGE_LENGTH = 25
_LINES_SHOWN = 200
"""Of what counts for a customer's value; the API has all of it."""


@api.get("/customers/{customer}/receivables", responses=documented(CustomerDocument))
async def get_customer(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return what a customer owes, with the allocation that explains each balance."""
    visit.need(Right.SEE_CUSTOMERS)
    found = await _customer_at(visit, visit.console.receivables, customer, asked)
    facts = found.of_kinds(RECEIVABLES_EVENTS)
    statement = explain(found.customer, facts, found.at, found.reference)
    return visit.answer(customer_document(found, statement))


@api.get("/customers/{customer}/value", responses=documented(ValueDocument))
async def get_value(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return what a customer is worth and which tier that earns, explained to the event."""
    visit.need(Right.SEE_CUSTOMERS)
    found = await _customer_at(visit, visit.console.value, customer, asked)
    facts = found.of_kinds(VALUE_EVENTS)
    value = explain_value(found.customer, facts, found.at, found.reference)
    return visit.answer(value_document(found, value))


@api.get("/customers/{customer}/callbacks", responses=documented(CallbacksDocument))
async def get_callbacks(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return the calls promised to a customer without naming a case, the next due first."""
    visit.need(Right.SEE_CUSTOMERS)
    found = await _customer_at(visit, visit.console.cases, customer, asked)
    calls = explain_callbacks(found.of_kinds(CASE_EVENTS), found.at, found.reference)
    return visit.answer(callbacks_document(found, calls))


@api.get("/customers/{customer}/timeline", responses=documented(TimelineDocument))
async def get_timeline(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[TimelineParameters, Query()]
) -> Response:
    """Return a page of a customer's touchpoints, the newest first."""
    visit.need(Right.SEE_CUSTOMERS)
    place = await _looked_up(visit, customer, asked)
    heads = place.position
    counts = ".".join(str(heads.counts[partition_of(one)]) for one in place.connected)
    visit.held_under(f"{heads.generation}.{counts}-{visit.language}")
    page = await _timeline(visit, place, asked, asked.limit)
    document = TimelineDocument(
        position=heads.token(),
        customer=place.customer,
        at=place.as_of,
        as_known=place.as_known,
        entries=[entry_document(entry) for entry in page.entries],
        next=page.next_cursor,
    )
    return visit.answer(document, page.next_cursor)


@pages.get("/customers/{customer}")
async def show_customer(visit: TheVisit, customer: CustomerPath) -> Response:
    """Show everything there is to know of a customer, and why it is so."""
    visit.need(Right.SEE_CUSTOMERS)

    async def find(asked: InstantParameters) -> CustomerAt:
        return await _customer_at(visit, visit.console.everything, customer, asked)

    found, asked, mistyped = await _at_known_instants(visit.asked(InstantParameters), find)
    rules = (found.at, found.reference)
    statement = explain(found.customer, found.of_kinds(RECEIVABLES_EVENTS), *rules)
    items = sorted(statement.items, key=lambda item: (item.row.due_on, item.row.item_id))
    page = await _timeline(visit, found, TimelineParameters(), _PAGE_LENGTH)
    contact = await contact_of(visit.console.vault, found)
    told = contact.name or contact.phone or contact.people
    visit.shows_persons([found.customer] if told else [])
    value = explain_value(found.customer, found.of_kinds(VALUE_EVENTS), *rules)
    context = {
        "statement": statement,
        "families": list(FAMILIES),
        "open_items": [item for item in items if item.row.status == "open"],
        "closed_items": [item for item in reversed(items) if item.row.status != "open"],
        "contact": contact,
        "person": contact,
        "value": value,
        "near": None if value is None else near_line(value),
        "cases": explain_cases(found.customer, found.of_kinds(CASE_EVENTS), *rules),
        "callbacks": explain_callbacks(found.of_kinds(CASE_EVENTS), *rules),
        "page": page,
        "more_link": _more_link(visit.request, customer, page.next_cursor),
        "continued": False,
        "shown": _LINES_SHOWN,
        "one_day": DAY,
        "zone_of": found.reference.zone_of,
        "usual_acts": _usual_acts(visit.principal.roles),
        **await _described(visit, found, asked, mistyped),
    }
    status = HTTPStatus.BAD_REQUEST if mistyped else HTTPStatus.OK
    return visit.page("customers/customer.html", "", context, status=status)


@pages.get("/customers/{customer}/timeline")
async def show_timeline(visit: TheVisit, customer: CustomerPath) -> Response:
    """Show a customer's touchpoints from a place on; its part of a page is what scripts take."""
    visit.need(Right.SEE_CUSTOMERS)

    async def find(asked: TimelineParameters) -> Lookup:
        return await _looked_up(visit, customer, asked)

    place, asked, mistyped = await _at_known_instants(visit.asked(TimelineParameters), find)
    page = await _timeline(visit, place, asked, _PAGE_LENGTH)
    context = {
        "page": page,
        "more_link": _more_link(visit.request, customer, page.next_cursor),
        "person": (await persons(visit, [place.customer])).get(place.customer),
        "continued": asked.cursor is not None,
        "families": list(FAMILIES),
        "first_link": with_parameters(visit.request, {"cursor": None}),
        **await _described(visit, place, asked, mistyped),
    }
    status = HTTPStatus.BAD_REQUEST if mistyped else HTTPStatus.OK
    return visit.page("customers/timeline.html", "", context, status=status)


def _usual_acts(roles: frozenset[str]) -> Sequence[str]:
    """Return the usual commands on a customer, as far as somebody of these roles may give them."""
    spoken_to = roles.intersection(SPOKEN_TO)
    return [
        *(("record-promise", "dispute-invoice") if spoken_to else ()),
        *(("check-credit",) if roles.intersection(CREDIT_CHECKED_BY) else ()),
        "change-profile",
    ]


async def _customer_at(
    visit: Visit, model: ReadModel, customer: str, asked: InstantParameters
) -> CustomerAt:
    """Return a customer's facts and the instant asked about. Raises: Problem, Unavailable."""
    await wait_until(model, asked.at_least)
    found = await customer_at(
        visit.console.everything, visit.principal, CustomerId(customer), asked.instants
    )
    visit.reflects(found.position.token())
    return found


async def _looked_up(visit: Visit, customer: str, asked: InstantParameters) -> Lookup:
    """Return the same without the facts. Raises: Problem, Unavailable."""
    model = visit.console.everything
    await wait_until(model, asked.at_least)
    place = await look_up(model, visit.principal, CustomerId(customer), asked.instants)
    visit.reflects(place.position.token())
    return place


async def _timeline(
    visit: Visit, place: Lookup, asked: TimelineParameters, limit: int
) -> Page[Entry]:
    chosen = TimelineFilter(asked.family, asked.type, place.as_of, place.as_known)
    signer = await visit.console.signer()
    return await timeline(visit.console.everything, place, chosen, limit, signer, asked.cursor)


async def _at_known_instants(
    asked: A, find: Callable[[A], Awaitable[L]]
) -> tuple[L, A, Mapping[str, str]]:
    """Return what is found without the instants that do not exist, and those as they were typed.

    A slip in a date leaves its reader on the page, with what they had before.
    """
    mistyped: dict[str, str] = {}
    while True:
        try:
            return await find(asked), asked, mistyped
        except NoInstant as error:
            mistyped[error.name] = error.text
            asked = asked.model_copy(update={error.name: None})


async def _described(
    visit: Visit, place: Lookup, asked: InstantParameters, mistyped: Mapping[str, str]
) -> dict[str, object]:
    """Return what both pages of a customer say of it and of the instant."""
    now = {"as_of": None, "as_known": None, "cursor": None}
    return {
        "customer": place.customer,
        "asked_for": place.asked_for,
        "merges": place.merges,
        "branch_id": place.branch_id,
        "zone": place.zone,
        "at": place.at,
        "as_of": place.as_of,
        "as_known": place.as_known,
        "now_link": with_parameters(visit.request, now),
        "asked": asked,
        "mistyped": mistyped,
        "filling": await visit.console.everything.filling(),
        "reference": place.reference,
        "countdown": countdown,
        "branch_names": branch_names(place.reference, visit.language),
        "department_names": department_names(place.reference, visit.language),
    }


def _more_link(request: Request, customer: str, cursor: str | None) -> str | None:
    """Return the address of the timeline's next part, with all that was asked for."""
    if cursor is None:
        return None
    kept = {k: v for k, v in request.query_params.items() if v} | {"cursor": cursor}
    return f"/customers/{quote(customer, safe='')}/timeline?{urlencode(kept)}"
