"""Whether a case may be resolved; the refusal names what stands in the way."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from projections.case_board.board import obligation_due_at
from projections.case_board.cases import Case


class OpenObligation(NamedTuple):
    """What a department still owes on a case."""

    obligation_id: str
    department: str
    owes: str
    due_at: datetime | None


class Refusal(NamedTuple):
    """Why a case may not be resolved now; `owed` is in order of the deadlines."""

    reason: Literal["external", "resolved", "closed", "obligation_open"]
    owed: tuple[OpenObligation, ...] = ()


def can_resolve(case: Case) -> Refusal | None:
    """Return why the case may not be resolved, None if it may.

    A case kept by another system takes no commands; one that is resolved or closed is done;
    and while a department owes something on it, it is not solved (domain rules, section 6).
    """
    if case.external:
        return Refusal("external")
    if case.status in ("resolved", "closed"):
        return Refusal("resolved" if case.status == "resolved" else "closed")
    owed = [
        OpenObligation(o.obligation_id, o.department, o.owes, obligation_due_at(case, o))
        for o in case.owed.values()
    ]
    if not owed:
        return None
    owed.sort(key=lambda open_: (open_.due_at is None, open_.due_at or case.opened_at))
    return Refusal("obligation_open", tuple(owed))
