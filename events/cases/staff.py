"""Who does something: a member of staff, where he or she works, and what that allows.

All of it is reference data, as in force at an instant: who left, or works elsewhere since, may
do only what the present place allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import get_args

from msgspec import Struct

from events.policy import Reference
from events.touchpoints.policy import Role, StaffSet

ROLES: frozenset[Role] = frozenset(get_args(Role))


class Staff(Struct, frozen=True):
    """A member of staff, as in force when the command is decided."""

    agent: str
    department: str | None
    branch_id: str | None
    roles: frozenset[Role]


BY_ITSELF = Staff("", None, None, frozenset())
"""Nobody: what the platform does by itself, such as opening a case or escalating it."""


def staff_in_force(reference: Reference, agent: str, at: datetime) -> Staff | None:
    """Return a member of staff as of an instant; None: there is none, or not any more.

    Who heads a department is its head, whether or not the own record says so; a record's `role`
    counts too where a company calls it by one of our words.
    """
    known = reference.staff_at(agent, at)
    headed = sorted(
        department.department_id
        for department in reference.departments_at(at).values()
        if department.head == agent
    )
    if (known is None and not headed) or (known is not None and not known.active):
        return None
    roles: set[Role] = {"department_head"} if headed else set()
    own = None
    if known is not None:
        own = known.department_id
        roles.update(known.roles)
        roles.update(role for role in ROLES if role == known.role)
    department = headed[0] if headed and own not in headed else own
    return Staff(agent, department, known.branch_id if known else None, frozenset(roles))


def staff_with(
    reference: Reference, role: Role, at: datetime, branch_id: str | None = None
) -> tuple[str, ...]:
    """Return who has a role at an instant, at a branch or anywhere, by number."""
    found = (staff_in_force(reference, agent, at) for agent in _ever(reference).get(role, ()))
    return tuple(
        one.agent
        for one in found
        if one is not None and role in one.roles and branch_id in (None, one.branch_id)
    )


@lru_cache(maxsize=8)
def _ever(reference: Reference) -> Mapping[Role, tuple[str, ...]]:
    """Return whoever was said to have each role, at any time."""
    found: dict[Role, dict[str, None]] = {}
    for event in reference.events:
        if isinstance(event.data, StaffSet):
            for role in ROLES:
                if role in event.data.roles or role == event.data.role:
                    found.setdefault(role, {})[event.data.staff_id] = None
    return MappingProxyType({role: tuple(sorted(agents)) for role, agents in found.items()})
