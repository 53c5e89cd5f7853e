"""Query parameters of cases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.casework.filters import Breach, CaseFilter, Priority, Status
from services.console.shared.parameters import Identifier, Paged


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

    def case_filter(self) -> CaseFilter:
        """Return the filter."""
        return CaseFilter(self.status, self.department, self.breach, self.priority, self.branch)

    @property
    def is_narrowed(self) -> bool:
        """Return whether less than all of a branch's, or of the company's, is asked for."""
        return any((self.status, self.department, self.breach, self.priority, self.cursor))
