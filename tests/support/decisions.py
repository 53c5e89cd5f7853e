"""Cases told as commands: who asks what when, what it comes to, and how the case stands then.

Times are local ones of Asia/Shanghai. Every unit is told to the case board too, as events of the
source `/cases/<case_id>`; after each the fold of the stream must say what the board says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from events.branch_calendars import business_time
from events.cases.asking import Decision, Rules
from events.cases.clocks import reached_at
from events.cases.commands import Command, Open
from events.cases.decide import decide
from events.cases.evolve import evolve
from events.cases.opening import opening_of
from events.cases.staff import BY_ITSELF, Staff, staff_in_force
from events.cases.state import Case
from events.cases.terms import terms_at
from events.envelope import BranchId, EventId
from events.facts import Fact, fact_of
from events.policy import Reference
from events.refusals import Refused
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled, ServiceRequested
from events.touchpoints.policy import DepartmentSet, StaffSet
from projections.case_board.board import obligation_due_at
from projections.case_board.projection import CaseBoard
from projections.case_board.replay import Board
from projections.case_board.rows import CaseRow
from projections.facts import Facts
from projections.protocol import Assessment
from tests.support.cases import CASE, SERVICE_DESK
from tests.support.given import CUSTOMER, Told, event_id, instant, recorded_events, told

CASE_BOARD = CaseBoard()
LONG_AGO = "2020-01-01"


def staff(number: str, department: str | None = None, *roles: str, branch: str = "B-1") -> Told:
    """A member of staff was published."""
    data = StaffSet(
        effective_from=instant(LONG_AGO),
        staff_id=number,
        branch_id=branch,
        department_id=department,
        roles=roles,  # type: ignore[arg-type]
    )
    return told(data, LONG_AGO, f"staff {number}")


def department(name: str, head: str | None) -> Told:
    """A department was published."""
    data = DepartmentSet(effective_from=instant(LONG_AGO), department_id=name, name=name, head=head)
    return told(data, LONG_AGO, f"department {name}")


PEOPLE = (
    staff("ann", "service"),
    staff("amy", "service"),
    staff("bob", "sales"),
    staff("liz", "logistics"),
    staff("cat", "calls", "call_centre"),
    staff("max", None, "branch_manager"),
    staff("moe", None, "branch_manager", branch="B-2"),
    staff("hans", None, "headquarters", branch="HQ"),
    department("calls", None),
)
"""Who works at the service desk: heads are those of SERVICE_DESK, such as `head of sales`."""

RULES = (*SERVICE_DESK, *PEOPLE)


class Desk:
    """One case of our own: its stream, the facts of its customer, and the rules it lives under."""

    def __init__(self, rules: Sequence[Told] = RULES, branch: str = "B-1") -> None:
        self.reference = Reference(recorded_events(rules))
        self.branch = branch
        self.case_id = CASE
        self.case: Case | None = None
        self.facts: list[Fact] = []
        self.stream: list[Touchpoint] = []
        self.open_invoices: frozenset[str] = frozenset()

    # --- what happens ---

    def complains(self, data: ComplaintFiled | ServiceRequested, on: datetime) -> None:
        """Let the customer complain at a branch; nothing opens the case yet."""
        (complaint,) = recorded_events([Told(data, on, event="complaint")], self.branch)
        self.facts.append(fact_of(complaint))

    def opens(
        self, data: ComplaintFiled | ServiceRequested, on: str, at: str | None = None
    ) -> None:
        """Let the customer complain, and the platform open the case, at once or later."""
        self.complains(data, instant(on))
        decided = self.decides(opening(data, instant(on)), BY_ITSELF, instant(at or on))
        assert not isinstance(decided, Refused)

    def asks(self, who: str, command: Command, on: str) -> Decision:
        """Let a member of staff ask for something."""
        at = instant(on)
        by = staff_in_force(self.reference, who, at)
        assert by is not None, f"{who} is nobody"
        return self.decides(command, by, at)

    def does(self, who: str, command: Command, on: str) -> tuple[Touchpoint, ...]:
        """Let a member of staff do something, which nothing refuses."""
        decided = self.asks(who, command, on)
        assert not isinstance(decided, Refused), decided
        return decided

    def refuses(self, who: str, command: Command, on: str) -> Refused:
        """Let a member of staff ask for something that is refused."""
        decided = self.asks(who, command, on)
        assert isinstance(decided, Refused), decided
        return decided

    def by_itself(self, command: Command, on: str) -> Decision:
        """Let the platform do something by itself."""
        return self.decides(command, BY_ITSELF, instant(on))

    def decides(self, command: Command, by: Staff, at: datetime) -> Decision:
        """Decide a command, and take its unit in; the clock may go back, the stream does not."""
        now = at if self.case is None else max(at, self.case.last_at)
        decided = decide(self.case, command, by, now, Rules(self.reference, self.open_invoices))
        if isinstance(decided, Refused):
            return decided
        for data in decided:
            self.case = evolve(self.case, data, now, self.branch)
            self.stream.append(data)
            source, number = f"/cases/{self.case_id}", len(self.stream)
            self.facts.append(fact_in_stream(data, now, source, number, self.branch))
        return decided

    def hears(self, data: Touchpoint, at: datetime) -> None:
        """Let a branch report something else about the customer, however long ago it was."""
        self.facts.append(fact_in_stream(data, at, "/branches/B-2/b", len(self.facts), "B-2"))

    def learns(self, *rules: Told) -> None:
        """Let reference data be recorded, whatever instant it counts from."""
        self.reference = self.reference.remember(recorded_events(rules, "HQ"))

    # --- how it stands ---

    @property
    def stands(self) -> Case:
        """Return the fold of the stream."""
        assert self.case is not None
        return self.case

    def assessed(self, at: str | datetime) -> Assessment:
        """Return what the board makes of everything."""
        when = instant(at) if isinstance(at, str) else at
        return CASE_BOARD.assess(CUSTOMER, Facts(self.facts), when, self.reference)

    def row(self, at: str | datetime) -> CaseRow:
        """Return the row of the case on the board."""
        rows = self.assessed(at).rows["cases"]
        return next(r for r in rows if isinstance(r, CaseRow) and r.case_id == self.case_id)

    def agrees(self, at: datetime) -> None:
        """Hold the fold of the stream equal with the case on the board, field by field."""
        board = Board(Facts(self.facts), at, self.reference, tell=False)
        assert said_by_stream(self.stands, self.reference) == said_by_board(board, self.case_id)


def fact_in_stream(
    data: Touchpoint, at: datetime, source: str, number: int, branch: str = "B-1"
) -> Fact:
    """Return an event of a stream as a fact."""
    name = EventId(event_id(f"{source} {number}"))
    return Fact(name, at, BranchId(branch), source, 0, number, data)


def opening(data: ComplaintFiled | ServiceRequested, at: datetime, tier: str | None = None) -> Open:
    """Return the command by which the platform opens the case of a complaint or request."""
    return opening_of(data, event_id("complaint"), at, tier)


def _call_due(case: Case, reference: Reference) -> datetime | None:
    """Return when the call is due: as promised, or reckoned if no working day was in sight."""
    if case.status != "resolved" or case.callback_id is not None or case.resolved_at is None:
        return case.callback_due_at
    days = terms_at(reference, case.opened_at, case.priority).callback_days
    return business_time(reference, case.branch_id).end_of_working_day(case.resolved_at, days)


def said_by_stream(case: Case, reference: Reference) -> dict[str, object]:
    """Return what the fold of a stream says of a case, in the words of both."""
    time = business_time(reference, case.branch_id)
    return {
        "status": case.status,
        "priority": case.priority,
        "owner": case.owner,
        "department": case.department,
        "cycle": case.cycle,
        "attempts": case.attempts,
        "resolves": case.resolves,
        "told": case.told,
        "opened": case.opened_at,
        "waiting since": case.waiting_since,
        "resolved": case.resolved_at,
        "call due": _call_due(case, reference),
        "put off": case.put_off_until,
        "answered": case.answered,
        "response due": reached_at(case.response, time),
        "response at 75%": reached_at(case.response, time, 75),
        "solution due": reached_at(case.solution, time),
        "solution at 150%": reached_at(case.solution, time, 150),
        "owed": {
            one.obligation_id: (
                one.department,
                one.owes,
                one.agent,
                time.after(one.clock.started_at, timedelta(minutes=one.clock.minutes)),
                reached_at(one.clock, time),
            )
            for one in case.owed
        },
        "referrals": sorted(case.referrals),
    }


def said_by_board(board: Board, case_id: str) -> dict[str, object]:
    """Return what the case board says of a case, in the words of both."""
    case = board.cases[case_id]
    cycle = case.cycle
    return {
        "status": case.status,
        "priority": case.priority,
        "owner": case.owner,
        "department": case.department,
        "cycle": cycle.number,
        "attempts": case.attempts,
        "resolves": case.resolves,
        "told": case.told,
        "opened": case.opened_at,
        "waiting since": case.waiting_since,
        "resolved": case.resolved_at,
        "call due": case.callback_due_at,
        "put off": case.put_off_until,
        "answered": cycle.response_ended_by is not None,
        "response due": cycle.response.reached(),
        "response at 75%": cycle.response.reached(75),
        "solution due": cycle.solution.reached(),
        "solution at 150%": cycle.solution.reached(150),
        "owed": {
            key: (
                one.department,
                one.owes,
                one.agent,
                obligation_due_at(case, one),
                one.clock.reached(),
            )
            for key, one in case.owed.items()
        },
        "referrals": sorted(case.referrals),
    }
