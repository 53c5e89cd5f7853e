"""Which alerts stand on a customer's cases, and why the others do not.

case_response     a share of the time to the first answer is spent
case_solution     a share of the time to the solution is spent
case_obligation   a share of a department's time for what it owes is spent
callback_overdue  a resolved case was not called back within its business days, or a call that was
                  promised was not made in time

The first three have the percent as their threshold (100: the time is up); projections.case_board
.ladder says which stands. Each ends at the instant of what made it untrue. A call-back that is
overdue stands, with what was done about it, until it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from events.envelope import CustomerId
from projections.alert_care import earliest, with_care
from projections.case_board.calls import PromisedCall
from projections.case_board.cases import Case
from projections.case_board.ladder import (
    Ladder,
    Watch,
    cycle_subject,
    cycle_watches,
    live_watches,
    obligation_watch,
)
from projections.case_board.replay import Board
from projections.protocol import Alert, AlertKey, Cause


class Watched(NamedTuple):
    """What the clocks of a case say at an instant."""

    alerts: tuple[Alert, ...]
    next_at: datetime | None  # when a clock says something else by itself
    climbing: bool  # whether any has taken a step: an acknowledgement may count

    @property
    def escalation(self) -> int | None:
        """Return the highest percent at which an alert stands."""
        return max((alert.threshold for alert in self.alerts if alert.threshold), default=None)


def watched(customer: CustomerId, board: Board, ladder: Ladder, case: Case) -> Watched:
    """Return which alerts stand on a case, and until when."""
    alerts: list[Alert] = []
    nexts: list[datetime] = []
    climbing = False
    for watch in live_watches(case):
        climb = ladder.climb(watch)
        climbing = climbing or bool(climb.taken)
        alert = ladder.unless_taken_up(watch, climb.taken)
        put_off = None if alert is None else ladder.put_off(alert, watch)
        if put_off is not None:
            nexts.append(put_off.until)
        elif alert is not None:
            alerts.append(alert)
        if climb.next_at is not None:
            nexts.append(climb.next_at)
    overdue = _callback_overdue(customer, case)
    if overdue is not None and overdue.since > board.at:
        nexts.append(overdue.since)
    elif overdue is not None:
        alerts.append(with_care(overdue, board.cares, board.at))
    return Watched(tuple(alerts), earliest(min(nexts, default=None), alerts), climbing)


def watched_call(customer: CustomerId, board: Board, call: PromisedCall) -> Watched:
    """Return whether a promised call is overdue, and when it will be."""
    alert = call.alert(customer, board.at)
    alerts = () if alert is None else (with_care(alert, board.cares, board.at),)
    return Watched(alerts, earliest(call.next_at(board.at), alerts), False)


def _callback_overdue(customer: CustomerId, case: Case) -> Alert | None:
    """Return the alert that stands once a case's call-back is overdue; None: none is due."""
    due = case.callback_due_at
    if case.status != "resolved" or due is None:
        return None
    return Alert(
        kind="callback_overdue",
        subject=cycle_subject(case, case.cycle),
        threshold=0,
        customer_id=customer,
        branch_id=case.branch_id,
        since=max(due, case.cycle.resolved_at or due),
        currency="",
        amount_minor=0,
    )


class ClearedAlerts(Mapping[AlertKey, Cause]):
    """For every alert that could stand on the cases and does not: why; found out when asked.

    It speaks of the board as it is: ask before the board goes on.
    """

    def __init__(self, board: Board, ladder: Ladder, alerts: Sequence[Alert]) -> None:
        self._board = board
        self._ladder = ladder
        self._alerts = alerts

    @cached_property
    def _standing(self) -> frozenset[AlertKey]:
        return frozenset(alert.key for alert in self._alerts)

    def __getitem__(self, key: AlertKey) -> Cause:
        if key in self._standing:
            raise KeyError(key)
        if key.kind == "callback_overdue":
            return self._of_callback(key)
        watch = self._watch(key)
        if watch is None or all(s.percent != key.threshold for s in watch.case.terms.ladder):
            raise KeyError(key)
        if watch.ended is not None:
            return Cause(*watch.ended)
        return self._while_it_runs(watch, key.threshold)

    def _while_it_runs(self, watch: Watch, percent: int) -> Cause:
        taken = {step.alert.threshold: step.alert for step in self._ladder.climb(watch).taken}
        highest = max(taken, default=0)
        if highest > percent and percent not in taken:
            return Cause("superseded")
        alert = taken.get(percent) or taken.get(highest)
        event = self._ladder.acknowledgement(watch, alert) if alert is not None else None
        if event is not None:
            return Cause("acknowledged", event.id)
        put_off = self._ladder.put_off(alert, watch) if alert is not None else None
        if put_off is not None and percent == highest:
            return Cause("snoozed", put_off.event_id)
        return Cause("superseded" if highest > percent else "corrected")

    def _of_callback(self, key: AlertKey) -> Cause:
        call = self._board.calls.get(key.subject)
        if call is not None:
            return Cause("called_back", call.ended_by) if call.ended_by else Cause("corrected")
        case_id, _, number = key.subject.rpartition("#")
        case = self._board.cases.get(case_id)
        if case is None or number not in {str(cycle.number) for cycle in case.cycles}:
            raise KeyError(key)
        if number == str(case.cycle.number) and case.status != "resolved":
            return Cause(*case.status_by)
        return Cause("corrected")

    def _watch(self, key: AlertKey) -> Watch | None:
        case_id, _, obligation_id = key.subject.partition("/")
        if key.kind == "case_obligation":
            case = self._board.cases.get(case_id)
            obligation = case.obligations.get(obligation_id) if case else None
            return obligation_watch(case, obligation) if case and obligation else None
        case_id, _, number = key.subject.rpartition("#")
        case = self._board.cases.get(case_id)
        for cycle in case.cycles if case else ():
            if str(cycle.number) == number and case is not None:
                return next((w for w in cycle_watches(case, cycle) if w.kind == key.kind), None)
        return None

    def _keys(self) -> Iterator[AlertKey]:
        for case in self._board.cases.values():
            percents = [step.percent for step in case.terms.ladder]
            for cycle in case.cycles:
                for watch in cycle_watches(case, cycle):
                    yield from (AlertKey(watch.kind, watch.subject, p) for p in percents)
                yield AlertKey("callback_overdue", cycle_subject(case, cycle), 0)
            for obligation in case.obligations.values():
                watch = obligation_watch(case, obligation)
                yield from (AlertKey(watch.kind, watch.subject, p) for p in percents)

        yield from (AlertKey("callback_overdue", subject, 0) for subject in self._board.calls)

    def __iter__(self) -> Iterator[AlertKey]:
        return (key for key in self._keys() if key not in self._standing)

    def __len__(self) -> int:
        return sum(1 for _ in self)
