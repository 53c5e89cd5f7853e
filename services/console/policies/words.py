"""What policies, their fields and their values are called, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from services.console.shared.i18n import N_
from services.console.shared.words import Named

KIND_NAMES: Mapping[str, str] = {
    "ageing": N_("Ageing and provision"),
    "alerts": N_("Alerts about debts"),
    "dunning": N_("Dunning"),
    "credit": N_("Credit"),
    "fees": N_("Fees and late-payment interest"),
    "tiers": N_("Customer tiers"),
    "costs": N_("Costs of serving"),
    "service_levels": N_("Service levels"),
    "escalation": N_("Escalation"),
    "flows": N_("Service flows"),
    "model_parameters": N_("Parameters of the value model"),
}

FIELD_NAMES: Mapping[str, str] = {
    "upper_days": N_("Buckets end after days past due"),
    "provision": N_("Provision of each bucket"),
    "overdue_days": N_("Alert at days past due"),
    "due_soon_days": N_("Due soon: days before the due date"),
    "notice_days_before_due": N_("Notice: days before the due date"),
    "level_1_days_past_due": N_("Level 1: days past due"),
    "level_2_days_past_due": N_("Level 2: days past due"),
    "level_3_days_after_level_2": N_("Level 3: days after level 2"),
    "max_days_overdue": N_("The credit gate shuts after days past due"),
    "payment_reservation_hours": N_("A payment reserves for"),
    "check_reservation_hours": N_("A credit check reserves for"),
    "default_limit": N_("Limit of a customer without one"),
    "interest_per_year": N_("Interest per year"),
    "day_count": N_("Count of days"),
    "interest_starts": N_("Interest starts"),
    "interest_free_days": N_("Days free of interest"),
    "interest": N_("Interest is"),
    "reminder_fees": N_("Reminder fees"),
    "fees": N_("Fees are"),
    "clearing": N_("A payment clears first"),
    "currency": N_("Currency"),
    "tiers": N_("Tiers"),
    "lowest": N_("Lowest tier"),
    "window_days": N_("Days that count"),
    "drop_days": N_("Days from warning to drop"),
    "keep_share": N_("Share of the line that keeps a tier"),
    "weight_contemporary": N_("Weight of the contemporary value"),
    "weight_potential": N_("Weight of the potential value"),
    "weight_model": N_("Weight of the model's value"),
    "per_order": N_("An order costs"),
    "per_visit_minute": N_("A minute of a visit costs"),
    "per_callback_minute": N_("A minute of a call-back costs"),
    "per_complaint": N_("A complaint costs"),
    "capital_per_day": N_("Cost of capital per day"),
    "margin_rate": N_("Margin where none is reported"),
    "win_rates": N_("Won over, by segment"),
    "levels": N_("Levels"),
    "callback_business_days": N_("Satisfaction call within"),
    "callback_attempts": N_("Attempts at a call"),
    "steps": N_("Steps"),
    "flows": N_("Flows"),
    "level": N_("Level"),
    "amount": N_("Amount"),
    "name": N_("Name"),
    "line_minor": N_("Line"),
    "segment": N_("Segment"),
    "win_rate": N_("Share"),
    "severity": N_("Severity"),
    "response_minutes": N_("First answer within"),
    "solution_minutes": N_("Solution within"),
    "percent": N_("Percent of the time"),
    "role": N_("Role"),
    "flow": N_("Flow"),
    "kind": N_("Kind"),
    "stages": N_("Stages"),
    "stage": N_("Stage"),
    "department": N_("Department"),
    "owes": N_("Owes"),
    "minutes": N_("Within"),
    "after": N_("After"),
}

_UNITS: tuple[tuple[str, str], ...] = (
    (r".*business_days", N_("working days")),
    (r".*_days.*|.*days_.*", N_("days")),
    (r".*_hours", N_("hours")),
    (r".*_minutes|minutes", N_("minutes of business time")),
    (r"capital_per_day|interest_per_year", N_("millionths")),
    (r"provision|weight_.*|.*_share|.*_rate", N_("basis points (100 are 1%)")),
    (r"percent", "%"),
)

_CODES: Mapping[str, str] = {
    "due_date": N_("at the due date"),
    "first_reminder": N_("at the first reminder"),
    "actual/365": N_("actual days, of 365 a year"),
    "actual/360": N_("actual days, of 360 a year"),
    "actual/actual": N_("actual days, of 365 or 366 a year"),
    "30/360": N_("months of 30 days, of 360 a year"),
    "owed": N_("owed by the customer"),
    "announced": N_("announced only"),
    "costs": N_("costs"),
    "principal": N_("the debt itself"),
    "urgent": N_("urgent"),
    "high": N_("high"),
    "medium": N_("medium"),
    "low": N_("low"),
    "reminder": N_("reminder"),
    "platinum": N_("Platinum"),
    "gold": N_("Gold"),
    "iron": N_("Iron"),
    "lead": N_("Lead"),
    "credit": N_("credit"),
    "receivables": N_("receivables"),
    "complaint": N_("complaint"),
    "enquiry": N_("enquiry"),
    "on_site_service": N_("service on site"),
    "account_query": N_("question about the account"),
    "immediate_need": N_("immediate need"),
    "new_connection": N_("new connection"),
    "membership": N_("membership"),
}

_STATES: Mapping[str, str] = {
    "past": N_("past"),
    "in_force": N_("in force"),
    "to_come": N_("to come"),
}

_TABLES_OF: Mapping[str, str] = {
    "receivables": N_("Receivables"),
    "value_tiers": N_("Values and tiers"),
    "case_board": N_("Cases and deadlines"),
}

_MEASURES: Mapping[str, str] = {
    "open": N_("open"),
    "invoiced": N_("invoiced"),
    "running_interest": N_("running interest"),
    "announced_interest": N_("announced interest"),
    "announced_fees": N_("announced fees"),
}


class PolicyWords(Named):
    """Policies as people read them."""

    def kind(self, code: str) -> str:
        """Return what a kind of policy is called."""
        return self._named(KIND_NAMES, code)

    def field(self, code: str) -> str:
        """Return what a field of a policy is called."""
        return self._named(FIELD_NAMES, code)

    def unit(self, field: str) -> str:
        """Return what a field is measured in, or nothing."""
        found = next((unit for name, unit in _UNITS if re.fullmatch(name, field)), "")
        return self._(found) if found else ""

    def state(self, code: str) -> str:
        """Return what the state of a version is called."""
        return self._named(_STATES, code)

    def projection(self, code: str) -> str:
        """Return what the rows of a projection are about."""
        return self._named(_TABLES_OF, code)

    def measure(self, code: str) -> str:
        """Return what a sum is of."""
        return self._named(_MEASURES, code)

    def said(self, field: str, value: object, currency: str) -> list[str]:
        """Return what a field says, line by line; amounts that name no currency are in this one."""
        plain = msgspec.to_builtins(value)
        if isinstance(plain, tuple):
            plain = list(plain)
        if isinstance(plain, list) and plain and isinstance(plain[0], dict):
            return [self._record(one, currency) for one in plain]
        if isinstance(plain, list):
            return [self._list(field, plain, currency)]
        return [self._one(field, plain, currency)]

    def _record(self, record: Mapping[str, object], currency: str) -> str:
        parts = []
        for name, value in record.items():
            if value in (None, [], ()):
                continue
            told = "; ".join(self.said(name, value, currency))
            if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
                told = f"({told})"
            parts.append(f"{self.field(name)} {told}")
        return self._(", ").join(parts)

    def _list(self, field: str, values: list[object], currency: str) -> str:
        if not values:
            return self._("none")
        if all(self._measured(field, value) is not None for value in values):
            return self._(", ").join(self._measured(field, value) or "" for value in values)
        told = self._(", ").join(self._bare(field, value, currency) for value in values)
        return f"{told} {self.unit(field)}".rstrip()

    def _measured(self, field: str, value: object) -> str | None:
        """Return shares as percent and minutes as business time; None of anything else."""
        if not isinstance(value, int):
            return None
        if re.fullmatch(r"provision|weight_.*|.*_share|.*_rate", field):
            return self._speaker.percent(Decimal(value) / 10_000)
        if re.fullmatch(r"capital_per_day|interest_per_year", field):
            return self._speaker.yearly_rate(value)
        if re.fullmatch(r".*_minutes|minutes", field):
            return self._speaker.working_time(value * 60)
        return None

    def _one(self, field: str, value: object, currency: str) -> str:
        told = self._measured(field, value)
        if told is not None:
            return told
        told = self._bare(field, value, currency)
        measured = isinstance(value, int | float) and not field.endswith("_minor")
        return f"{told} {self.unit(field)}".rstrip() if measured else told

    def _bare(self, field: str, value: object, currency: str) -> str:
        say = self._speaker
        match value:
            case None:
                return self._("none")
            case {"minor": int(minor), "currency": str(code)}:
                return say.money(minor, code)
            case int() if field.endswith("_minor"):
                return say.money(value, currency)
            case int():
                return say.number(value)
            case str():
                return self._(_CODES[value]) if value in _CODES else self.usual(value)
        return str(value)
