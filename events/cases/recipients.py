"""Who is told of something: a role and, as far as it is known, the department and the person."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from events.cases.staff import Staff
from events.touchpoints.policy import Role

_USUAL: Mapping[str, Role] = MappingProxyType(
    {
        "due_soon": "receivables",
        "overdue": "receivables",
        "dunning_due": "receivables",
        "broken_promise": "receivables",
        "limit_exceeded": "credit",
        "tier_warning": "branch_manager",
    }
)
"""Who is told of alerts that are about no case, by their kind."""


class Recipient(NamedTuple):
    """Who is told; without an agent whoever has the role."""

    role: str
    branch_id: str
    department: str | None
    agent: str | None

    def is_of(self, by: Staff) -> bool:
        """Return whether it reaches a member of staff: by name, else by the role and the place."""
        if self.agent is not None:
            return by.agent == self.agent
        match self.role:
            case "department_head":
                return "department_head" in by.roles and by.department == self.department
            case "headquarters":
                return "headquarters" in by.roles
            case "owner":
                here = by.department is not None and by.department == self.department
                return here or (self.department is None and by.branch_id == self.branch_id)
            case _:
                return self.role in by.roles and by.branch_id in (None, self.branch_id)


def usual_recipient(kind: str, branch_id: str | None) -> Recipient:
    """Return who is told of an alert that is about no case; of an unknown kind headquarters."""
    return Recipient(_USUAL.get(kind, "headquarters"), branch_id or "", None, None)
