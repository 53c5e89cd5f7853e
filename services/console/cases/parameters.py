"""Query parameters of cases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.casework.filters import Breach, CaseFilter, Priority, Status
from services.console.cases.deadlines import DeadlineFilter
from services.console.shared.parameters import Identifier, OfBranch, Paged


class CasesParameters(Paged):
    """Which cases; without a status those under way, open or waiting."""

    status: Status | None = None
    department: Annotated[
        Identifier | None, Field(description="In charge of the case, or owing something on it.")
    ] = None
    breach: Annotated[
        Breach | None,
        Field(description="A clock whose time is up; `obligation`: of a department, still owed."),
    ] = None
    priority: Priority | None = None
    branch: Identifier | None = None
    owner: Annotated[
        Identifier | None, Field(description="Whose case it is, or who owes something on it.")
    ] = None
    unassigned: Annotated[
        bool, Field(description="What nobody has taken: a case, or something owed on it.")
    ] = False

    def case_filter(self) -> CaseFilter:
        """Return the filter."""
        return CaseFilter(
            status=self.status,
            department=self.department,
            breach=self.breach,
            priority=self.priority,
            branch_id=self.branch,
            owner=self.owner,
            unassigned=self.unassigned,
        )

    @property
    def is_narrowed(self) -> bool:
        """Return whether less than all of a branch's, or of the company's, is asked for."""
        return any(
            (
                self.status,
                self.department,
                self.breach,
                self.priority,
                self.owner,
                self.unassigned,
                self.cursor,
            )
        )


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
