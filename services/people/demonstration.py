"""A demonstration: whoever has its address on this machine is headquarters, and may be anybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest
from types import MappingProxyType

from msgspec import Struct

from events.policy import Reference
from services.people.principal import Principal
from services.people.roles import RIGHTS, principal_for
from services.people.tokens import hashed
from services.ports import Clock

ANYBODY = "headquarters"
"""Who a demonstration's visitor is before the company has been written."""

_OF_A_ROLE = 15
"""How many of each role a menu offers."""


class Someone(Struct, frozen=True):
    """Somebody of the company, as a menu offers him or her."""

    staff_id: str
    branch_id: str | None
    place: Mapping[str, str]  # where he or she works, by language


class Demonstration:
    """Knows the key of this start's address, and whom its visitor may be."""

    def __init__(self, key: str, clock: Clock) -> None:
        self._hash = hashed(key)
        self._clock = clock
        self._met: tuple[Reference, Mapping[str, tuple[Someone, ...]]] | None = None

    def is_key(self, text: str) -> bool:
        """Tell whether a text is the key of this start."""
        given = hashed(text)
        return given is not None and self._hash is not None and compare_digest(given, self._hash)

    def company(self, reference: Reference) -> Mapping[str, tuple[Someone, ...]]:
        """Return some of the company by their first role, those who decide first."""
        if self._met is None or self._met[0] is not reference:
            self._met = (reference, _company(reference, self._clock.now()))
        return self._met[1]


def _company(reference: Reference, now: datetime) -> Mapping[str, tuple[Someone, ...]]:
    found: dict[str, list[Someone]] = {role: [] for role in reversed(list(RIGHTS))}
    for staff_id in sorted(reference.staff):
        who = principal_for(reference, staff_id, now)
        if who is None:
            continue
        for role in found:
            if role in who.roles:
                found[role].append(Someone(staff_id, who.branch_id, _place(reference, who)))
                break
    return MappingProxyType(
        {role: _spread(people) for role, people in found.items() if len(people) > 0}
    )


def _place(reference: Reference, who: Principal) -> Mapping[str, str]:
    """Return what the branch and the department of somebody are called, in both languages."""
    branch = reference.branches.get(who.branch_id or "")
    department = reference.departments.get(who.department or "")
    known = [one for one in (branch, department) if one is not None]
    return {
        "en": ", ".join(one.name_en or one.name for one in known),
        "zh-CN": " ".join(one.name for one in known),
    }


def _spread(people: list[Someone]) -> tuple[Someone, ...]:
    """Return at most so many, from every branch in turn."""
    turns: dict[str | None, int] = {}
    ranked = []
    for one in people:
        turns[one.branch_id] = turn = turns.get(one.branch_id, -1) + 1
        ranked.append((turn, one.staff_id, one))
    chosen = sorted(ranked, key=lambda each: each[:2])[:_OF_A_ROLE]
    return tuple(sorted((one for _, _, one in chosen), key=lambda one: one.staff_id))
