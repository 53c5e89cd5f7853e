"""What the figures of an audit are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.audit.figures import Unit
from services.console.shared.i18n import N_
from services.console.shared.words import Named

_FIGURES: Mapping[str, str] = {
    "outstanding": N_("Outstanding"),
    "overdue": N_("Overdue"),
    "disputed": N_("Disputed"),
    "credit": N_("Unapplied credit"),
    "unbilled": N_("Orders not yet invoiced"),
    "exposure": N_("Exposure"),
    "open_items": N_("Open items"),
    "promises_live": N_("Live promises"),
    "promises_kept": N_("Kept promises"),
    "promises_broken": N_("Broken promises"),
    "tier": N_("Tier"),
    "contemporary_value": N_("Contemporary value"),
    "cases": N_("Cases"),
    "cases_under_way": N_("Cases under way"),
    "alerts": N_("Standing alerts of debts and cases"),
}

_TABLES: Mapping[str, str] = {
    "receivables": N_("Receivables"),
    "value_tiers": N_("Values and tiers"),
    "case_board": N_("Cases and deadlines"),
    "log": N_("The log itself"),
}

_TIERS: Mapping[str, str] = {
    "platinum": N_("Platinum"),
    "gold": N_("Gold"),
    "iron": N_("Iron"),
    "lead": N_("Lead"),
}


class AuditWords(Named):
    """Figures and tables as auditors read them."""

    def figure(self, name: str) -> str:
        """Return what a figure is called."""
        return self._named(_FIGURES, name)

    def projection(self, code: str) -> str:
        """Return what the rows of a projection are about."""
        return self._named(_TABLES, code)

    def value(self, value: int | str | None, unit: Unit, currency: str) -> str:
        """Return what a figure comes to."""
        if value is None:
            return "–"
        if isinstance(value, str):
            return self._named(_TIERS, value)
        if unit == "money":
            return self._speaker.money(value, currency)
        return self._speaker.number(value)
