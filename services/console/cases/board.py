"""The case board at a glance: what each department has in hand, the most urgent first."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from events.touchpoints.complaint import Clock
from services.console.shared.reading import Reader
from services.postgres.question import Question


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


async def board(reader: Reader, length: int, branch_id: str | None = None) -> Board:
    """Return each department's column with up to `length` pieces of work."""
    asked = Question()
    counted = reader.statements.sql("cases/board_sums", branch=_branch(asked, branch_id))
    sums = await reader.fetch(counted, *asked.parameters)
    departments = [row["department"] for row in sums]
    asked = Question()
    shown, named = asked.add(length), asked.add(departments)
    statement = reader.statements.sql(
        "cases/board", limit=shown, named=named, branch=_branch(asked, branch_id)
    )
    work: dict[str, list[Work]] = {department: [] for department in departments}
    for row in await reader.fetch(statement, *asked.parameters):
        piece = Work(**{name: row[name] for name in Work.__struct_fields__})
        if len(work[piece.department]) < length:
            work[piece.department].append(piece)
    return Board(
        tuple(
            Column(
                row["department"],
                tuple(work[row["department"]]),
                row["cases"] + row["owed"],
                row["late"] + row["late_owed"],
            )
            for row in sums
        ),
        sum(row["cases"] for row in sums),
        sum(row["late"] for row in sums),
        sum(row["waiting"] for row in sums),
    )


def _branch(asked: Question, branch_id: str | None) -> str:
    """Return the condition that some work `w` is of a branch, or of any."""
    return "true" if branch_id is None else f"w.branch_id = {asked.add(branch_id)}"
