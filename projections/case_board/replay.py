"""From facts to cases: gathered by case, then told in effective order.

A case begins with the complaint or request that opened it. What took effect earlier (a branch
clock that is ahead) counts at its opening; what is said of a case that nothing opened waits
until something does.
"""

from __future__ import annotations

from datetime import datetime

from events.branch_calendars import business_time
from events.envelope import RecordedEvent
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseOpened,
    CaseTouchpoint,
    ComplaintFiled,
    EscalationAcknowledged,
    ServiceRequested,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import AlertAcknowledged
from projections.case_board.cases import Case
from projections.case_board.evolve import HANDLERS
from projections.case_board.service_levels import native_case_id, terms_at
from projections.protocol import Facts

HANDLED: frozenset[type[Touchpoint]] = frozenset({*HANDLERS, AlertAcknowledged})
"""The touchpoints that mean something for the case board."""


class Board:
    """The cases of one customer as of an instant."""

    def __init__(self, facts: Facts, at: datetime, reference: Reference, *, tell: bool) -> None:
        self.at = at
        self.reference = reference
        self.cases: dict[str, Case] = {}
        self.next_fact_at: datetime | None = None
        self.acknowledged: dict[str, RecordedEvent] = {}  # escalation or alert -> by what, first
        self._events: dict[str, list[RecordedEvent]] = {}
        self._openers: dict[str, RecordedEvent] = {}
        self._gather(facts)
        for case_id, opener in self._openers.items():
            self.cases[case_id] = self._replay(case_id, opener, tell=tell)
        self._link_referrals()

    def _gather(self, facts: Facts) -> None:
        calls: dict[str, str] = {}
        spare: dict[str, RecordedEvent] = {}
        for event in facts:
            if event.envelope.effective_at > self.at:
                self.next_fact_at = event.envelope.effective_at
                break
            data = event.data
            match data:
                case CaseTouchpoint():
                    case_id = data.case_id
                    if isinstance(data, CaseOpened):
                        spare.setdefault(case_id, event)
                    elif isinstance(data, EscalationAcknowledged):
                        self._acknowledge(data.escalation_id, event)
                case ComplaintFiled() | ServiceRequested():
                    case_id = data.case_ref or native_case_id(event.envelope.id)
                    self._openers.setdefault(case_id, event)
                case CallbackPromised() if data.case_id is not None:
                    case_id = calls[data.callback_id] = data.case_id
                case CallbackMade():
                    case_id = data.case_id or calls.get(data.callback_id, "")
                case AlertAcknowledged():
                    self._acknowledge(data.alert_id, event)
                    continue
                case _:
                    continue
            self._events.setdefault(case_id, []).append(event)
        for case_id, event in spare.items():
            self._openers.setdefault(case_id, event)

    def _acknowledge(self, subject: str, event: RecordedEvent) -> None:
        self.acknowledged.setdefault(subject, event)

    def _replay(self, case_id: str, opener: RecordedEvent, *, tell: bool) -> Case:
        case = self._opened(case_id, opener)
        case.history = [] if tell else None
        HANDLERS[type(opener.data)](case, opener.data, case.opened_at)
        for event in self._events[case_id]:
            if event is opener:
                continue
            now = max(event.envelope.effective_at, case.opened_at)
            case.event_id = case.last_event_id = event.envelope.id
            case.last_at = now
            HANDLERS[type(event.data)](case, event.data, now)
        return case

    def _opened(self, case_id: str, opener: RecordedEvent) -> Case:
        data, envelope = opener.data, opener.envelope
        wanted_by = category = None
        external = False
        match data:
            case ComplaintFiled():
                kind, severity, category = "complaint", data.severity, data.category
                external = data.case_ref is not None
            case ServiceRequested():
                kind, severity, wanted_by = data.kind, data.severity, data.wanted_by
                external = data.case_ref is not None
            case CaseOpened():
                kind, severity = "case", data.priority
            case _:
                raise AssertionError(f"{type(data).__name__} opens no case")
        return Case(
            case_id,
            external=external,
            kind=kind,
            category=category,
            severity=severity,
            branch_id=envelope.branch_id,
            opened_at=envelope.effective_at,
            wanted_by=wanted_by,
            event_id=envelope.id,
            terms=terms_at(self.reference, envelope.effective_at, severity),
            time=business_time(self.reference, envelope.branch_id),
        )

    def _link_referrals(self) -> None:
        """Let a referral case know where it was overheard, where only the other side says so."""
        for case in self.cases.values():
            for referral in case.referrals.values():
                other = self.cases.get(referral.case_id)
                if other is not None and other.referred_from is None:
                    other.referred_from = case.case_id
