"""What somebody may do now: by reference data, and by what an account adds to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from msgspec import structs

from events.cases.staff import staff_with
from events.policy import Reference
from services.errors import Unavailable, UnreadableEvent
from services.people.principal import Principal, Right, Scope
from services.people.roles import RIGHTS, principal_for
from services.ports import Clock

Rules: TypeAlias = Callable[[tuple[int, int] | None], Awaitable[Reference]]
"""Gives all reference data there are; asked with the newest one's place, only news are read."""

_ADMINISTRATOR: Literal["administrator"] = "administrator"


class Staffing:
    """Tells what members of staff may do, as reference data say at the time of each request."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock

    async def reference(self, through: tuple[int, int] | None = None) -> Reference:
        """Return all reference data. Raises: Unavailable."""
        try:
            return await self._rules(through)
        except UnreadableEvent as error:  # nobody's rights are sure until it is mended
            raise Unavailable(str(error)) from error

    async def principal(
        self,
        staff_id: str,
        *,
        administrator: bool = False,
        through: tuple[int, int] | None = None,
    ) -> Principal | None:
        """Return what somebody may do now; None: he or she does not work here, or not any more.

        An account that administers is enough to do that, until reference data say that its
        owner has left. Raises: Unavailable.
        """
        reference = await self.reference(through)
        now = self._clock.now()
        found = principal_for(reference, staff_id, now)
        if not administrator:
            return found
        if found is None:
            known = reference.staff_at(staff_id, now)
            if known is not None and not known.active:
                return None
            found = Principal(staff_id, Scope(frozenset()), frozenset())
        return structs.replace(
            found,
            rights=found.rights | RIGHTS[_ADMINISTRATOR],
            roles=found.roles | {_ADMINISTRATOR},
        )

    async def demonstrated(self, staff_id: str, through: tuple[int, int] | None) -> Principal:
        """Return somebody of a demonstration's company: headquarters, where it is nobody's number.

        Before the company has been written nobody is known, and everything may be seen.
        Raises: Unavailable.
        """
        reference = await self.reference(through)
        now = self._clock.now()
        offices = staff_with(reference, "headquarters", now)
        for number in (staff_id, *offices):
            found = principal_for(reference, number, now)
            if found is not None:
                return found
        return Principal(staff_id, Scope(), frozenset(Right), frozenset({"headquarters"}))
