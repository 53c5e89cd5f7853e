"""The form in which the memo of the case board is kept; never compiled (see books.kept)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from events.alert_care import Care
from events.envelope import CustomerId
from events.touchpoints.policy import EscalationStep
from events.uses import Use
from projections.case_board.clocks import Span
from projections.case_board.parts import Referral
from projections.case_board.rows import CaseStatus
from projections.keeping import Kept, KeptFact
from projections.protocol import Alert

KeptTerms = tuple[timedelta, timedelta, int, int, tuple[EscalationStep, ...]]


class KeptClock(Kept):
    """A clock; its time is that of the case."""

    started_at: datetime
    budget: timedelta
    fixed: datetime | None
    spans: list[Span]
    spent: timedelta
    running_since: datetime | None
    set_at: datetime | None


class KeptCycle(Kept):
    """A cycle of the case that owns it."""

    number: int
    opened_at: datetime
    live_since: datetime
    response: KeptClock
    solution: KeptClock
    response_ended_by: tuple[str, str] | None
    ended_by: tuple[str, str] | None
    replied_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    confirmed: bool | None
    paused: timedelta


class KeptObligation(Kept):
    """What a department owes, or owed, on the case that owns it."""

    obligation_id: str
    department: str
    owes: str
    agent: str | None
    stage: str | None
    clock: KeptClock
    done_at: datetime | None
    voided_at: datetime | None
    ended_by: tuple[str, str] | None


class KeptRoute(Kept):
    """Through whose hands a case went."""

    before: str | None
    last: str | None
    moves: int
    returns: int


class KeptStay(Kept):
    """How long a department has a case in hand."""

    department: str
    held: timedelta
    reasons: int
    since: datetime | None


class KeptCase(Kept):
    """A case, all of whose rows were made."""

    case_id: str
    rank: tuple[bool, int]
    external: bool
    kind: str
    category: str | None
    severity: str
    priority: str
    branch_id: str
    opened_at: datetime
    wanted_by: datetime | None
    terms: int  # which of those of the memo
    event_id: str
    last_event_id: str
    last_at: datetime
    pinned: bool
    tier: str | None
    owner: str | None
    department: str | None
    activity: str | None
    referred_from: str | None
    flow: str | None
    status: CaseStatus
    status_by: tuple[str, str]
    waiting_since: datetime | None
    resolved_at: datetime | None
    callback_due_at: datetime | None
    callback_promised: bool
    callback_outcome: str | None
    attempts: int
    answers: Sequence[tuple[tuple[str, str], tuple[int, int]]]
    resolves: int
    resumed: int
    told: int
    agents: KeptRoute
    departments: KeptRoute
    stays: Sequence[KeptStay]
    obligations: Sequence[KeptObligation]
    done_early: dict[str, tuple[str, str]]
    declined: bool
    duplicate_of: str | None
    put_off_until: datetime | None
    referrals: Sequence[Referral]
    cycles: Sequence[KeptCycle]


class KeptCall(Kept):
    """A promised call."""

    callback_id: str
    branch_id: str
    purpose: str
    promised_at: datetime | None
    promised_by: str
    due_at: datetime | None
    tries: int
    attempts: int
    outcome: str | None
    ended_at: datetime | None
    ended_by: str | None


class KeptMemo(Kept):
    """A memo of the case board."""

    customer: CustomerId
    at: datetime
    walked: int
    next_fact_at: datetime | None
    terms: Sequence[KeptTerms]
    cases: Sequence[KeptCase]
    calls: Sequence[tuple[str, KeptCall]]  # by the subject of its alerts
    acknowledged: Sequence[tuple[str, KeptFact]]
    snoozed: Sequence[tuple[str, Sequence[KeptFact]]]
    cares: dict[str, Care]
    uses: Sequence[Use]
    cases_called: dict[str, str]
    referrers: Sequence[tuple[str, Sequence[str]]]
    waiting: Sequence[
        tuple[str, Sequence[KeptFact]]
    ]  # what was said of cases without a complaint so far
    watched: Sequence[tuple[str, tuple[tuple[Alert, ...], datetime | None, bool]]]
    wakes: list[tuple[datetime, str]]
