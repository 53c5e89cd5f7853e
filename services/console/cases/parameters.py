"""Query parameters of cases."""

from __future__ import annotations

from typing import Annotated

from msgspec import structs
from pydantic import Field

from services.casework.filters import Breach, CaseFilter, Priority, Status
from services.console.cases.deadlines import DeadlineFilter
from services.console.shared.parameters import Identifier, OfBranch, Paged, Several


class CasesParameters(Paged):
    """Which cases; where several are named, either. Without a status those under way."""

    status: Annotated[list[Status], Several("Under way: open or waiting.")]
    department: Annotated[
        list[Identifier], Several("In charge of the case, or owing something on it.")
    ]
    breach: Annotated[
        list[Breach],
        Several("A clock whose time is up; `obligation`: of a department, still owed."),
    ]
    priority: Annotated[list[Priority], Several()]
    branch: Annotated[list[Identifier], Several()]
    owner: Annotated[
        Identifier | None, Field(description="Whose case it is, or who owes something on it.")
    ] = None
    unassigned: Annotated[
        bool, Field(description="What nobody has taken: a case, or something owed on it.")
    ] = False
    put_off: Annotated[bool, Field(description="What was put off, and is not back yet.")] = False

    def case_filter(self) -> CaseFilter:
        """Return the filter."""
        return CaseFilter(
            status=tuple(dict.fromkeys(self.status)) or None,
            department=tuple(dict.fromkeys(self.department)) or None,
            breach=tuple(dict.fromkeys(self.breach)) or None,
            priority=tuple(dict.fromkeys(self.priority)) or None,
            branch_id=tuple(dict.fromkeys(self.branch)) or None,
            owner=self.owner,
            unassigned=self.unassigned,
            put_off=self.put_off,
        )

    @property
    def is_narrowed(self) -> bool:
        """Return whether less than all of a branch's, or of the company's, is asked for."""
        of_branch = structs.replace(self.case_filter(), branch_id=None)
        return of_branch != CaseFilter() or len(self.branch) > 1 or self.cursor is not None


class OwnersParameters(OfBranch):
    """Whose work: of one department, or of all."""

    department: Identifier | None = None


class DeadlinesParameters(Paged):
    """Which clocks: those that run out within so many hours."""

    hours: Annotated[int, Field(ge=1, le=168, description="Hours from now, as time goes by.")] = 4
    branch: Identifier | None = None
    department: Annotated[Identifier | None, Field(description="That has to act until then.")] = (
        None
    )

    def deadline_filter(self) -> DeadlineFilter:
        """Return the filter."""
        return DeadlineFilter(self.hours, self.branch, self.department)
