"""Touchpoints that open a case, and the events of a case's life across departments."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from events.touchpoints.base import Instant, Key, PersonalTouchpoint, Text

Severity = Literal["low", "medium", "high", "urgent"]
ServiceKind = Literal["enquiry", "account_query", "immediate_need", "new_connection", "membership"]
ToldOf = Literal["received", "handed_on", "done", "resolved"]
Outcome = Literal["satisfied", "dissatisfied", "unreachable"]
Clock = Literal["response", "solution", "obligation"]
BusinessMinutes = Annotated[int, Meta(ge=0, le=10**6)]
Cycle = Annotated[int, Meta(ge=1, le=10**6)]


class ComplaintFiled(PersonalTouchpoint, frozen=True, kw_only=True):
    """The customer complained: a case opens, owned by the first contact."""

    event_type: ClassVar[str] = "complaint.filed"
    personal: ClassVar[frozenset[str]] = frozenset({"text", "callback_phone"})
    severity: Severity
    category: Text | None = None
    department: Key | None = None
    agent: Key | None = None
    order_id: Key | None = None
    invoice_id: Key | None = None
    case_ref: Key | None = None  # the case's number in the system it was imported from


class ServiceRequested(PersonalTouchpoint, frozen=True, kw_only=True):
    """The customer asked for something: a case opens. A wished-for instant is its deadline."""

    event_type: ClassVar[str] = "complaint.service_requested"
    personal: ClassVar[frozenset[str]] = frozenset({"text", "callback_phone", "address"})
    kind: ServiceKind
    severity: Severity = "low"
    department: Key | None = None
    agent: Key | None = None
    wanted_by: Instant | None = None
    case_ref: Key | None = None


class CaseTouchpoint(PersonalTouchpoint, frozen=True, kw_only=True):
    """Something happened to a case."""

    personal: ClassVar[frozenset[str]] = frozenset({"note"})
    case_id: Key


class CaseOpened(CaseTouchpoint, frozen=True, kw_only=True):
    """A native case began; priority, tier and service level are pinned here."""

    event_type: ClassVar[str] = "case.opened"
    priority: Severity
    owner: Key
    department: Key
    tier: Text | None = None
    response_minutes: BusinessMinutes
    solution_minutes: BusinessMinutes
    referred_from: Key | None = None


class CaseAssigned(CaseTouchpoint, frozen=True, kw_only=True):
    """Somebody took the case, or was given it."""

    event_type: ClassVar[str] = "case.assigned"
    version: ClassVar[int] = 2
    agent: Key
    department: Key | None = None
    activity: Text | None = None  # since version 2: what is done, in the sender's words


class CaseReplied(CaseTouchpoint, frozen=True, kw_only=True):
    """The customer got a first answer: the response clock stops."""

    event_type: ClassVar[str] = "case.replied"
    agent: Key | None = None


class CaseHandedOff(CaseTouchpoint, frozen=True, kw_only=True):
    """A department owes something on the case by a deadline of its own; the owner stays."""

    event_type: ClassVar[str] = "case.handed_off"
    obligation_id: Key
    department: Key
    owes: Text
    due_minutes: BusinessMinutes
    agent: Key | None = None


class ObligationFulfilled(CaseTouchpoint, frozen=True, kw_only=True):
    """A department did what it owed on the case."""

    event_type: ClassVar[str] = "case.obligation_fulfilled"
    obligation_id: Key
    agent: Key | None = None


class CaseWaitingStarted(CaseTouchpoint, frozen=True, kw_only=True):
    """The case waits on the customer: the solution clock pauses."""

    event_type: ClassVar[str] = "case.waiting_started"
    version: ClassVar[int] = 2
    reason: Text | None = None
    agent: Key | None = None  # since version 2
    department: Key | None = None  # since version 2


class CaseWaitingEnded(CaseTouchpoint, frozen=True, kw_only=True):
    """The customer did what the case waited for."""

    event_type: ClassVar[str] = "case.waiting_ended"


class CustomerTold(CaseTouchpoint, frozen=True, kw_only=True):
    """The customer was told of a step of the case."""

    event_type: ClassVar[str] = "case.customer_told"
    step: ToldOf
    channel: Text | None = None
    obligation_id: Key | None = None


class CaseResolved(CaseTouchpoint, frozen=True, kw_only=True):
    """The owner says it is solved; a satisfaction call-back falls due."""

    event_type: ClassVar[str] = "case.resolved"
    version: ClassVar[int] = 2
    agent: Key | None = None
    department: Key | None = None  # since version 2


class CaseClosed(CaseTouchpoint, frozen=True, kw_only=True):
    """The case ended, confirmed by the customer or not."""

    event_type: ClassVar[str] = "case.closed"
    version: ClassVar[int] = 2
    confirmed: bool = True
    agent: Key | None = None  # since version 2
    department: Key | None = None  # since version 2


class CaseReopened(CaseTouchpoint, frozen=True, kw_only=True):
    """A closed case began again: the next cycle, with fresh clocks."""

    event_type: ClassVar[str] = "case.reopened"
    reason: Text | None = None


class CaseEscalated(CaseTouchpoint, frozen=True, kw_only=True):
    """A clock of the case reached a share of its time and somebody was told."""

    event_type: ClassVar[str] = "case.escalated"
    cycle: Cycle
    clock: Clock
    percent: Annotated[int, Meta(ge=1, le=1000)]
    to_role: Key
    obligation_id: Key | None = None


class EscalationAcknowledged(CaseTouchpoint, frozen=True, kw_only=True):
    """Whom an escalation reached has taken it up."""

    event_type: ClassVar[str] = "case.escalation_acknowledged"
    escalation_id: Key
    agent: Key


class CaseReferred(CaseTouchpoint, frozen=True, kw_only=True):
    """A need overheard here became a case for another department."""

    event_type: ClassVar[str] = "case.referred"
    referral_case_id: Key
    department: Key


TYPES = (
    ComplaintFiled,
    ServiceRequested,
    CaseOpened,
    CaseAssigned,
    CaseReplied,
    CaseHandedOff,
    ObligationFulfilled,
    CaseWaitingStarted,
    CaseWaitingEnded,
    CustomerTold,
    CaseResolved,
    CaseClosed,
    CaseReopened,
    CaseEscalated,
    EscalationAcknowledged,
    CaseReferred,
)
