"""Touchpoints that set the rules: published policies, reference data, acknowledged alerts.

A policy's defaults are the domain's; each is published whole, with the instant from which it
counts, and is never edited. All of them but what is done about alerts form the reference stream.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from events.money import CurrencyCode, Money
from events.touchpoints.base import (
    BasisPoints,
    Count,
    Instant,
    Key,
    PersonalTouchpoint,
    Text,
    Touchpoint,
)
from events.touchpoints.complaint import BusinessMinutes, Severity
from events.touchpoints.payment import DunningLevel

Days = Annotated[int, Meta(ge=0, le=36_500)]
Hours = Annotated[int, Meta(ge=0, le=87_600)]
PartsPerMillion = Annotated[int, Meta(ge=0, le=1_000_000)]
MinuteOfDay = Annotated[int, Meta(ge=0, le=1440)]
ClosingMinute = Annotated[int, Meta(ge=0, le=2880)]
Weekday = Annotated[int, Meta(ge=1, le=7)]
Role = Literal[
    "department_head",
    "branch_manager",
    "headquarters",
    "call_centre",
    "credit",
    "receivables",
    "order_entry",
    "auditor",
    "administrator",
]
"""What somebody may see and do beside the work of the department: commands and pages ask for it."""

DayCount = Literal["actual/365", "actual/360", "actual/actual", "30/360"]
"""How days are parts of a year: "30/360" is the European one (30E/360), in which every month has
30 days; "actual/actual" is that of ISDA, in which a day of a leap year is a 366th."""

InterestStart = Literal["due_date", "first_reminder"]
Charging = Literal["owed", "announced"]
"""Owed is what the customer must pay; what is only announced is shown and never counted."""

DebtPart = Literal["costs", "interest", "principal"]


class PolicyRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a policy, whole."""


class AgeingPolicy(PolicyRecord, frozen=True, kw_only=True):
    """Ageing buckets by days past due, and the bad-debt provision of each.

    Bucket i holds days past due up to `upper_days[i]`; the last bucket has no upper end, so
    there is one more provision rate than there are upper ends.
    """

    upper_days: tuple[Annotated[int, Meta(ge=0, le=36_500)], ...] = (0, 30, 60, 90, 120)
    provision: tuple[BasisPoints, ...] = (0, 0, 0, 0, 0, 0)


class AlertsPolicy(PolicyRecord, frozen=True, kw_only=True):
    """When receivables alert: days past due, and days before the due date ("due soon")."""

    overdue_days: tuple[Days, ...] = (1, 31, 61, 91, 121)
    due_soon_days: Days = 3


class DunningPolicy(PolicyRecord, frozen=True, kw_only=True):
    """When each dunning level falls due; each but the first needs the one before it sent."""

    notice_days_before_due: Days = 3
    level_1_days_past_due: Days = 10
    level_2_days_past_due: Days = 30
    level_3_days_after_level_2: Days = 10


class CreditPolicy(PolicyRecord, frozen=True, kw_only=True):
    """The credit gate, and how long money or room is held for something not yet seen."""

    max_days_overdue: Days = 30
    payment_reservation_hours: Hours = 72
    check_reservation_hours: Hours = 24
    default_limit: Money | None = None  # None: a customer without a limit is not limited


