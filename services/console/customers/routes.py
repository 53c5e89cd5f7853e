"""One customer: receivables, value and timeline as JSON, and all of it as one page."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from events.calendars import DAY
from events.customers.accounts import CREDIT_CHECKED_BY, SPOKEN_TO
from projections.books.replay import HANDLED as RECEIVABLES_EVENTS
from projections.case_board.explain import explain_callbacks, explain_cases
from projections.case_board.replay import HANDLED as CASE_EVENTS
from projections.receivables.statement import explain
from projections.value_tiers.books import HANDLED as VALUE_EVENTS
from projections.value_tiers.explain import explain_value
from projections.value_tiers.nearness import near_line
from services.console.customers.account_documents import CustomerDocument, customer_document
from services.console.customers.callback_documents import CallbacksDocument, callbacks_document
from services.console.customers.contact import contact_of
from services.console.customers.looking import (
    CustomerPath,
    at_known_instants,
    described,
    seen_customer,
)
from services.console.customers.parameters import CustomerPageParameters, TimelineParameters
from services.console.customers.standing import standing_of
from services.console.customers.timeline_routes import (
    PAGE_LENGTH,
    family_links,
    more_link,
    timeline_page,
)
from services.console.customers.undoing import undoing_of
from services.console.customers.value_documents import ValueDocument, value_document
from services.console.shared.customer_at import (
    CustomerAt,
)
from services.console.shared.openapi import documented
from services.console.shared.parameters import InstantParameters
from services.console.shared.visit import TheVisit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()

_LINES_SHOWN = 200
"""Of what counts for a customer's value; the API has all of it."""


@api.get("/customers/{customer}/receivables", responses=documented(CustomerDocument))
async def get_customer(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return what a customer owes, with the allocation that explains each balance."""
    visit.need(Right.SEE_CUSTOMERS)
    found = await seen_customer(visit, visit.console.receivables, customer, asked)
    facts = found.of_kinds(RECEIVABLES_EVENTS)
    statement = explain(found.customer, facts, found.at, found.reference)
    return visit.answer(customer_document(found, statement))


@api.get("/customers/{customer}/value", responses=documented(ValueDocument))
async def get_value(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return what a customer is worth and which tier that earns, explained to the event."""
    visit.need(Right.SEE_CUSTOMERS)
    found = await seen_customer(visit, visit.console.value, customer, asked)
    facts = found.of_kinds(VALUE_EVENTS)
    value = explain_value(found.customer, facts, found.at, found.reference)
    return visit.answer(value_document(found, value))


@api.get("/customers/{customer}/callbacks", responses=documented(CallbacksDocument))
async def get_callbacks(
    visit: TheVisit, customer: CustomerPath, asked: Annotated[InstantParameters, Query()]
) -> Response:
    """Return the calls promised to a customer without naming a case, the next due first."""
    visit.need(Right.SEE_CUSTOMERS)
    found = await seen_customer(visit, visit.console.cases, customer, asked)
    calls = explain_callbacks(found.of_kinds(CASE_EVENTS), found.at, found.reference)
    return visit.answer(callbacks_document(found, calls))


@pages.get("/customers/{customer}")
async def show_customer(visit: TheVisit, customer: CustomerPath) -> Response:
    """Show everything there is to know of a customer, and why it is so."""
    visit.need(Right.SEE_CUSTOMERS)

    async def find(asked: CustomerPageParameters) -> CustomerAt:
        return await seen_customer(visit, visit.console.everything, customer, asked)

    found, asked, mistyped = await at_known_instants(visit.asked(CustomerPageParameters), find)
    rules = (found.at, found.reference)
    statement = explain(found.customer, found.of_kinds(RECEIVABLES_EVENTS), *rules)
    items = sorted(statement.items, key=lambda item: (item.row.due_on, item.row.item_id))
    whole = TimelineParameters(family=[])
    page = await timeline_page(visit, found, whole, PAGE_LENGTH)
    contact = await contact_of(visit.console.vault, found)
    told = contact.name or contact.phone or contact.people
    visit.shows_persons([found.customer] if told else [])
    value = explain_value(found.customer, found.of_kinds(VALUE_EVENTS), *rules)
    cases = explain_cases(found.customer, found.of_kinds(CASE_EVENTS), *rules)
    callbacks = explain_callbacks(found.of_kinds(CASE_EVENTS), *rules)
    context = {
        "statement": statement,
        "standing": standing_of(found, statement, value, cases, callbacks),
        "done": asked.done,
        "undoing": None if asked.done is None else undoing_of(asked.done, found),
        "chosen": (),
        "family_links": family_links(visit.request, customer, whole),
        "open_items": [item for item in items if item.row.status == "open"],
        "closed_items": [item for item in reversed(items) if item.row.status != "open"],
        "contact": contact,
        "person": contact,
        "value": value,
        "near": None if value is None else near_line(value),
        "cases": cases,
        "callbacks": callbacks,
        "page": page,
        "more_link": more_link(visit.request, customer, page.next_cursor),
        "continued": False,
        "first_link": None,
        "shown": _LINES_SHOWN,
        "one_day": DAY,
        "zone_of": found.reference.zone_of,
        "usual_acts": _usual_acts(visit.principal.roles),
        **await described(visit, found, asked, mistyped),
    }
    status = HTTPStatus.BAD_REQUEST if mistyped else HTTPStatus.OK
    return visit.page("customers/customer.html", "", context, status=status)


def _usual_acts(roles: frozenset[str]) -> Sequence[str]:
    """Return the usual commands on a customer, as far as somebody of these roles may give them."""
    spoken_to = roles.intersection(SPOKEN_TO)
    return [
        *(("record-promise", "dispute-invoice") if spoken_to else ()),
        *(("check-credit",) if roles.intersection(CREDIT_CHECKED_BY) else ()),
        "change-profile",
    ]
