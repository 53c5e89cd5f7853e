"""The rows of the case board: cases, cycles, obligations, departments, answers and referrals.

Everything is constant between changes: what drifts with time is stored as an instant (a due
date, `since`) or as what is left. Durations are business time in whole seconds.
"""

from datetime import date, datetime
from typing import Literal

from projections.protocol import Row, Table

CaseStatus = Literal["open", "waiting", "resolved", "closed"]
ObligationStatus = Literal["open", "done", "void"]
CallbackStatus = Literal["open", "made", "unreachable"]


class CaseRow(Row, frozen=True, kw_only=True):
    """A case as it stands; clocks and verdicts are those of its present cycle."""

    case_id: str
    external: bool  # kept by another system and imported
    kind: str  # complaint, a service kind, or case where only its opening is known
    category: str | None
    severity: str
    priority: str
    tier: str | None
    branch_id: str  # where it was opened: its calendar is the case's
    owner: str | None
    department: str | None
    status: CaseStatus
    activity: str | None  # in the words of the system that keeps it
    cycle: int
    opened_at: datetime
    opened_on: date  # the branch's local day
    cycle_opened_at: datetime
    wanted_by: datetime | None
    replied_at: datetime | None
    response_due_at: datetime | None
    response_provisional: bool  # public holidays before it are not announced yet: it may move
    response_met_at: datetime | None
    response_breached_at: datetime | None
    solution_due_at: datetime | None  # None while the clock stands still
    solution_provisional: bool
    solution_left_s: int | None  # while it stands still: what is left; 0 once overrun
    solution_met_at: datetime | None
    solution_breached_at: datetime | None
    waiting_since: datetime | None
    paused_s: int  # ended waits of this cycle
    resolved_at: datetime | None  # the latest, whatever came after
    closed_at: datetime | None
    confirmed: bool | None
    callback_due_at: datetime | None
    callback_provisional: bool
    callback_attempts: int
    callback_outcome: str | None
    open_obligations: int
    resolves: int
    resumed: int  # how often it went on after a resolve, in the same cycle
    reopened: int
    handovers: int  # from agent to agent
    returns: int  # ping-pong: handed over to the agent before the last
    department_handovers: int
    department_returns: int
    told: int
    first_contact: bool  # it ended by one resolve that held, in one agent's and department's hands
    referred_from: str | None
    flow: str | None  # the flow of stages that it goes through
    declined: bool  # closed because we will not do it
    duplicate_of: str | None  # closed because it is the same as this case
    put_off_until: datetime | None  # before which nobody is asked to take it
    escalation: int | None  # the highest percent at which an alert about it stands
    last_event_id: str  # that may have changed it: words about a closed case do not
    last_event_at: datetime


class CycleRow(Row, frozen=True, kw_only=True):
    """One cycle of a case with its own clocks; an earlier one keeps its verdict."""

    case_id: str
    cycle: int
    branch_id: str
    opened_at: datetime
    response_met_at: datetime | None
    response_breached_at: datetime | None
    solution_met_at: datetime | None
    solution_breached_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    confirmed: bool | None
    paused_s: int


class ObligationRow(Row, frozen=True, kw_only=True):
    """What a department owes on a case, by a deadline of its own."""

    case_id: str
    obligation_id: str
    branch_id: str
    department: str
    owes: str
    agent: str | None
    stage: str | None  # of the case's flow; None: handed off by somebody
    handed_at: datetime
    due_at: datetime | None  # None: never, its calendar has too few working hours
    provisional: bool  # public holidays before it are not announced yet: it may move
    status: ObligationStatus  # void: it was withdrawn, or the case was closed first
    done_at: datetime | None
    breached_at: datetime | None
    late_s: int | None  # once it is done


class DepartmentRow(Row, frozen=True, kw_only=True):
    """How long a department had a case in hand, as its own or owing something on it."""

    case_id: str
    department: str
    branch_id: str
    held_s: int  # what has ended
    since: datetime | None  # what goes on


class AnswerRow(Row, frozen=True, kw_only=True):
    """What the customer said in calls about a case: outcomes, and scores by driver, 0 to 10.

    Counted are calls that decide, while a case is resolved; an answer stays when it goes on.
    """

    case_id: str
    about: Literal["outcome", "driver"]
    name: str  # satisfied, dissatisfied, unreachable; or the driver
    branch_id: str
    answers: int
    total: int  # of the scores


class ReferralRow(Row, frozen=True, kw_only=True):
    """A need overheard on a case that became a case of another department."""

    case_id: str
    referral_case_id: str
    department: str
    referred_at: datetime


class CallbackRow(Row, frozen=True, kw_only=True):
    """A call that was promised without naming a case."""

    callback_id: str
    branch_id: str  # that promised it
    purpose: str
    promised_at: datetime
    due_at: datetime
    status: CallbackStatus
    attempts: int
    outcome: str | None  # of the last attempt
    ended_at: datetime | None
    late: bool  # it was made after it was due
    promised_by: str  # the event
    ended_by: str | None  # the event


CASES = Table("cases", CaseRow, ("case_id",))
CYCLES = Table("cycles", CycleRow, ("case_id", "cycle"))
OBLIGATIONS = Table("obligations", ObligationRow, ("case_id", "obligation_id"))
DEPARTMENTS = Table("departments", DepartmentRow, ("case_id", "department"))
ANSWERS = Table("answers", AnswerRow, ("case_id", "about", "name"))
REFERRALS = Table("referrals", ReferralRow, ("case_id", "referral_case_id"))
CALLBACKS = Table("callbacks", CallbackRow, ("callback_id",))
TABLES = (CASES, CYCLES, OBLIGATIONS, DEPARTMENTS, ANSWERS, REFERRALS, CALLBACKS)

BREACHED = "breached"
"""Measure of the company totals: cases under way past their solution; else a case's status."""
