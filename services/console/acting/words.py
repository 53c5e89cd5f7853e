"""What commands, their fields and what they change are called on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.console.shared.i18n import N_
from services.console.shared.words import Named

COMMANDS: Mapping[str, str] = {
    "take": N_("Take over"),
    "assign": N_("Assign"),
    "reply": N_("Record a first answer"),
    "hand-off": N_("Hand on to a department"),
    "fulfil": N_("Say that what is owed is done"),
    "withdraw": N_("Withdraw what is owed"),
    "tell-customer": N_("Record that the customer was told"),
    "wait": N_("Wait on the customer"),
    "resume": N_("Go on"),
    "refer": N_("Refer a need to another department"),
    "resolve": N_("Resolve"),
    "record-callback": N_("Record the call-back"),
    "close": N_("Close without a call-back"),
    "reopen": N_("Reopen"),
    "escalate": N_("Escalate"),
    "acknowledge": N_("Take up"),
    "snooze": N_("Put off"),
    "delegate": N_("Pass on"),
    "hold-dunning": N_("Hold reminders"),
    "note": N_("Write a note"),
    "set-priority": N_("Set the priority"),
    "decline": N_("Decline"),
    "mark-duplicate": N_("Mark as a duplicate"),
    "put-off": N_("Leave for later"),
    "bring-back": N_("Bring back"),
    "check-credit": N_("Check credit"),
    "override-credit": N_("Override the credit gate"),
    "set-credit-limit": N_("Set the credit limit"),
    "dispute-invoice": N_("Record a dispute"),
    "settle-dispute": N_("Settle a dispute"),
    "record-promise": N_("Record a promise to pay"),
    "confirm-payment": N_("Confirm a suspected payment"),
    "reject-payment": N_("Reject a double report"),
    "register": N_("Register a customer"),
    "change-profile": N_("Change the profile"),
    "merge": N_("Merge into another customer"),
    "unmerge": N_("Undo the merge"),
}

FIELDS: Mapping[str, str] = {
    "address": N_("Address"),
    "agency": N_("Collection agency"),
    "agent": N_("Member of staff"),
    "amount": N_("Amount"),
    "bank_reference": N_("Bank reference"),
    "by": N_("By whom"),
    "callback_id": N_("Number of the call-back"),
    "callback_phone": N_("Telephone to call back"),
    "case_id": N_("Case"),
    "case_ref": N_("Number in another system"),
    "category": N_("Category"),
    "channel": N_("Channel"),
    "charges": N_("Charges on top"),
    "competitor_spend": N_("Spent elsewhere a month"),
    "contact_id": N_("Number of the contact person"),
    "cost_of_goods": N_("Cost of goods"),
    "credit_note_id": N_("Number of the credit note"),
    "department": N_("Department"),
    "discount": N_("Discount"),
    "due_at": N_("Due"),
    "due_minutes": N_("Working minutes until it is due"),
    "due_on": N_("Due"),
    "duplicate_of": N_("The other case"),
    "email": N_("E-mail"),
    "freight_borne": N_("Freight borne by us"),
    "home_branch": N_("Home branch"),
    "identity_number": N_("Identity number"),
    "into": N_("Into which customer (id)"),
    "invoice_id": N_("Invoice"),
    "invoice_ids": N_("Invoices (none: all that is overdue)"),
    "kind": N_("Kind"),
    "level": N_("Dunning level"),
    "limit": N_("Limit"),
    "line_ids": N_("Order lines"),
    "method": N_("Method"),
    "minutes": N_("Minutes"),
    "name": N_("Name"),
    "note": N_("Note (kept sealed)"),
    "obligation_id": N_("What is owed"),
    "order_id": N_("Order"),
    "order_ids": N_("Orders"),
    "outcome": N_("Outcome"),
    "owes": N_("What is to be done"),
    "payer_account": N_("Account that it came from"),
    "payment_id": N_("Payment"),
    "payment_reference": N_("Payment reference"),
    "phone": N_("Telephone"),
    "planned_at": N_("Planned for"),
    "priority": N_("Priority"),
    "promised_on": N_("Promised for"),
    "purpose": N_("Purpose"),
    "quantity": N_("Quantity"),
    "reason": N_("Reason"),
    "refund_id": N_("Number of the refund"),
    "return_id": N_("Number of the return"),
    "role": N_("Role"),
    "scores": N_("Scores of satisfaction, 0 to 10"),
    "segment": N_("Segment"),
    "severity": N_("Priority"),
    "staff": N_("Member of staff"),
    "step": N_("Told of"),
    "step_of": N_("Escalation"),
    "tax": N_("Tax"),
    "text": N_("What the customer says (kept sealed)"),
    "to": N_("To whom"),
    "until": N_("Until"),
    "visit_id": N_("Number of the visit"),
    "wanted_by": N_("Wanted by"),
}

_CLOCKS: Mapping[str, str] = {
    "response": N_("First answer"),
    "solution": N_("Solution"),
    "obligation": N_("Department"),
}

_OUTCOMES: Mapping[str, str] = {
    "would_be_done": N_("would be done"),
    "done": N_("done"),
    "done_before": N_("done before"),
    "refused": N_("refused"),
    "stale": N_("somebody was faster"),
    "unreadable": N_("cannot be read"),
    "unavailable": N_("not known, try again"),
}

_SUGGESTED: Mapping[str, Sequence[str]] = {
    "account_reason": ("price", "quality", "quantity", "not_delivered", "damaged", "goodwill"),
    "case_reason": ("damaged", "late_delivery", "serial_number", "photo_of_damage", "payment"),
    "category": ("delivery", "quality", "price", "billing", "attitude", "installation"),
    "channel": ("phone", "email", "sms", "wechat", "letter", "store"),
    "scores": ("speed", "attitude", "result", "price"),
    "dispute_outcome": ("granted", "rejected", "goodwill"),
    "method": ("bank_transfer", "cash", "card", "alipay", "wechat", "cheque"),
    "owes": ("inspection", "repair", "replacement", "refund", "credit_note", "explanation"),
    "purpose": ("relationship", "payment", "inspection", "new_products", "appointment"),
}


def suggestions(name: str) -> Sequence[str]:
    """Return the usual words that are suggested for a field."""
    return _SUGGESTED.get(name, ())


class ActingWords(Named):
    """Names of commands, fields, tables and outcomes."""

    def command(self, word: str) -> str:
        """Return what a command does."""
        return self._named(COMMANDS, word)

    def field(self, name: str) -> str:
        """Return what a field asks for."""
        return self._named(FIELDS, name)

    def outcome(self, outcome: str) -> str:
        """Return what became of one of many."""
        return self._named(_OUTCOMES, outcome)

    def step(self, clock: str, percent: int, about: str) -> str:
        """Return a step of the ladder on a clock."""
        told = self._("%(clock)s: %(share)s of the time is spent") % {
            "clock": self._named(_CLOCKS, clock),
            "share": f"{percent}%",
        }
        return f"{told} ({about})" if about else told
