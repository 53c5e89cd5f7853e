"""The case board at a glance: what each department has in hand, the most urgent first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from events.branch_calendars import business_time
from events.policy import Reference
from services.console.queries.reading import Reader

_SECOND = timedelta(seconds=1)

Clock = Literal["response", "solution", "obligation"]


class Work(Struct, frozen=True):
    """A case that a department is in charge of, or something that it owes on one."""

    department: str  # empty: nobody is in charge
    customer_id: str
    case_id: str
    branch_id: str
    kind: str
    priority: str
    owner: str | None
    status: str
    escalation: int | None
    obligation_id: str | None  # None: it is the case itself
    owes: str | None
    clock: Clock  # the one that is counted down: of a case its answer until it is due or given
    due_at: datetime | None  # None: the clock stands still
    left_s: int | None  # while it stands still
    breached_at: datetime | None  # by the clock that is counted down, or the solution's


class Column(Struct, frozen=True):
    """A department with its most urgent work, and how much there is of it."""

    department: str
    work: tuple[Work, ...]
    count: int
    breached: int


class Board(Struct, frozen=True):
    """What is under way, by department; last what nobody is in charge of."""

    columns: tuple[Column, ...]
    open_cases: int
    breached_cases: int
    waiting_cases: int


class Countdown(Struct, frozen=True):
    """How much business time is left until a deadline, or has gone by since."""

    due_at: datetime | None  # None: the clock stands still
    left_s: int
    over_s: int  # since the deadline; 0 while there is time

    @property
    def is_over(self) -> bool:
        """Return whether the time is up."""
        return self.due_at is not None and self.left_s == 0


def countdown(
    reference: Reference,
    branch_id: str,
    at: datetime,
    due_at: datetime | None,
    left_s: int | None = None,
) -> Countdown:
    """Return where a clock stands, in the business time of a branch."""
    if due_at is None:
        return Countdown(None, left_s or 0, 0)
    time = business_time(reference, branch_id)
    if at < due_at:
        # What is worked outside all hours still has an instant; at least a second is left of it.
        return Countdown(due_at, max(1, time.worked(at, due_at) // _SECOND), 0)
    return Countdown(due_at, 0, time.worked(due_at, at) // _SECOND)


async def board(reader: Reader, length: int, branch_id: str | None = None) -> Board:
    """Return each department's column with up to `length` pieces of work."""
    rows = await reader.ask("board", length, branch_id)
    columns: dict[str, list[Work]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for row in rows:
        work = Work(**{name: row[name] for name in Work.__struct_fields__})
        columns.setdefault(work.department, []).append(work)
        sizes[work.department] = (row["items"], row["breached_items"])
    [cases] = await reader.ask("board_sums", branch_id)
    return Board(
        tuple(Column(name, tuple(work), *sizes[name]) for name, work in columns.items()),
        cases["under_way"],
        cases["breached"],
        cases["waiting"],
    )
