"""What nobody has taken yet, one case at a time: accepted, declined, a duplicate, or put off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

import asyncpg
from pydantic import Field as Described
from starlette.responses import Response

from events.branch_calendars import business_time
from events.calendars import DAY, local_day
from events.envelope import CustomerId
from services.console.acting.case_page import (
    CommandBar,
    command_bar,
    conversation,
    undo_offered,
)
from services.console.acting.person import Actor, actor
from services.console.acting.widgets import typed_instant
from services.console.cases.routes import explained_case
from services.console.cases.worklist import CAP
from services.console.shared.countdown import countdown
from services.console.shared.parameters import Identifier, InstantParameters
from services.console.shared.persons import persons
from services.console.shared.reading import department_names
from services.console.shared.visit import TheVisit, Visit, page_router
from services.people.principal import Right

pages = page_router()

TRIAGE = "/cases/triage"

_PUT_OFF_SHOWN = 20
_SOON = timedelta(hours=1)
_FORTNIGHT = 14


class TriageParameters(InstantParameters):
    """Of which department, and what was just done to which case."""

    department: Identifier | None = None
    done: Annotated[str | None, Described(max_length=40)] = None
    case: Identifier | None = None


class Later(NamedTuple):
    """Instants until which a case may be put off at once, as a form's field holds them."""

    soon: str
    next_opening: str | None  # None: nobody works within a fortnight


@pages.get(TRIAGE)
async def show_triage(visit: TheVisit) -> Response:
    """Show the most urgent case that nobody has taken, how many wait behind it, or were put off."""
    visit.need(Right.COMMAND)
    asked = visit.asked(TriageParameters)
    who = await actor(visit)
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        terms = (asked.department, reader.at)
        queue = await reader.ask("acting/triage", *terms)
        put_off = await reader.ask("acting/put_off", *terms, _PUT_OFF_SHOWN)
        [counted] = await reader.ask("acting/count_triage", *terms, CAP + 1)
        notices = await visit.notices(reader)
    just = await _just_done(visit, asked)
    context: dict[str, object] = {
        "asked": asked,
        "waiting": counted["waiting"],
        "put_off": put_off,
        "put_off_count": counted["put_off"],
        "cap": CAP,
        "row": None,
        "just": None if just is None else just.subject,
        "undo": None if just is None else undo_offered(asked.done, just.subject),
        "reference": reader.reference,
        "countdown": countdown,
        "department_names": department_names(reader.reference, visit.language),
        "persons": await persons(visit, [one["customer_id"] for one in (*queue, *put_off)]),
        **notices,
    }
    if queue:
        context |= await _case(who, queue[0])
    return visit.page("acting/triage.html", "/cases", context)


async def _just_done(visit: Visit, asked: TriageParameters) -> CommandBar | None:
    """Return what may be done with the case to which something was just done."""
    if asked.case is None or asked.done is None:
        return None
    return await command_bar(visit, asked.case)


async def _case(who: Actor, row: asyncpg.Record) -> dict[str, object]:
    visit, case = who.visit, row["case_id"]
    found, explained = await explained_case(
        visit, CustomerId(row["customer_id"]), case, InstantParameters()
    )
    bar = await command_bar(visit, case)
    return {
        "row": explained.case,
        "customer": found.customer,
        "turns": await conversation(visit, found, case, explained),
        "zone": found.zone,
        "later": _later(who, explained.case.branch_id),
        "subject": bar.subject,
        "tell": bar.tell,
    }


def _later(who: Actor, branch_id: str) -> Later:
    opening = next(_openings(who, branch_id), None)
    return Later(
        typed_instant(who.now + _SOON, who.zone),
        None if opening is None else typed_instant(opening, who.zone),
    )


def _openings(who: Actor, branch_id: str) -> Iterator[datetime]:
    """Yield when a branch opens on each working day after today."""
    time = business_time(who.reference, branch_id)
    today = local_day(who.now, time.tz)
    for n in range(1, _FORTNIGHT + 1):
        if spans := time.spans(today + n * DAY):
            yield spans[0][0]