class ReminderFee(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the first notice of a dunning level about an invoice costs the customer."""

    level: DunningLevel
    amount: Money


class FeesPolicy(PolicyRecord, frozen=True, kw_only=True):
    """Late-payment interest and reminder fees, and what of a debt a payment clears first.

    Interest is simple: each local midnight after the due date adds a day's worth on what is open
    of an invoice then, at the rate in force then. The free days are added to where it starts.
    Without an order of clearing the oldest item comes first, and interest last of all; parts
    that an order does not name come after those named: costs, interest, principal.
    """

    interest_per_year: PartsPerMillion = 0
    day_count: DayCount = "actual/365"
    interest_starts: InterestStart = "due_date"
    interest_free_days: Days = 0
    interest: Charging = "owed"
    reminder_fees: tuple[ReminderFee, ...] = ()
    fees: Charging = "owed"
    clearing: tuple[DebtPart, ...] = ()


class TierLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier and the least score that earns it, in minor units of the policy's currency."""

    name: Key
    line_minor: Annotated[int, Meta(ge=-(10**15), le=10**15)]


class TierPolicy(PolicyRecord, frozen=True, kw_only=True):
    """The customer pyramid: frozen lines, from the highest tier down; the last has none."""

    currency: CurrencyCode = "CNY"
    tiers: tuple[TierLine, ...] = ()
    lowest: Key = "lead"
    window_days: Days = 365
    drop_days: Days = 30
    keep_share: BasisPoints = 9_000
    weight_contemporary: BasisPoints = 10_000
    weight_potential: BasisPoints = 0
    weight_model: BasisPoints = 0


class SegmentRate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a segment's spending elsewhere is won over."""

    segment: Text
    win_rate: BasisPoints


class CostPolicy(PolicyRecord, frozen=True, kw_only=True):
    """What serving a customer costs; every rate is 0 until published."""

    per_order: Money | None = None
    per_visit_minute: Money | None = None
    per_callback_minute: Money | None = None
    per_complaint: Money | None = None
    capital_per_day: PartsPerMillion = 0
    margin_rate: BasisPoints = 0
    win_rates: tuple[SegmentRate, ...] = ()


class ServiceLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The response and solution time of a severity, in business minutes."""

    severity: Severity
    response_minutes: BusinessMinutes
    solution_minutes: BusinessMinutes


class ServiceLevelPolicy(PolicyRecord, frozen=True, kw_only=True):
    """Service levels, and the satisfaction call-back that follows a resolve."""

    levels: tuple[ServiceLevel, ...] = (
        ServiceLevel(severity="urgent", response_minutes=30, solution_minutes=120),
        ServiceLevel(severity="high", response_minutes=60, solution_minutes=240),
        ServiceLevel(severity="medium", response_minutes=480, solution_minutes=1440),
        ServiceLevel(severity="low", response_minutes=1440, solution_minutes=4320),
    )
    callback_business_days: Days = 2
    callback_attempts: Count = 3


class EscalationStep(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At this share of a clock's time (percent), this role is told."""

    percent: Annotated[int, Meta(ge=1, le=1000)]
    role: Key


class EscalationPolicy(PolicyRecord, frozen=True, kw_only=True):
    """The ladder of escalation, in business time."""

    steps: tuple[EscalationStep, ...] = (
        EscalationStep(percent=75, role="owner"),
        EscalationStep(percent=100, role="department_head"),
        EscalationStep(percent=150, role="branch_manager"),
        EscalationStep(percent=200, role="headquarters"),
    )


CaseKind = Literal[
    "complaint",
    "enquiry",
    "on_site_service",
    "account_query",
    "immediate_need",
    "new_connection",
    "membership",
]
"""What opens a case: a complaint, or a service request of one of its kinds."""


class Stage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a department owes in a flow, in working minutes from when the stage begins.

    It begins when all stages that it names in `after` are done; without any, with the case.
    """

    stage: Key
    department: Key
    owes: Text
    minutes: Annotated[int, Meta(ge=1, le=10**6)]
    after: tuple[Key, ...] = ()


class Flow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stages that every case of a kind goes through, side by side where they may be."""

    flow: Key
    kind: CaseKind
    stages: tuple[Stage, ...]


class FlowPolicy(PolicyRecord, frozen=True, kw_only=True):
    """Service flows, one for a kind of case at most; a case keeps to those in force at its opening.

    The owner stays one person through all stages, the date that the customer asked for stays
    the case's deadline, and the case ends in a satisfaction call as any other.
    """

    flows: tuple[Flow, ...] = ()


class ModelParameters(PolicyRecord, frozen=True, kw_only=True):
    """Fitted BG/NBD and Gamma-Gamma parameters, time unit one week."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float


class ReferenceTouchpoint(Touchpoint, frozen=True, kw_only=True):
    """A rule or a piece of reference data that counts from `effective_from` on."""

    effective_from: Instant


class AgeingPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """Ageing buckets and provisions were published."""

    event_type: ClassVar[str] = "policy.ageing_published"
    policy: AgeingPolicy


class AlertsPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """Alert thresholds were published."""

    event_type: ClassVar[str] = "policy.alerts_published"
    policy: AlertsPolicy


class DunningPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """The dunning calendar was published."""

    event_type: ClassVar[str] = "policy.dunning_published"
    policy: DunningPolicy


class CreditPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """The credit gate's rules were published."""

    event_type: ClassVar[str] = "policy.credit_published"
    policy: CreditPolicy


class FeesPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """Late-payment interest, reminder fees and the order of clearing were published."""

    event_type: ClassVar[str] = "policy.fees_published"
    policy: FeesPolicy


class TierPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """The customer pyramid's lines were published."""

    event_type: ClassVar[str] = "policy.tiers_published"
    policy: TierPolicy


class CostPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """Cost rates were published."""

    event_type: ClassVar[str] = "policy.costs_published"
    policy: CostPolicy


class ServiceLevelPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """Service levels were published."""

    event_type: ClassVar[str] = "policy.service_levels_published"
    policy: ServiceLevelPolicy


class EscalationPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """The escalation ladder was published."""

    event_type: ClassVar[str] = "policy.escalation_published"
    policy: EscalationPolicy


class FlowPolicyPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """Service flows were published."""

    event_type: ClassVar[str] = "policy.flows_published"
    policy: FlowPolicy


class ModelParametersPublished(ReferenceTouchpoint, frozen=True, kw_only=True):
    """A fitted model of buying was published."""

    event_type: ClassVar[str] = "policy.model_parameters_published"
    policy: ModelParameters


class OpeningHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Working hours of a weekday (1 Monday ... 7 Sunday), minutes since local midnight.

    A shift that goes over midnight closes after minute 1440, and belongs to the day on which it
    opens: from 1320 to 1800 is from 22:00 until 06:00 of the next day.
    """

    weekday: Weekday
    opens: MinuteOfDay
    closes: ClosingMinute


class WorkingHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Working hours of one day, minutes since local midnight; over midnight as `OpeningHours`."""

    opens: MinuteOfDay
    closes: ClosingMinute


class SpecialDay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day that has hours of its own, such as half a holiday; without any it is not worked."""

    day: date
    hours: tuple[WorkingHours, ...] = ()


class CalendarSet(ReferenceTouchpoint, frozen=True, kw_only=True):
    """A business calendar: weekly hours, holidays, and make-up workdays that follow a weekday.

    What a special day says comes before all else that is said of that day.
    """

    event_type: ClassVar[str] = "reference.calendar_set"
    version: ClassVar[int] = 2
    calendar_id: Key
    hours: tuple[OpeningHours, ...]
    holidays: tuple[date, ...] = ()
    makeup_workdays: tuple[date, ...] = ()
    country: Text | None = None  # ISO 3166 code whose public holidays apply as well
    special_days: tuple[SpecialDay, ...] = ()  # since version 2


class PublicDaysSet(ReferenceTouchpoint, frozen=True, kw_only=True):
    """A country's public holidays and make-up workdays of a year, as its government announced them.

    They count for all days of that year, in place of those that come with the program.
    """

    event_type: ClassVar[str] = "reference.public_days_set"
    country: Key  # ISO 3166 code
    year: Annotated[int, Meta(ge=1970, le=2199)]
    holidays: tuple[date, ...]
    makeup_workdays: tuple[date, ...] = ()


class CompanySet(ReferenceTouchpoint, frozen=True, kw_only=True):
    """The company: its name and the zone of branches that name none of their own."""

    event_type: ClassVar[str] = "reference.company_set"
    name: Text
    zone: Key = "Asia/Shanghai"
    currency: CurrencyCode = "CNY"


class BranchSet(ReferenceTouchpoint, frozen=True, kw_only=True):
    """A branch: its names, region, IANA zone and calendar."""

    event_type: ClassVar[str] = "reference.branch_set"
    branch_id: Key
    name: Text
    name_en: Text | None = None
    region: Text | None = None
    zone: Key = "Asia/Shanghai"
    calendar_id: Key | None = None


class DepartmentSet(ReferenceTouchpoint, frozen=True, kw_only=True):
    """A department, and who heads it."""

    event_type: ClassVar[str] = "reference.department_set"
    department_id: Key
    name: Text
    name_en: Text | None = None
    head: Key | None = None


class StaffSet(ReferenceTouchpoint, frozen=True, kw_only=True):
    """A member of staff by number, what he or she is called, and where he or she works.

    The name is one that colleagues may read on every page; nothing seals it.
    """

    event_type: ClassVar[str] = "reference.staff_set"
    version: ClassVar[int] = 3
    staff_id: Key
    branch_id: Key | None = None
    department_id: Key | None = None
    role: Text | None = None  # what the company calls it
    active: bool = True
    roles: tuple[Role, ...] = ()  # since version 2: what he or she may do
    name: Text | None = None  # since version 3, as is its spelling in Latin letters
    name_en: Text | None = None


class AlertAcknowledged(Touchpoint, frozen=True, kw_only=True):
    """Somebody has seen an alert of the subject customer and takes care of it."""

    event_type: ClassVar[str] = "alert.acknowledged"
    alert_id: Key
    by: Key


class AlertSnoozed(Touchpoint, frozen=True, kw_only=True):
    """Somebody wants to hear of an alert of the subject customer again at an instant, if it stands.

    It stands still until then; what it would climb to is told all the same.
    """

    event_type: ClassVar[str] = "alert.snoozed"
    alert_id: Key
    by: Key
    until: Instant


class AlertDelegated(PersonalTouchpoint, frozen=True, kw_only=True):
    """An alert of the subject customer was passed on to another member of staff."""

    event_type: ClassVar[str] = "alert.delegated"
    personal: ClassVar[frozenset[str]] = frozenset({"note"})
    alert_id: Key
    by: Key
    to: Key


TYPES = (
    AgeingPolicyPublished,
    AlertsPolicyPublished,
    DunningPolicyPublished,
    CreditPolicyPublished,
    FeesPolicyPublished,
    TierPolicyPublished,
    CostPolicyPublished,
    ServiceLevelPolicyPublished,
    EscalationPolicyPublished,
    FlowPolicyPublished,
    ModelParametersPublished,
    CalendarSet,
    PublicDaysSet,
    CompanySet,
    BranchSet,
    DepartmentSet,
    StaffSet,
    AlertAcknowledged,
    AlertSnoozed,
    AlertDelegated,
)
