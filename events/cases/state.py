"""What decisions about a case need to know of it; the fold of its stream and nothing else.

A stream is that of one case of our own: the events whose source is `/cases/<case_id>`, of which
the first opens it. Instants and minutes are kept, never what a calendar makes of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import uuid5

from msgspec import Struct

from events.cases.clocks import Clock
from events.cases.terms import CASE_NAMESPACE
from events.touchpoints.complaint import Severity

Status = Literal["open", "waiting", "resolved", "closed"]
Part = Literal["obligation", "callback", "referral"]


class Obligation(Struct, frozen=True):
    """What a department still owes on a case, with a clock of its own."""

    obligation_id: str
    department: str
    owes: str
    agent: str | None
    clock: Clock
    stage: str | None = None  # of the case's flow


class Case(Struct, frozen=True, kw_only=True):
    """A case of our own as its stream leaves it; `version` is that of the stream."""

    case_id: str
    branch_id: str  # whose calendar is the case's
    opened_at: datetime  # when the complaint or request came in
    version: int = 1
    last_at: datetime
    status: Status = "open"
    status_since: datetime
    priority: Severity
    response_minutes: int
    solution_minutes: int
    owner: str | None = None
    owner_since: datetime
    department: str | None = None
    cycle: int = 1
    response: Clock
    answered: bool = False
    solution: Clock
    owed: tuple[Obligation, ...] = ()
    handed_off: int = 0  # how many obligations there ever were
    flow: str | None = None
    begun: frozenset[str] = frozenset()  # the stages of its flow that ever began
    put_off_until: datetime | None = None  # before which nobody is asked to take it
    waiting_since: datetime | None = None
    resolved_at: datetime | None = None  # the latest, whatever came after
    resolves: int = 0
    callback_id: str | None = None
    callback_due_at: datetime | None = None
    callback_attempts: int = 1  # how often somebody tries to call back
    attempts: int = 0
    escalated: frozenset[str] = frozenset()  # ids of escalations
    acknowledged: tuple[tuple[str, datetime], ...] = ()  # ids of escalations, and since when
    delegated: frozenset[tuple[str, str]] = frozenset()  # ids of escalations, and to whom
    referrals: tuple[str, ...] = ()  # the cases that were overheard here
    told: int = 0
    confirmed: bool | None = None  # by the customer, when it was closed

    @property
    def is_live(self) -> bool:
        """Return whether it is worked on or waits: neither resolved nor closed."""
        return self.status in ("open", "waiting")

    def owing(self, obligation_id: str) -> Obligation | None:
        """Return an open obligation by its id."""
        return next((one for one in self.owed if one.obligation_id == obligation_id), None)

    def acknowledged_at(self, escalation: str) -> datetime | None:
        """Return when an escalation was taken up."""
        return next((at for one, at in self.acknowledged if one == escalation), None)


def part_id(case_id: str, part: Part, number: int) -> str:
    """Return the id of what a command adds to a case: the n-th of its kind."""
    return str(uuid5(CASE_NAMESPACE, "\x1f".join((case_id, part, str(number)))))
