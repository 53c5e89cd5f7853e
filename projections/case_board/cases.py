"""A case as its events leave it: cycles, clocks, obligations, and how it travelled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from events.business_time import BusinessTime
from projections.case_board.clocks import Clock
from projections.case_board.rows import CaseStatus
from projections.case_board.service_levels import ServiceTerms

_NONE = timedelta()


class Told(NamedTuple):
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

    __slots__ = ("_before", "last", "moves", "returns")

    def __init__(self) -> None:
        self._before: str | None = None
        self.last: str | None = None
        self.moves = 0
        self.returns = 0

    def pass_to(self, holder: str | None) -> None:
        """Note who has it now; nobody named, or the same again, is no move."""
        if holder is None or holder == self.last:
            return
        if self.last is not None:
            self.moves += 1
            self.returns += holder == self._before
        self._before, self.last = self.last, holder


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
        "owes", "voided_at",
    )  # fmt: skip

    def __init__(
        self, obligation_id: str, department: str, owes: str, agent: str | None, clock: Clock
    ) -> None:
        self.obligation_id = obligation_id
        self.department = department
        self.owes = owes
        self.agent = agent
        self.clock = clock
        self.handed_at = clock.started_at
        self.done_at: datetime | None = None
        self.voided_at: datetime | None = None  # the case was closed first
        self.ended_by: str | None = None  # the event of either

    @property
    def is_open(self) -> bool:
        """Return whether it is still owed."""
        return self.done_at is None and self.voided_at is None


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
        self.response = Clock(time, now, terms.response)
        self.solution = Clock(time, now, terms.solution, wanted_by)
        self.response_ended_by: tuple[str, str] | None = None  # what stopped it: word, event
        self.ended_by: tuple[str, str] | None = None  # what stopped the solution clock for good
        self.replied_at: datetime | None = None
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.confirmed: bool | None = None
        self.paused = _NONE

    @property
    def response_met_at(self) -> datetime | None:
        """Return when the response clock was stopped in time."""
        if self.response_ended_by is None or self.response.reached() is not None:
            return None
        return self.response.spans[-1].end

    @property
    def solution_met_at(self) -> datetime | None:
        """Return when it was resolved, if that was in time."""
        if self.resolved_at is None or self.solution.reached() is not None:
            return None
        return self.solution.spans[-1].end


class Case:
    """A case under way; `event_id` and `at` are those of the event being taken in."""

    __slots__ = (
        "activity", "agents", "attempts", "branch_id", "callback_due_at", "callback_outcome",
        "case_id", "category", "cycles", "department", "departments", "done_early", "event_id",
        "external", "history", "kind", "last_at", "last_event_id", "obligations", "opened_at",
        "owed", "owner", "pinned", "priority", "referrals", "referred_from", "resolved_at",
        "resolves", "resumed", "severity", "status", "status_by", "stays", "terms", "tier",
        "time", "told", "waiting_since", "wanted_by",
    )  # fmt: skip

    def __init__(
        self,
        case_id: str,
        *,
        external: bool,
        kind: str,
        category: str | None,
        severity: str,
        branch_id: str,
        opened_at: datetime,
        wanted_by: datetime | None,
        event_id: str,
        terms: ServiceTerms,
        time: BusinessTime,
    ) -> None:
        self.case_id = case_id
        self.external = external
        self.kind = kind
        self.category = category
        self.severity = self.priority = severity
        self.branch_id = branch_id
        self.opened_at = opened_at
        self.wanted_by = wanted_by
        self.terms = terms
        self.time = time
        self.event_id = self.last_event_id = event_id
        self.last_at = opened_at
        self.pinned = False
        self.tier: str | None = None
        self.owner: str | None = None
        self.department: str | None = None
        self.activity: str | None = None
        self.referred_from: str | None = None
        self.status: CaseStatus = "open"
        self.status_by: tuple[str, str] = ("opened", event_id)  # the word and event of its status
        self.waiting_since: datetime | None = None
        self.resolved_at: datetime | None = None  # the latest, whatever came after
        self.callback_due_at: datetime | None = None
        self.callback_outcome: str | None = None
        self.attempts = 0
        self.resolves = self.resumed = self.told = 0
        self.agents = Route()
        self.departments = Route()
        self.stays: dict[str, Stay] = {}
        self.obligations: dict[str, Obligation] = {}
        self.owed: dict[str, Obligation] = {}  # those of them that are open
        self.done_early: dict[str, str] = {}  # obligation -> the event that came before it
        self.referrals: dict[str, Referral] = {}
        self.history: list[Told] | None = None
        self.cycles = [Cycle(1, opened_at, time, terms, wanted_by)]

    @property
    def cycle(self) -> Cycle:
        """Return the present cycle."""
        return self.cycles[-1]

    @property
    def is_live(self) -> bool:
        """Return whether it is worked on or waits: neither resolved nor closed."""
        return self.status in ("open", "waiting")

    # --- whose hands it is in ---

    def handled(self, agent: str | None, department: str | None, now: datetime) -> None:
        """Note who acted on it, and the department that has it from now on."""
        self.agents.pass_to(agent)
        self.departments.pass_to(department)
        if department is not None and department != self.department:
            if self.is_live:
                self.release(self.department, now)
                self.take(department, now)
            self.department = department

    def take(self, department: str | None, now: datetime) -> None:
        """Count time for a department from now on."""
        if department is not None:
            self.stays.setdefault(department, Stay()).begin(now)

    def release(self, department: str | None, now: datetime) -> None:
        """Count no more time for a department, for one reason."""
        if department is not None:
            self.stays[department].end(now, self.time)

    # --- its life ---

    def wait(self, now: datetime) -> None:
        """Wait on the customer."""
        self.set_status("waiting", "waiting")
        self.waiting_since = now
        self.cycle.solution.pause(now)

    def end_wait(self, now: datetime) -> None:
        """Stop waiting, whatever comes next; counts the pause."""
        if self.waiting_since is not None:
            self.cycle.paused += self.time.worked(self.waiting_since, now)
            self.waiting_since = None

    def work(self, now: datetime) -> None:
        """Go on after a wait."""
        self.end_wait(now)
        self.set_status("open", "worked_on")
        self.cycle.solution.go_on(now)

    def resolve(self, now: datetime) -> None:
        """The owner says it is solved; said again it is the latest time that counts."""
        cycle = self.cycle
        if self.is_live:
            self.end_wait(now)
            self.answered(now, "resolved")
            cycle.solution.stop(now)
            cycle.ended_by = ("resolved", self.event_id)
            self.release(self.department, now)
        self.resolves += 1
        self.set_status("resolved", "resolved")
        cycle.resolved_at = self.resolved_at = now
        self.attempts = 0
        self.callback_outcome = None
        self.callback_due_at = (
            None if self.external else self.time.end_of_working_day(now, self.terms.callback_days)
        )

    def resume(self, now: datetime) -> None:
        """Go on in the same cycle after a resolve: the solution clock runs again."""
        self.resumed += 1
        cycle = self.cycle
        cycle.resolved_at = cycle.ended_by = None
        cycle.live_since = now
        self.callback_due_at = None
        self.set_status("open", "resumed")
        cycle.solution.go_on(now)
        self.take(self.department, now)

    def close(self, now: datetime, confirmed: bool) -> None:
        """End the cycle; what is still owed is void."""
        cycle = self.cycle
        if self.is_live:
            self.end_wait(now)
            self.answered(now, "closed")
            cycle.solution.stop(now)
            cycle.ended_by = ("closed", self.event_id)
            self.release(self.department, now)
        self.set_status("closed", "closed")
        cycle.closed_at = now
        cycle.confirmed = confirmed
        self.callback_due_at = None
        for obligation in list(self.owed.values()):
            obligation.voided_at = now
            self.settle(obligation, now)

    def reopen(self, now: datetime) -> None:
        """Begin the next cycle, with fresh clocks; the date once asked for is past."""
        number = self.cycle.number + 1
        self.cycles.append(Cycle(number, now, self.time, self.terms, None))
        self.callback_outcome = None
        self.attempts = 0
        self.set_status("open", "reopened")
        self.take(self.department, now)

    def answered(self, now: datetime, word: str) -> None:
        """Stop the response clock, if it runs."""
        cycle = self.cycle
        if cycle.response_ended_by is None:
            cycle.response.stop(now)
            cycle.response_ended_by = (word, self.event_id)

    def settle(self, obligation: Obligation, now: datetime) -> None:
        """Stop the clock of an obligation that is done or void."""
        obligation.clock.stop(now)
        obligation.ended_by = self.event_id
        del self.owed[obligation.obligation_id]
        self.release(obligation.department, now)

    def set_status(self, status: CaseStatus, word: str) -> None:
        """Enter a status, because of the event being taken in."""
        self.status = status
        self.status_by = (word, self.event_id)

    def note(self, now: datetime, what: str, detail: str | None = None) -> None:
        """Add a step to the history, where one is kept."""
        if self.history is not None:
            clock = self.cycle.solution
            runs = clock.running_since is not None
            self.history.append(
                Told(
                    at=now,
                    what=what,
                    event_id=self.event_id,
                    detail=detail,
                    cycle=self.cycle.number,
                    solution_due_at=clock.reached(),
                    solution_left=None if runs else clock.left,
                )
            )
