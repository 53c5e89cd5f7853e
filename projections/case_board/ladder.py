"""Which shares of a clock's time have passed, who is told of them, and which alert stands.

The ladder is pinned on the case. Each step is taken at the exact instant at which its share of
the time is spent, and only the highest stands. An acknowledged step climbs no further, but
that the time is up (100%) is always told. Source: domain rules, section 6; decisions 19, 30, 31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from events.cases.recipients import Recipient
from events.cases.staff import ROLES, staff_with
from events.cases.terms import BREACH, escalation_id
from events.envelope import CustomerId, FactKey
from events.facts import Fact
from events.touchpoints.complaint import Clock as ClockName
from events.touchpoints.policy import AlertSnoozed, EscalationStep
from projections.alert_care import care_of
from projections.case_board.cases import Case
from projections.case_board.clocks import CaseClock
from projections.case_board.parts import Cycle, Obligation
from projections.case_board.replay import Board
from projections.protocol import Alert

AlertKind = Literal["case_response", "case_solution", "case_obligation", "callback_overdue"]
_CLOCKS: dict[str, ClockName] = {
    "case_response": "response",
    "case_solution": "solution",
    "case_obligation": "obligation",
}


class Watch(NamedTuple):
    """A clock that alerts, of a cycle or an obligation; `ended`: why it does no more."""

    kind: AlertKind
    clock_name: ClockName
    case: Case
    cycle: Cycle
    clock: CaseClock
    since: datetime  # from when its alerts may stand
    ended: tuple[str, str] | None  # the word, and the event
    obligation: Obligation | None = None

    @property
    def subject(self) -> str:
        """Return what its alerts are about: the cycle of the case, or the obligation."""
        if self.obligation is not None:
            return f"{self.case.case_id}/{self.obligation.obligation_id}"
        return cycle_subject(self.case, self.cycle)

    def escalation_id(self, percent: int) -> str:
        """Return the identity of the escalation at that percent (decision 19)."""
        return escalation_id(
            self.case.case_id,
            self.cycle.number,
            self.clock_name,
            percent,
            self.obligation.obligation_id if self.obligation else "",
        )


def cycle_subject(case: Case, cycle: Cycle) -> str:
    """Return what alerts about a cycle name as their subject."""
    return f"{case.case_id}#{cycle.number}"


def cycle_watches(case: Case, cycle: Cycle) -> Iterator[Watch]:
    """Yield the clocks of a cycle; an earlier cycle's have ended."""
    yield Watch(
        "case_response", "response", case, cycle, cycle.response, cycle.opened_at,
        cycle.response_ended_by,
    )  # fmt: skip
    yield Watch(
        "case_solution", "solution", case, cycle, cycle.solution, cycle.live_since, cycle.ended_by
    )


def obligation_watch(case: Case, obligation: Obligation) -> Watch:
    """Return the clock of an obligation."""
    return Watch(
        "case_obligation", "obligation", case, case.cycle, obligation.clock, obligation.handed_at,
        obligation.ended_by, obligation,
    )  # fmt: skip


def live_watches(case: Case) -> Iterator[Watch]:
    """Yield the clocks of a case that may alert now."""
    if case.is_live:
        yield from (w for w in cycle_watches(case, case.cycle) if w.ended is None)
    for obligation in case.owed.values():
        yield obligation_watch(case, obligation)


class Step(NamedTuple):
    """A step that was taken: when its share of the time was spent, and its alert."""

    reached_at: datetime
    alert: Alert


class PutOff(NamedTuple):
    """Until when an alert is not to be heard of, and the event that says so."""

    until: datetime
    event_id: str


class Climb(NamedTuple):
    """How far a clock has come."""

    taken: Sequence[Step]  # the latest last
    next_at: datetime | None


