"""Who does something: a member of staff, where he or she works, and what that allows.

All of it is reference data, as in force at an instant: who left, or works elsewhere since, may
do only what the present place allows.
"""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from msgspec import Struct

from events.policy import Reference
from events.touchpoints.policy import Role

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
