"""Who acts: the visitor as the member of staff that reference data know, and what to tell them."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import NamedTuple

from msgspec import Struct

from events.cases.staff import Staff, staff_in_force
from events.policy import Reference
from events.refusals import Teller
from services.casework.commanding import Commanding, Given
from services.casework.executing import Answer, Moved
from services.casework.problems import said, staff_teller
from services.console.shared.visit import Visit
from services.people.principal import Right

_BY_ITSELF = frozenset({"case.escalated"})
"""What time does to a case is no reason to look again."""


class Actor(NamedTuple):
    """Somebody who may command, in force now."""

    visit: Visit
    by: Staff
    reference: Reference
    now: datetime

    @property
    def commanding(self) -> Commanding:
        """Return what executes commands."""
        return self.visit.console.commanding

    @property
    def teller(self) -> Teller:
        """Return what tells refusals in the visitor's language and zone."""
        return staff_teller(self.reference, self.by, self.visit.language)

    @property
    def zone(self) -> tzinfo:
        """Return the zone in which the visitor reads and types instants."""
        return self.reference.zone_of(self.by.branch_id)

    async def give(self, on: str, given: Given[Struct]) -> Answer:
        """Return what became of a command; what time did meanwhile is no conflict.

        Raises: Unavailable, UnreadableEvent, EventRefused.
        """
        answer = await self._given(on, given)
        if isinstance(answer, Moved) and answer.changed and _only_time(answer):
            again = Given[Struct](
                command=given.command,
                personal=given.personal,
                key=given.key,
                seen=answer.version,
                only_tried=given.only_tried,
            )
            answer = await self._given(on, again)
        return answer

    async def _given(self, on: str, given: Given[Struct]) -> Answer:
        scope = self.visit.principal.scope
        return await self.commanding.execute(on, given, self.by, scope, self.reference)


def _only_time(moved: Moved) -> bool:
    return all(
        one.data.event_type in _BY_ITSELF and getattr(one.data, "by", None) is None
        for one in moved.changed
    )


async def actor(visit: Visit, right: Right = Right.COMMAND) -> Actor:
    """Return the visitor as one who may act. Raises: Problem, Unavailable."""
    visit.need(right)
    found = await actor_or_none(visit)
    if found is None:
        staff_id = visit.principal.staff_id
        raise said("unknown_staff", visit.language, field="authorization", staff=staff_id)
    return found


async def actor_or_none(visit: Visit) -> Actor | None:
    """Return the visitor as a member of staff; None: there is none of that number now.

    Raises: Unavailable.
    """
    reference = await visit.console.everything.reference()
    now = visit.console.platform.clock.now()
    by = staff_in_force(reference, visit.principal.staff_id, now)
    return None if by is None else Actor(visit, by, reference, now)
