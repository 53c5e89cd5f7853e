"""What each role of the staff may do, and how far it sees: one table, read by every door.

Who somebody is, reference data say: a member of staff has the rights of all roles together, and
sees the whole company as soon as one of them does. Who has no role is a clerk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from events.cases.staff import staff_in_force
from events.policy import Reference
from events.touchpoints.policy import Role
from services.people.principal import Principal, Right, Scope

StaffRole = Role | Literal["clerk"]

_SERVING = frozenset({Right.SEE_CUSTOMERS, Right.SEE_PERSONS, Right.COMMAND})
_AT_A_BRANCH = _SERVING | {Right.RECORD, Right.PUBLISH}
_DECIDING = _SERVING | {Right.SEE_POLICIES}

RIGHTS: Mapping[StaffRole, frozenset[Right]] = MappingProxyType(
    {
        "clerk": _AT_A_BRANCH,
        "branch_manager": _AT_A_BRANCH | {Right.SEE_POLICIES},
        "call_centre": _SERVING | {Right.RECORD},
        "order_entry": _SERVING,
        "receivables": _DECIDING,
        "credit": _DECIDING,
        "department_head": _DECIDING,
        "headquarters": _DECIDING | {Right.RECORD, Right.PUBLISH, Right.SET_POLICIES},
        "auditor": frozenset({Right.SEE_CUSTOMERS, Right.SEE_POLICIES, Right.AUDIT}),
        "administrator": frozenset({Right.SEE_POLICIES, Right.ADMINISTER}),
    }
)
"""An auditor proves figures and needs no names; an administrator needs no customers at all."""

_OWN_BRANCH: frozenset[StaffRole] = frozenset({"clerk", "branch_manager"})
"""Who sees the customers of the own branch; every other role serves the whole company."""


def principal_for(reference: Reference, staff_id: str, at: datetime) -> Principal | None:
    """Return what a member of staff may do at an instant; None: there is none, or not any more."""
    staff = staff_in_force(reference, staff_id, at)
    if staff is None:
        return None
    roles: frozenset[StaffRole] = staff.roles or frozenset({"clerk"})
    own = frozenset() if staff.branch_id is None else frozenset({staff.branch_id})
    return Principal(
        staff_id=staff_id,
        scope=Scope(own if roles <= _OWN_BRANCH else None),
        rights=frozenset().union(*(RIGHTS[role] for role in roles)),
        roles=roles,
        branch_id=staff.branch_id,
        department=staff.department,
    )
