"""What a case is made of: its cycles, what departments owe, and through whose hands it went."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from events.business_time import BusinessTime
from events.cases.terms import ServiceTerms
from projections.case_board.clocks import CaseClock

_NONE = timedelta()


class CaseStep(Struct, frozen=True):
    """A step in a case's history: what happened, and how the solution clock stood after it."""

    at: datetime
    what: str
    event_id: str | None  # None: time did it
    detail: str | None
    cycle: int
    solution_due_at: datetime | None
    solution_left: timedelta | None


class Referral(NamedTuple):
    """A need overheard here that became a case for another department."""

    case_id: str
    department: str
    at: datetime


class Route:
    """Through whose hands something went: moves from one to another, and returns (A, B, A)."""

    __slots__ = ("before", "last", "moves", "returns")

    def __init__(self) -> None:
        self.before: str | None = None
        self.last: str | None = None
        self.moves = 0
        self.returns = 0

    def pass_to(self, holder: str | None) -> None:
        """Note who has it now; nobody named, or the same again, is no move."""
        if holder is None or holder == self.last:
            return
        if self.last is not None:
            self.moves += 1
            self.returns += holder == self.before
        self.before, self.last = self.last, holder


class Stay:
    """How long a department has a case in hand, however often and for whatever reasons."""

    __slots__ = ("held", "reasons", "since")

    def __init__(self) -> None:
        self.held = _NONE
        self.reasons = 0
        self.since: datetime | None = None

    def begin(self, now: datetime) -> None:
        """Take it in hand, for one more reason."""
        self.reasons += 1
        if self.since is None:
            self.since = now

    def end(self, now: datetime, time: BusinessTime) -> None:
        """Drop one reason; with the last it is out of hand."""
        self.reasons -= 1
        if self.reasons == 0 and self.since is not None:
            self.held += time.worked(self.since, now)
            self.since = None


class Obligation:
    """What a department owes on a case."""

    __slots__ = (
        "agent", "clock", "department", "done_at", "ended_by", "handed_at", "obligation_id",
        "owes", "stage", "voided_at",
    )  # fmt: skip

    def __init__(
        self,
        obligation_id: str,
        department: str,
        owes: str,
        agent: str | None,
        stage: str | None,
        clock: CaseClock,
    ) -> None:
        self.obligation_id = obligation_id
        self.department = department
        self.owes = owes
        self.agent = agent
        self.stage = stage  # of the case's flow
        self.clock = clock
        self.handed_at = clock.started_at
        self.done_at: datetime | None = None
        self.voided_at: datetime | None = None  # it was withdrawn, or the case was closed first
        self.ended_by: tuple[str, str] | None = None  # the word and the event of either

    @property
    def is_open(self) -> bool:
        """Return whether it is still owed."""
        return self.done_at is None and self.voided_at is None


class Verdict(NamedTuple):
    """How the clocks of a cycle stand as of an instant."""

    response_due_at: datetime | None
    response_met_at: datetime | None
    response_breached_at: datetime | None
    solution_due_at: datetime | None
    solution_met_at: datetime | None
    solution_breached_at: datetime | None


class Cycle:
    """One run of a case from opening to closing, with clocks of its own."""

    __slots__ = (
        "closed_at", "confirmed", "ended_by", "live_since", "number", "opened_at", "paused",
        "replied_at", "resolved_at", "response", "response_ended_by", "solution",
    )  # fmt: skip

    def __init__(
        self, number: int, now: datetime, time: BusinessTime, terms: ServiceTerms,
        wanted_by: datetime | None,
    ) -> None:  # fmt: skip
        self.number = number
        self.opened_at = now
        self.live_since = now  # from when its alerts may stand: its opening, or a resumption
        self.response = CaseClock(time, now, terms.response)
        self.solution = CaseClock(time, now, terms.solution, wanted_by)
        self.response_ended_by: tuple[str, str] | None = None  # what stopped it: word, event
        self.ended_by: tuple[str, str] | None = None  # what stopped the solution clock for good
        self.replied_at: datetime | None = None
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.confirmed: bool | None = None
        self.paused = _NONE

    def verdict(self, at: datetime) -> Verdict:
        """Return how its clocks stand; a clock that has overrun was not met."""
        response, solution = self.response.reached(), self.solution.reached()
        answered = self.response_ended_by is not None and response is None
        solved = self.resolved_at is not None and solution is None
        return Verdict(
            response_due_at=response,
            response_met_at=self.response.spans[-1].end if answered else None,
            response_breached_at=response if response and response <= at else None,
            solution_due_at=solution,
            solution_met_at=self.solution.spans[-1].end if solved else None,
            solution_breached_at=solution if solution and solution <= at else None,
        )


class Unread:
    """What of a case may differ from the rows last made of it, besides what is open."""

    __slots__ = ("cycle", "referrals", "settled")

    def __init__(self, cycle: int) -> None:
        self.cycle = cycle  # those before are over
        self.settled: list[Obligation] = []
        self.referrals: list[Referral] = []
