"""What each department has in hand and owes, by who is to do it."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

import asyncpg
from msgspec import Struct

from services.console.shared.reading import Reader
from services.postgres.question import Question

MOST = 1_000
"""How many pairs of department and owner are told at most."""


class OwnerWork(Struct, frozen=True):
    """What somebody has in hand for a department, and owes."""

    owner: str | None  # a staff number; None: nobody has taken it
    role: str | None  # what the company calls what he or she is
    cases: int
    waiting: int
    late: int  # cases past their solution
    owed: int
    late_owed: int
    next_due_at: datetime | None  # of what is not late yet


class DepartmentWork(Struct, frozen=True):
    """A department's work; the empty name: of cases that nobody is in charge of."""

    department: str
    owners: tuple[OwnerWork, ...]

    @property
    def count(self) -> int:
        """Return how many cases and obligations there are."""
        return self.cases + self.owed

    @property
    def cases(self) -> int:
        """Return how many cases it is in charge of."""
        return sum(one.cases for one in self.owners)

    @property
    def owed(self) -> int:
        """Return how many obligations it owes."""
        return sum(one.owed for one in self.owners)

    @property
    def breached(self) -> int:
        """Return how many of them are late."""
        return sum(one.late + one.late_owed for one in self.owners)


class OwnersBoard(Struct, frozen=True):
    """All departments; what is left out when there are too many owners is said."""

    departments: tuple[DepartmentWork, ...]
    is_capped: bool


async def owners_board(
    reader: Reader, branch_id: str | None, department: str | None
) -> OwnersBoard:
    """Return what is under way by department and owner, what nobody has taken first."""
    asked = Question()
    asked.add(reader.at)
    branch = "true" if branch_id is None else f"w.branch_id = {asked.add(branch_id)}"
    in_charge = owing = "true"
    if department is not None:
        written = asked.add(department)
        in_charge = f"coalesce(w.department, '') = {written}"
        owing = f"w.department = {written}"
    statement = reader.statements.sql(
        "cases/owners",
        branch=branch,
        in_charge=in_charge,
        owing=owing,
        limit=asked.add(MOST + 1),
    )
    rows = await reader.fetch(statement, *asked.parameters)
    return OwnersBoard(
        tuple(
            DepartmentWork(name, tuple(_work(reader, row) for row in own))
            for name, own in groupby(rows[:MOST], lambda row: str(row["department"]))
        ),
        len(rows) > MOST,
    )


def _work(reader: Reader, row: asyncpg.Record) -> OwnerWork:
    own = {name: value for name, value in row.items() if name != "department"}
    staff = reader.reference.staff_at(row["owner"], reader.at) if row["owner"] else None
    return OwnerWork(**own, role=staff.role if staff is not None else None)
