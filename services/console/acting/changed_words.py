"""What rows, their fields and their values are called where a difference is shown."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.alerts.words import AlertWords
from services.console.cases.words import CaseWords
from services.console.customers.touchpoint_words import TouchpointWords
from services.console.receivables.words import ReceivablesWords
from services.console.shared.i18n import N_, Speaker
from services.console.shared.words import Named
from services.console.value.words import ValueWords

_TABLES: Mapping[str, str] = {
    "accounts": N_("Account"),
    "answers": N_("Answers about a case"),
    "callbacks": N_("Call-back"),
    "cases": N_("Case"),
    "charges": N_("Interest and fees"),
    "cycles": N_("Cycle of a case"),
    "departments": N_("Department's part in a case"),
    "items": N_("Open item"),
    "obligations": N_("What is owed on a case"),
    "referrals": N_("Referred need"),
    "requests": N_("Credit request"),
    "standings": N_("Value and tier"),
}

_FIELDS: Mapping[str, str] = {
    "about": N_("About"),
    "activity": N_("Activity"),
    "agent": N_("Member of staff"),
    "amount_minor": N_("Amount"),
    "announced_minor": N_("Announced, not owed"),
    "announced_parts": N_("Announced, not owed"),
    "answers": N_("Answers"),
    "asked_at": N_("Asked"),
    "attempts": N_("Attempts to call back"),
    "balance_minor": N_("Outstanding"),
    "branch_id": N_("Branch"),
    "breached_at": N_("Breached"),
    "callback_attempts": N_("Attempts to call back"),
    "callback_due_at": N_("Call back by"),
    "callback_id": N_("Call-back"),
    "callback_outcome": N_("How the call ended"),
    "callback_provisional": N_("Call-back is provisional"),
    "callbacks": N_("Call-backs"),
    "capital_minor": N_("Capital tied up"),
    "capital_ppm": N_("Capital tied up, of a minor unit"),
    "category": N_("Category"),
    "charged_minor": N_("Charged as an item"),
    "charges_minor": N_("Fees and interest"),
    "checks_minor": N_("Reserved by checks"),
    "closed_at": N_("Closed"),
    "complaints": N_("Complaints"),
    "confirmed": N_("Confirmed"),
    "contemporary_minor": N_("Contemporary value"),
    "credit_minor": N_("Unapplied credit"),
    "credited_minor": N_("Credited"),
    "currency": N_("Currency"),
    "cycle": N_("Cycle"),
    "cycle_opened_at": N_("Cycle opened"),
    "day_count": N_("Days counted as"),
    "days_late": N_("Days late"),
    "days_late_sum": N_("Days late in all"),
    "days_overdue": N_("Days past due"),
    "declined": N_("Declined"),
    "department": N_("Department"),
    "department_handovers": N_("Between departments"),
    "department_returns": N_("Came back between departments"),
    "disputed": N_("Disputed"),
    "disputed_minor": N_("Disputed"),
    "done_at": N_("Done"),
    "drift_minor": N_("Drift of the value"),
    "drift_ppm": N_("Drift of the value, of a minor unit"),
    "drifts_from": N_("Drifts since"),
    "drop_at": N_("Drops"),
    "due_at": N_("Due"),
    "due_on": N_("Due"),
    "dunning_due": N_("Dunning due"),
    "dunning_level": N_("Dunning level"),
    "duplicate_of": N_("Duplicate of"),
    "ended_at": N_("Ended"),
    "ended_by": N_("Ended by"),
    "escalation": N_("Share of the time that is spent, in percent"),
    "expires_minor": N_("Amount that expires"),
    "expires_on": N_("Expires next"),
    "exposure_minor": N_("Exposure"),
    "external": N_("Kept by another system"),
    "fees_announced_minor": N_("Fees announced, not owed"),
    "first_contact": N_("First contact"),
    "first_seen_at": N_("Known since"),
    "flow": N_("Flow"),
    "freight_minor": N_("Freight"),
    "gate_refusal": N_("Credit gate"),
    "handed_at": N_("Handed on"),
    "handovers": N_("Handed over"),
    "held_s": N_("Time in hand"),
    "hold": N_("Dunning held"),
    "interest_from": N_("Interest from"),
    "interest_minor": N_("Late-payment interest"),
    "interest_parts": N_("Late-payment interest"),
    "invoice_id": N_("Invoice"),
    "invoiced_minor": N_("Invoiced"),
    "is_owed": N_("Owed"),
    "issued_on": N_("Issued"),
    "item_id": N_("Item"),
    "kind": N_("Kind"),
    "last_purchase_on": N_("Last purchase"),
    "put_off_until": N_("Put off until"),
    "late": N_("Too late"),
    "late_s": N_("Too late by"),
    "limit_minor": N_("Credit limit"),
    "margin_minor": N_("Margin"),
    "model_minor": N_("Model value"),
    "name": N_("Name"),
    "net_amount_minor": N_("Bought in all, net"),
    "net_currency": N_("Currency"),
    "obligation_id": N_("Obligation"),
    "oldest_due_on": N_("Oldest due"),
    "open_items": N_("Open items"),
    "open_obligations": N_("Owed by departments"),
    "opened_at": N_("Opened"),
    "opened_on": N_("Opened"),
    "order_id": N_("Order"),
    "orders": N_("Orders"),
    "other_currencies": N_("Other currencies"),
    "outcome": N_("Outcome"),
    "outstanding_minor": N_("Outstanding"),
    "overdue_items": N_("Overdue items"),
    "overdue_minor": N_("Overdue"),
    "override_role": N_("Overridden by"),
    "override_until": N_("Overridden until"),
    "owed_back_minor": N_("Refunds owed back"),
    "owes": N_("Owes"),
    "owner": N_("Owner"),
    "paid_minor": N_("Paid"),
    "paused_s": N_("Time spent waiting"),
    "payments": N_("Payments"),
    "potential_minor": N_("Potential value"),
    "principal_minor": N_("Amount that bears interest"),
    "priority": N_("Priority"),
    "promised_at": N_("Promised"),
    "promised_by": N_("Promised by"),
    "promised_on": N_("Promised for"),
    "promises_broken": N_("Promises broken"),
    "promises_kept": N_("Promises kept"),
    "promises_live": N_("Promises live"),
    "provision_minor": N_("Provision"),
    "provisional": N_("Provisional"),
    "purchase_days": N_("Days with a purchase"),
    "purpose": N_("Purpose"),
    "rate_ppm": N_("Rate, in millionths"),
    "referral_case_id": N_("New case"),
    "referred_at": N_("Referred"),
    "referred_from": N_("Referred from"),
    "refunded_minor": N_("Refunded"),
    "refused_for": N_("Refused for"),
    "reopened": N_("Times reopened"),
    "replied_at": N_("First answer"),
    "request_id": N_("Request"),
    "reserved_minor": N_("Reserved payments"),
    "resolved_at": N_("Resolved"),
    "resolves": N_("Times resolved"),
    "response_breached_at": N_("First answer breached"),
    "response_due_at": N_("First answer due"),
    "response_met_at": N_("First answer in time"),
    "response_provisional": N_("First answer's deadline is provisional"),
    "resumed": N_("Times resumed"),
    "returns": N_("Came back"),
    "score_minor": N_("Score"),
    "segment": N_("Segment"),
    "service_minor": N_("Cost of service"),
    "settled_items": N_("Settled items"),
    "settled_on": N_("Settled"),
    "severity": N_("Severity"),
    "share_of_wallet_bp": N_("Share of wallet, in hundredths of a percent"),
    "since": N_("Since"),
    "since_on": N_("Since"),
    "solution_breached_at": N_("Solution breached"),
    "solution_due_at": N_("Solution due"),
    "solution_left_s": N_("Time left for the solution"),
    "solution_met_at": N_("Solution in time"),
    "solution_provisional": N_("Solution's deadline is provisional"),
    "stage": N_("Stage"),
    "state": N_("Care"),
    "state_at": N_("Care since"),
    "state_by": N_("Taken care of by"),
    "delegate": N_("Passed on to"),
    "status": N_("State"),
    "suspect_minor": N_("Suspected double reports"),
    "threshold": N_("Threshold"),
    "tier": N_("Tier"),
    "tier_since": N_("Tier since"),
    "told": N_("Customer told"),
    "total": N_("Sum"),
    "unbilled_minor": N_("Orders not yet invoiced"),
    "until": N_("Until"),
    "visits": N_("Visits"),
    "waiting_since": N_("Waits since"),
    "wanted_by": N_("Wanted by"),
    "warning_since": N_("Warned since"),
    "written_off_minor": N_("Written off"),
}

NAMED_FIELDS = frozenset(_FIELDS)


class ChangedWords(Named):
    """Names of what would change."""

    def __init__(self, speaker: Speaker) -> None:
        super().__init__(speaker)
        self._alerts = AlertWords(speaker)
        self._cases = CaseWords(speaker)
        self._receivables = ReceivablesWords(speaker)
        self._touchpoints = TouchpointWords(speaker)
        self._value = ValueWords(speaker)

    def table(self, name: str) -> str:
        """Return what a row of a table is about."""
        return self._named(_TABLES, name)

    def field(self, name: str) -> str:
        """Return what a field of a row says."""
        return self._named(_FIELDS, name)

    def yes(self, value: bool) -> str:
        """Return a yes or a no."""
        return self._("yes") if value else self._("no")

    def alert(self, kind: str, threshold: int) -> str:
        """Return what an alert says."""
        return self._alerts.alert(kind, threshold)

    def alert_of(self) -> str:
        """Return what it is that stands or ends."""
        return self._("Alert")

    def raised(self, *, is_raised: bool) -> tuple[str, str]:
        """Return how an alert stands before and after."""
        return ("–", self._("raised")) if is_raised else (self._("stands"), self._("withdrawn"))

    def value(self, field: str, value: str) -> str:
        """Return what a field's code is called; a company's own word as it was reported."""
        match field:
            case "status":
                of_case = self._cases.status(value)
                other = self._receivables.status(value)
                found = of_case if of_case != value else other
                return found if found != value else self._cases.obligation(value)
            case "priority" | "severity":
                return self._cases.priority(value)
            case "kind":
                of_case = self._cases.kind(value)
                return of_case if of_case != value else self._receivables.kind(value)
            case "hold":
                return self._receivables.hold(value)
            case "gate_refusal" | "refused_for":
                return self._receivables.refusal(value)
            case "callback_outcome" | "outcome":
                return self._cases.outcome(value)
            case "state":
                return self._alerts.state(value)
            case "tier":
                return self._value.tier(value)
            case _:
                return self.usual(value)