class Ladder:
    """The steps that were taken on the clocks of a customer's cases."""

    def __init__(self, customer: CustomerId, board: Board) -> None:
        self.customer = customer
        self._board = board

    def alert_at(self, watch: Watch, percent: int, reached: datetime) -> Alert:
        """Return the alert of a step that was taken."""
        return Alert(
            kind=watch.kind,
            subject=watch.subject,
            threshold=percent,
            customer_id=self.customer,
            branch_id=watch.case.branch_id,
            since=max(reached, watch.since),
            currency="",
            amount_minor=0,
        )

    def acknowledgement(self, watch: Watch, alert: Alert) -> Fact | None:
        """Return the event that acknowledged a step, by the escalation's id or the alert's."""
        known = self._board.acknowledged
        if not known:
            return None
        by_escalation = known.get(watch.escalation_id(alert.threshold))
        return by_escalation or known.get(alert.alert_id)

    def climb(self, watch: Watch) -> Climb:
        """Return the steps taken on a clock by now, and when its next share will be spent."""
        taken: list[Step] = []
        for step in watch.case.terms.ladder:
            reached = watch.clock.reached(step.percent)
            if reached is None or reached > self._board.at:
                return Climb(taken, reached)
            if taken and step.percent != BREACH:
                event = self.acknowledgement(watch, taken[-1].alert)
                if event is not None and event.effective_at <= reached:
                    continue
            taken.append(Step(reached, self.alert_at(watch, step.percent, reached)))
        return Climb(taken, None)

    def standing(self, watch: Watch, taken: Sequence[Step]) -> Alert | None:
        """Return the alert that stands on a running clock: the highest step.

        Unless it was acknowledged or put off. `taken` are the steps of its climb.
        """
        alert = self.unless_taken_up(watch, taken)
        return None if alert is None or self.put_off(alert, watch) is not None else alert

    def unless_taken_up(self, watch: Watch, taken: Sequence[Step]) -> Alert | None:
        """Return the alert of the highest step, unless somebody has acknowledged it."""
        if not taken or self.acknowledgement(watch, taken[-1].alert) is not None:
            return None
        return taken[-1].alert

    def put_off(self, alert: Alert, watch: Watch) -> PutOff | None:
        """Return until when a step was put off, if that is still to come, and by which event.

        By the escalation's id or the alert's own; of two words the later counts.
        """
        snoozed = self._board.snoozed
        if not snoozed:
            return None
        events = list(snoozed.get(alert.alert_id, ()))
        events += snoozed.get(watch.escalation_id(alert.threshold), ())
        events.sort(key=_place)
        if not events:
            return None
        data = events[-1].data
        assert isinstance(data, AlertSnoozed)
        return PutOff(data.until, events[-1].id) if data.until > self._board.at else None


def _place(event: Fact) -> FactKey:
    return event.fact_key


def recipients(board: Board, alert: Alert) -> tuple[Recipient, ...]:
    """Return who is told of an alert about a case.

    The step's role on the ladder, as held when it is asked; of an obligation the owner of the
    case as well, and as department head only that of the department that owes it (decision 30).
    Of a call about no case the branch that promised it. Passed on: whom it was passed on to.
    """
    care = board.cares.get(_escalation_of(board, alert)) if board.cares else None
    if care is None or care.delegate is None:
        care = care_of(alert, board.cares)
    if care is not None and care.delegate is not None:
        return (Recipient("delegate", alert.branch_id or "", None, care.delegate),)
    call = board.calls.get(alert.subject)
    if call is not None:
        return (Recipient("owner", call.branch_id, None, None),)
    case_id, _, obligation_id = alert.subject.partition("/")
    case = board.cases.get(case_id if obligation_id else alert.subject.rpartition("#")[0])
    if case is None:
        return ()
    owner = Recipient("owner", case.branch_id, case.department, case.owner)
    role = _role(case.terms.ladder, alert.threshold)
    if role == "owner":
        return (owner,)
    obligation = case.obligations.get(obligation_id)
    department = obligation.department if obligation else case.department
    if role == "department_head":
        told = [Recipient(role, case.branch_id, department, _head(board, department))]
    else:
        holders = _holders(board, case, role)
        told = [Recipient(role, case.branch_id, None, agent) for agent in holders]
    return (*told, owner) if obligation is not None else tuple(told)


def _escalation_of(board: Board, alert: Alert) -> str:
    """Return the id of the escalation that an alert about a clock is; else none."""
    case_id, _, owed = alert.subject.partition("/")
    number = ""
    if not owed:
        case_id, _, number = alert.subject.rpartition("#")
    case, clock = board.cases.get(case_id), _CLOCKS.get(alert.kind)
    if case is None or clock is None:
        return ""
    cycle = int(number) if number else case.cycle.number
    return escalation_id(case_id, cycle, clock, alert.threshold, owed)


def _holders(board: Board, case: Case, role: str) -> Sequence[str | None]:
    """Return who has a role now, at the case's branch or at headquarters; None: whoever has."""
    named = next((one for one in ROLES if one == role), None)
    branch_id = None if role == "headquarters" else case.branch_id
    return (named and staff_with(board.reference, named, board.at, branch_id)) or (None,)


def _role(ladder: tuple[EscalationStep, ...], percent: int) -> str:
    return next((step.role for step in ladder if step.percent == percent), "owner")


def _head(board: Board, department: str | None) -> str | None:
    known = board.reference.departments_at(board.at).get(department) if department else None
    return known.head if known else None
