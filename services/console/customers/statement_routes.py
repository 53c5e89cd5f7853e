"""A statement of account to print for the customer."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from events.calendars import DAY
from events.envelope import CustomerId
from events.texts import worded
from events.touchpoints.policy import AgeingPolicy
from projections.books.replay import HANDLED as RECEIVABLES_EVENTS
from projections.receivables.statement import explain
from services.console.customers.account_statement import statements_of
from services.console.customers.contact import contact_of
from services.console.customers.looking import CustomerPath
from services.console.shared.customer_at import Instants, customer_at
from services.console.shared.parameters import Parameters
from services.console.shared.reading import branch_names
from services.console.shared.refusals import BadParameter
from services.console.shared.visit import TheVisit, page_router
from services.console.shared.waiting import wait_until
from services.people.principal import Right

pages = page_router()

_DAYS = 90


class StatementParameters(Parameters):
    """From which day and until which one."""

    from_day: Annotated[date | None, Field(alias="from", description="Else 90 days before.")] = None
    to_day: Annotated[date | None, Field(alias="to", description="Else today.")] = None


@pages.get("/customers/{customer}/statement")
async def show_statement(visit: TheVisit, customer: CustomerPath) -> Response:
    """Show what the customer owed, what changed it and what is owed, fit to be printed and sent."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(StatementParameters)
    model = visit.console.everything
    await wait_until(model, asked.at_least)
    until = asked.to_day.isoformat() if asked.to_day else None
    found = await customer_at(model, visit.principal, CustomerId(customer), Instants(until))
    visit.reflects(found.position.token())
    statement = explain(
        found.customer, found.of_kinds(RECEIVABLES_EVENTS), found.at, found.reference
    )
    first = asked.from_day or statement.today - _DAYS * DAY
    if first > statement.today:
        raise BadParameter("from", worded("the statement would end before it begins"))
    contact = None
    if visit.principal.may(Right.SEE_PERSONS):
        contact = await contact_of(visit.console.vault, found)
        visit.shows_persons([found.customer] if contact.name or contact.phone else [])
    company = found.reference.company
    return visit.page(
        "customers/statement.html",
        "",
        {
            "customer": found.customer,
            "asked": asked,
            "contact": contact,
            "company": company.name if company else None,
            "branch": branch_names(found.reference, visit.language).get(found.branch_id),
            "first": first,
            "last": statement.today,
            "accounts": statements_of(
                statement,
                first,
                found.zone,
                found.reference.in_force(AgeingPolicy, found.at),
            ),
            "statement": statement,
        },
    )
