"""From facts to cases: walked in effective order, each told to its case.

A case begins with the complaint or request that opened it, else with the first CaseOpened. What
took effect earlier (a branch clock that is ahead) counts at its opening; what is said of a case
that nothing opened waits until something does. A complaint that comes after the CaseOpened of
its case begins the case anew, from everything that was said of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from events.branch_calendars import business_time, business_time_uses
from events.cases.terms import TERMS_USED, native_case_id, terms_at
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseOpened,
    CaseReferred,
    CaseTouchpoint,
    ComplaintFiled,
    EscalationAcknowledged,
    ServiceRequested,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import AlertAcknowledged, AlertDelegated, AlertSnoozed
from events.uses import Use
from projections.case_board.calls import PromisedCall, call_subject
from projections.case_board.cases import Case
from projections.case_board.evolve import HANDLERS, tell
from projections.facts import Facts

HANDLED: frozenset[type[Touchpoint]] = frozenset(
    {*HANDLERS, AlertAcknowledged, AlertSnoozed, AlertDelegated}
)
"""The touchpoints that mean something for the case board."""


class Board:
    """The cases of one customer as of an instant; it goes on to a later one in place.

    `touched` are the cases that a fact was told to, or referred to, and the calls that it is
    about, by subject, since the board was read;
    `replaced` are those of them that began anew, as they were.
    """

    def __init__(self, facts: Facts, at: datetime, reference: Reference, *, tell: bool) -> None:
        self.at = at
        self.reference = reference
        self.cases: dict[str, Case] = {}
        self.walked = 0  # how many of the facts
        self.next_fact_at: datetime | None = None
        self.acknowledged: dict[str, Fact] = {}  # escalation or alert -> by what, first
        self.snoozed: dict[str, list[Fact]] = {}  # alert -> by what, in their order
        self.delegated: dict[str, str] = {}  # alert -> to whom, last
        self.uses: frozenset[Use] = frozenset()
        self.touched: dict[str, None] = {}
        self.replaced: dict[str, Case] = {}
        self._tells = tell
        self.calls: dict[str, PromisedCall] = {}  # about no case, by the subject of its alerts
        self.cases_called: dict[str, str] = {}  # a promised call -> the case it is about
        self.referrers: dict[str, dict[str, None]] = {}  # a case -> where it was overheard
        self.kept: dict[str, list[Fact]] = {}  # of cases without a complaint so far
        self.advance(facts, at)

    def advance(self, facts: Facts, at: datetime) -> None:
        """Walk on to an instant that is no earlier, through facts that only grew at the end."""
        self.at = at
        self.next_fact_at = None
        for event in facts.after(self.walked):
            effective_at = event.effective_at
            if effective_at > at:
                self.next_fact_at = effective_at
                break
            self.walked += 1
            self._walk(event)

    def read(self) -> None:
        """Note that whoever reads the board knows what was touched and replaced."""
        self.touched = {}
        self.replaced = {}

    def referred_from(self, case: Case) -> str | None:
        """Return the case on which it was overheard: as its opening says, else the other side."""
        if case.referred_from is not None:
            return case.referred_from
        others = self.referrers.get(case.case_id)
        return min(others, key=lambda other: self.cases[other].rank) if others else None

    def _walk(self, event: Fact) -> None:
        data = event.data
        match data:
            case CaseTouchpoint():
                case_id = data.case_id
                if isinstance(data, EscalationAcknowledged):
                    self.acknowledged.setdefault(data.escalation_id, event)
            case ComplaintFiled() | ServiceRequested():
                case_id = data.case_ref or native_case_id(event.id)
            case CallbackPromised() if data.case_id is not None:
                case_id = self.cases_called[data.callback_id] = data.case_id
            case CallbackPromised():
                self.uses |= TERMS_USED
                self._call(data.callback_id).promise(event, data, self.reference)
                return
            case CallbackMade():
                case_id = data.case_id or self.cases_called.get(data.callback_id, "")
                if data.case_id is None or call_subject(data.callback_id) in self.calls:
                    self._call(data.callback_id).make(event, data)
            case AlertAcknowledged():
                self.acknowledged.setdefault(data.alert_id, event)
                return
            case AlertSnoozed():
                self.snoozed.setdefault(data.alert_id, []).append(event)
                return
            case AlertDelegated():
                self.delegated[data.alert_id] = data.to
                return
            case _:
                return
        if case_id:
            self._say(case_id, event)

    def _call(self, callback_id: str) -> PromisedCall:
        """Return the call of an id, which changes."""
        subject = call_subject(callback_id)
        self.touched[subject] = None
        if subject not in self.calls:
            self.calls[subject] = PromisedCall(callback_id)
        return self.calls[subject]

    def _say(self, case_id: str, event: Fact) -> None:
        """Tell a case what happened, open it, or keep what happened until something opens it."""
        case = self.cases.get(case_id)
        kept = self.kept.get(case_id)
        if case is not None and kept is None:
            self._tell(case, event)
        elif isinstance(event.data, ComplaintFiled | ServiceRequested):
            if case is not None:
                self.replaced[case_id] = case
            self._open(case_id, event, self.kept.pop(case_id, ()))
        else:
            if isinstance(event.data, CaseOpened) and case is None:
                self._open(case_id, event, kept or ())
            elif case is not None:
                self._tell(case, event)
            self.kept.setdefault(case_id, []).append(event)

    def _open(self, case_id: str, opener: Fact, said: Sequence[Fact]) -> None:
        case = self.cases[case_id] = self._opened(case_id, opener)
        case.history = [] if self._tells else None
        tell(case, opener.data, max(opener.effective_at, case.opened_at))
        self.touched[case_id] = None
        for event in said:
            self._tell(case, event)

    def _tell(self, case: Case, event: Fact) -> None:
        data = event.data
        now = max(event.effective_at, case.opened_at)
        case.event_id = event.id
        if tell(case, data, now):
            case.last_event_id, case.last_at = event.id, now
            self.touched[case.case_id] = None
        if isinstance(data, CaseReferred):
            self.referrers.setdefault(data.referral_case_id, {})[case.case_id] = None
            self.touched[data.referral_case_id] = None

    def _opened(self, case_id: str, opener: Fact) -> Case:
        """Return the case as it is before its opener is told; `rank` is by opener.

        Where the complaint itself is not known, its opening says when it came in.
        """
        data = opener.data
        wanted_by = category = None
        external = False
        opened_at = opener.effective_at
        match data:
            case ComplaintFiled():
                kind, severity, category = "complaint", data.severity, data.category
                external = data.case_ref is not None
            case ServiceRequested():
                kind, severity, wanted_by = data.kind, data.severity, data.wanted_by
                external = data.case_ref is not None
            case CaseOpened():
                kind, severity, wanted_by = "case", data.priority, data.wanted_by
                opened_at = min(data.received_at or opened_at, opened_at)
            case _:
                raise AssertionError(f"{type(data).__name__} opens no case")
        branch_id = opener.branch_id
        self.uses |= TERMS_USED | business_time_uses(self.reference, branch_id)
        return Case(
            case_id,
            rank=(isinstance(data, CaseOpened), self.walked),
            external=external,
            kind=kind,
            category=category,
            severity=severity,
            branch_id=branch_id,
            opened_at=opened_at,
            wanted_by=wanted_by,
            event_id=opener.id,
            terms=terms_at(self.reference, opened_at, severity),
            time=business_time(self.reference, branch_id),
        )
