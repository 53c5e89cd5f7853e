"""What touchpoints, their families and their fields are called on a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo

from projections.timeline.entries import Value
from services.console.shared.i18n import N_
from services.console.shared.words import Named
from services.web.touchpoint_names import TOUCHPOINTS

_FAMILIES: Mapping[str, str] = {
    "customer": N_("Customer"),
    "order": N_("Orders"),
    "payment": N_("Payments"),
    "complaint": N_("Complaints and cases"),
    "callback": N_("Call-backs"),
    "visit": N_("Visits"),
    "contact": N_("Telephone calls"),
    "policy": N_("Acknowledgements"),
}

_FIELDS: Mapping[str, str] = {
    "activity": N_("Activity"),
    "agency": N_("Agency"),
    "agent": N_("Agent"),
    "alert_id": N_("Alert"),
    "approved": N_("Approved"),
    "bank_reference": N_("Bank reference"),
    "booked_on": N_("Booked on"),
    "by": N_("By"),
    "callback_attempts": N_("Attempts to call back"),
    "call_id": N_("Call"),
    "callback_id": N_("Call-back"),
    "case_id": N_("Case"),
    "case_ref": N_("Case"),
    "category": N_("Category"),
    "channel": N_("Channel"),
    "check_id": N_("Credit check"),
    "clock": N_("Clock"),
    "confirmed": N_("Confirmed"),
    "contact_id": N_("Contact person"),
    "credit_note_id": N_("Credit note"),
    "cycle": N_("Cycle"),
    "department": N_("Department"),
    "direction": N_("Direction"),
    "dispute_id": N_("Dispute"),
    "duplicate_of": N_("Duplicate of"),
    "due_at": N_("Due"),
    "due_minutes": N_("Due in business minutes"),
    "due_on": N_("Due"),
    "escalation_id": N_("Escalation"),
    "home_branch": N_("Home branch"),
    "feed": N_("Feed"),
    "into": N_("Into"),
    "invoice_id": N_("Invoice"),
    "kind": N_("Kind"),
    "level": N_("Level"),
    "line": N_("Line"),
    "line_id": N_("Order line"),
    "method": N_("Method"),
    "minutes": N_("Minutes"),
    "money_id": N_("Line of the work list"),
    "obligation_id": N_("Obligation"),
    "opened_by": N_("Opened by"),
    "order_id": N_("Order"),
    "out_of": N_("Out of"),
    "outcome": N_("Outcome"),
    "override_id": N_("Override"),
    "owes": N_("Owes"),
    "owner": N_("Owner"),
    "payment_id": N_("Payment"),
    "payment_reference": N_("Payment reference"),
    "percent": N_("Percent"),
    "planned_at": N_("Planned for"),
    "priority": N_("Priority"),
    "promise_id": N_("Promise"),
    "promised_on": N_("Promised for"),
    "purpose": N_("Purpose"),
    "quantity": N_("Quantity"),
    "reason": N_("Reason"),
    "receipt": N_("Receipt"),
    "received_at": N_("Received"),
    "referral_case_id": N_("New case"),
    "referred_from": N_("Referred from"),
    "refund_id": N_("Refund"),
    "reserved_until": N_("Reserved until"),
    "response_minutes": N_("Business minutes to the first answer"),
    "return_id": N_("Return"),
    "role": N_("Role"),
    "segment": N_("Segment"),
    "severity": N_("Severity"),
    "solution_minutes": N_("Business minutes to the solution"),
    "staff": N_("Staff"),
    "step": N_("Step"),
    "talked_seconds": N_("Seconds talked"),
    "tier": N_("Tier"),
    "to": N_("To"),
    "to_role": N_("To"),
    "transfer": N_("Transfer"),
    "until": N_("Until"),
    "visit_id": N_("Visit"),
    "waited_seconds": N_("Seconds waited"),
    "wanted_by": N_("Wanted by"),
}

_VALUES: Mapping[tuple[str, str], str] = {
    ("severity", "low"): N_("low"),
    ("severity", "medium"): N_("medium"),
    ("severity", "high"): N_("high"),
    ("severity", "urgent"): N_("urgent"),
    ("priority", "low"): N_("low"),
    ("priority", "medium"): N_("medium"),
    ("priority", "high"): N_("high"),
    ("priority", "urgent"): N_("urgent"),
    ("kind", "person"): N_("Person"),
    ("kind", "company"): N_("Company"),
    ("kind", "enquiry"): N_("Enquiry"),
    ("kind", "account_query"): N_("Question about an account"),
    ("kind", "on_site_service"): N_("On-site service"),
    ("kind", "immediate_need"): N_("Immediate need"),
    ("kind", "new_connection"): N_("New connection"),
    ("kind", "membership"): N_("Membership"),
    ("outcome", "satisfied"): N_("satisfied"),
    ("outcome", "dissatisfied"): N_("dissatisfied"),
    ("outcome", "unreachable"): N_("not reached"),
    ("outcome", "answered"): N_("answered"),
    ("outcome", "abandoned"): N_("caller gave up"),
    ("outcome", "unanswered"): N_("not answered"),
    ("direction", "in"): N_("the customer called"),
    ("direction", "out"): N_("we called"),
    ("transfer", "blind"): N_("passed on"),
    ("transfer", "attended"): N_("passed on after asking"),
    ("step", "received"): N_("received"),
    ("step", "handed_on"): N_("handed on"),
    ("step", "done"): N_("done"),
    ("step", "resolved"): N_("resolved"),
    ("clock", "response"): N_("First answer"),
    ("clock", "solution"): N_("Solution"),
    ("clock", "obligation"): N_("Department"),
    ("purpose", "order"): N_("order"),
    ("purpose", "shipment"): N_("shipment"),
    ("purpose", "invoice"): N_("invoice"),
    ("reason", "limit_exceeded"): N_("over the credit limit"),
    ("reason", "overdue_too_long"): N_("overdue for too long"),
}


class TouchpointWords(Named):
    """Names of touchpoints and what they say."""

    def family(self, family: str) -> str:
        """Return what a family of touchpoints is called."""
        return self._named(_FAMILIES, family)

    def type(self, event_type: str) -> str:
        """Return what happened."""
        return self._named(TOUCHPOINTS, event_type)

    def field(self, field: str) -> str:
        """Return what a field says."""
        return self._named(_FIELDS, field)

    def value(self, field: str, value: Value, zone: tzinfo) -> str:
        """Return what a field holds: named where it is a code, else as it was reported."""
        match value:
            case bool():
                return self._("yes") if value else self._("no")
            case datetime():
                return self._speaker.instant(value, zone)
            case date():
                return self._speaker.day(value)
            case int():
                return self._speaker.number(value)
            case _:
                name = _VALUES.get((field, value))
                return self._(name) if name else self.usual(value)
