"""What the API shows of a case: where it stands, and its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.branch_calendars import business_time
from events.cases.clocks import Clock, reached_at
from events.cases.staff import staff_in_force
from events.cases.state import Case, Obligation
from events.customers.accounts import gate_refusal
from events.envelope import CustomerId, RecordedEvent
from events.facts import Fact
from events.money import Money
from events.policy import Reference
from events.refusals import Teller
from events.touchpoints import Touchpoint
from events.touchpoints.payment import CreditChecked
from services.casework.comparing import Changes
from services.casework.problems import Change
from services.casework.undoing import Undo
from services.ports import Submission


class OwedDocument(Struct, frozen=True):
    """What a department owes."""

    obligation_id: str
    department: str
    owes: str
    agent: str | None
    due_at: datetime | None


class CaseDocument(Struct, frozen=True, kw_only=True):
    """A case as its stream leaves it."""

    case_id: str
    customer_id: str | None
    branch_id: str
    version: int
    status: str
    priority: str
    owner: str | None
    department: str | None
    cycle: int
    opened_at: datetime
    response_due_at: datetime | None
    solution_due_at: datetime | None
    waiting_since: datetime | None
    resolved_at: datetime | None
    callback_due_at: datetime | None
    callback_attempts: int
    confirmed: bool | None
    owed: Sequence[OwedDocument]


class EventDocument(Struct, frozen=True, kw_only=True):
    """An event of a case; `personal` is None where nothing was said, or the customer erased."""

    version: int
    event_id: str
    type: str
    by: str | None
    department: str | None
    at: datetime
    recorded_at: datetime
    data: Mapping[str, object]
    personal: Mapping[str, str] | None = None


class CommandDocument(Struct, frozen=True):
    """The answer to a command: what it recorded, and where the case stands after it."""

    case: CaseDocument
    events: Sequence[EventDocument]


class History(Struct, frozen=True):
    """A case with all that was decided on it."""

    case: CaseDocument
    events: Sequence[EventDocument]


class CreditDocument(Struct, frozen=True, kw_only=True):
    """What the credit gate said; where it is shut, by which rule, and what would open it."""

    approved: bool
    rule: str | None
    detail: str | None
    remedy: str | None
    exposure: Money
    limit: Money | None
    reserved_until: datetime | None


class AccountDocument(Struct, frozen=True, kw_only=True):
    """The answer to a command on a customer's account: what it recorded, and the gate's word."""

    customer_id: str
    version: int
    events: Sequence[EventDocument]
    credit: CreditDocument | None


class AlertDocument(Struct, frozen=True, kw_only=True):
    """An alert about no clock of a case: whether it stands, and what was done about it.

    Without an agent it is told to whoever has the role.
    """

    alert_id: str
    customer_id: str  # in whose stream words about it lie
    version: int  # of that stream
    kind: str
    subject: str
    threshold: int
    branch_id: str | None
    since: datetime
    stands: bool
    state: str
    by: str | None
    at: datetime | None
    until: datetime | None
    delegate: str | None
    told: Sequence[ToldDocument]


class ToldDocument(Struct, frozen=True):
    """Who is told of an alert, by reference data in force."""

    role: str
    agent: str | None


class AlertCommandDocument(Struct, frozen=True, kw_only=True):
    """The answer to a command on an alert: what it recorded, and in whose stream."""

    alert_id: str
    customer_id: str
    version: int
    state: str
    by: str | None
    at: datetime | None
    until: datetime | None
    delegate: str | None
    events: Sequence[EventDocument]


def credit_of(recorded: Iterable[Touchpoint], teller: Teller) -> CreditDocument | None:
    """Return what the gate said, if it was asked; a shut gate says what would open it."""
    for data in recorded:
        if isinstance(data, CreditChecked):
            refused = gate_refusal(data)
            told = None if refused is None else teller.tell(refused)
            return CreditDocument(
                approved=data.approved,
                rule=None if refused is None else refused.rule,
                detail=None if told is None else told.detail,
                remedy=None if told is None else told.remedy,
                exposure=data.exposure,
                limit=data.limit,
                reserved_until=data.reserved_until,
            )
    return None


class TriedEvent(Struct, frozen=True):
    """An event that a command would record."""

    type: str
    at: datetime
    data: Mapping[str, object]


class TriedDocument(Struct, frozen=True, kw_only=True):
    """What a command would record and change; nothing was written.

    `changes` is None where nobody is known whom it is about.
    """

    version: int  # of the stream as it is
    events: Sequence[TriedEvent]
    changes: Changes | None
    undo: Undo
    credit: CreditDocument | None = None  # what the gate would say, if it is asked


def tried_event(submission: Submission) -> TriedEvent:
    """Return an event that would be recorded, as it is shown."""
    envelope = submission.envelope
    return TriedEvent(envelope.type, envelope.effective_at, _shown(submission.data))


def _shown(data: Touchpoint) -> Mapping[str, object]:
    """Return what a touchpoint says; what is sealed in it is left out."""
    found = msgspec.to_builtins(data)
    assert isinstance(found, dict)
    found.pop("sealed", None)
    return {name: value for name, value in found.items() if value is not None}


def case_document(case: Case, customer: CustomerId | None, reference: Reference) -> CaseDocument:
    """Return a case as it is shown; deadlines by the calendar of its branch."""
    time = business_time(reference, case.branch_id)

    def due(clock: Clock) -> datetime | None:
        return reached_at(clock, time)

    def owed(one: Obligation) -> OwedDocument:
        return OwedDocument(one.obligation_id, one.department, one.owes, one.agent, due(one.clock))

    return CaseDocument(
        case_id=case.case_id,
        customer_id=customer,
        branch_id=case.branch_id,
        version=case.version,
        status=case.status,
        priority=case.priority,
        owner=case.owner,
        department=case.department,
        cycle=case.cycle,
        opened_at=case.opened_at,
        response_due_at=None if case.answered else due(case.response),
        solution_due_at=due(case.solution),
        waiting_since=case.waiting_since,
        resolved_at=case.resolved_at,
        callback_due_at=case.callback_due_at,
        callback_attempts=case.attempts,
        confirmed=case.confirmed,
        owed=[owed(one) for one in case.owed],
    )


def event_document(
    event: RecordedEvent, reference: Reference, personal: Mapping[str, str] | None = None
) -> EventDocument:
    """Return an event as it is shown; what is sealed in it only as it was opened."""
    envelope = event.envelope
    by, department = _who(event.data, envelope.effective_at, reference)
    return EventDocument(
        version=envelope.sequence,
        event_id=envelope.id,
        type=envelope.type,
        by=by,
        department=department,
        at=envelope.effective_at,
        recorded_at=event.recorded_at,
        data=_shown(event.data),
        personal=personal,
    )


def change(fact: Fact, reference: Reference) -> Change:
    """Return an event as somebody hears of it who came too late."""
    by, department = _who(fact.data, fact.effective_at, reference)
    at = fact.effective_at.isoformat()
    return Change(fact.sequence, fact.data.event_type, by, department, at)


def _who(data: Touchpoint, at: datetime, reference: Reference) -> tuple[str | None, str | None]:
    """Return who did something, and of which department: as said, else as he or she worked."""
    by = _said(data, "by")
    department = _said(data, "department") if by == _said(data, "agent") else None
    if by is not None and department is None:
        staff = staff_in_force(reference, by, at)
        department = staff.department if staff is not None else None
    return by, department


def _said(data: Touchpoint, name: str) -> str | None:
    value = getattr(data, name, None)
    return value if isinstance(value, str) else None
