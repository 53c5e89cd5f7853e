"""What an event did, how a customer came about, and whether its rows say what its events do."""

from __future__ import annotations

import csv
import io
from datetime import UTC
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Path
from pydantic import Field
from starlette.responses import Response

from events.envelope import CustomerId
from events.facts import Fact
from services.console.audit.checking import check_customer
from services.console.audit.event import event_shown, step_of
from services.console.audit.figures import compared, figures
from services.console.shared.customer_at import CustomerAt, Instants, customer_at
from services.console.shared.i18n import with_parameters
from services.console.shared.parameters import Identifier, Parameters
from services.console.shared.reading import branch_names, department_names
from services.console.shared.visit import TheVisit, Visit, page_router
from services.people.principal import Right

pages = page_router()

EventPath = Annotated[UUID, Path()]
CustomerPath = Annotated[Identifier, Path()]


class AuditParameters(Parameters):
    """Whose history, and after which of its events."""

    customer: Identifier | None = None
    step: Annotated[int | None, Field(ge=0, le=1_000_000)] = None


@pages.get("/events/{event}")
async def show_event(visit: TheVisit, event: EventPath) -> Response:
    """Show an event: what it says, where it lies, and which figures would differ without it."""
    visit.need(Right.SEE_CUSTOMERS)
    visit.asked(Parameters)
    found = await event_shown(visit, str(event))
    reference = found.customer.reference
    context = {
        "shown": found,
        "entry": found.entry,
        "event": found.event,
        "zone": found.customer.zone,
        "branch_names": branch_names(reference, visit.language),
        "department_names": department_names(reference, visit.language),
    }
    return visit.page("audit/event.html", "", context)


@pages.get("/audit")
async def show_audit(visit: TheVisit) -> Response:
    """Show a customer step by step and its rows against its events; without one, ask for it."""
    visit.need(Right.AUDIT)
    asked = visit.asked(AuditParameters)
    if asked.customer is None:
        return visit.page("audit/audit.html", "/audit", {"found": None, "asked": asked})
    found = await _customer(visit, asked.customer)
    facts = _in_order(found)
    step = step_of([fact.effective_at for fact in facts], asked.step)
    here = facts[step]
    rules = found.reference
    before = figures(found.customer, facts[:step], here.effective_at, rules) if step else {}
    after = figures(found.customer, facts[: step + 1], here.effective_at, rules)

    def to(n: int) -> str | None:
        return with_parameters(visit.request, {"step": str(n)}) if 0 <= n < len(facts) else None

    context = {
        "found": found,
        "asked": asked,
        "fact": here,
        "step": step,
        "last": len(facts) - 1,
        "earlier": to(step - 1),
        "later": to(step + 1),
        "changes": compared(before, after),
        "checked": await check_customer(visit.console.platform, found.customer),
        "zone": found.zone,
        "branch_names": branch_names(rules, visit.language),
    }
    return visit.page("audit/audit.html", "/audit", context)


@pages.get("/audit/{customer}/events.csv")
async def download_events(visit: TheVisit, customer: CustomerPath) -> Response:
    """Give a customer's events as a file, as they count, personal data sealed."""
    visit.need(Right.AUDIT)
    found = await _customer(visit, customer)
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow(
        ("event", "type", "happened (UTC)", "branch", "source", "epoch", "sequence", "data")
    )
    for fact in _in_order(found):
        data = msgspec.json.encode(fact.data, enc_hook=str).decode()
        happened = fact.effective_at.astimezone(UTC).isoformat()
        told = (fact.id, fact.data.event_type, happened, fact.branch_id, fact.source)
        out.writerow([*map(_plain, told), fact.epoch, fact.sequence, data])
    headers = visit.headers() | {"Content-Disposition": 'attachment; filename="events.csv"'}
    return Response("\ufeff" + written.getvalue(), 200, headers, "text/csv; charset=utf-8")


def _plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


async def _customer(visit: Visit, customer: str) -> CustomerAt:
    found = await customer_at(
        visit.console.everything, visit.principal, CustomerId(customer), Instants()
    )
    visit.reflects(found.position.token())
    return found


def _in_order(found: CustomerAt) -> list[Fact]:
    return sorted(found.facts, key=lambda fact: fact.fact_key)
