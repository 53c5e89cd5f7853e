"""Who is told of something: a role and, as far as it is known, the department and the person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from events.cases.staff import Staff, staff_in_force, staff_with
from events.policy import Reference
from events.touchpoints.policy import Role

_USUAL: Mapping[str, Role] = MappingProxyType(
    {
        "due_soon": "receivables",
        "overdue": "receivables",
        "dunning_due": "receivables",
        "broken_promise": "receivables",
        "limit_exceeded": "credit",
        "tier_warning": "branch_manager",
        "callback_overdue": "call_centre",
    }
)
"""Who is told of alerts that are about no clock of a case, by their kind."""

ABOUT_NO_CLOCK = frozenset(_USUAL)
"""Kinds of alerts that are commanded by themselves; the others by commands on their case."""


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


def told_of_alert(
    kind: str, branch_id: str | None, delegate: str | None, reference: Reference, at: datetime
) -> tuple[Recipient, ...]:
    """Return who is told of an alert about no clock of a case, as of an instant.

    Whom it was passed on to, while he or she works here. Else whoever has the kind's role at the
    branch; where nobody there has it, who has it anywhere; headquarters if nobody does.
    """
    branch = branch_id or ""
    if delegate is not None and staff_in_force(reference, delegate, at) is not None:
        return (Recipient("delegate", branch, None, delegate),)
    role = _USUAL.get(kind, "headquarters")
    if staff_with(reference, role, at, branch):
        return (Recipient(role, branch, None, None),)
    anywhere = staff_with(reference, role, at)
    if anywhere:
        return tuple(Recipient(role, branch, None, agent) for agent in anywhere)
    return (Recipient("headquarters", branch, None, None),)


class Reach(NamedTuple):
    """Which alerts reach a member of staff by role: of a kind at the own branch, or elsewhere.

    `elsewhere` names kinds that reach him or her at every branch but those of `but_not`: there
    somebody has the role.
    """

    branch_id: str
    here: tuple[str, ...]
    elsewhere: tuple[str, ...]
    but_not: tuple[tuple[str, str], ...]  # kind, branch


def reach_of(by: Staff, reference: Reference, at: datetime) -> Reach:
    """Return which alerts reach a member of staff as `told_of_alert` says, unless passed on."""
    here: list[str] = []
    elsewhere: list[str] = []
    but_not: list[tuple[str, str]] = []
    own = by.branch_id or ""
    for kind, role in _USUAL.items():
        if any(one.is_of(by) for one in told_of_alert(kind, own, None, reference, at)):
            here.append(kind)
        if any(one.is_of(by) for one in told_of_alert(kind, None, None, reference, at)):
            elsewhere.append(kind)
            if by.branch_id is not None or role not in by.roles:
                but_not += ((kind, one) for one in sorted(_branches_with(role, reference, at)))
    return Reach(own, tuple(here), tuple(elsewhere), tuple(but_not))


def _branches_with(role: Role, reference: Reference, at: datetime) -> set[str]:
    """Return the branches at which somebody has a role."""
    holders = (staff_in_force(reference, one, at) for one in staff_with(reference, role, at))
    return {one.branch_id for one in holders if one is not None and one.branch_id is not None}
