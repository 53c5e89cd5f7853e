"""The clocks of cases that run out within the next hours, the soonest first, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from services.console.shared.cursor import CursorSigner
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader
from services.postgres.question import Question

RunningClock = Literal["response", "solution", "callback", "obligation"]

_DUE: dict[RunningClock, str] = {
    "response": "w.response_due_at",
    "solution": "w.solution_due_at",
    "callback": "w.callback_due_at",
    "obligation": "w.due_at",
}


class DeadlineFilter(Struct, frozen=True):
    """Which clocks: those that run out within so many hours from now, of a branch or department."""

    hours: int
    branch_id: str | None = None
    department: str | None = None


class Deadline(Struct, frozen=True):
    """A clock that runs out soon, and who is to do what until then."""

    due_at: datetime
    customer_id: str
    case_id: str
    clock: RunningClock
    obligation_id: str  # empty: it is the case's own clock
    owes: str | None
    department: str  # empty: nobody is in charge
    owner: str | None
    branch_id: str
    kind: str
    priority: str
    status: str


async def deadlines(
    reader: Reader, wanted: DeadlineFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[Deadline]:
    """Return a page of clocks that run out soon. Raises: BadCursor."""
    query = repr(wanted)
    asked = Question()
    after = asked.add(reader.at)
    by = asked.add(reader.at + timedelta(hours=wanted.hours))
    parts: dict[str, str] = dict.fromkeys(_DUE, "true")
    if cursor is not None:
        due, *others = signer.open(query, cursor, (str,) * 5)
        place = [asked.add(datetime.fromisoformat(str(due)))]
        place += [f"{asked.add(other)}::text" for other in others]
        for clock, column in _DUE.items():
            obligation = "w.obligation_id" if clock == "obligation" else "''"
            own = f"{column}, w.customer_id, w.case_id, '{clock}', {obligation}"
            parts[clock] = f"({own}) > ({', '.join(place)})"
    statement = reader.statements.sql(
        "cases/deadlines",
        after=after,
        by=by,
        branch=_is("branch_id", wanted.branch_id, asked),
        department=_is("department", wanted.department, asked),
        limit=asked.add(limit + 1),
        **parts,
    )
    rows = await reader.fetch(statement, *asked.parameters)
    return page_of(
        [Deadline(**dict(row.items())) for row in rows],
        limit,
        lambda last: signer.seal(query, _place(last)),
    )


def _is(column: str, value: str | None, asked: Question) -> str:
    return "true" if value is None else f"w.{column} = {asked.add(value)}"


def _place(last: Deadline) -> tuple[str, str, str, str, str]:
    due = last.due_at.isoformat()
    return due, last.customer_id, last.case_id, last.clock, last.obligation_id
