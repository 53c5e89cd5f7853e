"""Touchpoints that open a case, and the events of a case's life across departments."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from events.touchpoints.base import Instant, Key, PersonalTouchpoint, Text

Severity = Literal["low", "medium", "high", "urgent"]
ServiceKind = Literal[
    "enquiry",
    "on_site_service",
    "account_query",
    "immediate_need",
    "new_connection",
    "membership",
]
ToldOf = Literal["received", "handed_on", "done", "resolved"]
Outcome = Literal["satisfied", "dissatisfied", "unreachable"]
Clock = Literal["response", "solution", "obligation"]
BusinessMinutes = Annotated[int, Meta(ge=0, le=10**6)]
Attempts = Annotated[int, Meta(ge=0, le=10**9)]
OptionalKey = Annotated[str, Meta(max_length=120)]
"""A key in a place where the first version wanted one; empty: none."""
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
    """Something happened to a case; `by` is who did it, where a command was decided."""

    personal: ClassVar[frozenset[str]] = frozenset({"note"})
    case_id: Key
    by: Key | None = None  # since version 2 or 3 of types older than it


class CaseOpened(CaseTouchpoint, frozen=True, kw_only=True):
    """A native case began; priority, tier and service level are pinned here.

    Without an owner, or a department, it waits for somebody to take it. Its clocks count from
    when the complaint or request came in, `received_at`, which names its event.
    """

    event_type: ClassVar[str] = "case.opened"
    version: ClassVar[int] = 2
    priority: Severity
    owner: OptionalKey = ""
    department: OptionalKey = ""
    tier: Text | None = None
    response_minutes: BusinessMinutes
    solution_minutes: BusinessMinutes
    referred_from: Key | None = None
    opened_by: Key | None = None  # since version 2: the event of the complaint or request
    received_at: Instant | None = None  # since version 2
    wanted_by: Instant | None = None  # since version 2: the date that the customer asked for
    callback_attempts: Attempts = 0  # since version 2; 0: as many as the policy says
    flow: Key | None = None  # since version 2: the flow of stages that it goes through


class CaseAssigned(CaseTouchpoint, frozen=True, kw_only=True):
    """Somebody took the case, or was given it."""

    event_type: ClassVar[str] = "case.assigned"
    version: ClassVar[int] = 3
    agent: Key
    department: Key | None = None
    activity: Text | None = None  # since version 2: what is done, in the sender's words


class CaseReplied(CaseTouchpoint, frozen=True, kw_only=True):
    """The customer got a first answer: the response clock stops."""

    event_type: ClassVar[str] = "case.replied"
    version: ClassVar[int] = 2
    agent: Key | None = None


class CaseHandedOff(CaseTouchpoint, frozen=True, kw_only=True):
    """A department owes something on the case by a deadline of its own; the owner stays."""

    event_type: ClassVar[str] = "case.handed_off"
    version: ClassVar[int] = 2
    obligation_id: Key
    department: Key
    owes: Text
    due_minutes: BusinessMinutes
    agent: Key | None = None
    stage: Key | None = None  # since version 2: which stage of the case's flow this is


class ObligationFulfilled(CaseTouchpoint, frozen=True, kw_only=True):
    """A department did what it owed on the case."""

    event_type: ClassVar[str] = "case.obligation_fulfilled"
    version: ClassVar[int] = 2
    obligation_id: Key
    agent: Key | None = None


class CaseWaitingStarted(CaseTouchpoint, frozen=True, kw_only=True):
    """The case waits on the customer: the solution clock pauses."""

    event_type: ClassVar[str] = "case.waiting_started"
    version: ClassVar[int] = 3
    reason: Text | None = None
    agent: Key | None = None  # since version 2
    department: Key | None = None  # since version 2


class CaseWaitingEnded(CaseTouchpoint, frozen=True, kw_only=True):
    """The customer did what the case waited for."""

    event_type: ClassVar[str] = "case.waiting_ended"
    version: ClassVar[int] = 2


class CustomerTold(CaseTouchpoint, frozen=True, kw_only=True):
    """The customer was told of a step of the case."""

    event_type: ClassVar[str] = "case.customer_told"
    version: ClassVar[int] = 2
    step: ToldOf
    channel: Text | None = None
    obligation_id: Key | None = None


class CaseResolved(CaseTouchpoint, frozen=True, kw_only=True):
    """The owner says it is solved; a satisfaction call-back falls due."""

    event_type: ClassVar[str] = "case.resolved"
    version: ClassVar[int] = 3
    agent: Key | None = None
    department: Key | None = None  # since version 2


class CaseClosed(CaseTouchpoint, frozen=True, kw_only=True):
    """The case ended, confirmed by the customer or not."""

    event_type: ClassVar[str] = "case.closed"
    version: ClassVar[int] = 3
    confirmed: bool = True
    agent: Key | None = None  # since version 2
    department: Key | None = None  # since version 2
    reason: Text | None = None  # since version 3


class CaseReopened(CaseTouchpoint, frozen=True, kw_only=True):
    """A closed case began again: the next cycle, with fresh clocks."""

    event_type: ClassVar[str] = "case.reopened"
    version: ClassVar[int] = 2
    reason: Text | None = None


class CaseEscalated(CaseTouchpoint, frozen=True, kw_only=True):
    """A clock of the case reached a share of its time and somebody was told."""

    event_type: ClassVar[str] = "case.escalated"
    version: ClassVar[int] = 2
    cycle: Cycle
    clock: Clock
    percent: Annotated[int, Meta(ge=1, le=1000)]
    to_role: Key
    obligation_id: Key | None = None


class EscalationAcknowledged(CaseTouchpoint, frozen=True, kw_only=True):
    """Whom an escalation reached has taken it up."""

    event_type: ClassVar[str] = "case.escalation_acknowledged"
    version: ClassVar[int] = 2
    escalation_id: Key
    agent: Key


class CaseReferred(CaseTouchpoint, frozen=True, kw_only=True):
    """A need overheard here became a case for another department."""

    event_type: ClassVar[str] = "case.referred"
    version: ClassVar[int] = 2
    referral_case_id: Key
    department: Key
    severity: Severity = "low"  # since version 2: how pressing the need is that was overheard


class ObligationWithdrawn(CaseTouchpoint, frozen=True, kw_only=True):
    """What a department owed on the case is not owed any more."""

    event_type: ClassVar[str] = "case.obligation_withdrawn"
    obligation_id: Key
    reason: Text | None = None


class CaseNoted(CaseTouchpoint, frozen=True, kw_only=True):
    """Somebody who works on the case wrote something down for the others."""

    event_type: ClassVar[str] = "case.noted"


class CasePrioritySet(CaseTouchpoint, frozen=True, kw_only=True):
    """The case is more, or less, pressing; its times count from its opening, less its pauses."""

    event_type: ClassVar[str] = "case.priority_set"
    priority: Severity
    response_minutes: BusinessMinutes
    solution_minutes: BusinessMinutes
    reason: Text | None = None


class CaseDeclined(CaseTouchpoint, frozen=True, kw_only=True):
    """We will not do what was asked for: the case ends, and nobody calls back."""

    event_type: ClassVar[str] = "case.declined"
    reason: Text


class CaseDuplicateFound(CaseTouchpoint, frozen=True, kw_only=True):
    """The same was told before: the case ends, and what it is about goes on in the other."""

    event_type: ClassVar[str] = "case.duplicate_found"
    duplicate_of: Key


class CasePutOff(CaseTouchpoint, frozen=True, kw_only=True):
    """Nobody is to be asked to take the case before an instant; its clocks run on."""

    event_type: ClassVar[str] = "case.put_off"
    until: Instant
    reason: Text | None = None


class CaseBroughtBack(CaseTouchpoint, frozen=True, kw_only=True):
    """A case that was put off is to be taken by somebody again."""

    event_type: ClassVar[str] = "case.brought_back"


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
    ObligationWithdrawn,
    CaseNoted,
    CasePrioritySet,
    CaseDeclined,
    CaseDuplicateFound,
    CasePutOff,
    CaseBroughtBack,
)
