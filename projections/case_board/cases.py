"""A case as its events leave it, and the steps of its life."""

from __future__ import annotations

from datetime import datetime

from events.business_time import BusinessTime
from events.cases.terms import ServiceTerms
from events.touchpoints.contact import CallbackMade
from projections.case_board.parts import CaseStep, Cycle, Obligation, Referral, Route, Stay, Unread
from projections.case_board.rows import CaseStatus


class Case:
    """A case under way; `event_id` and `at` are those of the event being taken in."""

    __slots__ = (
        "activity", "agents", "answers", "attempts", "branch_id", "callback_due_at",
        "callback_outcome", "callback_promised", "case_id", "category", "cycles", "declined",
        "department", "departments", "done_early", "duplicate_of", "event_id", "external", "flow",
        "history", "kind", "last_at", "last_event_id", "obligations", "opened_at", "owed", "owner",
        "pinned", "priority", "put_off_until", "rank", "referrals", "referred_from", "resolved_at",
        "resolves", "resumed", "severity", "status", "status_by", "stays", "terms", "tier", "time",
        "told", "unread", "waiting_since", "wanted_by",
    )  # fmt: skip

    def __init__(
        self,
        case_id: str,
        *,
        rank: tuple[bool, int],
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
        self.rank = rank  # of cases that overheard the same need the first in rank is named
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
        self.flow: str | None = None
        self.status: CaseStatus = "open"
        self.status_by: tuple[str, str] = ("opened", event_id)  # the word and event of its status
        self.waiting_since: datetime | None = None
        self.resolved_at: datetime | None = None  # the latest, whatever came after
        self.callback_due_at: datetime | None = None
        self.callback_promised = False  # its due instant was said, not reckoned
        self.callback_outcome: str | None = None
        self.attempts = 0
        self.answers: dict[tuple[str, str], tuple[int, int]] = {}  # how many, and their total
        self.resolves = self.resumed = self.told = 0
        self.agents = Route()
        self.departments = Route()
        self.stays: dict[str, Stay] = {}
        self.obligations: dict[str, Obligation] = {}
        self.owed: dict[str, Obligation] = {}  # those of them that are open
        self.done_early: dict[str, tuple[str, str]] = {}  # what came before its obligation
        self.declined = False
        self.duplicate_of: str | None = None
        self.put_off_until: datetime | None = None
        self.referrals: dict[str, Referral] = {}
        self.history: list[CaseStep] | None = None
        self.cycles = [Cycle(1, opened_at, time, terms, wanted_by)]
        self.unread = Unread(1)

    @property
    def cycle(self) -> Cycle:
        """Return the present cycle."""
        return self.cycles[-1]

    @property
    def is_live(self) -> bool:
        """Return whether it is worked on or waits: neither resolved nor closed."""
        return self.status in ("open", "waiting")

    @property
    def is_of_first_contact(self) -> bool:
        """Return whether it ended by a resolve that held, and never changed hands."""
        ended = self.status in ("resolved", "closed") and self.resolves == 1
        moved = self.agents.moves or self.departments.moves
        return ended and not (moved or self.resumed or len(self.cycles) > 1)

    def hear(self, call: CallbackMade) -> None:
        """Count what the customer said in a call that decides about it."""
        said = [(("outcome", str(call.outcome)), 0)]
        said += [(("driver", one.driver), one.score) for one in call.scores]
        for about, score in said:
            answers, total = self.answers.get(about, (0, 0))
            self.answers[about] = answers + 1, total + score

    def read(self) -> None:
        """Note that its rows were made: what can change no more need not be read again."""
        self.unread = Unread(self.cycle.number)

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
            self.put_off_until = None
            self.release(self.department, now)
        self.resolves += 1
        self.set_status("resolved", "resolved")
        cycle.resolved_at = self.resolved_at = now
        self.attempts = 0
        self.callback_outcome = None
        self.callback_promised = False
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

    def close(self, now: datetime, confirmed: bool, word: str = "closed") -> None:
        """End the cycle; what is still owed is void."""
        cycle = self.cycle
        if self.is_live:
            self.end_wait(now)
            self.answered(now, word)
            cycle.solution.stop(now)
            cycle.ended_by = (word, self.event_id)
            self.put_off_until = None
            self.release(self.department, now)
        self.set_status("closed", word)
        cycle.closed_at = now
        cycle.confirmed = confirmed
        self.callback_due_at = None
        for obligation in list(self.owed.values()):
            obligation.voided_at = now
            self.settle(obligation, now, "closed")

    def reopen(self, now: datetime) -> None:
        """Begin the next cycle, with fresh clocks; the date once asked for is past."""
        number = self.cycle.number + 1
        self.cycles.append(Cycle(number, now, self.time, self.terms, None))
        self.callback_outcome = None
        self.attempts = 0
        self.declined = False
        self.duplicate_of = None
        self.set_status("open", "reopened")
        self.take(self.department, now)

    def answered(self, now: datetime, word: str) -> None:
        """Stop the response clock, if it runs."""
        cycle = self.cycle
        if cycle.response_ended_by is None:
            cycle.response.stop(now)
            cycle.response_ended_by = (word, self.event_id)

    def set_priority(self, priority: str, terms: ServiceTerms, now: datetime) -> None:
        """Be more, or less, pressing: the clocks that run, or wait, have other times."""
        self.priority, self.terms = priority, terms
        cycle = self.cycle
        if cycle.response_ended_by is None:
            cycle.response.give(terms.response, now)
        if self.is_live:
            cycle.solution.give(terms.solution, now)

    def settle(self, obligation: Obligation, now: datetime, word: str) -> None:
        """Stop the clock of an obligation that is done or void."""
        obligation.clock.stop(now)
        obligation.ended_by = (word, self.event_id)
        del self.owed[obligation.obligation_id]
        self.unread.settled.append(obligation)
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
                CaseStep(
                    at=now,
                    what=what,
                    event_id=self.event_id,
                    detail=detail,
                    cycle=self.cycle.number,
                    solution_due_at=clock.reached(),
                    solution_left=None if runs else clock.left,
                )
            )
